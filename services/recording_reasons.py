"""Why a recording is deleted, where it is not an admin who says so in words of their own.

Certificates keep these sentences, and pages and mails show them: they name nobody.
"""

from __future__ import annotations

from typing import Final

RETENTION: Final = "The time that recordings are kept for was over."
WITHDRAWN: Final = "Somebody took back their consent."
ERASED: Final = "An account was erased."

OURS: Final = frozenset({RETENTION, WITHDRAWN, ERASED})
"""The sentences that are not an admin's own."""

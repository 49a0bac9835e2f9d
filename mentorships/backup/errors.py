"""What can go wrong with a backup."""

from __future__ import annotations


class BackupError(Exception):
    """Nothing was written or changed; the text is a sentence for the operator."""

"""What the facts of all mails share."""

from __future__ import annotations

FILES = "files"
"""Under this name a mail's facts hold the files that go along with it."""


class Skipped(Exception):
    """The mail makes no sense any more: the account is gone, its link was used, or what it tells
    has changed since."""

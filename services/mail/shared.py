"""What the facts of all mails share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from services.models import EmailLink, User

FILES = "files"
"""Under this name a mail's facts hold the files that go along with it."""


class Skipped(Exception):
    """The mail makes no sense any more: the account is gone, its link was used, or what it tells
    has changed since. `reason` says which, in a few words for an admin."""

    def __init__(self, reason: str = "what it tells has changed since") -> None:
        super().__init__(reason)
        self.reason = reason


class Unreachable(Skipped):
    """The recipient's address gets no mail: earlier ones came back, or were called spam."""


def reader_of(db: Session, data: Mapping[str, Any]) -> User | None:
    """Whom a mail of the outbox is for: named by its data, or the one whose link it carries."""
    link = db.get(EmailLink, data["link_id"]) if "link_id" in data else None
    asked = link.user_id if link else data.get("user_id")
    return db.get(User, asked) if isinstance(asked, int) else None

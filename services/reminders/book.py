"""The book of reminders: each is told once, or noted with the reason why it was not.

The row's unique key is what makes it once, however many scans run at a time; it is written in the
transaction that tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from services import telling
from services.db import insert_or_ignore
from services.ids import UserId
from services.models import Reminder, ReminderOutcome, User, UserStatus
from services.telling import Line

NOT_ACTIVE = "The account is not active."
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Moment:
    """One reminder: of `about` (a public id), due since `due_at`. `occasion` tells it from the next
    one of the same thing, such as after a session was moved."""

    kind: str
    about: str
    occasion: str
    due_at: datetime


def remind(
    db: Session, moment: Moment, *, reader: User, line: Line, data: Mapping[str, Any] = _NOTHING
) -> bool:
    """Tell it; False when it was told, or noted, before. Who is suspended or gone is told nothing.

    `data` (ids only) is what its mail is rendered from.
    """
    if reader.status is not UserStatus.ACTIVE:
        return suppress(db, moment, user_id=reader.id, reason=NOT_ACTIVE)
    if not _note(db, moment, reader.id, ReminderOutcome.SENT, ""):
        return False
    telling.tell(
        db,
        user_id=reader.id,
        kind=moment.kind,
        about=moment.about,
        occasion=moment.occasion,
        line=line,
        data=data,
    )
    return True


def suppress(db: Session, moment: Moment, *, user_id: UserId, reason: str) -> bool:
    """Note that it is not told, and why; False when it was told, or noted, before."""
    return _note(db, moment, user_id, ReminderOutcome.SUPPRESSED, reason)


def _note(
    db: Session, moment: Moment, user_id: UserId, outcome: ReminderOutcome, reason: str
) -> bool:
    row = Reminder(
        kind=moment.kind,
        user_id=user_id,
        about=moment.about,
        occasion=moment.occasion,
        outcome=outcome,
        reason=reason,
        due_at=moment.due_at,
    )
    return insert_or_ignore(db, row)

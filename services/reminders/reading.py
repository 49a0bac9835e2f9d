"""What was reminded of, and what was not, with the reason."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from services.ids import UserId
from services.models import Reminder, ReminderOutcome, User

MOST = 200


@dataclass(frozen=True, slots=True)
class ReminderView:
    """A reminder whose moment came. `reason` says why it was not told; "" where it was."""

    at: datetime
    kind: str
    about: str
    reader: str
    told: bool
    reason: str


def list_about(
    db: Session, things: Collection[str], *, reader: UserId | None = None
) -> tuple[ReminderView, ...]:
    """The newest reminders of these things (public ids), the oldest of them first; one query. Only
    those of one `reader`, or everybody's. The caller settles who may see."""
    found = (
        select(Reminder, User.name)
        .join(User, col(User.id) == col(Reminder.user_id))
        .where(col(Reminder.about).in_(things))
        .order_by(col(Reminder.id).desc())
        .limit(MOST)
    )
    if reader is not None:
        found = found.where(col(Reminder.user_id) == reader)
    return tuple(
        ReminderView(
            row.at, row.kind, row.about, name, row.outcome is ReminderOutcome.SENT, row.reason
        )
        for row, name in reversed(db.exec(found).all())
    )

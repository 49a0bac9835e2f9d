"""Who was offered a place, and has neither taken nor declined it, is reminded before it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists
from sqlmodel import Session, col, select

from services import clock, locking
from services.config import settings
from services.ids import WaitlistEntryId
from services.models import Reminder, User, WaitlistEntry, WaitlistStatus
from services.reminders import book
from services.reminders.book import Moment
from services.seats import ending_line, line

KIND = "waitlist_offer_ending"

OVER = "The offer had ended before it could be sent."


def find_due(db: Session, *, limit: int) -> Sequence[WaitlistEntryId]:
    """The offers that end soon. Who is paying needs no reminder; one whose checkout came to nothing
    does."""
    noted = exists().where(
        col(Reminder.kind) == KIND,
        col(Reminder.about) == col(WaitlistEntry.public_id),
        col(Reminder.at) >= col(WaitlistEntry.offered_at),
    )
    due = (
        select(col(WaitlistEntry.id))
        .where(
            col(WaitlistEntry.status) == WaitlistStatus.OFFERED,
            col(WaitlistEntry.offer_ends_at) <= clock.utc_now() + _ahead(),
            ~noted,
            ~line.is_being_paid(),
        )
        .order_by(col(WaitlistEntry.offer_ends_at))
        .limit(limit)
    )
    return db.exec(due).all()


def remind(db: Session, entry_id: WaitlistEntryId) -> bool:
    """Remind one person of their offer."""
    entry = db.get_one(WaitlistEntry, entry_id)
    locking.lock(db, mentors=[entry.mentor_id])
    locking.read_again(db, entry)
    end, offered_at = entry.offer_ends_at, entry.offered_at
    if entry.status is not WaitlistStatus.OFFERED or end is None or offered_at is None:
        return False
    due_at = end - _ahead()
    if due_at > clock.utc_now():
        return False
    moment = Moment(KIND, entry.public_id, end.isoformat(), due_at)
    if end <= clock.utc_now():
        return book.suppress(db, moment, user_id=entry.mentee_id, reason=OVER)
    reader = db.get_one(User, entry.mentee_id)
    data = {"entry_id": entry.id, "offered_at": offered_at.isoformat()}
    return book.remind(db, moment, reader=reader, line=ending_line(db, entry), data=data)


def _ahead() -> timedelta:
    return timedelta(hours=settings().waitlist_reminder_hours)

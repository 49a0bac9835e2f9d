"""The end of a seat's grace (PRODUCT.md rule 5): a final warning, and then the place is given back.

No seat is released before its warning was handed over, and then at least so many hours later: when
the mails were away, the end moves. What a person's address does not take counts as handed over once
that is settled: they read it in the app. While a mentor is away, grace stands still.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, cast, exists, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services import audit, clock, due, locking, mail, seats, telling, times, topics, urls
from services.audit import SYSTEM
from services.config import settings
from services.ids import SeatId
from services.models import (
    Mentor,
    ReleaseReason,
    Reminder,
    ReminderOutcome,
    Seat,
    SeatEvent,
    SeatStatus,
    User,
)
from services.reminders import book
from services.reminders.book import Moment
from services.seats import kept
from services.telling import Line

WARNING = "grace_warning"
RELEASED = "seat_released"
LEAD = timedelta(hours=1)
"""So much earlier the warning is written, for the mails' way."""

_seat_ends = col(Seat.grace_ends_at)
_IN_GRACE = col(Seat.status) == SeatStatus.GRACE


class _Named(NamedTuple):
    """A mentor, as a line names them."""

    name: str
    slug: str


def warn_due() -> int:
    """Write the final warnings that are due, and note those that were handed over; how many."""
    written = due.run(find_unwarned, _warn, what=WARNING)
    return written + due.run(find_unnoted, _note_handed_over, what="grace_warned")


def release_due() -> int:
    """Give back the seats whose grace is over and whose mentees were warned in time; how many.

    A seat with an open checkout is kept until its payment is settled.
    """
    return due.run(find_over, _release, what="grace_over")


def _least() -> timedelta:
    return timedelta(hours=settings().grace_warning_hours)


def find_unwarned(db: Session, *, limit: int) -> Sequence[SeatId]:
    """The seats whose final warning is due and not written."""
    found = _near_the_end().where(~_is_written()).order_by(_seat_ends).limit(limit)
    return db.exec(found).all()


def find_unnoted(db: Session, *, limit: int) -> Sequence[SeatId]:
    """The seats whose final warning is written, and not known to be handed over."""
    found = _near_the_end().where(_is_written()).order_by(_seat_ends).limit(limit)
    return db.exec(found).all()


def _near_the_end() -> SelectOfScalar[SeatId]:
    return (
        select(col(Seat.id))
        .join(Mentor, col(Mentor.id) == col(Seat.mentor_id))
        .where(
            _IN_GRACE,
            _seat_ends <= clock.utc_now() + _least() + LEAD,
            col(Seat.warned_at).is_(None),
            col(Mentor.suspended_at).is_(None),
        )
    )


def _is_written() -> ColumnElement[bool]:
    """Whether the warning of a seat's present grace was written."""
    begun = (
        select(func.coalesce(func.max(col(SeatEvent.id)), 0))
        .where(col(SeatEvent.seat_id) == col(Seat.id), col(SeatEvent.status) == SeatStatus.GRACE)
        .correlate(Seat)
        .scalar_subquery()
    )
    return exists().where(
        col(Reminder.kind) == WARNING,
        col(Reminder.about) == col(Seat.public_id),
        col(Reminder.occasion) == cast(begun, String(60)),
    )


def _warn(db: Session, seat_id: SeatId) -> bool:
    seat, now = _locked(db, seat_id), clock.utc_now()
    if not _waits_for_warning(seat) or seat.grace_ends_at is None or _is_away(db, seat):
        return False
    due_at = seat.grace_ends_at - _least() - LEAD
    if due_at > now:
        return False
    reader, mentor = _people(db, seat)
    end = max(seat.grace_ends_at, now + _least())  # handed over late, it moves the end
    line = Line(
        f"Your seat with {mentor.name} is about to be released",
        f"Renew until {times.in_zone(end, reader)} to keep it.",
        urls.mentor(mentor.slug),
    )
    moment = Moment(WARNING, seat.public_id, _occasion(db, seat), due_at)
    return book.remind(db, moment, reader=reader, line=line, data={"seat_id": seat.id})


def _note_handed_over(db: Session, seat_id: SeatId) -> bool:
    seat = _locked(db, seat_id)
    if not _waits_for_warning(seat) or seat.grace_ends_at is None:
        return False
    handed_over = _handed_over(db, seat)
    if handed_over is None:
        return False
    seat.warned_at = handed_over
    before, least = seat.grace_ends_at, handed_over + _least()
    if before < least:
        seat.grace_ends_at = least
        topics.publish(db, topics.seats(seat.mentor_id), topics.mentee(seat.mentee_id))
        audit.record(
            db,
            actor=SYSTEM,
            action="seat.grace_extended",
            thing=seat.public_id,
            before={"grace_ends_at": before.isoformat()},
            after={
                "grace_ends_at": least.isoformat(),
                "reason": "the final warning was handed over late",
            },
        )
    db.flush()
    return True


def _waits_for_warning(seat: Seat) -> bool:
    return seat.status is SeatStatus.GRACE and seat.warned_at is None


def _handed_over(db: Session, seat: Seat) -> datetime | None:
    """When the warning's mail was handed over, or it was settled that nobody gets one."""
    occasion = _occasion(db, seat)
    written = db.exec(
        select(Reminder).where(
            col(Reminder.kind) == WARNING,
            col(Reminder.about) == seat.public_id,
            col(Reminder.occasion) == occasion,
        )
    ).one_or_none()
    if written is None:
        return None
    if written.outcome is ReminderOutcome.SUPPRESSED:
        return written.at
    reader = db.get_one(User, seat.mentee_id).public_id
    return mail.handed_over(db, f"mail:{WARNING}:{seat.public_id}:{occasion}:{reader}")


def find_over(db: Session, *, limit: int) -> Sequence[SeatId]:
    """The seats whose grace is over, whose mentees were warned, and for which nobody is paying."""
    over = (
        select(col(Seat.id))
        .join(Mentor, col(Mentor.id) == col(Seat.mentor_id))
        .where(
            _IN_GRACE,
            _seat_ends <= clock.utc_now(),
            col(Seat.warned_at).is_not(None),
            col(Mentor.suspended_at).is_(None),
            ~kept.being_paid(col(Seat.id)),
        )
        .order_by(_seat_ends)
        .limit(limit)
    )
    return db.exec(over).all()


def _release(db: Session, seat_id: SeatId) -> bool:
    seat = _locked(db, seat_id)
    if kept.is_being_paid(db, seat.id) or _is_away(db, seat):
        return False
    seats.follow_packs(db, actor=SYSTEM, seat=seat)
    over = seat.grace_ends_at is not None and seat.grace_ends_at <= clock.utc_now()
    if seat.status is not SeatStatus.GRACE or not over or seat.warned_at is None:
        return False
    occasion = _occasion(db, seat)
    seats.release(db, actor=SYSTEM, seat=seat, reason=ReleaseReason.GRACE_ENDED)
    _, mentor = _people(db, seat)
    telling.tell(
        db,
        user_id=seat.mentee_id,
        kind=RELEASED,
        about=seat.public_id,
        occasion=occasion,
        line=Line(
            f"Your seat with {mentor.name} was released",
            "No session was left, and the time to renew is over.",
            urls.mentor(mentor.slug),
        ),
        data={"seat_id": seat.id},
    )
    return True


def _locked(db: Session, seat_id: SeatId) -> Seat:
    seat = db.get_one(Seat, seat_id)
    locking.lock(db, mentors=[seat.mentor_id])
    locking.read_again(db, seat)
    return seat


def _is_away(db: Session, seat: Seat) -> bool:
    mentor = db.get_one(Mentor, seat.mentor_id, populate_existing=True)
    return mentor.suspended_at is not None


def _occasion(db: Session, seat: Seat) -> str:
    """Tells this grace of the seat from an earlier one: by what it began with."""
    begun = select(func.max(col(SeatEvent.id))).where(
        col(SeatEvent.seat_id) == seat.id, col(SeatEvent.status) == SeatStatus.GRACE
    )
    return str(db.exec(begun).one() or 0)


def _people(db: Session, seat: Seat) -> tuple[User, _Named]:
    mentor = db.get_one(Mentor, seat.mentor_id)
    named = _Named(db.get_one(User, mentor.user_id).name, mentor.slug)
    return db.get_one(User, seat.mentee_id), named

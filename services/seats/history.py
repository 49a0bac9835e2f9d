"""A seat's row and its history: every change of its status is written here, and nowhere else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, select

from services import audit, clock, topics
from services.audit import Actor
from services.discord.following import follow_seat
from services.ids import MentorId, UserId
from services.models import Seat, SeatEvent, SeatStatus
from services.seats import entries


def insert_held(
    db: Session,
    *,
    actor: Actor,
    mentee_id: UserId,
    mentor_id: MentorId,
    until: datetime,
    reason: str = "checkout",
) -> Seat:
    """Write the row of a held seat; that there is a place was decided under the mentor's lock."""
    seat = Seat(mentee_id=mentee_id, mentor_id=mentor_id, held_until=until)
    return _insert(db, actor, seat, reason)


def insert_active(
    db: Session, *, actor: Actor, mentee_id: UserId, mentor_id: MentorId, reason: str
) -> Seat:
    """Write the row of an active seat: for somebody who has paid sessions already."""
    seat = Seat(mentee_id=mentee_id, mentor_id=mentor_id, status=SeatStatus.ACTIVE)
    _insert(db, actor, seat, reason)
    entries.close_taken(db, actor=actor, seat=seat)
    return seat


def move(db: Session, *, actor: Actor, seat: Seat, status: SeatStatus, reason: str) -> bool:
    """Give a seat another status; the instants that belong to the old one go. False when it has it
    already."""
    if seat.status is status:
        return False
    before = seat.status
    seat.status = status
    if status is not SeatStatus.HELD:
        seat.held_until = None
    if status is not SeatStatus.GRACE:
        seat.grace_ends_at = None
    if status is not SeatStatus.RELEASED:
        seat.warned_at = None  # a later grace is warned of anew
    db.flush()
    _remember(db, actor, seat, reason, before=before)
    if status is SeatStatus.ACTIVE:
        entries.close_taken(db, actor=actor, seat=seat)
    return True


def begin_grace_anew(db: Session, *, actor: Actor, seat: Seat, reason: str) -> None:
    """The end of a seat's grace is another one by far: its mentee is warned of that one, too."""
    seat.warned_at = None
    db.flush()
    _remember(db, actor, seat, reason, before=seat.status)


def _insert(db: Session, actor: Actor, seat: Seat, reason: str) -> Seat:
    db.add(seat)
    db.flush()
    _remember(db, actor, seat, reason, before=None)
    return seat


def _not_before_last(db: Session, seat: Seat) -> datetime:
    """Now, or the instant of the seat's last change: two hosts' clocks may differ by a little, and
    a history that runs backwards would add up wrong for ever."""
    last = db.exec(select(func.max(SeatEvent.at)).where(SeatEvent.seat_id == seat.id)).one()
    return max(clock.utc_now(), last) if last else clock.utc_now()


def _remember(
    db: Session, actor: Actor, seat: Seat, reason: str, *, before: SeatStatus | None
) -> None:
    event = SeatEvent(seat_id=seat.id, mentor_id=seat.mentor_id, status=seat.status, reason=reason)
    event.at = _not_before_last(db, seat) if before else clock.utc_now()
    db.add(event)
    topics.publish(db, topics.seats(seat.mentor_id), topics.mentee(seat.mentee_id))
    audit.record(
        db,
        actor=actor,
        action=f"seat.{seat.status.value}",
        thing=seat.public_id,
        before={"status": before.value} if before else {},
        after={"status": seat.status.value, "reason": reason},
    )
    follow_seat(db, seat=seat)

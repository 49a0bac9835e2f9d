"""Places that are held while somebody pays, and that a pack makes active."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from services import topics
from services.audit import Actor
from services.errors import SeatsSoldOut
from services.ids import UserId
from services.models import Mentor, Seat, SeatStatus, User
from services.seats import counting, history, line


def hold(db: Session, *, actor: Actor, mentee_id: UserId, mentor: Mentor, until: datetime) -> Seat:
    """Take a place until `until`. The caller holds the mentor's lock.

    Raises:
        SeatsSoldOut: no place is free, or somebody waits for it.
    """
    if not counting.has_place(db, mentor):
        raise SeatsSoldOut(db.get_one(User, mentor.user_id).name)
    return history.insert_held(
        db, actor=actor, mentee_id=mentee_id, mentor_id=mentor.id, until=until
    )


def keep_until(db: Session, seat: Seat, until: datetime) -> None:
    """Move the end of a hold; a seat that is not held has none. One that is on offer to its mentee
    is held at least as long as the offer lasts."""
    if seat.status is not SeatStatus.HELD:
        return
    offer = line.find_offer(db, seat.id)
    offered = offer.offer_ends_at if offer is not None else None
    seat.held_until = max(until, offered) if offered else until
    db.flush()
    topics.publish(db, topics.mentee(seat.mentee_id))


def activate(db: Session, *, actor: Actor, seat: Seat, reason: str) -> None:
    """A pack makes the seat active."""
    history.move(db, actor=actor, seat=seat, status=SeatStatus.ACTIVE, reason=reason)

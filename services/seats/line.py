"""The line before a mentor's places: who stands in it, in which order, and whose turn it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import Session, col, select

from services.ids import MentorId, SeatId, UserId
from services.models import (
    Pack,
    PackStatus,
    User,
    UserStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from services.seats import kept

OPEN_ENTRIES = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)
PLACE_RESOLD = "Your place was given to somebody else, and you have sessions left."
"""Why somebody stands at the head of the line by PRODUCT.md rule 8."""


def in_order() -> tuple[Any, ...]:
    """For ORDER BY: whoever was put first, then whoever came first."""
    return (
        col(WaitlistEntry.priority).desc(),
        col(WaitlistEntry.joined_at),
        col(WaitlistEntry.id),
    )


def can_be_offered() -> ColumnElement[bool]:
    """Of a waiting person's `User` and `WaitlistEntry`: whether it may be their turn. Who is passed
    over keeps the place in the line, and nobody else waits for them: a suspended account, and
    whoever stands first for sessions about which a refund or a dispute is being decided."""
    active = col(User.status) == UserStatus.ACTIVE
    decided = or_(col(WaitlistEntry.reason) != PLACE_RESOLD, owns_sessions())
    return and_(active, col(User.email_verified_at).is_not(None), decided)


def waits_for(mentor_id: Any) -> ColumnElement[bool]:
    """Whether somebody waits for this mentor who can be offered a place; `mentor_id` may be a
    column of the enclosing query."""
    waiting = exists().where(
        col(WaitlistEntry.mentor_id) == mentor_id,
        col(WaitlistEntry.status) == WaitlistStatus.WAITING,
        col(WaitlistEntry.mentee_id) == col(User.id),
        can_be_offered(),
    )
    return waiting.correlate_except(WaitlistEntry, User)


def anyone_waits(db: Session, mentor_id: MentorId) -> bool:
    """Whether somebody waits for a place with this mentor."""
    return bool(db.exec(select(waits_for(mentor_id))).one())


def owns_sessions() -> ColumnElement[bool]:
    """Whether the person of the enclosing query's `WaitlistEntry` has paid sessions left with its
    mentor, and only lacks the place. A pack does not end while its owner waits; while its clock
    stands still, nothing can be booked with it."""
    found = exists().where(
        col(Pack.mentee_id) == col(WaitlistEntry.mentee_id),
        col(Pack.mentor_id) == col(WaitlistEntry.mentor_id),
        col(Pack.status) == PackStatus.ACTIVE,
        col(Pack.left) > 0,
        col(Pack.paused_at).is_(None),
    )
    return found.correlate(WaitlistEntry)


def has_sessions(db: Session, entry: WaitlistEntry) -> bool:
    """Whether the person of this entry does, also those about which something is being decided."""
    own = select(Pack.id).where(
        Pack.mentee_id == entry.mentee_id,
        Pack.mentor_id == entry.mentor_id,
        col(Pack.status).in_([PackStatus.ACTIVE, PackStatus.FROZEN]),
        col(Pack.left) > 0,
    )
    return db.exec(own.limit(1)).first() is not None


def owner_waits() -> ColumnElement[bool]:
    """Whether the owner of the enclosing query's `Pack` waits for a place with its mentor."""
    found = exists().where(
        col(WaitlistEntry.mentee_id) == col(Pack.mentee_id),
        col(WaitlistEntry.mentor_id) == col(Pack.mentor_id),
        col(WaitlistEntry.status).in_(OPEN_ENTRIES),
    )
    return found.correlate(Pack)


def is_being_paid() -> ColumnElement[bool]:
    """Whether the offer of the enclosing query's `WaitlistEntry` has an open checkout."""
    return kept.being_paid(col(WaitlistEntry.seat_id))


def find_entry(db: Session, mentee_id: UserId, mentor_id: MentorId) -> WaitlistEntry | None:
    """The person's open entry with this mentor; there is at most one."""
    return db.exec(
        select(WaitlistEntry).where(
            WaitlistEntry.mentee_id == mentee_id,
            WaitlistEntry.mentor_id == mentor_id,
            col(WaitlistEntry.status).in_(OPEN_ENTRIES),
        )
    ).one_or_none()


def find_offer(db: Session, seat_id: SeatId) -> WaitlistEntry | None:
    """The open offer that this seat is held for."""
    return db.exec(
        select(WaitlistEntry).where(
            WaitlistEntry.seat_id == seat_id, WaitlistEntry.status == WaitlistStatus.OFFERED
        )
    ).one_or_none()

"""What keeps a seat (PRODUCT.md rule 5)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import Session, col, select

from services import clock
from services.ids import SeatId
from services.models import (
    OPEN_SESSIONS,
    Mentor,
    MentoringSession,
    Order,
    OrderStatus,
    Pack,
    PackStatus,
    Seat,
)


def is_kept(db: Session, seat: Seat) -> bool:
    """Whether its mentee has, with its mentor, a usable pack with credits left, a frozen one, or a
    session that is not over or whose outcome is open."""
    return _has_good_pack(db, seat) or _has_open_session(db, seat)


def being_paid(seat_id: Any) -> ColumnElement[bool]:
    """Whether an order that waits for its money refers to this seat; `seat_id` may be a column of
    the enclosing query."""
    paying = exists().where(col(Order.seat_id) == seat_id, col(Order.status) == OrderStatus.PENDING)
    return paying.correlate_except(Order)


def is_being_paid(db: Session, seat_id: SeatId | None) -> bool:
    """Whether one refers to it now."""
    return bool(db.exec(select(being_paid(seat_id))).one())


def _has_good_pack(db: Session, seat: Seat) -> bool:
    """With a suspended mentor, and while it is paused, a pack is good beyond its expiry."""
    in_time = or_(
        col(Pack.expires_at).is_(None),
        col(Pack.expires_at) > clock.utc_now(),
        col(Pack.paused_at).is_not(None),
        col(Mentor.suspended_at).is_not(None),
    )
    usable = and_(col(Pack.status) == PackStatus.ACTIVE, col(Pack.left) > 0, in_time)
    good = (
        select(Pack.id)
        .join(Mentor, col(Mentor.id) == col(Pack.mentor_id))
        .where(
            Pack.mentee_id == seat.mentee_id,
            Pack.mentor_id == seat.mentor_id,
            or_(usable, col(Pack.status) == PackStatus.FROZEN),
        )
        .limit(1)
    )
    return db.exec(good).first() is not None


def _has_open_session(db: Session, seat: Seat) -> bool:
    open_session = (
        select(MentoringSession.id)
        .where(
            MentoringSession.mentee_id == seat.mentee_id,
            MentoringSession.mentor_id == seat.mentor_id,
            col(MentoringSession.status).in_(OPEN_SESSIONS),
        )
        .limit(1)
    )
    return db.exec(open_session).first() is not None

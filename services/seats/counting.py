"""How many places are taken, whose they are, and whether one is left."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, func
from sqlmodel import Session, col, select

from services.ids import MentorId, UserId
from services.models import Mentor, OfferStatus, PackOffer, Seat, SeatStatus
from services.seats import line


def count_taken(db: Session, mentor_id: MentorId) -> int:
    """How many of the mentor's places are held, active or in grace."""
    taken = select(func.count()).where(
        Seat.mentor_id == mentor_id, Seat.status != SeatStatus.RELEASED
    )
    return db.exec(taken).one()


def taken() -> ColumnElement[int]:
    """How many places are taken of the `Mentor` of the enclosing query."""
    counted: Any = (
        select(func.count(col(Seat.id)))
        .where(col(Seat.mentor_id) == col(Mentor.id), col(Seat.status) != SeatStatus.RELEASED)
        .correlate(Mentor)
        .scalar_subquery()
    )
    return counted


def sells() -> ColumnElement[bool]:
    """Whether the `Mentor` of the enclosing query has a pack on sale."""
    on_sale = exists().where(
        col(PackOffer.mentor_id) == col(Mentor.id), col(PackOffer.status) == OfferStatus.ACTIVE
    )
    return on_sale.correlate(Mentor)


def find_unreleased(db: Session, mentee_id: UserId, mentor_id: MentorId) -> Seat | None:
    """The one seat that the mentee has with the mentor now, in whatever state."""
    return db.exec(
        select(Seat).where(
            Seat.mentee_id == mentee_id,
            Seat.mentor_id == mentor_id,
            Seat.status != SeatStatus.RELEASED,
        )
    ).one_or_none()


def has_room(db: Session, mentor: Mentor) -> bool:
    """Whether a place is free, for whomever. True only as long as the mentor's lock is held."""
    return count_taken(db, mentor.id) < mentor.capacity


def has_place(db: Session, mentor: Mentor) -> bool:
    """Whether a place is for sale: one is free, and nobody waits for it (PRODUCT.md rule 7). True
    only as long as the mentor's lock is held."""
    return has_room(db, mentor) and not line.anyone_waits(db, mentor.id)

# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Seats: a place with a mentor, a row with a history."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlmodel import SQLModel

from services.ids import MentorId, SeatId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class SeatStatus(StrEnum):
    HELD = "held"
    ACTIVE = "active"
    GRACE = "grace"
    RELEASED = "released"


class ReleaseReason(StrEnum):
    """Why a seat was given back."""

    CHECKOUT_ENDED = "checkout ended"
    CHECKOUT_CANCELED = "checkout canceled"
    PAYMENT_FAILED = "payment failed"
    GRACE_ENDED = "grace ended"
    REFUNDED = "refunded"
    DISPUTE_LOST = "dispute lost"
    ACCOUNT_ERASED = "account erased"
    BY_HAND = "by hand"
    OFFER_DECLINED = "offer declined"
    OFFER_LAPSED = "offer lapsed"
    OFFER_WITHDRAWN = "offer withdrawn"


class Seat(SQLModel, table=True):
    """One place of one mentee with one mentor; at most one unreleased row per pair.

    `warned_at` is when the final warning of the present grace was handed over: before that, the
    seat is not released.
    """

    __tablename__ = "seat"
    __table_args__ = (
        Index(
            "uq_seat_unreleased",
            "mentee_id",
            "mentor_id",
            unique=True,
            sqlite_where=sql("status <> 'released'"),
            postgresql_where=sql("status <> 'released'"),
        ),
        Index("ix_seat_mentor_id_status", "mentor_id", "status"),
        Index("ix_seat_status_grace_ends_at", "status", "grace_ends_at"),
        Index("ix_seat_status_held_until", "status", "held_until"),
        CheckConstraint(
            "(status = 'held') = (held_until IS NOT NULL)", name="held_until_when_held"
        ),
        CheckConstraint(
            "(status = 'released') = (released_at IS NOT NULL)", name="released_at_when_released"
        ),
        CheckConstraint(
            "(status = 'grace') = (grace_ends_at IS NOT NULL)", name="grace_ends_at_when_grace"
        ),
    )

    id: SeatId = pk()
    public_id: str = public_id("sea")
    mentee_id: UserId = fk("user.id", index=False)
    mentor_id: MentorId = fk("mentor.id", index=False)
    status: SeatStatus = choice(SeatStatus, SeatStatus.HELD, name="seat_status")
    held_until: datetime | None = instant(nullable=True)
    grace_ends_at: datetime | None = instant(nullable=True)
    warned_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()
    released_at: datetime | None = instant(nullable=True)
    release_reason: ReleaseReason | None = choice(
        ReleaseReason, name="release_reason", nullable=True
    )


class SeatEvent(SQLModel, table=True):
    """One change of a seat's status: the history that utilization is computed from."""

    __tablename__ = "seat_event"
    __table_args__ = (
        Index("ix_seat_event_mentor_id_at", "mentor_id", "at"),
        Index("ix_seat_event_at", "at"),
    )

    id: int = pk()
    seat_id: SeatId = fk("seat.id")
    mentor_id: MentorId = fk("mentor.id", index=False)
    status: SeatStatus = choice(SeatStatus, name="seat_event_status")
    reason: str = text(60)
    at: datetime = instant()

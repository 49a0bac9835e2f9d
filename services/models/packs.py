# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Packs and the entries that say why their balance changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import MentorId, OrderId, PackId, RefundId, SeatId, SessionId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class PackStatus(StrEnum):
    ACTIVE = "active"
    DEPLETED = "depleted"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    FROZEN = "frozen"


UNREMINDED = "quiet_until IS NULL"


class Pack(SQLModel, table=True):
    """The sessions a mentee owns with a mentor.

    `left` counts credits not yet consumed, `reserved` those of booked sessions, `locked` those
    that a refund under way may close; available = left - reserved - locked. Since `paused_at` its
    clock stands still (a refund request, or a dispute). Its mentee was reminded of its end, and is
    not reminded again until `quiet_until`.
    """

    __tablename__ = "pack"
    __table_args__ = (
        CheckConstraint("total BETWEEN 1 AND 100", name="total_range"),
        CheckConstraint('"left" >= 0 AND "left" <= total', name="left_range"),
        CheckConstraint(
            'reserved >= 0 AND locked >= 0 AND reserved + locked <= "left"', name="reserved_range"
        ),
        Index("ix_pack_mentee_id_mentor_id", "mentee_id", "mentor_id"),
        Index("ix_pack_status_expires_at", "status", "expires_at"),
        Index(
            "ix_pack_unreminded",
            "status",
            "expires_at",
            sqlite_where=sql(UNREMINDED),
            postgresql_where=sql(UNREMINDED),
        ),
        Index("ix_pack_quiet_until", "quiet_until"),
    )

    id: PackId = pk()
    public_id: str = public_id("pck")
    order_id: OrderId | None = fk("order.id", nullable=True, unique=True)
    mentee_id: UserId = fk("user.id", index=False)
    mentor_id: MentorId = fk("mentor.id")
    seat_id: SeatId = fk("seat.id")
    title: str = text(80)
    total: int
    left: int
    reserved: int = Field(default=0)
    locked: int = Field(default=0)
    status: PackStatus = choice(PackStatus, PackStatus.ACTIVE, name="pack_status")
    starts_at: datetime = instant()
    expires_at: datetime | None = instant(nullable=True)
    paused_at: datetime | None = instant(nullable=True)
    quiet_until: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class CreditKind(StrEnum):
    PURCHASE = "purchase"
    GRANT = "grant"
    RESERVE = "reserve"
    RETURN = "return"
    CONSUME = "consume"
    EXPIRE = "expire"
    REFUND = "refund"


class CreditEntry(SQLModel, table=True):
    """Why a pack's balance changed. Append-only: triggers refuse update and delete.

    `amount` counts credits: positive into the pack, negative out of it; a reservation or its
    return moves credits between available and reserved and counts the moved ones. A session's
    credit is reserved, consumed and returned at most once each, and a refund closes or restores
    credits at most once each: constraints say so.
    """

    __tablename__ = "credit_entry"
    __table_args__ = (
        Index(
            "uq_credit_entry_purchase",
            "pack_id",
            unique=True,
            sqlite_where=sql("kind = 'purchase'"),
            postgresql_where=sql("kind = 'purchase'"),
        ),
        Index("uq_credit_entry_session_id_kind", "session_id", "kind", unique=True),
        Index("uq_credit_entry_refund_id_kind", "refund_id", "kind", unique=True),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
    )

    id: int = pk()
    pack_id: PackId = fk("pack.id")
    kind: CreditKind = choice(CreditKind, name="credit_kind")
    amount: int
    actor_id: UserId | None = fk("user.id", nullable=True)
    session_id: SessionId | None = fk("mentoring_session.id", nullable=True, index=False)
    refund_id: RefundId | None = fk("refund.id", nullable=True, index=False)
    created_at: datetime = instant()

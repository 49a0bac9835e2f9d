# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Orders, payments, refunds, packs and their credit entries."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import (
    MentorId,
    OfferId,
    OrderId,
    PackId,
    PaymentId,
    RefundId,
    SeatId,
    SessionId,
    UserId,
)
from services.models.base import choice, fk, instant, pk, public_id, text


class Provider(StrEnum):
    """Who moves the money."""

    STRIPE = "stripe"


class OrderStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    CANCELED = "canceled"
    EXPIRED = "expired"
    FAILED = "failed"
    REFUNDED = "refunded"


class Order(SQLModel, table=True):
    """One purchase of one offer, with a snapshot of what was sold.

    `expires_at` is computed once, when the order is written: the seat's hold and the provider's
    checkout end then. `checkout_attempt` numbers the idempotency keys of the checkout's creation.
    `check_at` is when the sweep looks next. Until `handover_until` the checkout's end at the
    provider is somebody's intermediate step, and nobody else gives the seat away for it.
    """

    __tablename__ = "order"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index(
            "uq_order_open_checkout",
            "mentee_id",
            "mentor_id",
            unique=True,
            sqlite_where=sql("status = 'pending'"),
            postgresql_where=sql("status = 'pending'"),
        ),
        Index("ix_order_status_check_at", "status", "check_at"),
        Index("ix_order_mentee_id_created_at", "mentee_id", "created_at"),
        Index("ix_order_mentor_id_created_at", "mentor_id", "created_at"),
        Index("ix_order_created_at_id", "created_at", "id"),
    )

    id: OrderId = pk()
    public_id: str = public_id("ord")
    mentee_id: UserId = fk("user.id", index=False)
    mentor_id: MentorId = fk("mentor.id", index=False)
    offer_id: OfferId = fk("pack_offer.id")
    seat_id: SeatId | None = fk("seat.id", nullable=True)
    title: str = text(80)
    sessions: int
    amount_minor: int
    currency: str = text(3)
    validity_days: int | None = Field(default=None)
    status: OrderStatus = choice(OrderStatus, OrderStatus.PENDING, name="order_status")
    provider: Provider = choice(Provider, Provider.STRIPE, name="order_provider")
    checkout_id: str | None = text(255, nullable=True, unique=True)
    checkout_url: str | None = text(2000, nullable=True)
    checkout_attempt: int = Field(default=1)
    expires_at: datetime = instant()
    check_at: datetime = instant()
    handover_until: datetime | None = instant(nullable=True)
    bank_pending_at: datetime | None = instant(nullable=True)
    declined_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()
    paid_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)


class PaymentStatus(StrEnum):
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUNDED = "refunded"


class Payment(SQLModel, table=True):
    """One provider transaction of an order."""

    __tablename__ = "payment"
    __table_args__ = (
        Index("uq_payment_provider_provider_id", "provider", "provider_id", unique=True),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(
            "refunded_minor >= 0 AND refunded_minor <= amount_minor", name="refunded_range"
        ),
    )

    id: PaymentId = pk()
    public_id: str = public_id("pay")
    order_id: OrderId = fk("order.id")
    provider: Provider = choice(Provider, name="payment_provider")
    provider_id: str = text(255)
    amount_minor: int
    currency: str = text(3)
    refunded_minor: int = Field(default=0)
    status: PaymentStatus = choice(PaymentStatus, PaymentStatus.PENDING, name="payment_status")
    created_at: datetime = instant(index=True)
    completed_at: datetime | None = instant(nullable=True, index=True)


class RefundStatus(StrEnum):
    REQUESTED = "requested"
    DENIED = "denied"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class RefundSource(StrEnum):
    ADMIN = "admin"
    MENTEE = "mentee"
    AUTOMATIC = "automatic"
    PROVIDER = "provider"


class RefundReason(StrEnum):
    """Why money went back by itself."""

    NO_PLACE = "no place"
    PAID_TWICE = "paid twice"


class Refund(SQLModel, table=True):
    """One refund, written before the provider is called. One automatic refund per payment."""

    __tablename__ = "refund"
    __table_args__ = (
        Index(
            "uq_refund_provider_provider_id",
            "provider",
            "provider_id",
            unique=True,
            sqlite_where=sql("provider_id IS NOT NULL"),
            postgresql_where=sql("provider_id IS NOT NULL"),
        ),
        Index(
            "uq_refund_automatic",
            "payment_id",
            unique=True,
            sqlite_where=sql("source = 'automatic'"),
            postgresql_where=sql("source = 'automatic'"),
        ),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
    )

    id: RefundId = pk()
    public_id: str = public_id("ref")
    order_id: OrderId = fk("order.id")
    payment_id: PaymentId = fk("payment.id")
    provider: Provider = choice(Provider, name="refund_provider")
    provider_id: str | None = text(255, nullable=True)
    amount_minor: int
    currency: str = text(3)
    status: RefundStatus = choice(RefundStatus, RefundStatus.REQUESTED, name="refund_status")
    source: RefundSource = choice(RefundSource, name="refund_source")
    reason: RefundReason = choice(RefundReason, name="refund_reason")
    attempt: int = Field(default=1)
    created_at: datetime = instant()
    settled_at: datetime | None = instant(nullable=True, index=True)


class PackStatus(StrEnum):
    ACTIVE = "active"
    DEPLETED = "depleted"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    FROZEN = "frozen"


class Pack(SQLModel, table=True):
    """The sessions a mentee owns with a mentor.

    `left` counts credits not yet consumed, `reserved` those of booked sessions;
    available = left - reserved.
    """

    __tablename__ = "pack"
    __table_args__ = (
        CheckConstraint("total BETWEEN 1 AND 100", name="total_range"),
        CheckConstraint('"left" >= 0 AND "left" <= total', name="left_range"),
        CheckConstraint('reserved >= 0 AND reserved <= "left"', name="reserved_range"),
        Index("ix_pack_mentee_id_mentor_id", "mentee_id", "mentor_id"),
        Index("ix_pack_status_expires_at", "status", "expires_at"),
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
    status: PackStatus = choice(PackStatus, PackStatus.ACTIVE, name="pack_status")
    starts_at: datetime = instant()
    expires_at: datetime | None = instant(nullable=True)
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
    credit is reserved, consumed and returned at most once each: a constraint says so.
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
        CheckConstraint("amount <> 0", name="amount_not_zero"),
    )

    id: int = pk()
    pack_id: PackId = fk("pack.id")
    kind: CreditKind = choice(CreditKind, name="credit_kind")
    amount: int
    actor_id: UserId | None = fk("user.id", nullable=True)
    session_id: SessionId | None = fk("mentoring_session.id", nullable=True, index=False)
    created_at: datetime = instant()

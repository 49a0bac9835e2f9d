# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Orders, payments and refunds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import (
    DiscountCodeId,
    MentorId,
    OfferId,
    OrderId,
    PackId,
    PaymentId,
    RefundId,
    SeatId,
    UserId,
)
from services.models.base import choice, fk, instant, pk, public_id, text


class Provider(StrEnum):
    """Who moves the money."""

    STRIPE = "stripe"
    PAYPAL = "paypal"


class TaxMode(StrEnum):
    """What a price says about tax: nothing, that it is in it, or that it comes on top."""

    NONE = "none"
    INCLUDED = "included"
    ADDED = "added"


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
    Until `capture_until` somebody is taking the money of a page that the buyer has approved.

    `amount_minor` is what the buyer pays: `list_minor`, the price, less the discount, and the tax
    where it comes on top. Without a provider there is nothing to pay. `terms_version` is the text
    that the buyer agreed to.
    """

    __tablename__ = "order"
    __table_args__ = (
        CheckConstraint("(amount_minor = 0) = (provider IS NULL)", name="provider_unless_free"),
        CheckConstraint(
            "discount_minor >= 0 AND discount_minor <= list_minor", name="discount_range"
        ),
        CheckConstraint(
            "tax_minor >= 0 AND tax_minor <= amount_minor AND tax_rate_bp BETWEEN 0 AND 10000 "
            "AND (tax_mode <> 'none' OR (tax_minor = 0 AND tax_rate_bp = 0))",
            name="tax_range",
        ),
        CheckConstraint(
            "amount_minor = list_minor - discount_minor "
            "+ CASE WHEN tax_mode = 'added' THEN tax_minor ELSE 0 END",
            name="amount_adds_up",
        ),
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
    list_minor: int
    discount_minor: int = Field(default=0)
    discount_code_id: DiscountCodeId | None = fk("discount_code.id", nullable=True)
    tax_mode: TaxMode = choice(TaxMode, TaxMode.NONE, name="order_tax_mode")
    tax_rate_bp: int = Field(default=0)
    tax_minor: int = Field(default=0)
    amount_minor: int
    currency: str = text(3)
    validity_days: int | None = Field(default=None)
    status: OrderStatus = choice(OrderStatus, OrderStatus.PENDING, name="order_status")
    provider: Provider | None = choice(
        Provider, Provider.STRIPE, name="order_provider", nullable=True
    )
    terms_version: str | None = text(20, nullable=True)
    checkout_id: str | None = text(255, nullable=True, unique=True)
    checkout_url: str | None = text(2000, nullable=True)
    checkout_attempt: int = Field(default=1)
    expires_at: datetime = instant()
    check_at: datetime = instant()
    handover_until: datetime | None = instant(nullable=True)
    capture_until: datetime | None = instant(nullable=True)
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
    """One provider transaction of an order.

    `fee_minor` is what the provider kept of it, once that is known. `disputed_minor` is what a
    bank has taken back and not returned.
    """

    __tablename__ = "payment"
    __table_args__ = (
        Index("uq_payment_provider_provider_id", "provider", "provider_id", unique=True),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(
            "refunded_minor >= 0 AND disputed_minor >= 0 "
            "AND refunded_minor + disputed_minor <= amount_minor",
            name="refunded_range",
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
    disputed_minor: int = Field(default=0)
    fee_minor: int | None = Field(default=None)
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
    """Why money went back."""

    NO_PLACE = "no place"
    PAID_TWICE = "paid twice"
    BY_REQUEST = "by request"
    AT_PROVIDER = "at the provider"
    GOODWILL = "goodwill"
    MENTOR_LEFT = "mentor left"


class RefundScope(StrEnum):
    """What goes back: all that is left of the payment, unused sessions, or another amount."""

    WHOLE = "whole"
    UNUSED = "unused"
    OTHER = "other"


class RefundRemedy(StrEnum):
    """What was done about a refund that was not carried out after all: by an admin, or by the
    buyer's bank, that took the money back itself, or because another refund gave it back."""

    BY_HAND = "paid another way"
    RESTORED = "pack restored"
    BY_BANK = "taken by the bank"
    ELSEWHERE = "went back otherwise"
    NOTHING = "nothing more to do"


class Refund(SQLModel, table=True):
    """One refund, written before the provider is called. One automatic refund per payment.

    Nothing is sent to a provider before `decided_at`; a refund that `needs_second` has both
    `decided_by` and `approved_by` by then, two people. `sessions` is how many credits of the pack
    it closes. `owed`: the buyer has this money coming, because it was for nothing or left our books
    and did not arrive.
    """

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
        Index(
            "uq_refund_undecided",
            "pack_id",
            unique=True,
            sqlite_where=sql("status = 'requested' AND decided_at IS NULL"),
            postgresql_where=sql("status = 'requested' AND decided_at IS NULL"),
        ),
        Index("ix_refund_status_created_at", "status", "created_at"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("sessions >= 0", name="sessions_range"),
        CheckConstraint(
            "decided_at IS NOT NULL OR status IN ('requested', 'canceled')",
            name="decided_before_sent",
        ),
        CheckConstraint("approved_by <> decided_by", name="two_people"),
        CheckConstraint(
            "decided_at IS NULL OR NOT needs_second OR approved_by IS NOT NULL "
            "OR status IN ('denied', 'canceled')",
            name="approved_twice_if_needed",
        ),
        CheckConstraint("(remedy IS NULL) = (remedied_at IS NULL)", name="remedied_at_if_remedy"),
    )

    id: RefundId = pk()
    public_id: str = public_id("ref")
    order_id: OrderId = fk("order.id")
    payment_id: PaymentId = fk("payment.id")
    pack_id: PackId | None = fk("pack.id", nullable=True)
    provider: Provider = choice(Provider, name="refund_provider")
    provider_id: str | None = text(255, nullable=True)
    scope: RefundScope = choice(RefundScope, RefundScope.WHOLE, name="refund_scope")
    sessions: int | None = Field(default=None)
    amount_minor: int
    currency: str = text(3)
    status: RefundStatus = choice(RefundStatus, RefundStatus.REQUESTED, name="refund_status")
    source: RefundSource = choice(RefundSource, name="refund_source")
    reason: RefundReason = choice(RefundReason, name="refund_reason")
    note: str = text(500, default="")
    attempt: int = Field(default=1)
    requested_by: UserId | None = fk("user.id", nullable=True, index=False)
    needs_second: bool = Field(default=False)
    decided_by: UserId | None = fk("user.id", nullable=True, index=False)
    decided_at: datetime | None = instant(nullable=True)
    decision_note: str = text(500, default="")
    approved_by: UserId | None = fk("user.id", nullable=True, index=False)
    owed: bool = Field(default=False)
    remedy: RefundRemedy | None = choice(RefundRemedy, name="refund_remedy", nullable=True)
    remedied_by: UserId | None = fk("user.id", nullable=True, index=False)
    remedied_at: datetime | None = instant(nullable=True)
    remedy_note: str = text(500, default="")
    created_at: datetime = instant()
    settled_at: datetime | None = instant(nullable=True, index=True)

# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Disputes, money that nobody can attribute, and the runs that compare us with the providers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from services.ids import DisputeId, OrderId, PackId, PaymentId, UnmatchedId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text
from services.models.selling import Provider


class DisputeStatus(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"
    INQUIRY_CLOSED = "inquiry closed"


class Dispute(SQLModel, table=True):
    """A chargeback, or an inquiry, which moves nothing.

    `withdrawn`: the provider has taken the money off our balance. An inquiry may become a
    chargeback; the row stays the same.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        Index("uq_dispute_provider_provider_id", "provider", "provider_id", unique=True),
        Index("ix_dispute_status_evidence_due_at", "status", "evidence_due_at"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("fee_minor >= 0", name="fee_range"),
        CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed_at_unless_open"),
        CheckConstraint("status <> 'inquiry closed' OR inquiry", name="inquiry_closed_if_inquiry"),
    )

    id: DisputeId = pk()
    public_id: str = public_id("dsp")
    provider: Provider = choice(Provider, name="dispute_provider")
    provider_id: str = text(255)
    payment_id: PaymentId = fk("payment.id")
    order_id: OrderId = fk("order.id")
    pack_id: PackId | None = fk("pack.id", nullable=True)
    inquiry: bool = Field(default=False)
    status: DisputeStatus = choice(DisputeStatus, DisputeStatus.OPEN, name="dispute_status")
    amount_minor: int
    currency: str = text(3)
    fee_minor: int = Field(default=0)
    withdrawn: bool = Field(default=False)
    reason: str = text(100, default="")
    evidence_due_at: datetime | None = instant(nullable=True)
    opened_at: datetime = instant(index=True)
    closed_at: datetime | None = instant(nullable=True)
    updated_at: datetime = instant()


class UnmatchedKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"


class UnmatchedStatus(StrEnum):
    OPEN = "open"
    SETTLED = "settled"


class UnmatchedMoney(SQLModel, table=True):
    """Money seen at a provider that belongs to nothing we know. An admin settles it, in words."""

    __tablename__ = "unmatched_money"
    __table_args__ = (
        Index(
            "uq_unmatched_money_provider_kind_provider_id",
            "provider",
            "kind",
            "provider_id",
            unique=True,
        ),
        Index("ix_unmatched_money_status_seen_at", "status", "seen_at"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(
            "(status = 'settled') = (settled_at IS NOT NULL)", name="settled_at_when_settled"
        ),
    )

    id: UnmatchedId = pk()
    public_id: str = public_id("unm")
    provider: Provider = choice(Provider, name="unmatched_provider")
    kind: UnmatchedKind = choice(UnmatchedKind, name="unmatched_kind")
    provider_id: str = text(255)
    payment_provider_id: str = text(255, default="")
    amount_minor: int
    currency: str = text(3)
    seen_at: datetime = instant()
    status: UnmatchedStatus = choice(UnmatchedStatus, UnmatchedStatus.OPEN, name="unmatched_status")
    order_id: OrderId | None = fk("order.id", nullable=True)
    note: str = text(500, default="")
    settled_by: UserId | None = fk("user.id", nullable=True, index=False)
    settled_at: datetime | None = instant(nullable=True)


class ReconciliationRun(SQLModel, table=True):
    """One comparison of a provider's lists with ours, over the time from `since` to `until`.

    `differ` counts what could not be repaired; `differences` tells of the first of it.
    """

    __tablename__ = "reconciliation_run"
    __table_args__ = (
        Index("ix_reconciliation_run_provider_started_at", "provider", "started_at"),
        CheckConstraint("since < until", name="until_after_since"),
    )

    id: int = pk()
    provider: Provider = choice(Provider, name="reconciliation_provider")
    since: datetime = instant()
    until: datetime = instant()
    started_at: datetime = instant()
    finished_at: datetime | None = instant(nullable=True)
    checked: int = Field(default=0)
    repaired: int = Field(default=0)
    differ: int = Field(default=0)
    differences: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    error: str = text(500, default="")

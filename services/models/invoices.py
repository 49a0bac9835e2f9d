# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Invoices and credit notes, and the counters that number them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import DisputeId, InvoiceId, OrderId, PaymentId, RefundId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text
from services.models.selling import TaxMode


class InvoiceSeries(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit note"


class Invoice(SQLModel, table=True):
    """An invoice or a credit note, as it was issued. Append-only: triggers refuse the rest.

    Buyer, seller and lines are as they were on that day. A purchase has one invoice, a refund and
    a lost dispute one credit note each. A wrong document is corrected, once, by a credit note and a
    new invoice, which both name it in `corrects_id`.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        Index("uq_invoice_series_year_number", "series", "year", "number", unique=True),
        Index(
            "uq_invoice_original",
            "order_id",
            unique=True,
            sqlite_where=sql("series = 'invoice' AND corrects_id IS NULL"),
            postgresql_where=sql("series = 'invoice' AND corrects_id IS NULL"),
        ),
        Index(
            "uq_invoice_correction",
            "corrects_id",
            "series",
            unique=True,
            sqlite_where=sql("corrects_id IS NOT NULL"),
            postgresql_where=sql("corrects_id IS NOT NULL"),
        ),
        Index(
            "uq_invoice_refund",
            "refund_id",
            unique=True,
            sqlite_where=sql("refund_id IS NOT NULL"),
            postgresql_where=sql("refund_id IS NOT NULL"),
        ),
        Index(
            "uq_invoice_dispute",
            "dispute_id",
            unique=True,
            sqlite_where=sql("dispute_id IS NOT NULL"),
            postgresql_where=sql("dispute_id IS NOT NULL"),
        ),
        Index("ix_invoice_issued_at_id", "issued_at", "id"),
        CheckConstraint("number >= 1", name="number_positive"),
        CheckConstraint(
            "net_minor >= 0 AND tax_minor >= 0 AND total_minor = net_minor + tax_minor",
            name="total_adds_up",
        ),
        CheckConstraint("refund_id IS NULL OR series = 'credit note'", name="refund_credits"),
        CheckConstraint("dispute_id IS NULL OR series = 'credit note'", name="dispute_credits"),
    )

    id: InvoiceId = pk()
    public_id: str = public_id("inv")
    series: InvoiceSeries = choice(InvoiceSeries, name="invoice_series")
    year: int
    number: int
    label: str = text(24, unique=True)
    buyer_id: UserId = fk("user.id")
    order_id: OrderId = fk("order.id")
    payment_id: PaymentId | None = fk("payment.id", nullable=True, index=False)
    refund_id: RefundId | None = fk("refund.id", nullable=True, index=False)
    dispute_id: DisputeId | None = fk("dispute.id", nullable=True, index=False)
    corrects_id: InvoiceId | None = fk("invoice.id", nullable=True, index=False)
    issued_at: datetime = instant()
    buyer: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    seller: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    net_minor: int
    tax_minor: int = Field(default=0)
    total_minor: int
    currency: str = text(3)
    tax_rate_bp: int = Field(default=0)
    tax_mode: TaxMode = choice(TaxMode, TaxMode.NONE, name="invoice_tax_mode")


class InvoiceCounter(SQLModel, table=True):
    """The last number given in a series and year. Locked while the next one is given."""

    __tablename__ = "invoice_counter"
    __table_args__ = (CheckConstraint('"last" >= 0', name="last_range"),)

    series: InvoiceSeries = Field(
        primary_key=True,
        sa_type=choice(InvoiceSeries, name="invoice_counter_series").sa_type,
    )
    year: int = Field(primary_key=True)
    last: int = Field(default=0)

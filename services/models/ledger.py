# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""The ledger: postings between accounts, and what each session of a pack was paid."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from services.ids import (
    DisputeId,
    MentorId,
    OrderId,
    PackId,
    PackShareId,
    PaymentId,
    PostingId,
    RefundId,
    SessionId,
)
from services.models.base import choice, fk, instant, pk, text
from services.models.selling import Provider


class Account(StrEnum):
    """Where money stands. The provider's is an asset, and so is what was moved by hand; fees,
    disputes and the mentors' share are costs; earned is revenue; the others are owed."""

    PROVIDER = "provider"
    DEFERRED = "deferred"
    EARNED = "earned"
    REFUNDS = "refunds"
    FEES = "fees"
    DISPUTES = "disputes"
    TAX = "tax"
    MENTOR_SHARE = "mentor share"
    MENTOR_EARNINGS = "mentor earnings"
    UNMATCHED = "unmatched"
    BY_HAND = "by hand"


class PostingKind(StrEnum):
    """What happened."""

    PAYMENT = "payment"
    FEE = "fee"
    SESSION = "session"
    SESSION_UNDONE = "session undone"
    BREAKAGE = "breakage"
    BREAKAGE_UNDONE = "breakage undone"
    REFUND = "refund"
    REFUND_UNDONE = "refund undone"
    RESTORED = "restored"
    BY_HAND = "by hand"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute won"
    DISPUTE_LOST = "dispute lost"
    UNMATCHED = "unmatched"


class Posting(SQLModel, table=True):
    """An amount that moved from one account to another. Append-only: triggers refuse the rest.

    Having a debit, a credit and one positive amount, each posting balances by its very shape. What
    belongs to one happening shares `key` and differs in `leg`; each is there once. `at` is when it
    happened, which may be earlier than when it was written.
    """

    __tablename__ = "posting"
    __table_args__ = (
        Index("uq_posting_key_leg", "key", "leg", unique=True),
        Index("ix_posting_at", "at"),
        Index("ix_posting_mentor_id_at", "mentor_id", "at"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
        CheckConstraint(
            "provider IS NOT NULL OR (debit <> 'provider' AND credit <> 'provider')",
            name="provider_named",
        ),
        CheckConstraint(
            "mentor_id IS NOT NULL OR (debit <> 'mentor earnings' AND credit <> 'mentor earnings')",
            name="mentor_named",
        ),
        CheckConstraint(
            "order_id IS NOT NULL OR (debit NOT IN ('deferred', 'earned') "
            "AND credit NOT IN ('deferred', 'earned'))",
            name="order_named",
        ),
    )

    id: PostingId = pk()
    key: str = text(120)
    leg: int
    kind: PostingKind = choice(PostingKind, name="posting_kind")
    debit: Account = choice(Account, name="posting_debit")
    credit: Account = choice(Account, name="posting_credit")
    amount_minor: int
    currency: str = text(3)
    provider: Provider | None = choice(Provider, name="posting_provider", nullable=True)
    order_id: OrderId | None = fk("order.id", nullable=True)
    mentor_id: MentorId | None = fk("mentor.id", nullable=True, index=False)
    pack_id: PackId | None = fk("pack.id", nullable=True, index=False)
    session_id: SessionId | None = fk("mentoring_session.id", nullable=True, index=False)
    payment_id: PaymentId | None = fk("payment.id", nullable=True, index=False)
    refund_id: RefundId | None = fk("refund.id", nullable=True, index=False)
    dispute_id: DisputeId | None = fk("dispute.id", nullable=True, index=False)
    at: datetime = instant()
    created_at: datetime = instant()


class ShareState(StrEnum):
    """What became of a session's part of the price."""

    OPEN = "open"
    EARNED = "earned"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class PackShare(SQLModel, table=True):
    """What one session of a bought pack was paid, tax included.

    `turn` counts how often it was settled: an outcome may be corrected, and each time has postings
    of its own. A session settles one share at most: a constraint says so.
    """

    __tablename__ = "pack_share"
    __table_args__ = (
        Index("uq_pack_share_pack_id_number", "pack_id", "number", unique=True),
        CheckConstraint("number >= 1", name="number_positive"),
        CheckConstraint("tax_minor >= 0 AND tax_minor <= amount_minor", name="tax_range"),
        CheckConstraint("turn >= 0", name="turn_range"),
        CheckConstraint("session_id IS NULL OR state = 'earned'", name="session_when_earned"),
        CheckConstraint("refund_id IS NULL OR state = 'refunded'", name="refund_when_refunded"),
        CheckConstraint("(state = 'open') = (settled_at IS NULL)", name="settled_at_unless_open"),
    )

    id: PackShareId = pk()
    pack_id: PackId = fk("pack.id", index=False)
    number: int
    amount_minor: int
    tax_minor: int = Field(default=0)
    state: ShareState = choice(ShareState, ShareState.OPEN, name="share_state")
    turn: int = Field(default=0)
    session_id: SessionId | None = fk("mentoring_session.id", nullable=True, unique=True)
    refund_id: RefundId | None = fk("refund.id", nullable=True, index=False)
    settled_at: datetime | None = instant(nullable=True)

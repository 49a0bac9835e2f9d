"""What the checker compares, added up in SQL: the ledger's side, and the side of the rows.

`only` says which rows are added up; by default all.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.ledger.views import into
from services.models import (
    Account,
    CreditEntry,
    CreditKind,
    Dispute,
    DisputeStatus,
    Invoice,
    PackShare,
    Posting,
    PostingKind,
    Refund,
    RefundRemedy,
    RefundSource,
    RefundStatus,
    ShareState,
)

_GIVEN_FROM = (Account.DEFERRED, Account.TAX, Account.EARNED)
_GIVEN_TO = (Account.REFUNDS, Account.DISPUTES)

Rows: TypeAlias = Select[*tuple[Any, ...]]


def pick(*columns: Any) -> Rows:
    """A select of columns whose types are only known when it runs."""
    return select(*columns)


def book(*only: ColumnElement[bool]) -> Subquery:
    """Each order's balances, by currency."""
    by_session = col(Posting.kind).in_([PostingKind.SESSION, PostingKind.SESSION_UNDONE])
    by_expiry = col(Posting.kind).in_([PostingKind.BREAKAGE, PostingKind.BREAKAGE_UNDONE])
    earned = into(Account.EARNED)
    restored = (col(Posting.kind) == PostingKind.RESTORED) & (col(Posting.credit) == Account.TAX)
    return (
        pick(
            col(Posting.order_id),
            col(Posting.currency),
            _sum(into(Account.DEFERRED), "deferred"),
            _sum(into(Account.REFUNDS), "refunds"),
            _sum(into(Account.TAX), "tax"),
            _sum(given(), "given"),
            _sum(case((restored, 1), else_=0), "restored"),
            _sum(into(Account.MENTOR_EARNINGS), "mentor"),
            _sum(case((by_session, earned), else_=0), "sessions"),
            _sum(case((by_expiry, earned), else_=0), "breakage"),
        )
        .where(col(Posting.order_id).is_not(None))
        .where(*only)
        .group_by(col(Posting.order_id), col(Posting.currency))
        .subquery("book")
    )


def given() -> ColumnElement[int]:
    """By how much a posting raises what was given back of a sale, however it went."""
    amount, debit, credit = col(Posting.amount_minor), col(Posting.debit), col(Posting.credit)
    return case(
        (debit.in_(_GIVEN_FROM) & credit.in_(_GIVEN_TO), amount),
        (debit.in_(_GIVEN_TO) & credit.in_(_GIVEN_FROM), -amount),
        else_=0,
    )


def credited(*only: ColumnElement[bool]) -> Subquery:
    """What the credit notes of each order with an invoice took back, less those that were taken
    back themselves."""
    note = aliased(Invoice)
    total = col(Invoice.total_minor)
    is_note = col(Invoice.refund_id).is_not(None) | col(Invoice.dispute_id).is_not(None)
    of_note = col(note.refund_id).is_not(None) | col(note.dispute_id).is_not(None)
    return (
        pick(
            col(Invoice.order_id),
            _sum(case((is_note, total), (of_note, -total), else_=0), "minor"),
        )
        .outerjoin(note, col(note.id) == col(Invoice.corrects_id))
        .where(*only)
        .group_by(col(Invoice.order_id))
        .subquery("credited")
    )


def holding(*only: ColumnElement[bool]) -> Subquery:
    """How many refunds hold each pack: they are not settled, or nobody has said what they were
    for."""
    unsettled = col(Refund.status).in_([RefundStatus.REQUESTED, RefundStatus.PENDING])
    unexplained = (
        (col(Refund.source) == RefundSource.PROVIDER)
        & (col(Refund.status) == RefundStatus.SUCCEEDED)
        & col(Refund.sessions).is_(None)
    )
    return (
        pick(col(Refund.pack_id), _sum(literal(1), "refunds"))
        .where(col(Refund.pack_id).is_not(None), unsettled | unexplained)
        .where(*only)
        .group_by(col(Refund.pack_id))
        .subquery("holding")
    )


def shares(*only: ColumnElement[bool]) -> Subquery:
    """Each pack's parts, by what became of them."""
    state, amount, tax = (
        col(PackShare.state),
        col(PackShare.amount_minor),
        col(PackShare.tax_minor),
    )

    def net(wanted: ShareState) -> ColumnElement[int]:
        return case((state == wanted, amount - tax), else_=0)

    def one(*wanted: ShareState) -> ColumnElement[int]:
        return case((state.in_(wanted), 1), else_=0)

    return (
        pick(
            col(PackShare.pack_id),
            _sum(literal(1), "parts"),
            _sum(amount, "amount"),
            _sum(tax, "tax"),
            _sum(one(ShareState.OPEN), "open"),
            _sum(one(ShareState.EXPIRED), "expired"),
            _sum(one(ShareState.REFUNDED, ShareState.DISPUTED), "closed"),
            _sum(net(ShareState.OPEN), "open_net"),
            _sum(net(ShareState.EARNED), "earned_net"),
            _sum(net(ShareState.EXPIRED), "expired_net"),
        )
        .where(*only)
        .group_by(col(PackShare.pack_id))
        .subquery("shares")
    )


def entries(*only: ColumnElement[bool]) -> Subquery:
    """How many credits of each pack expired, and how many were given back for good."""
    kind, lost = col(CreditEntry.kind), -col(CreditEntry.amount)
    expired = kind == CreditKind.EXPIRE
    closed = (kind == CreditKind.REFUND) | col(CreditEntry.refund_id).is_not(None)
    return (
        pick(
            col(CreditEntry.pack_id),
            _sum(case((expired, lost), else_=0), "expired"),
            _sum(case((closed, lost), else_=0), "closed"),
        )
        .where(or_(expired, closed))
        .where(*only)
        .group_by(col(CreditEntry.pack_id))
        .subquery("entries")
    )


def owed(*only: ColumnElement[bool]) -> Subquery:
    """What buyers have coming of each payment, because it was for nothing or did not arrive."""
    return (
        pick(col(Refund.payment_id), _sum(col(Refund.amount_minor), "minor"))
        .where(
            col(Refund.owed),
            col(Refund.status) != RefundStatus.SUCCEEDED,
            col(Refund.remedy).is_(None),
        )
        .where(*only)
        .group_by(col(Refund.payment_id))
        .subquery("owed")
    )


def by_hand(*only: ColumnElement[bool]) -> Subquery:
    """What admins paid back another way of each payment."""
    return (
        pick(col(Refund.payment_id), _sum(col(Refund.amount_minor), "minor"))
        .where(col(Refund.remedy) == RefundRemedy.BY_HAND)
        .where(*only)
        .group_by(col(Refund.payment_id))
        .subquery("by_hand")
    )


def contested(*only: ColumnElement[bool]) -> Subquery:
    """How many chargebacks of each pack are open."""
    is_open = (col(Dispute.status) == DisputeStatus.OPEN) & col(Dispute.inquiry).is_(False)
    return (
        pick(col(Dispute.pack_id), _sum(literal(1), "disputes"))
        .where(col(Dispute.pack_id).is_not(None), is_open)
        .where(*only)
        .group_by(col(Dispute.pack_id))
        .subquery("contested")
    )


def withdrawn(*only: ColumnElement[bool]) -> Subquery:
    """What disputes have taken off the provider's balance of each payment: in all, and of those
    still open."""
    amount, status = col(Dispute.amount_minor), col(Dispute.status)
    is_open = (status == DisputeStatus.OPEN) & col(Dispute.withdrawn)
    is_lost = (status == DisputeStatus.LOST) & col(Dispute.withdrawn)
    return (
        pick(
            col(Dispute.payment_id),
            _sum(case((is_open | is_lost, amount), else_=0), "minor"),
            _sum(case((is_open, amount), else_=0), "open"),
        )
        .where(*only)
        .group_by(col(Dispute.payment_id))
        .subquery("withdrawn")
    )


def held(*only: ColumnElement[bool]) -> Subquery:
    """What each payment left with the provider before any fee, what it kept as its fee, and what of
    the payment stands elsewhere."""
    is_fee = col(Posting.kind) == PostingKind.FEE
    fee = is_fee & col(Posting.dispute_id).is_(None)
    held = case((is_fee, 0), else_=into(Account.PROVIDER))
    return (
        pick(
            col(Posting.payment_id),
            col(Posting.currency),
            _sum(held, "minor"),
            _sum(case((fee, into(Account.FEES)), else_=0), "fee"),
            _sum(into(Account.REFUNDS), "refunds"),
            _sum(into(Account.DISPUTES), "disputes"),
            _sum(into(Account.UNMATCHED), "unmatched"),
            _sum(-into(Account.BY_HAND), "by_hand"),
        )
        .where(col(Posting.payment_id).is_not(None))
        .where(*only)
        .group_by(col(Posting.payment_id), col(Posting.currency))
        .subquery("held")
    )


def back(*only: ColumnElement[bool]) -> Subquery:
    """The succeeded refunds of each payment."""
    return (
        pick(col(Refund.payment_id), _sum(col(Refund.amount_minor), "minor"))
        .where(col(Refund.status) == RefundStatus.SUCCEEDED)
        .where(*only)
        .group_by(col(Refund.payment_id))
        .subquery("back")
    )


def _sum(value: Any, name: str) -> ColumnElement[int]:
    """PostgreSQL makes numeric of a sum of bigints."""
    return cast(func.sum(value), BigInteger).label(name)

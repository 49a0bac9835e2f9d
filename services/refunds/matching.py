"""Which refund of ours it is that a provider shows; one that we did not start belongs to a known
payment, or it is unmatched money: it is never guessed whose it is."""

from __future__ import annotations

from sqlmodel import Session, col, select

from services.db import insert_or_ignore
from services.models import (
    Order,
    Payment,
    Provider,
    Refund,
    RefundReason,
    RefundScope,
    RefundSource,
    RefundStatus,
)
from services.money import Money
from services.providers.payments.base import ProviderRefund
from services.refunds import cases


def known(db: Session, provider: str, done: ProviderRefund) -> Refund | None:
    """The refund of ours that this is: by the provider's id, or by the id that we sent with it,
    as long as we sent it, for this payment and amount, and know of no other answer."""
    by_id = select(Refund).where(Refund.provider == provider, Refund.provider_id == done.id)
    row = db.exec(by_id).one_or_none()
    if row is not None:
        return row
    sent = (
        select(Refund)
        .join(Payment, col(Payment.id) == col(Refund.payment_id))
        .where(
            Refund.provider == provider,
            Refund.public_id == done.refund,
            col(Refund.provider_id).is_(None),
            col(Refund.decided_at).is_not(None),
            col(Refund.status) != RefundStatus.DENIED,
            col(Payment.provider_id) == done.payment_id,
        )
    )
    row = db.exec(sent).one_or_none()
    fits = row is not None and done.amount == Money(row.amount_minor, row.currency)
    return row if fits else None


def foreign(db: Session, provider: Provider, done: ProviderRefund) -> Refund | None:
    """The row of a refund that somebody made at the provider; None when it fits no payment."""
    payment = db.exec(
        select(Payment).where(Payment.provider == provider, Payment.provider_id == done.payment_id)
    ).one_or_none()
    if payment is None:
        return None
    case = cases.locked(db, db.get_one(Order, payment.order_id))
    db.refresh(payment)
    if (row := known(db, provider, done)) is not None:
        return row
    if (row := _awaited(db, payment, done)) is not None:
        return row
    left = payment.amount_minor - payment.refunded_minor - payment.disputed_minor
    if done.amount.currency != payment.currency or not 0 < done.amount.minor <= left:
        return None
    of_pack = case.payment is not None and case.payment.id == payment.id
    row = Refund(
        order_id=payment.order_id,
        payment_id=payment.id,
        pack_id=case.pack.id if of_pack and case.pack else None,
        provider=provider,
        provider_id=done.id,
        scope=RefundScope.OTHER,
        amount_minor=done.amount.minor,
        currency=done.amount.currency,
        source=RefundSource.PROVIDER,
        reason=RefundReason.AT_PROVIDER,
        created_at=done.created_at,
        decided_at=done.created_at,
    )
    insert_or_ignore(db, row)
    return known(db, provider, done)


def _awaited(db: Session, payment: Payment, done: ProviderRefund) -> Refund | None:
    """A refund that the buyer is still owed of this very payment and amount: an automatic one, or
    one that came back. Whoever pays it in the dashboard has carried that one out."""
    owed = select(Refund).where(
        Refund.payment_id == payment.id,
        col(Refund.owed),
        col(Refund.amount_minor) == done.amount.minor,
        col(Refund.currency) == done.amount.currency,
        col(Refund.status) != RefundStatus.PENDING,
    )
    row = db.exec(owed.order_by(col(Refund.id)).limit(1)).one_or_none()
    if row is not None and row.status in {RefundStatus.FAILED, RefundStatus.CANCELED}:
        row.status, row.settled_at, row.provider_id = RefundStatus.REQUESTED, None, None
        row.attempt += 1  # the ledger counts each attempt once
        db.flush()
    return row

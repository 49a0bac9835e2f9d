"""A provider's payments beside ours: money that we missed, fees that became known, amounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from sqlmodel import col, select

from services import db, ledger, locking, unmatched
from services.checkout import settlement
from services.config import vendor_name
from services.errors import ProviderRejected
from services.models import Payment, Provider, UnmatchedKind
from services.money import Money
from services.providers.payments import registry
from services.providers.payments.base import PaymentState, ProviderPayment
from services.reconciliation.comparing import (
    FITS,
    REPAIRED,
    Comparison,
    Verdict,
    differs,
    is_missing,
    keep_unmatched,
    other_amount,
    refused_list,
    unknown_there,
)


def comparisons(provider: Provider, since: datetime) -> Iterator[Comparison]:
    """Everything that the provider lists, then what we have and it did not list: a list may lag,
    so each of these is asked for by its id."""
    listed: set[str] = set()
    try:
        for payment in registry.payments(provider).list_payments(since):
            listed.add(payment.id)
            yield Comparison(UnmatchedKind.PAYMENT, payment.id, partial(_look, provider, payment))
    except ProviderRejected as error:
        yield refused_list(provider, UnmatchedKind.PAYMENT, error)
    for ours in _recorded_since(provider, since):
        if ours.provider_id not in listed:
            yield Comparison(UnmatchedKind.PAYMENT, ours.provider_id, partial(_ask, ours))


def _look(provider: Provider, seen: ProviderPayment) -> Verdict:
    ours = _recorded(provider, seen.id)
    if ours is None:
        return _missed(provider, seen)
    if _fits(ours, seen):
        return _learn_fee(ours, seen.fee)
    return _ask(ours)  # a list may lag behind


def _ask(ours: Payment) -> Verdict:
    """Compare with the object itself, which decides."""
    provider = Provider(ours.provider)
    now = _asked(provider, ours.provider_id)
    if now is None:
        return unknown_there(provider, ours.order_id)
    if _fits(ours, now):
        return _learn_fee(ours, now.fee)
    if now.amount != _amount(ours):
        return other_amount(provider, ours.order_id, now.amount, _amount(ours))
    what = (
        f"{vendor_name(provider.value)} says that it failed, here it counts as paid. Look at it "
        "there before more of its sessions are held."
    )
    return differs(ours.order_id, what)


def _asked(provider: Provider, payment_id: str) -> ProviderPayment | None:
    """The payment as it is now; None when the provider knows none of that id."""
    try:
        return registry.payments(provider).get_payment(payment_id)
    except ProviderRejected as error:
        if is_missing(error):
            return None
        raise


def _fits(ours: Payment, seen: ProviderPayment) -> bool:
    return seen.amount == _amount(ours) and seen.state is not PaymentState.FAILED


def _amount(ours: Payment) -> Money:
    return Money(ours.amount_minor, ours.currency)


def _missed(provider: Provider, seen: ProviderPayment) -> Verdict:
    """Money that nobody told us about. Somebody else may sell by this account too: what names no
    order of a studio is not ours to judge."""
    if seen.state is not PaymentState.COMPLETED:
        return FITS
    if settlement.named(seen.order) is not None:
        now = _asked(provider, seen.id)  # a list may lag behind
        if now is not None:
            return REPAIRED if settlement.apply_payment(provider=provider, payment=now) else FITS
        # Whoever sends money past our pages may name an order of ours: it is kept, and no more.
    elif not unmatched.names_ours(seen.order):
        return FITS
    return keep_unmatched(
        provider,
        UnmatchedKind.PAYMENT,
        seen.id,
        payment=seen.id,
        amount=seen.amount,
        at=seen.created_at,
    )


def _learn_fee(ours: Payment, fee: Money | None) -> Verdict:
    """The provider may tell its fee later than the payment."""
    if fee is None or ours.fee_minor is not None:
        return FITS
    with db.transaction() as tx:
        locking.lock(tx, orders=[ours.order_id])
        row = tx.get_one(Payment, ours.id)
        if ledger.is_fee_known(tx, payment=row):
            return FITS
        ledger.record_fee(tx, payment=row, fee=fee)
    return REPAIRED


def _recorded(provider: Provider, payment_id: str) -> Payment | None:
    with db.reading() as session:
        return session.exec(
            select(Payment).where(Payment.provider == provider, Payment.provider_id == payment_id)
        ).one_or_none()


def _recorded_since(provider: Provider, since: datetime) -> list[Payment]:
    with db.reading() as session:
        return list(
            session.exec(
                select(Payment).where(
                    Payment.provider == provider, col(Payment.created_at) >= since
                )
            ).all()
        )

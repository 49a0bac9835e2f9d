"""A provider's refunds beside ours: made in its own dashboard, or ended without our hearing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from sqlmodel import col, or_, select

from services import db, refunds
from services.config import vendor_name
from services.errors import ProviderRejected
from services.models import Payment, Provider, Refund, RefundStatus, UnmatchedKind
from services.money import Money
from services.providers.payments import registry
from services.providers.payments.base import ProviderRefund, RefundState
from services.reconciliation.comparing import (
    FITS,
    REPAIRED,
    Comparison,
    Verdict,
    differs,
    is_missing,
    other_amount,
    refused_list,
    unknown_there,
    waiting,
)
from services.refunds.results import STATUS

_DEAD = frozenset({RefundState.FAILED, RefundState.CANCELED})


def comparisons(provider: Provider, since: datetime) -> Iterator[Comparison]:
    """Everything that the provider lists, then ours that it did not list: those of the window, and
    every one that is still under way, however old."""
    listed: set[str] = set()
    try:
        for refund in registry.payments(provider).list_recent_refunds(since):
            listed.add(refund.id)
            yield Comparison(UnmatchedKind.REFUND, refund.id, partial(_look, provider, refund))
    except ProviderRejected as error:
        yield refused_list(provider, UnmatchedKind.REFUND, error)
    for refund_id, ours in _sent(provider, since).items():
        if refund_id not in listed:
            yield Comparison(UnmatchedKind.REFUND, refund_id, partial(_ask, ours, refund_id))


def _ask(ours: Refund, refund_id: str) -> Verdict:
    provider = Provider(ours.provider)
    try:
        return _look(provider, registry.payments(provider).get_refund(refund_id))
    except ProviderRejected as error:
        if is_missing(error):
            return unknown_there(provider, ours.order_id)
        raise


def _look(provider: Provider, seen: ProviderRefund) -> Verdict:
    ours = _recorded(provider, seen.id)
    if ours is not None and ours.status is STATUS[seen.state]:
        return _beside(provider, ours, seen)
    try:
        now = registry.payments(provider).get_refund(seen.id)  # a list may lag behind
    except ProviderRejected as error:
        if is_missing(error) and ours is None and not _is_paid_here(provider, seen.payment_id):
            return FITS  # of money that came past our pages, of which only the list knows
        raise
    if not refunds.apply_seen(provider=provider, done=now):
        return waiting(provider, UnmatchedKind.REFUND, now.id) or FITS
    after = _recorded(provider, now.id)
    if after is None:  # it moved no money, and nobody here had asked for it
        return FITS
    if after.status is not STATUS[now.state]:
        told = waiting(provider, UnmatchedKind.REFUND, now.id)
        if told is not None:
            return told
        what = (
            f"{vendor_name(provider.value)} says {now.state}, here it is {after.status}. Look at "
            "it under Refunds."
        )
        return differs(after.order_id, what)
    changed = ours is None or ours.status is not after.status
    return REPAIRED if changed else _beside(provider, after, now)


def _beside(provider: Provider, ours: Refund, seen: ProviderRefund) -> Verdict:
    amount = Money(ours.amount_minor, ours.currency)
    if seen.amount == amount or seen.state in _DEAD:
        return FITS
    return other_amount(provider, ours.order_id, seen.amount, amount)


def _is_paid_here(provider: Provider, payment_id: str) -> bool:
    with db.reading() as session:
        found = select(Payment.id).where(
            Payment.provider == provider, Payment.provider_id == payment_id
        )
        return session.exec(found).first() is not None


def _recorded(provider: Provider, refund_id: str) -> Refund | None:
    with db.reading() as session:
        return session.exec(
            select(Refund).where(Refund.provider == provider, Refund.provider_id == refund_id)
        ).one_or_none()


def _sent(provider: Provider, since: datetime) -> dict[str, Refund]:
    with db.reading() as session:
        found = session.exec(
            select(Refund).where(
                Refund.provider == provider,
                col(Refund.provider_id).is_not(None),
                or_(col(Refund.created_at) >= since, Refund.status == RefundStatus.PENDING),
            )
        ).all()
    return {each.provider_id: each for each in found if each.provider_id}

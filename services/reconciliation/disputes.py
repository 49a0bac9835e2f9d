"""A provider's disputes beside ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from sqlmodel import select

from services import db, disputes
from services.config import vendor_name
from services.errors import ProviderRejected
from services.models import Dispute, DisputeStatus, Provider, UnmatchedKind
from services.money import Money, shown
from services.providers.payments import registry
from services.providers.payments.base import ProviderDispute
from services.reconciliation.comparing import (
    FITS,
    REPAIRED,
    Comparison,
    Verdict,
    differs,
    is_missing,
    refused_list,
    unknown_there,
    waiting,
)


def comparisons(provider: Provider, since: datetime) -> Iterator[Comparison]:
    """Everything that the provider lists, then ours that are open and were not listed: a bank may
    decide months after it asked."""
    listed: set[str] = set()
    try:
        for dispute in registry.payments(provider).list_disputes(since):
            listed.add(dispute.id)
            yield Comparison(UnmatchedKind.DISPUTE, dispute.id, partial(_look, provider, dispute))
    except ProviderRejected as error:
        yield refused_list(provider, UnmatchedKind.DISPUTE, error)
    for ours in _open(provider):
        if ours.provider_id not in listed:
            yield Comparison(UnmatchedKind.DISPUTE, ours.provider_id, partial(_ask, ours))


def _ask(ours: Dispute) -> Verdict:
    provider = Provider(ours.provider)
    try:
        return _look(provider, registry.payments(provider).get_dispute(ours.provider_id))
    except ProviderRejected as error:
        if is_missing(error):
            return unknown_there(provider, ours.order_id)
        raise


def _look(provider: Provider, seen: ProviderDispute) -> Verdict:
    ours = _recorded(provider, seen.id)
    if ours is not None and not _difference(ours, seen):
        return FITS
    now = registry.payments(provider).get_dispute(seen.id)  # a list may lag behind
    known = disputes.apply_seen(provider=provider, seen=now)
    after = _recorded(provider, now.id)
    if known and after is not None and not _difference(after, now):
        return REPAIRED
    told = waiting(provider, UnmatchedKind.DISPUTE, now.id)
    if told is not None or after is None:
        return told or FITS
    return differs(after.order_id, _difference(after, now))


def _difference(ours: Dispute, seen: ProviderDispute) -> str:
    """How the two differ, as a sentence; nothing when they do not."""
    name = vendor_name(ours.provider.value)
    if ours.status is not DisputeStatus(seen.state.value):
        return f"{name} says {seen.state}, here it is {ours.status}. Look at it under Disputes."
    if ours.withdrawn is not seen.withdrawn:
        there, here = ("took", "not taken") if seen.withdrawn else ("gave back", "still taken")
        return (
            f"{name} {there} its money, and here it is {here}. Compare the order with the "
            "provider's dashboard."
        )
    here = Money(ours.amount_minor, ours.currency)
    if seen.withdrawn and seen.amount != here:
        return (
            f"{name} took {shown(seen.amount)}, and here it is {shown(here)}. Compare the order "
            "with the provider's dashboard."
        )
    return ""


def _recorded(provider: Provider, dispute_id: str) -> Dispute | None:
    with db.reading() as session:
        return session.exec(
            select(Dispute).where(Dispute.provider == provider, Dispute.provider_id == dispute_id)
        ).one_or_none()


def _open(provider: Provider) -> list[Dispute]:
    with db.reading() as session:
        return list(
            session.exec(
                select(Dispute).where(
                    Dispute.provider == provider, Dispute.status == DisputeStatus.OPEN
                )
            ).all()
        )

"""The words of a comparison: one thing of a provider, looked at beside ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, or_, select

from services import db, redaction, unmatched
from services.config import vendor_name
from services.errors import ProviderRejected
from services.ids import OrderId
from services.models import Order, Provider, UnmatchedKind, UnmatchedMoney, UnmatchedStatus
from services.money import Money, shown
from services.providers.payments.base import Refusal


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one thing stands: it fits, it was `repaired`, or it differs.

    Then `what` says how, and what to do about it. `order` is the public id of the order that it is
    about, "" for none; `waits`: it stands under Unmatched money.
    """

    repaired: bool = False
    what: str = ""
    order: str = ""
    waits: bool = False


FITS = Verdict()
REPAIRED = Verdict(repaired=True)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing to look at. `look` may ask the provider and repair; it opens its transactions."""

    kind: UnmatchedKind
    provider_id: str
    look: Callable[[], Verdict]


def is_missing(error: ProviderRejected) -> bool:
    """Whether the provider says that it knows nothing of that id."""
    return error.code == Refusal.MISSING


def refused_list(provider: Provider, kind: UnmatchedKind, error: ProviderRejected) -> Comparison:
    """In place of the rest of a list that the provider refused to tell: it differs by itself."""
    name, why = vendor_name(provider.value), redaction.text(str(error))
    what = f"{name} refused to list its {kind}s to the end ({why}). What is written down here was "
    return Comparison(kind, "", lambda: Verdict(what=f"{what}asked for one by one."))


def differs(order_id: OrderId, what: str) -> Verdict:
    """Something about an order of ours that only a person can put right."""
    with db.reading() as session:
        order = session.exec(select(Order.public_id).where(Order.id == order_id)).one()
    return Verdict(what=what, order=order)


def unknown_there(provider: Provider, order_id: OrderId) -> Verdict:
    """We have it, and the provider says that it has not."""
    name = vendor_name(provider.value)
    what = (
        f"It is written down here, and {name} does not know it. Was the studio connected to "
        f"another account of {name} then?"
    )
    return differs(order_id, what)


def other_amount(provider: Provider, order_id: OrderId, there: Money, here: Money) -> Verdict:
    """Both know it, with another amount."""
    what = (
        f"{vendor_name(provider.value)} says {shown(there)}, here it is {shown(here)}. Compare the "
        "order with the provider's dashboard."
    )
    return differs(order_id, what)


def keep_unmatched(
    provider: Provider,
    kind: UnmatchedKind,
    provider_id: str,
    *,
    payment: str,
    amount: Money,
    at: datetime,
) -> Verdict:
    """Money that belongs to nothing here waits for an admin, and differs until one has said what
    it was."""
    with db.transaction() as tx:
        unmatched.add(
            tx,
            provider=provider,
            kind=kind,
            provider_id=provider_id,
            payment_provider_id=payment,
            amount=amount,
            seen_at=at,
        )
    return waiting(provider, kind, provider_id) or FITS


def waiting(provider: Provider, kind: UnmatchedKind, provider_id: str) -> Verdict | None:
    """How this money, or a part of it, stands among the unmatched: it waits there, or an admin has
    said what it was, and it fits. None: it is not among them."""
    with db.reading() as session:
        found = session.exec(
            select(col(UnmatchedMoney.status)).where(
                UnmatchedMoney.provider == provider,
                UnmatchedMoney.kind == kind,
                or_(
                    col(UnmatchedMoney.provider_id) == provider_id,
                    col(UnmatchedMoney.provider_id).startswith(f"{provider_id}:", autoescape=True),
                ),
            )
        ).all()
    if not found:
        return None
    if UnmatchedStatus.OPEN not in found:
        return FITS
    what = "It belongs to nothing here. Find out what it was, and say so under Unmatched money."
    return Verdict(what=what, waits=True)

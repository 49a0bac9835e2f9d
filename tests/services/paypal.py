"""A buyer at PayPal, and what must hold once the money was taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context

from services import checkout, db
from services.audit import Actor
from services.models import (
    Mentor,
    OrderStatus,
    Pack,
    Payment,
    Provider,
    Refund,
    SeatStatus,
    User,
)
from services.money import Money
from services.orders import Face, get_order
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.studio import Studio, stored

PRICE = Money(12_000, "EUR")


def thread(work: Callable[[], object]) -> threading.Thread:
    """A thread in which it is the same time as in the test."""
    here = copy_context()
    return threading.Thread(target=lambda: here.run(work))


def by_paypal(buyer: User | None = None, mentor: Mentor | None = None) -> str:
    """An open order at PayPal."""
    offer = an_offer(mentor or a_mentor())
    started = checkout.start(
        actor=acting(buyer or a_user()), offer=offer.public_id, provider="paypal"
    )
    return started.order


def face(order: str, buyer: Actor) -> Face:
    """What the buyer sees of the order."""
    with db.reading() as session:
        return get_order(session, actor=buyer, order=order).face


def captured(studio: Studio) -> list[str]:
    """All payments that PayPal has taken."""
    return [each["capture"] for each in studio.paypal_orders() if each["capture"]]


def is_paid_once(studio: Studio, order: str) -> Payment:
    """One payment of PayPal's, one pack, one seat, and nothing to give back."""
    row = studio.order(order)
    assert row.status is OrderStatus.PAID
    assert row.capture_until is None
    [payment] = stored(Payment)
    [pack] = stored(Pack)
    assert (payment.order_id, payment.provider, pack.order_id) == (
        row.id,
        Provider.PAYPAL,
        row.id,
    )
    assert studio.seat(order).status is SeatStatus.ACTIVE
    assert stored(Refund) == []
    return payment

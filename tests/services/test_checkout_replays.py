"""Every recorded webhook of a purchase, a refund and a dispute, in every order and again: the end
is the same, whichever provider it was.

A webhook is a hint at an object, and the object decides. So the first hints at each object come in
every order there is, and the others come after them, backwards.
"""

from __future__ import annotations

import os
import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, ClassVar, cast

import pytest
from sqlmodel import col, select

from jobs.inbox import handle_inbox
from services import checkout, clock, db, ledger
from services.models import (
    Dispute,
    DisputeStatus,
    InboxEvent,
    InboxStatus,
    Mentor,
    Order,
    OutboxMessage,
    Pack,
    PackStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    Seat,
    SeatStatus,
    UnmatchedMoney,
)
from services.providers.payments.base import About
from services.providers.payments.registry import payments
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.studio import Delivery, Studio, stored

PRICE, PART = 12_000, 3_000
SHUFFLED = 60 if os.environ.get("CHAOS") == "full" else 2
"""How many orders besides, in which every webhook stands anywhere."""


@dataclass
class Story(ABC):
    """Somebody pays €120.00, gets €30.00 back in the provider's dashboard, disputes the rest, and
    the bank agrees; the product hears of nothing."""

    studio: Studio
    vendor: ClassVar[str]

    @abstractmethod
    def happens(self, order: str) -> None: ...

    def told(self, buyer: str, mentor: Mentor) -> tuple[str, list[Delivery]]:
        """The order's public id, and the webhooks in the order in which they were made."""
        offer = an_offer(mentor, PRICE).public_id
        started = checkout.start(actor=acting(a_user(buyer)), offer=offer, provider=self.vendor)
        self.happens(started.order)
        return started.order, self.studio.lose_webhooks()

    def _control(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        told = self.studio.sandbox.control(f"{self.vendor}/{path}", body)
        return cast(dict[str, Any], told)


class AtStripe(Story):
    vendor = "stripe"

    def happens(self, order: str) -> None:
        page = self.studio.checkout_of(order)
        self.studio.pay(order)
        self._control(f"sessions/{page}/refund", {"amount": PART})
        rest: dict[str, object] = {"kind": "chargeback", "amount": PRICE - PART}
        self._control(f"sessions/{page}/dispute", rest)
        self._control(f"sessions/{page}/dispute/close", {"outcome": "lost"})


class AtPayPal(Story):
    vendor = "paypal"

    def happens(self, order: str) -> None:
        page = self.studio.checkout_of(order)
        self.studio.approve(order)
        capture = payments("paypal").capture(page, order=order).payment_id
        self._control(f"captures/{capture}/refund", {"amount": PART})
        opened = self._control(f"captures/{capture}/dispute", {"kind": "chargeback"})
        self._control(f"disputes/{opened['dispute_id']}/close", {"outcome": "lost"})


def hint(event: Delivery) -> tuple[About, str]:
    """What a webhook is about: the same for all that hint at one object."""
    adapter = payments(event.vendor)
    read = adapter.read_event(event.body, event.headers, clock.utc_now())
    return adapter.about(read.type), read.object_id


def firsts(told: Sequence[Delivery]) -> list[int]:
    """The places of the first webhooks about each object that anybody wants to know of."""
    places: dict[tuple[About, str], int] = {}
    for place, event in enumerate(told):
        if (about := hint(event))[0] is not About.OTHER:
            places.setdefault(about, place)
    return list(places.values())


def sequences(told: Sequence[Delivery]) -> list[list[int]]:
    """In which orders they come; by their places, for each buyer's are made alike."""
    found: list[list[int]] = []
    everything = range(len(told))
    for first in permutations(firsts(told)):
        found.append([*first, *(place for place in reversed(everything) if place not in first)])
    dice = random.Random(len(told))  # the same ones each time
    found += [dice.sample(everything, len(told)) for _ in range(SHUFFLED)]
    return found


def receive(told: Sequence[Delivery], places: Sequence[int]) -> None:
    for place in places:
        told[place].receive()
        handle_inbox.call_local()


def end_of(order_id: int) -> dict[str, Any]:
    """All that an order has come to, without ids and times."""
    with db.reading() as session:
        order = session.get_one(Order, order_id)
        paid = session.exec(select(Payment).where(Payment.order_id == order_id)).all()
        pack = session.exec(select(Pack).where(Pack.order_id == order_id)).one()
        refunds = session.exec(select(Refund).where(Refund.order_id == order_id)).all()
        disputes = session.exec(select(Dispute).where(Dispute.order_id == order_id)).all()
        balances = ledger.balances(session, order_id=order.id)
        seat = session.get_one(Seat, pack.seat_id)
        purchase = select(OutboxMessage).where(
            col(OutboxMessage.unique_key).startswith(f"mail:purchase:{order.public_id}:")
        )
        mails = len(session.exec(purchase).all())
    return {
        "order": order.status,
        "payments": [
            (one.status, one.amount_minor, one.refunded_minor, one.disputed_minor) for one in paid
        ],
        "pack": (pack.status, pack.left, pack.reserved, pack.locked, pack.paused_at),
        "seat": seat.status,
        "refunds": [(one.status, one.amount_minor, one.source) for one in refunds],
        "disputes": [(one.status, one.amount_minor, one.withdrawn) for one in disputes],
        "balances": {account: minor for account, minor in balances.items() if minor},
        "mails": mails,
    }


@pytest.mark.one_database("sqlite")
@pytest.mark.parametrize("story", [AtStripe, AtPayPal])
def test_the_webhooks_of_a_purchase_a_refund_and_a_dispute_end_alike_in_every_order(
    studio: Studio, story: type[Story]
) -> None:
    mentor = a_mentor(capacity=100)
    _, known = story(studio).told("First Buyer", mentor)
    receive(known, range(len(known)))
    expected = end_of(cast(int, stored(Order)[0].id))
    assert expected["payments"] == [(PaymentStatus.COMPLETED, PRICE, PART, PRICE - PART)]
    assert expected["refunds"][0][:2] == (RefundStatus.SUCCEEDED, PART)
    assert expected["disputes"] == [(DisputeStatus.LOST, PRICE - PART, True)]
    assert expected["pack"][:2] == (PackStatus.REFUNDED, 0)
    assert (expected["seat"], expected["mails"]) == (SeatStatus.RELEASED, 1)

    for number, places in enumerate(sequences(known)):
        order, told = story(studio).told(f"Buyer {number}", mentor)
        assert [event.type for event in told] == [event.type for event in known]
        receive(told, places)
        row = studio.order(order)
        named = f"{story.vendor}: {[told[place].type for place in places]}"
        assert end_of(row.id) == expected, named
        assert not any(event.receive() for event in told), named  # and again: nothing is new
        handle_inbox.call_local()
        assert end_of(row.id) == expected, named

    assert stored(UnmatchedMoney) == []
    assert {event.status for event in stored(InboxEvent)} <= {
        InboxStatus.HANDLED,
        InboxStatus.IGNORED,
    }

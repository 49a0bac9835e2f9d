"""Refunds: agreed ones in the outbox go back, by one worker thread.

Each is sent as in a studio: taken under a lease, the provider asked what is there already, the
refund made, and then payment, postings, credits, pack, seat, credit note, audit, topics and mail
written in one transaction. The baseline is the provider's own pace: the same two requests one after
the other by the same adapter, which is what remains if our part cost nothing. Both take turns, so
that a machine which is busy for a while slows both.
"""

from __future__ import annotations

import time

from sqlalchemy import func
from sqlmodel import col, select

from benchmarks.figure import Figure, sized, without_goal
from benchmarks.surroundings import DATABASES, database, simulators
from jobs.inbox import handle_inbox
from jobs.outbox import send
from services import db, ledger, outbox
from services.models import Pack, PackStatus, Payment, Refund, RefundStatus
from services.money import Money
from services.providers.payments.base import NewRefund
from services.providers.payments.registry import payments
from tests.chaos.returns import PRICE, agreed
from tests.chaos.shop import Bought, admin, buyers, open_shop, started
from tests.chaos.till import Till

UNIT = "refunds/s"
NAMES = {"sqlite": "refunds", "postgres": "refunds_postgres"}
FIGURES = tuple(NAMES.values())
TURNS = sized(10, 1)
EACH = sized(20, 5)
"""Refunds of one turn: a few leases of the outbox."""


def measure() -> list[Figure]:
    """The figures of both databases."""
    figures: list[Figure] = []
    with simulators() as (vendors, folder):
        for kind in DATABASES:
            with database(kind, folder / kind):
                figures.append(_settle(kind, Till(vendors)))
    return figures


def _settle(kind: str, till: Till) -> Figure:
    amount = TURNS * EACH
    owner, bought, bare = admin(), _bought(till, amount), _bought(till, amount)
    for one in bought:
        agreed(one, owner)
    ours, providers = 0.0, 0.0
    for turn in range(TURNS):
        providers += _at_the_provider(bare[turn * EACH : (turn + 1) * EACH])
        ours += _sent(EACH)
    _check_settled(amount)
    return without_goal(NAMES[kind], amount / ours, UNIT, baseline=amount / providers)


def _sent(amount: int) -> float:
    """The seconds that a worker takes for so many of the refunds that are due."""
    began = time.perf_counter()
    while amount > 0:
        messages = outbox.take(only={"refund"})
        for message in messages:
            send(message)
        amount -= len(messages)
    return time.perf_counter() - began


def _bought(till: Till, amount: int) -> list[Bought]:
    """Different buyers of a few mentors have their packs."""
    shops = [open_shop(capacity=amount) for _ in range(10)]
    bought = [
        started(shops[place % len(shops)], buyer) for place, buyer in enumerate(buyers(amount))
    ]
    for one in bought:
        till.pay(one.session)
    till.store_events("checkout.session.completed")
    handle_inbox.call_local()
    return bought


def _at_the_provider(bought: list[Bought]) -> float:
    """The seconds that the adapter alone takes to refund these. Nothing of ours hears of them."""
    wanted = [one.order_id for one in bought]
    with db.reading() as session:
        paid = select(Payment.provider_id).where(col(Payment.order_id).in_(wanted))
        ids = session.exec(paid).all()
    provider = payments("stripe")
    began = time.perf_counter()
    for payment in ids:
        provider.list_refunds(payment)
        provider.create_refund(
            NewRefund(
                refund=f"ref_{payment}",
                attempt=1,
                payment_id=payment,
                amount=Money(PRICE, "EUR"),
            )
        )
    return time.perf_counter() - began


def _check_settled(amount: int) -> None:
    """Every refund has arrived, its pack is closed, and the ledger adds up.

    Raises:
        RuntimeError: it has not, or does not.
    """
    with db.reading() as session:
        settled = session.exec(
            select(func.count()).where(Refund.status == RefundStatus.SUCCEEDED)
        ).one()
        closed = session.exec(select(func.count()).where(Pack.status == PackStatus.REFUNDED)).one()
    if (settled, closed) != (amount, amount):
        raise RuntimeError(f"of {amount} refunds {settled} arrived, {closed} packs are closed")
    if findings := list(ledger.check_orders()):
        raise RuntimeError(f"the ledger does not add up: {findings[:3]}")

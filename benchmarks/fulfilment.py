"""Fulfilment: paid events in the inbox become usable packs, by one worker thread's inbox job.

Each event is handled as in a studio: taken under a lease, the checkout fetched from the simulated
provider, payment, pack, seat, ledger, audit, topics and mail written in one transaction, and the
event stamped. The baseline is the provider's own pace: the same number of fetches one after the
other by the same adapter, which is what remains if our part cost nothing.
"""

from __future__ import annotations

import time

from sqlalchemy import func
from sqlmodel import select

from benchmarks.figure import Figure, sized, without_goal
from benchmarks.surroundings import DATABASES, database, simulators
from jobs.inbox import handle_inbox
from services import db
from services.models import Order, OrderStatus, Pack, PackStatus
from services.providers.payments.registry import payments
from tests.chaos.shop import Bought, buyers, open_shop, started
from tests.chaos.till import Till

UNIT = "packs/s"
NAMES = {"sqlite": "fulfilment", "postgres": "fulfilment_postgres"}
FIGURES = tuple(NAMES.values())


def measure() -> list[Figure]:
    """The figures of both databases."""
    figures: list[Figure] = []
    with simulators() as (vendors, folder):
        for kind in DATABASES:
            with database(kind, folder / kind):
                figures.append(_handle(kind, Till(vendors)))
    return figures


def _handle(kind: str, till: Till) -> Figure:
    amount = sized(200, 6)
    bought = _paid(till, amount)
    began = time.perf_counter()
    for one in bought:
        payments("stripe").get_checkout(one.session)
    fetching = amount / (time.perf_counter() - began)
    began = time.perf_counter()
    handle_inbox.call_local()
    handling = amount / (time.perf_counter() - began)
    _check_usable(amount)
    return without_goal(NAMES[kind], handling, UNIT, baseline=fetching)


def _paid(till: Till, amount: int) -> list[Bought]:
    """Different buyers of a few mentors have paid; the events are stored, and nobody saw them."""
    shops = [open_shop(capacity=amount) for _ in range(10)]
    bought = [
        started(shops[place % len(shops)], buyer) for place, buyer in enumerate(buyers(amount))
    ]
    for one in bought:
        till.pay(one.session)
    stored = till.store_events("checkout.session.completed")
    if stored != amount:
        raise RuntimeError(f"{amount} orders were paid, {stored} events came")
    return bought


def _check_usable(amount: int) -> None:
    """Every paid order has its pack, with all sessions left.

    Raises:
        RuntimeError: it has not.
    """
    with db.reading() as session:
        usable = session.exec(
            select(func.count())
            .select_from(Pack)
            .where(Pack.status == PackStatus.ACTIVE, Pack.left == Pack.total)
        ).one()
        paid = session.exec(
            select(func.count()).select_from(Order).where(Order.status == OrderStatus.PAID)
        ).one()
    if usable != amount or paid != amount:
        raise RuntimeError(f"{amount} orders were paid: {paid} are, with {usable} usable packs")

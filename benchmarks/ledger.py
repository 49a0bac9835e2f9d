"""Does every order of 100,000 add up? How long the checker takes, on both databases.

The studio is the dashboards': 100,000 orders with their payments, refunds and packs, 400,000 parts
of packs and a million postings. The figure without a database's name is that of the slower one. The
checker must find nothing, and then exactly the one order that was changed behind the ledger's back.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

from sqlmodel import select

from benchmarks.big_studio import NOW, Size, fill
from benchmarks.dashboards import settle
from benchmarks.figure import Figure, at_most, middle, sized
from benchmarks.surroundings import DATABASES, database
from services import clock, db
from services.ledger import check_orders
from services.models import Order, Payment

NAME = "invariants_100k"
GOAL_SECONDS = 10
ROUNDS = sized(3, 1)
FIGURES = (NAME, *(f"{NAME}_{kind}" for kind in DATABASES))


def measure() -> list[Figure]:
    """The checker on both databases."""
    size = sized(Size(100_000, 500, 20_000, days=730), Size(300, 10, 300, days=50))
    each = [_measured_on(kind, size) for kind in DATABASES]
    return [replace(max(each, key=lambda figure: figure.value), name=NAME), *each]


def _measured_on(kind: str, size: Size) -> Figure:
    with (
        tempfile.TemporaryDirectory(prefix="mentorships-bench-") as folder,
        clock.at(NOW),
    ):
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        with database(kind, Path(folder)):
            fill(size)
            settle(kind)
            seconds = middle([_checked() for _ in range(ROUNDS)])
            _finds_a_difference()
    return at_most(f"{NAME}_{kind}", seconds, "s", goal=GOAL_SECONDS)


def _checked() -> float:
    """Seconds of one check.

    Raises:
        AssertionError: an order does not add up.
    """
    begin = time.perf_counter()
    found = check_orders()
    seconds = time.perf_counter() - begin
    if found:
        raise AssertionError(found[0].sentence)
    return seconds


def _finds_a_difference() -> None:
    """Raises AssertionError when a changed order is not found, or another is."""
    with db.transaction() as session:
        payment = session.exec(select(Payment).limit(1)).one()
        payment.refunded_minor += 1
        order = session.get_one(Order, payment.order_id).public_id
    if {finding.order for finding in check_orders()} != {order}:
        raise AssertionError(f"the checker does not find {order}")

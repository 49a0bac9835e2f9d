"""The page of one order with 100 events, among 100,000 orders, on both databases.

The figure is the time of its queries alone, as that of the dashboards; `…_call` is all that the
page reads, the story and the documents, with what SQLAlchemy and we take. An order about which
little happened must take just as many queries. The figure without a database's name is that of the
slower one.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlmodel import Session, col, select

from benchmarks.big_studio import NOW, Size, fill
from benchmarks.dashboards import measured, settle
from benchmarks.figure import Figure, at_most, sized, without_goal
from benchmarks.surroundings import DATABASES, database
from services import audit, clock, db
from services.audit import SYSTEM, Actor
from services.ids import UserId
from services.models import InboxEvent, Order, OrderStatus, OutboxMessage, Payment
from state.admin_order import read_page

NAME = "order_page"
GOAL_MS = 100
EVENTS = 100
ROUNDS = sized(15, 1)
ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)
FIGURES = (NAME, *(f"{NAME}_{kind}{more}" for kind in DATABASES for more in ("", "_call")))


def measure() -> list[Figure]:
    """One reading on each database."""
    size = sized(Size(100_000, 500, 20_000, days=730), Size(300, 10, 300, days=50))
    queries, calls = zip(*(_measure_on(kind, size) for kind in DATABASES), strict=True)
    slower = replace(max(queries, key=lambda figure: figure.value), name=NAME)
    return [slower, *queries, *calls]


def _measure_on(kind: str, size: Size) -> tuple[Figure, Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="mentorships-bench-") as folder,
        clock.at(NOW),
    ):
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        with database(kind, Path(folder)):
            fill(size)
            quiet, eventful = _orders()
            settle(kind)
            _, _, few, _ = measured(partial(_read, order=quiet, least=1), 1)
            queries, call, count, _ = measured(partial(_read, order=eventful, least=EVENTS), ROUNDS)
            if count != few:
                raise AssertionError(f"{count} queries, but {few} where little happened")
            return (
                at_most(f"{NAME}_{kind}", queries, "ms", goal=GOAL_MS),
                without_goal(f"{NAME}_{kind}_call", call, "ms"),
            )


def _orders() -> tuple[str, str]:
    """Two orders in the middle of all; about the second much more is recorded, as much of each:
    audit lines, webhooks and mails."""
    with db.transaction() as session:
        (quiet, _), (eventful, payment) = _paid(session)
        for number in range(EVENTS // 3 + 1):
            audit.record(
                session,
                actor=SYSTEM,
                action="order.changed",
                thing=eventful,
                after={"number": number},
            )
            key = f"mail:bench:{eventful}:{number}"
            session.add(OutboxMessage(kind="mail", unique_key=key, about=eventful))
            session.add(
                InboxEvent(
                    provider="stripe",
                    event_id=f"evt_{number}",
                    type="payment_intent.succeeded",
                    object_id=payment,
                    payload="{}",
                )
            )
    return quiet, eventful


def _paid(session: Session) -> list[tuple[str, str]]:
    """Two paid orders, and what their payments are called at the provider."""
    found = (
        select(Order.public_id, Payment.provider_id)
        .join(Payment, col(Payment.order_id) == col(Order.id))
        .where(Order.status == OrderStatus.PAID)
    )
    middle_one = len(session.exec(found).all()) // 2
    two = found.order_by(col(Order.id)).offset(middle_one).limit(2)
    return [(order, payment) for order, payment in session.exec(two).all()]


def _read(session: Session, *, order: str, least: int) -> object:
    """What the page shows.

    Raises:
        AssertionError: it does not tell all that happened.
    """
    page = read_page(session, actor=ADMIN, order=order)
    if len(page.story.happenings) < least:
        raise AssertionError(f"{len(page.story.happenings)} happenings, not {least}")
    return page

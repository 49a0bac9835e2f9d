"""SIGKILL before and after every statement, commit and vendor call; then a healthy worker comes.

A dry run counts the points of a job. `make test` kills at a few that are spread evenly over them,
CHAOS=full at many more, on SQLite at others than on PostgreSQL, since the code is the same. At
least nine of ten kills must hit a running job.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from jobs import periodic
from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox
from services import checkout, clock, db
from services.config import settings
from services.models import InboxEvent, InboxStatus
from tests.chaos import truth
from tests.chaos.shop import Bought, admin, buyers, given_up, open_shop, paid, started
from tests.chaos.till import Json, Till
from tests.chaos.workers import Report, Workers

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

FULL = os.environ.get("CHAOS") == "full"
LANDED_AT_LEAST, ONE_MAY_MISS = 0.9, 1
FULL_KILLS = 30
"""Of each job on each database, so that `make chaos` ends within half an hour."""
FULFILMENT_KILLS = 10
OTHER_KILLS = 6


AFTER_LEASES = timedelta(minutes=3)
"""Every lease of a killed worker is over then."""


def chosen(points: int, kills: int, *, more_in_full: bool = True) -> list[int]:
    """Numbers of points, from 1: spread evenly over all of them, the first and the last too; with
    CHAOS=full up to FULL_KILLS or a few more, unless `kills` already says how many those are."""
    if FULL and more_in_full:
        step = max(2, points // FULL_KILLS)
        return list(range(1 if settings().is_sqlite else 1 + step // 2, points + 1, step))
    if points <= kills:
        return list(range(1, points + 1))
    return [1 + round(i * (points - 1) / (kills - 1)) for i in range(kills)]


def kill_everywhere(
    dry: Report,
    kills: int,
    one: Callable[[int, str], Report],
    *,
    vendor: str | None,
    more_in_full: bool = True,
) -> None:
    """Run `one(point, its name)` for the chosen points of the dry run, and count the hits."""
    assert dry.ended, "the dry run died"
    assert not dry.error, dry.error
    assert any(moment == "before commit" for moment in dry.points)
    assert vendor is None or any(f"before {vendor}" in moment for moment in dry.points)
    numbers = chosen(len(dry.points), kills, more_in_full=more_in_full)
    landed = 0
    for number in numbers:
        landed += one(number, f"killed at {number}: {dry.points[number - 1]}").landed
    print(f"{len(dry.points)} points, {landed} of {len(numbers)} kills hit a running job")
    assert landed >= LANDED_AT_LEAST * len(numbers) - ONE_MAY_MISS


def test_a_worker_killed_anywhere_in_fulfilment_leaves_exactly_one_pack(
    till: Till, workers: Workers
) -> None:
    def one(point: int, when: str) -> Report:
        bought = paid(till)
        report = workers.run("inbox", kill_at=point)
        with clock.at(clock.utc_now() + AFTER_LEASES):  # inbox and outbox alone must heal it
            handle_inbox.call_local()
            send_outbox.call_local()
        truth.one_pack(bought, till, when)
        clean_up()  # and the whole sweep finds nothing more to do
        truth.one_pack(bought, till, when)
        truth.all_quiet(when)
        return report

    bought = paid(till)
    dry = workers.run("inbox")
    truth.one_pack(bought, till)
    kill_everywhere(dry, FULFILMENT_KILLS, one, vendor="GET /stripe/v1/checkout/sessions")


def test_a_worker_killed_anywhere_in_a_refund_gives_the_money_back_exactly_once(
    till: Till, workers: Workers
) -> None:
    owner = admin()

    def one(point: int, when: str) -> Report:
        bought = paid_without_a_place(till)
        report = workers.run("outbox", kill_at=point)
        till.store_events("refund.created", "refund.updated")  # the provider tells of it as well
        clean_up()
        truth.one_refund(bought, till, owner, when)
        truth.all_quiet(when)
        return report

    bought = paid_without_a_place(till)
    dry = workers.run("outbox")
    truth.one_refund(bought, till, owner)
    till.held()
    kill_everywhere(dry, OTHER_KILLS, one, vendor="POST /stripe/v1/refunds")


def test_a_checkout_killed_anywhere_is_the_same_checkout_when_the_buyer_clicks_again(
    till: Till, workers: Workers
) -> None:
    def one(point: int, when: str) -> Report:
        shop, (buyer,) = open_shop(), buyers(1)
        report = workers.run("start", kill_at=point, user=buyer.id, offer=shop.offer)
        written = [(order.public_id, order.expires_at) for order in truth.orders(shop)]
        again = checkout.start(actor=buyer.actor, offer=shop.offer)
        order = truth.one_checkout(buyer, shop, till, when)
        assert (again.order, again.url) == (order.public_id, order.checkout_url), when
        assert written in ([], [(order.public_id, order.expires_at)]), when
        assert len(till.sessions(order.public_id)) == 1, when
        return report

    kill_everywhere(dry_start(workers), OTHER_KILLS, one, vendor="POST /stripe/v1/checkout")


def test_a_checkout_killed_anywhere_gives_the_seat_back_when_nobody_comes_again(
    till: Till, workers: Workers
) -> None:
    hold = timedelta(minutes=settings().seat_hold_minutes, seconds=1)

    def one(point: int, when: str) -> Report:
        shop, (buyer,) = open_shop(), buyers(1)
        report = workers.run("start", kill_at=point, user=buyer.id, offer=shop.offer)
        clean_up(after=hold)
        truth.nothing_left(buyer, shop, till, when)
        return report

    kill_everywhere(dry_start(workers), OTHER_KILLS, one, vendor="POST /stripe/v1/checkout")


def test_a_web_process_killed_around_a_webhook_stores_it_once_when_it_is_sent_again(
    till: Till, workers: Workers
) -> None:
    def delivery() -> tuple[Bought, Json]:
        bought = started(open_shop(), buyers(1)[0])
        till.pay(bought.session)
        (held,) = till.held("checkout.session.completed")
        return bought, {"body": held["body"], "headers": held["headers"]}

    def one(point: int, when: str) -> Report:
        bought, request = delivery()
        report = workers.run("webhook", kill_at=point, **request)
        assert report.answer is None, f"{when}: it answered before it died"
        again = workers.run("webhook", **request)
        assert again.answer == 200, when
        assert stored(bought.session) == [InboxStatus.RECEIVED], when
        clean_up()
        truth.one_pack(bought, till, when)
        return report

    _, request = delivery()
    dry = workers.run("webhook", **request)
    assert dry.answer == 200
    kill_everywhere(dry, OTHER_KILLS, one, vendor=None)


def clean_up(*, after: timedelta = AFTER_LEASES) -> None:
    """A healthy worker's sweep, some time later."""
    with clock.at(clock.utc_now() + after):
        periodic.sweep.call_local()
        send_outbox.call_local()


def paid_without_a_place(till: Till) -> Bought:
    """The hold had ended and the place was gone when the money came: a refund is due."""
    late = started(open_shop(), buyers(1)[0])
    given_up(late)
    started(late.shop, buyers(1)[0])
    till.pay(late.session)
    till.store_events("checkout.session.completed")
    handle_inbox.call_local()
    return late


def dry_start(workers: Workers) -> Report:
    """One checkout that nobody disturbs."""
    return workers.run("start", user=buyers(1)[0].id, offer=open_shop().offer)


def stored(session_id: str) -> list[InboxStatus]:
    """The states of the events about one payment page."""
    with db.reading() as session:
        rows = session.exec(select(InboxEvent).where(InboxEvent.object_id == session_id)).all()
        return [row.status for row in rows]

"""The same webhook many times at once, over HTTP, and many workers on what it left behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from jobs import inbox as inbox_jobs
from jobs import outbox as outbox_jobs
from jobs.outbox import send_outbox
from mentorships.launch import child_environment
from mentorships.processes import Supervisor, wait_until
from mentorships.sandbox.stripe_webhooks import signature
from services import clock, db, inbox, outbox
from services.config import settings
from services.inbox import Taken
from services.models import InboxEvent, InboxStatus
from services.outbox import Message
from tests.chaos import truth
from tests.chaos.crowd import refusals, together
from tests.chaos.shop import Bought, buyers, open_shop, paid, started
from tests.chaos.till import Json, Till
from tests.chaos.workers import Workers
from tests.support.ports import free_ports

pytestmark = [pytest.mark.chaos, pytest.mark.alike]

TIMES = 20
COMPLETED = "checkout.session.completed"
SERVER = (
    "exec granian --interface asgi --factory --host 127.0.0.1 --port {port} --log-level warning"
    " tests.chaos.receiver:create_app"
)


@pytest.fixture
def address(till: Till) -> Iterator[str]:
    """The webhook's address on a server process of its own, at this test's database."""
    (port,) = free_ports(1)
    server = Supervisor({"receiver": SERVER.format(port=port)}, child_environment())
    try:
        server.start("receiver")
        wait_until(server, f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/api/webhooks/stripe"
    finally:
        server.stop()


def posting(address: str, delivery: Json) -> Callable[[], int]:
    """One delivery of a webhook; the status of the answer."""

    def post() -> int:
        body, headers = delivery["body"].encode(), delivery["headers"]
        return httpx.post(address, content=body, headers=headers, timeout=60).status_code

    return post


def test_one_event_delivered_twenty_times_at_once_is_one_pack(
    till: Till, address: str, workers: Workers
) -> None:
    bought = started(open_shop(), buyers(1)[0])
    till.pay(bought.session)
    (delivery,) = till.held(COMPLETED)

    answers = together([posting(address, delivery)] * TIMES)

    assert answers == [200] * TIMES
    assert states(bought) == [InboxStatus.RECEIVED]
    reports = workers.run_together([{"job": "inbox"}] * 4)
    assert all(report.ended and not report.error for report in reports)
    send_outbox.call_local()
    assert states(bought) == [InboxStatus.HANDLED]
    truth.one_pack(bought, till)
    truth.all_quiet()


def test_twenty_events_about_one_payment_delivered_and_handled_at_once_are_one_pack(
    till: Till, address: str
) -> None:
    bought = started(open_shop(), buyers(1)[0])
    till.pay(bought.session)
    (delivery,) = till.held(COMPLETED)

    answers = together([posting(address, renamed(delivery, n)) for n in range(TIMES)])

    assert answers == [200] * TIMES
    assert states(bought) == [InboxStatus.RECEIVED] * TIMES
    assert refusals(together([take_one_and_handle] * TIMES)) == []
    send_outbox.call_local()
    assert states(bought) == [InboxStatus.HANDLED] * TIMES
    truth.one_pack(bought, till)
    truth.all_quiet()


def test_an_event_whose_lease_ended_is_handled_by_four_workers_as_one_pack(till: Till) -> None:
    bought = paid(till)
    leases: list[Taken] = []
    for turn in range(4):  # each worker is so slow that the next one takes the event as well
        with clock.at(clock.utc_now() + turn * (inbox.LEASE + timedelta(seconds=1))):
            leases += inbox.take()
    assert [lease.attempt for lease in leases] == [1, 2, 3, 4]

    assert refusals(together([lambda one=lease: inbox_jobs.handle(one) for lease in leases])) == []
    send_outbox.call_local()

    assert states(bought) == [InboxStatus.HANDLED]
    truth.one_pack(bought, till)
    truth.all_quiet()


def test_a_message_whose_lease_ended_is_sent_by_four_workers_as_one_mail(till: Till) -> None:
    bought = paid(till)
    inbox_jobs.handle_inbox.call_local()
    leases: list[Message] = []
    for turn in range(4):
        with clock.at(clock.utc_now() + turn * (outbox.LEASE + timedelta(seconds=1))):
            leases += outbox.take()
    attempts = {key: [one.attempt for one in leases if one.key == key] for key in keys(leases)}
    assert all(each == [1, 2, 3, 4] for each in attempts.values())

    assert refusals(together([lambda one=lease: outbox_jobs.send(one) for lease in leases])) == []

    truth.one_pack(bought, till)
    truth.all_quiet()


def keys(leases: list[Message]) -> set[str]:
    """What was leased: the buyer's mail, and the mentor's."""
    return {lease.key for lease in leases}


def take_one_and_handle() -> None:
    """A worker that gets exactly one of the events that are due."""
    (taken,) = inbox.take(limit=1)
    inbox_jobs.handle(taken)


def renamed(delivery: Json, number: int) -> Json:
    """The same news as another event of the provider, signed by it."""
    event = json.loads(delivery["body"])
    body = json.dumps({**event, "id": f"{event['id']}{number}"})
    secret, now = settings().effective_stripe_webhook_secret, int(time.time())
    headers = {**delivery["headers"], "stripe-signature": signature(body.encode(), secret, now)}
    return {"body": body, "headers": headers}


def states(bought: Bought) -> list[InboxStatus]:
    """The states of the stored events about one payment page."""
    with db.reading() as session:
        found = select(InboxEvent).where(InboxEvent.object_id == bought.session)
        return [event.status for event in session.exec(found).all()]

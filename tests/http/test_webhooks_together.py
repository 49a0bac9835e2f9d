"""Many webhooks at once: stored by few transactions, each answered only after its own commit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import event as listen
from starlette.applications import Starlette

from mentorships.http import webhooks
from mentorships.http.batches import Batches, TooManyWaiting
from services import clock, db, inbox
from services.inbox import Arrival
from services.models import InboxEvent
from tests.http.test_webhooks import PATH, event, signed
from tests.support.studio import stored

PATIENCE_SECONDS = 20


class Commits:
    """Counts the commits of the database in use; the first ones wait at the gate."""

    def __init__(self) -> None:
        self.begun = 0
        self.one_began = threading.Event()
        self.gate = threading.Event()

    def __call__(self, _connection: object) -> None:
        self.begun += 1
        self.one_began.set()
        assert self.gate.wait(PATIENCE_SECONDS)


@pytest.fixture
def commits(database: str) -> Iterator[Commits]:
    counted = Commits()
    listen.listen(db.engine(), "commit", counted)
    yield counted
    counted.gate.set()


@contextmanager
def posting(intake: webhooks.Intake) -> Iterator[httpx.AsyncClient]:
    """A client of the route, in this process."""
    transport = httpx.ASGITransport(intake)
    yield httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=60)


async def deliver(client: httpx.AsyncClient, body: bytes) -> int:
    """The status of the answer."""
    headers = {"stripe-signature": signed(body)}
    return (await client.post(PATH, content=body, headers=headers)).status_code


def test_forty_events_that_come_together_are_at_most_two_transactions(commits: Commits) -> None:
    bodies = [event(id=f"evt_{number}") for number in range(40)]

    async def flood() -> list[int]:
        with posting(webhooks.Intake(Starlette(), lambda: None)) as client:
            waiting = [asyncio.create_task(deliver(client, body)) for body in bodies]
            assert await asyncio.to_thread(commits.one_began.wait, PATIENCE_SECONDS)
            await asyncio.sleep(1)  # nobody else can move before the gate opens
            assert not any(task.done() for task in waiting), "answered before the commit"
            commits.gate.set()
            return await asyncio.gather(*waiting)

    assert asyncio.run(flood()) == [200] * 40
    assert len(stored(InboxEvent)) == 40
    assert commits.begun <= 2


def test_the_same_event_twenty_times_in_one_transaction_is_one_row(commits: Commits) -> None:
    async def flood() -> list[int]:
        with posting(webhooks.Intake(Starlette(), lambda: None)) as client:
            first = asyncio.create_task(deliver(client, event(id="evt_first")))
            assert await asyncio.to_thread(commits.one_began.wait, PATIENCE_SECONDS)
            again = [asyncio.create_task(deliver(client, event())) for _ in range(20)]
            await asyncio.sleep(0.1)
            commits.gate.set()
            return await asyncio.gather(first, *again)

    assert asyncio.run(flood()) == [200] * 21
    assert [row.event_id for row in stored(InboxEvent)] == ["evt_first", "evt_1"]


def test_one_event_that_cannot_be_stored_does_not_take_the_others_with_it(database: str) -> None:
    bad = arrival("evt_bad", kind=None)
    received = inbox.receive_together([arrival("evt_1"), bad, arrival("evt_2"), arrival("evt_1")])
    assert received.new == 2
    assert list(received.failures) == [1]
    assert "type" in str(received.failures[1])
    assert {row.event_id for row in stored(InboxEvent)} == {"evt_1", "evt_2"}


def test_what_was_here_before_is_not_new_among_others(database: str) -> None:
    assert inbox.receive_together([arrival("evt_1")]).new == 1
    again = inbox.receive_together([arrival("evt_2"), arrival("evt_1"), arrival("evt_3")])
    assert (again.new, again.failures) == (2, {})


def arrival(event_id: str, kind: str | None = "customer.created") -> Arrival:
    """A verified event; without a kind the database refuses it."""
    return Arrival("stripe", event_id, kind, "cus_1", "{}", clock.utc_now())  # type: ignore[arg-type]


class Store:
    """Keeps what it is given once the gate is open; refuses what is called bad."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.kept: list[list[str]] = []

    def __call__(self, items: Sequence[str]) -> dict[int, Exception]:
        self.entered.set()
        assert self.gate.wait(PATIENCE_SECONDS)
        if "disaster" in items:
            raise OSError("the disk is gone")
        self.kept.append(list(items))
        return {n: ValueError(item) for n, item in enumerate(items) if item.startswith("bad")}


async def put_all(
    batches: Batches[str], store: Store, items: Sequence[str]
) -> list[BaseException | None]:
    """Put the items in while the store is at the first one, then open it; what became of each."""
    tasks = [asyncio.create_task(batches.put(items[0]))]
    assert await asyncio.to_thread(store.entered.wait, PATIENCE_SECONDS)
    tasks += [asyncio.create_task(batches.put(item)) for item in items[1:]]
    await asyncio.sleep(0.05)
    store.gate.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_items_are_stored_in_the_order_they_came_and_a_few_at_a_time() -> None:
    store = Store()
    batches = Batches[str](store, most_together=3, most_waiting=100)
    items = [str(number) for number in range(10)]
    assert asyncio.run(put_all(batches, store, items)) == [None] * 10
    assert [item for batch in store.kept for item in batch] == items
    assert max(len(batch) for batch in store.kept) == 3


def test_a_refused_item_fails_alone_and_a_disaster_fails_only_its_batch() -> None:
    store = Store()
    batches = Batches[str](store, most_together=2, most_waiting=100)
    items = ["first", "good", "bad", "disaster", "good", "last"]
    outcome = asyncio.run(put_all(batches, store, items))
    assert [type(each) for each in outcome] == [
        type(None), type(None), ValueError, OSError, OSError, type(None)
    ]  # fmt: skip


def test_nobody_waits_behind_a_writer_that_is_too_far_behind() -> None:
    store = Store()
    batches = Batches[str](store, most_together=1, most_waiting=5)
    outcome = asyncio.run(put_all(batches, store, [str(number) for number in range(20)]))
    refused = [each for each in outcome if isinstance(each, TooManyWaiting)]
    assert (len(refused), len(store.kept)) == (14, 6)  # one at work and five who wait
    assert asyncio.run(put_all(batches, store, ["later"])) == [None]


def test_a_sender_who_gave_up_does_not_disturb_the_others() -> None:
    store = Store()
    batches = Batches[str](store, most_together=10, most_waiting=10)

    async def one_leaves() -> None:
        leaving = asyncio.create_task(batches.put("leaves"))
        assert await asyncio.to_thread(store.entered.wait, PATIENCE_SECONDS)
        staying = asyncio.create_task(batches.put("stays"))
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.sleep(0)
        store.gate.set()
        await asyncio.wait_for(staying, PATIENCE_SECONDS)

    asyncio.run(one_leaves())
    assert [item for batch in store.kept for item in batch] == ["leaves", "stays"]


class ClosesUnseen(asyncio.SelectorEventLoop):
    """A loop that closes between the question whether it is open and the answer."""

    unseen = True

    def is_closed(self) -> bool:
        return super().is_closed() and not self.unseen


def test_a_loop_that_closed_before_its_answer_does_not_stop_the_writer() -> None:
    store = Store()
    batches = Batches[str](store, most_together=1, most_waiting=5)
    loop = ClosesUnseen()
    leaving = loop.create_task(batches.put("gone"))
    loop.run_until_complete(asyncio.sleep(0))
    assert store.entered.wait(PATIENCE_SECONDS)
    leaving.cancel()
    loop.run_until_complete(asyncio.gather(leaving, return_exceptions=True))
    loop.close()
    store.gate.set()

    async def later() -> None:
        await asyncio.wait_for(batches.put("later"), PATIENCE_SECONDS)

    asyncio.run(later())
    loop.unseen = False
    assert store.kept == [["gone"], ["later"]]


def test_too_many_waiting_is_a_503_that_says_when_to_come_again(commits: Commits) -> None:
    async def flood() -> list[httpx.Response]:
        with posting(webhooks.Intake(Starlette(), lambda: None, most_waiting=2)) as client:
            tasks: list[asyncio.Task[httpx.Response]] = []
            for number in range(5):
                body = event(id=f"evt_{number}")
                headers = {"stripe-signature": signed(body)}
                tasks.append(asyncio.create_task(client.post(PATH, content=body, headers=headers)))
                if number == 0:
                    assert await asyncio.to_thread(commits.one_began.wait, PATIENCE_SECONDS)
            await asyncio.sleep(1)
            commits.gate.set()
            return await asyncio.gather(*tasks)

    answers = asyncio.run(flood())
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 503, 503]
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "5"
    assert len(stored(InboxEvent)) == 3

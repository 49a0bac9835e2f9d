"""The webhook route: verify, store, answer. Nothing else, and nothing lost."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
import stripe
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Message

from jobs.inbox import handle_inbox
from mentorships.http import webhooks
from services.clock import utc_now
from services.config import settings
from services.models import InboxEvent, InboxStatus
from tests.support.databases import Databases, in_use
from tests.support.studio import stored

PATH = "/api/webhooks/stripe"
EVENT = {
    "object": "event",
    "id": "evt_1",
    "type": "customer.created",
    "data": {"object": {"id": "cus_1", "object": "customer"}},
}


class Shop:
    """The route with a worker's bell that counts, and nothing behind it."""

    def __init__(self) -> None:
        self._rung = threading.Semaphore(0)
        app = webhooks.Intake(Starlette(), self._rung.release)
        self.client = TestClient(app, raise_server_exceptions=False)

    def times_woken(self) -> int:
        """How often the bell rang since it was last asked; waits a moment for the first time."""
        times = int(self._rung.acquire(timeout=0.5))
        while self._rung.acquire(blocking=False):
            times += 1
        return times

    def post(self, body: bytes, *, signature: str | None = None, age: float = 0) -> int:
        """Deliver a body signed `age` seconds ago, or with another signature; the status."""
        if signature is None:
            signature = signed(body, age)
        headers = {"stripe-signature": signature, "content-type": "application/json"}
        answer = self.client.post(PATH, content=body, headers=headers)
        if answer.status_code != 500:
            assert isinstance(answer.json(), dict)
        return answer.status_code


def signed(body: bytes, age: float = 0) -> str:
    """A signature by Stripe's own code; for bytes that are no text, of their readable part."""
    at = int(utc_now().timestamp() - age)
    secret = settings().effective_stripe_webhook_secret
    text = body.decode("utf-8", errors="ignore")
    return stripe.WebhookSignature.generate_signature_header(text, secret, timestamp=at)


def event(**changes: object) -> bytes:
    """An event's body."""
    return json.dumps({**EVENT, **changes}).encode()


@pytest.fixture
def shop(database: str) -> Shop:
    return Shop()


def test_an_event_is_stored_as_it_came_and_the_worker_is_woken(shop: Shop) -> None:
    body = event()
    assert shop.post(body) == 200
    [row] = stored(InboxEvent)
    assert (row.provider, row.event_id, row.type) == ("stripe", "evt_1", "customer.created")
    assert (row.object_id, row.payload) == ("cus_1", body.decode())
    assert (row.status, row.attempts) == (InboxStatus.RECEIVED, 0)
    assert shop.times_woken() == 1


def test_a_duplicate_is_thanked_for_and_is_still_one_row(shop: Shop) -> None:
    assert [shop.post(event()) for _ in range(3)] == [200, 200, 200]
    assert len(stored(InboxEvent)) == 1
    assert shop.times_woken() == 1


def test_the_same_id_with_another_content_does_not_replace_the_first(shop: Shop) -> None:
    shop.post(event())
    assert shop.post(event(type="customer.deleted")) == 200
    assert [row.type for row in stored(InboxEvent)] == ["customer.created"]


def test_an_unknown_type_is_stored_and_ignored(shop: Shop) -> None:
    assert shop.post(event(type="planet.discovered")) == 200
    handle_inbox.call_local()
    assert [row.status for row in stored(InboxEvent)] == [InboxStatus.IGNORED]


@pytest.mark.parametrize(
    "signature",
    ["", "t=1,v1=abc", "garbage", "t=1772445600,v0=abc", "\xff\xfe=é,v1=ü"],
    ids=["missing", "wrong", "garbage", "v0 only", "non-ASCII"],
)
def test_a_forged_delivery_is_refused_and_leaves_nothing(shop: Shop, signature: str) -> None:
    body = event()
    answer = shop.client.post(
        PATH, content=body, headers={"stripe-signature": signature.encode("latin-1")}
    )
    assert answer.status_code == 400
    assert shop.client.post(PATH, content=body).status_code == 400
    assert stored(InboxEvent) == []
    assert shop.times_woken() == 0


def test_a_tampered_body_is_refused(shop: Shop) -> None:
    assert shop.post(event(id="evt_2"), signature=signed(event())) == 400
    assert stored(InboxEvent) == []


@pytest.mark.parametrize("age", [301, -302], ids=["stale", "from the future"])
def test_a_signature_of_another_time_is_refused(shop: Shop, age: float) -> None:
    assert shop.post(event(), age=age) == 400
    assert stored(InboxEvent) == []


@pytest.mark.parametrize("age", [295, -295])
def test_a_few_minutes_of_difference_are_no_trouble(shop: Shop, age: float) -> None:
    assert shop.post(event(), age=age) == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"object": "v2.core.event", "id": "evt_1", "type": "v1.checkout.session.completed"}',
        event(data={}),
    ],
    ids=["empty", "no JSON", "a list", "thin", "no object"],
)
def test_what_is_signed_but_no_event_is_refused_in_words(shop: Shop, body: bytes) -> None:
    answer = shop.client.post(PATH, content=body, headers={"stripe-signature": signed(body)})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert stored(InboxEvent) == []


def test_a_body_that_is_no_text_is_refused(shop: Shop) -> None:
    assert shop.post(b'{"id": "\xff"}') == 400
    assert stored(InboxEvent) == []


def test_an_oversized_body_is_refused_to_the_byte(shop: Shop) -> None:
    limit = settings().webhook_max_bytes
    exact = event(padding="x" * (limit - len(event(padding=""))))
    assert len(exact) == limit
    assert shop.post(exact) == 200
    assert shop.post(exact + b" ") == 413
    assert len(stored(InboxEvent)) == 1


def test_an_endless_body_is_not_read_to_its_end() -> None:
    asked = 0

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    with pytest.raises(webhooks.TooLarge):
        asyncio.run(webhooks.read_bounded(receive, 10_500))
    assert asked == 11


def test_other_methods_are_refused(shop: Shop) -> None:
    assert shop.client.get(PATH).status_code == 405


def test_a_sender_who_leaves_in_the_middle_of_the_body_leaves_nothing(database: str) -> None:
    parts: list[Message] = [
        {"type": "http.request", "body": event()[:20], "more_body": True},
        {"type": "http.disconnect"},
    ]
    answers: list[Message] = []

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": []}
    asyncio.run(webhooks.Intake(Starlette(), lambda: None)(scope, receive, send))
    assert (answers, stored(InboxEvent)) == ([], [])


def test_what_is_no_webhook_goes_on_to_the_pages(shop: Shop) -> None:
    assert shop.client.get("/").status_code == 404
    assert shop.client.post(f"{PATH}/more").status_code == 404


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_event_that_cannot_be_stored_is_a_500_so_that_it_comes_again(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path, migrated=False) as url, in_use(url):
        shop = Shop()
        assert shop.post(event()) == 500
        assert shop.times_woken() == 0

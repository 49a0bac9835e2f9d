"""The database goes away and comes back in mid-use: words for people, JSON for vendors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import stripe
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import auth, failures, files, health, middleware
from mentorships.http.webhooks import Intake
from services import clock, db
from services.config import settings
from services.models import InboxEvent
from state import cookies, flash
from tests.support.databases import in_use
from tests.support.logs import captured
from tests.support.people import PASSWORD, make_user
from tests.support.ports import free_ports
from tests.support.studio import stored

EVENT = json.dumps(
    {
        "object": "event",
        "id": "evt_during_an_outage",
        "type": "customer.created",
        "data": {"object": {"id": "cus_1", "object": "customer"}},
    }
).encode()


@pytest.fixture
def client(database: str, tmp_path: Path) -> TestClient:
    routes = [*auth.routes, *files.routes, *health.routes]
    inner = Starlette(routes=routes, exception_handlers={Exception: failures.in_route})
    app = middleware.protect(Intake(inner, lambda: None), settings(), tmp_path)
    origin = settings().public_url
    return TestClient(app, base_url=origin, headers={"Origin": origin}, follow_redirects=False)


@contextmanager
def database_away() -> Iterator[None]:
    (port,) = free_ports(1)
    with in_use(f"postgresql+psycopg://studio:hidden-word@127.0.0.1:{port}/studio"):
        yield


def delivers(client: TestClient) -> tuple[int, dict[str, str], dict[str, str]]:
    at = int(clock.utc_now().timestamp())
    secret = settings().effective_stripe_webhook_secret
    signature = stripe.WebhookSignature.generate_signature_header(
        EVENT.decode(), secret, timestamp=at
    )
    answer = client.post(
        "/api/webhooks/stripe", content=EVENT, headers={"Stripe-Signature": signature}
    )
    return answer.status_code, dict(answer.headers), answer.json()


def test_a_webhook_is_sent_back_while_nothing_can_be_stored_and_taken_afterwards(
    client: TestClient, database: str
) -> None:
    with captured() as lines, database_away():
        status, headers, body = delivers(client)
        found = lines()
    assert status == 503
    assert int(headers["retry-after"]) > 0
    assert headers["content-type"].startswith("application/json")
    assert body["error"]
    assert "hidden-word" not in json.dumps([body, found])
    [line] = [line for line in found if line["event"] == "database_away"]
    assert (line["route"], line["error_id"]) == ("/api/webhooks/stripe", body["error_id"])
    assert not any("exception" in line for line in found)

    with in_use(database):
        assert delivers(client)[0] == 200
        assert [row.event_id for row in stored(InboxEvent)] == ["evt_during_an_outage"]


def test_a_person_who_signs_in_meanwhile_is_told_and_keeps_what_was_typed(
    client: TestClient, database: str
) -> None:
    make_user()
    typed = {"email": "mia@example.com", "password": PASSWORD}
    with database_away():
        answer = client.post("/auth/sign-in", data=typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    message = flash.opened(client.cookies[cookies.flash_name()])
    assert message
    assert "try again" in message.text
    assert message.typed["email"] == "mia@example.com"
    with in_use(database):
        assert client.post("/auth/sign-in", data=typed).headers["location"] == "/dashboard"


def test_a_route_that_needs_the_database_says_so_in_words(
    client: TestClient, database: str
) -> None:
    with captured() as lines, database_away():
        answer = client.post(
            "/files/photo",
            files={"photo": ("me.jpg", b"x", "image/jpeg")},
            headers={"Accept": "text/html", "Cookie": f"{cookies.session_name()}=somebody"},
        )
        ready = client.get("/ready")
        found = lines()
    assert answer.status_code == 503
    assert "database" in answer.text
    assert "hidden-word" not in answer.text
    assert ready.status_code == 503
    assert client.get("/health").status_code == 200
    assert not any("exception" in line for line in found)
    assert db.engine() is not None

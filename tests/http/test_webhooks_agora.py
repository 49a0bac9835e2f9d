"""Agora's notifications at their route: verified, stored once, answered with 200 and JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from jobs.inbox import handle_inbox
from mentorships.http import webhooks
from mentorships.sandbox import agora_events
from services.config import settings
from services.models import InboxEvent, InboxStatus
from tests.services.test_config import AGORA, SOURCE
from tests.support.servers import environment_of
from tests.support.studio import stored

PATH = "/api/webhooks/agora"
NOTICE: dict[str, Any] = {
    "noticeId": "2000001428:4330:107",
    "productId": 3,
    "eventType": 31,
    "notifyMs": 1_772_445_600_000,
    "payload": {"cname": "ses_1", "uid": "900", "sid": "0d3b", "sequence": 7, "details": {}},
}


def body(**changes: object) -> bytes:
    return json.dumps({**NOTICE, **changes}).encode()


def signature(content: bytes, secret: str | None = None) -> str:
    key = settings().effective_agora_webhook_secret if secret is None else secret
    return hmac.new(key.encode(), content, hashlib.sha256).hexdigest()


@pytest.fixture
def client(database: str) -> TestClient:
    app = webhooks.Intake(Starlette(), lambda: None)
    return TestClient(app, raise_server_exceptions=False)


def post(client: TestClient, content: bytes | None = None, signed: str | None = None) -> int:
    sent = body() if content is None else content
    headers = {"agora-signature-v2": signature(sent) if signed is None else signed}
    answer = client.post(PATH, content=sent, headers=headers)
    assert isinstance(answer.json(), dict)
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code


def test_a_notification_is_stored_as_it_came_under_its_id(client: TestClient) -> None:
    assert post(client) == 200
    [row] = stored(InboxEvent)
    assert (row.provider, row.event_id) == ("agora", "2000001428:4330:107")
    assert (row.type, row.object_id) == ("recording.31", "0d3b")
    assert row.payload == body().decode()
    assert row.status is InboxStatus.RECEIVED


def test_one_that_comes_twice_is_one_row(client: TestClient) -> None:
    later = body(notifyMs=1_772_445_660_000)  # which grows with every try
    assert [post(client), post(client), post(client, later)] == [200, 200, 200]
    assert len(stored(InboxEvent)) == 1


@pytest.mark.parametrize("kind", list(agora_events.NAMES))
def test_the_test_events_of_the_health_check_are_answered_and_lead_to_nothing(
    client: TestClient, kind: int
) -> None:
    payload = {"cname": "test_webhook", "uid": "1", "sid": "test_webhook"}
    assert post(client, body(noticeId=f"test-{kind}", eventType=kind, payload=payload)) == 200
    handle_inbox.call_local()
    [row] = stored(InboxEvent)
    assert row.status is InboxStatus.IGNORED


def test_those_of_another_product_are_answered_as_well(client: TestClient) -> None:
    channel = {"clientSeq": 67, "uid": 123, "channelName": "test_webhook"}
    assert post(client, body(productId=1, eventType=101, payload=channel)) == 200
    [row] = stored(InboxEvent)
    assert (row.type, row.object_id) == ("agora.1.101", "")


def test_a_forged_one_is_refused_and_leaves_nothing(client: TestClient) -> None:
    right = signature(body())
    older = hmac.new(b"x", body(), hashlib.sha1).hexdigest()
    for signed in ("", "x", older, right[:-1], signature(body(), "another"), "0" * 64):
        assert post(client, signed=signed) == 400
    assert post(client, body() + b" ", right) == 400
    assert stored(InboxEvent) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        body(noticeId=""),
        body(noticeId=7),
        body(noticeId="x" * 256),
        body(productId="3"),
        body(eventType=None),
        body(eventType=True),
        body(eventType=-1),
    ],
)
def test_a_signed_one_that_is_no_notification_is_refused(
    client: TestClient, content: bytes
) -> None:
    assert post(client, content) == 400
    assert stored(InboxEvent) == []


def test_one_without_a_recorder_is_stored_without_one(client: TestClient) -> None:
    for number, payload in enumerate((None, [], {"sid": None}, {"sid": "x" * 300})):
        assert post(client, body(noticeId=f"n{number}", payload=payload)) == 200
    assert {row.object_id for row in stored(InboxEvent)} == {""}


def test_one_that_is_larger_than_any_is_refused(client: TestClient) -> None:
    assert post(client, b" " * (settings().webhook_max_bytes + 1)) == 413


def test_a_studio_without_a_secret_has_no_such_address(client: TestClient) -> None:
    with environment_of({**AGORA, **SOURCE}):
        assert client.post(PATH, content=body()).status_code == 404
    with environment_of({**AGORA, **SOURCE, "AGORA_WEBHOOK_SECRET": "chosen"}):
        assert post(client, signed=signature(body(), "chosen")) == 200

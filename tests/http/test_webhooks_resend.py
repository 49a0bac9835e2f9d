"""Resend's reports at their route: verified, stored, answered; forged ones leave nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import webhooks
from services.clock import utc_now
from services.config import settings
from services.models import InboxEvent, InboxStatus
from tests.support.servers import environment_of
from tests.support.studio import stored

PATH = "/api/webhooks/resend"
BODY = json.dumps(
    {
        "type": "email.delivered",
        "created_at": "2026-03-02T10:00:00.000Z",
        "data": {"email_id": "4ef9a417", "to": ["nora@example.com"]},
    }
).encode()


def signature(body: bytes, *, id_: str = "msg_1", at: int | None = None, secret: str = "") -> str:
    """By the scheme of Svix, as its manual tells it."""
    chosen = secret or settings().effective_resend_webhook_secret
    key = base64.b64decode(chosen.removeprefix("whsec_") + "==")
    signed = f"{id_}.{now() if at is None else at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def now() -> int:
    return int(utc_now().timestamp())


def headers(
    body: bytes = BODY, *, id_: str = "msg_1", age: int = 0, changed: dict[str, str] | None = None
) -> dict[str, str]:
    at = now() - age
    usual = {
        "svix-id": id_,
        "svix-timestamp": str(at),
        "svix-signature": signature(body, id_=id_, at=at),
    }
    return {name: value for name, value in (usual | (changed or {})).items() if value}


@pytest.fixture
def client(database: str) -> TestClient:
    app = webhooks.Intake(Starlette(), lambda: None)
    return TestClient(app, raise_server_exceptions=False)


def post(
    client: TestClient,
    body: bytes = BODY,
    *,
    id_: str = "msg_1",
    age: int = 0,
    changed: dict[str, str] | None = None,
) -> int:
    sent = headers(body, id_=id_, age=age, changed=changed)
    return client.post(PATH, content=body, headers=sent).status_code


def test_a_report_is_stored_as_it_came_under_the_id_of_its_delivery(client: TestClient) -> None:
    assert post(client) == 200
    [row] = stored(InboxEvent)
    assert (row.provider, row.event_id, row.type) == ("resend", "msg_1", "email.delivered")
    assert (row.object_id, row.payload) == ("4ef9a417", BODY.decode())
    assert row.status is InboxStatus.RECEIVED


def test_one_that_comes_twice_is_one_row(client: TestClient) -> None:
    assert [post(client), post(client, age=60), post(client, id_="msg_2")] == [200, 200, 200]
    assert [row.event_id for row in stored(InboxEvent)] == ["msg_1", "msg_2"]


def test_one_right_signature_among_several_is_enough(client: TestClient) -> None:
    several = f"v1,AAAA v2,BBBB {signature(BODY)} garbage"
    assert post(client, changed={"svix-signature": several}) == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"svix-id": ""},
        {"svix-id": "msg_other"},
        {"svix-id": "x" * 300},
        {"svix-timestamp": ""},
        {"svix-timestamp": "soon"},
        {"svix-timestamp": "1" * 30},
        {"svix-timestamp": "9" * 12},
        {"svix-timestamp": "-1"},
        {"svix-signature": ""},
        {"svix-signature": "v1"},
        {"svix-signature": "v1,"},
        {"svix-signature": "no comma at all"},
        {"svix-signature": "v1,not base64 !"},
        {"svix-signature": "v1," + "A" * 44},
    ],
    ids=lambda changed: " ".join(f"{k}={v[:12]}" for k, v in changed.items()),
)
def test_a_forged_or_malformed_one_is_refused_and_leaves_nothing(
    client: TestClient, changed: dict[str, str]
) -> None:
    assert post(client, changed=changed) == 400
    assert stored(InboxEvent) == []


@pytest.mark.parametrize("age", [301, -310, 86_400])
def test_an_old_one_or_one_from_the_future_is_refused(client: TestClient, age: int) -> None:
    assert post(client, age=age) == 400
    assert post(client, age=290 if age > 0 else -290) == 200


def test_one_that_was_changed_on_its_way_is_refused(client: TestClient) -> None:
    answer = client.post(PATH, content=BODY + b" ", headers=headers())
    assert answer.status_code == 400


def test_another_studios_secret_does_not_sign_for_us(client: TestClient) -> None:
    theirs = signature(BODY, secret="whsec_" + base64.b64encode(b"another secret").decode())
    assert post(client, changed={"svix-signature": theirs}) == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": 7}', b'{"type": "x"}', b"\xff\xfe"])
def test_a_signed_one_that_is_no_event_is_refused(client: TestClient, body: bytes) -> None:
    assert post(client, body) == 400
    assert stored(InboxEvent) == []


def test_one_that_is_larger_than_any_report_is_refused(client: TestClient) -> None:
    assert post(client, b" " * (settings().webhook_max_bytes + 1)) == 413


@pytest.mark.parametrize(
    "chosen",
    [
        {"RESEND_API_KEY": "re_x"},
        {"MAIL_PROVIDER": "smtp", "SMTP_HOST": "mail.example.com"},
    ],
    ids=["no secret", "smtp"],
)
def test_a_studio_that_expects_no_reports_has_no_such_address(
    client: TestClient, chosen: dict[str, str]
) -> None:
    with environment_of(chosen):
        assert client.post(PATH, content=BODY).status_code == 404

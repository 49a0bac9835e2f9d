"""PayPal's webhooks at their address: verified by a certificate that has to be fetched first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import count
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import webhooks
from services.models import InboxEvent
from tests.support.servers import Sandbox, environment_of
from tests.support.studio import stored

PATH = "/api/webhooks/paypal"
EVENT = json.dumps(
    {"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"id": "2GG279541U4719"}}
)


_patience = count(500)


def anew() -> AbstractContextManager[None]:
    """Other settings, and so an adapter that has not fetched any certificate yet."""
    return environment_of({"PAYPAL_TIMEOUT_SECONDS": str(next(_patience) / 100)})


@pytest.fixture
def client(database: str, sandbox: Sandbox) -> Iterator[TestClient]:
    """The address, in a product that has not fetched any certificate yet."""
    with anew():
        app = webhooks.Intake(Starlette(), lambda: None)
        yield TestClient(app, raise_server_exceptions=False)


def signed(sandbox: Sandbox, body: str = EVENT) -> dict[str, str]:
    told = cast(dict[str, Any], sandbox.control("paypal/sign", {"body": body}))
    return told["headers"]


def post(client: TestClient, headers: Mapping[str, str], body: str = EVENT) -> int:
    return client.post(PATH, content=body.encode(), headers=dict(headers)).status_code


def test_an_event_is_stored_as_it_came_and_once(client: TestClient, sandbox: Sandbox) -> None:
    assert [post(client, signed(sandbox)) for _ in range(3)] == [200, 200, 200]
    [row] = stored(InboxEvent)
    assert (row.provider, row.event_id, row.type) == ("paypal", "WH-1", "PAYMENT.CAPTURE.COMPLETED")
    assert (row.object_id, row.payload) == ("2GG279541U4719", EVENT)


def test_a_forged_delivery_is_refused_and_leaves_nothing(
    client: TestClient, sandbox: Sandbox
) -> None:
    headers = signed(sandbox)
    assert post(client, headers, EVENT.replace("COMPLETED", "DENIED")) == 400
    assert post(client, {}) == 400
    elsewhere = {**headers, "paypal-cert-url": "https://api.paypal.com.example.com/cert.pem"}
    assert post(client, elsewhere) == 400
    assert stored(InboxEvent) == []


@pytest.mark.parametrize("use", ["expired", "foreign", "other_name", "no_chain", "other_host"])
def test_a_certificate_that_is_not_paypals_is_refused(
    client: TestClient, sandbox: Sandbox, use: str
) -> None:
    sandbox.control("paypal/certificate", {"use": use})
    assert post(client, signed(sandbox)) == 400
    assert stored(InboxEvent) == []


def test_a_certificate_that_cannot_be_fetched_now_asks_for_another_delivery(
    client: TestClient, sandbox: Sandbox
) -> None:
    fault: dict[str, object] = {
        "vendor": "paypal",
        "path": "/v1/notifications/certs/*",
        "kind": "status",
        "status": 500,
        "times": 1,
    }
    sandbox.control("faults", fault)
    answer = client.post(PATH, content=EVENT.encode(), headers=signed(sandbox))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert stored(InboxEvent) == []
    with anew():
        assert post(client, signed(sandbox)) == 200


def test_a_signature_of_the_other_provider_is_none(client: TestClient, sandbox: Sandbox) -> None:
    headers = signed(sandbox)
    answer = client.post("/api/webhooks/stripe", content=EVENT.encode(), headers=headers)
    assert answer.status_code == 400
    assert client.post("/api/webhooks/google-pay", content=b"{}").status_code == 404

"""The machine control is for programs on this machine alone, and says what is wrong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mentorships.sandbox.app import create_app
from services.config import ConfigError
from tests.sandbox.conftest import Simulators
from tests.support.servers import environment_of


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-for", "x-forwarded-host", "forwarded", "via", "origin", "sec-fetch-site"],
)
def test_a_request_through_a_proxy_or_from_a_page_is_refused(
    simulators: Simulators, header: str
) -> None:
    for path in ("/control/reset", "/control/stripe/webhooks", "/control/faults"):
        answer = simulators.http.post(path, json={}, headers={header: "something"})
        assert answer.status_code == 403
    assert simulators.http.get("/control/mail", headers={header: "x"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"vendor": "adyen", "kind": "status"}),
        ("faults", {"vendor": "stripe", "kind": "explode"}),
        ("faults", {"vendor": "stripe", "kind": "status", "status": 200}),
        ("clock", {"now": "tomorrow"}),
        ("clock", {}),
        ("stripe/webhooks", {"mode": "sometimes"}),
    ],
)
def test_a_senseless_wish_is_refused_in_words(
    simulators: Simulators, path: str, body: dict[str, object]
) -> None:
    answer = simulators.http.post(f"/control/{path}", json=body)
    assert answer.status_code == 400
    assert "must" in answer.json()["error"]


def test_a_body_that_is_no_json_is_refused(simulators: Simulators) -> None:
    for content in (b"{", b"[1]", b"\xff"):
        assert simulators.http.post("/control/clock", content=content).status_code == 400


def test_what_does_not_exist_is_not_found(simulators: Simulators) -> None:
    for path in ("stripe/sessions/cs_x/pay", "stripe/deliveries/7/done", "stripe/refunds/x/settle"):
        assert simulators.http.post(f"/control/{path}", json={}).status_code == 404
    open_session = simulators.checkout().id
    url = f"/control/stripe/sessions/{open_session}/refund"
    assert simulators.http.post(url, json={}).status_code == 404


def test_the_clock_can_be_fixed_shifted_and_given_back(simulators: Simulators) -> None:
    assert simulators.control("clock", {"now": 1_700_000_000}) == {"now": 1_700_000_000}
    assert simulators.control("health")["now"] == 1_700_000_000
    assert simulators.control("clock", {"offset": -3600})["now"] < time.time() - 3000
    assert abs(simulators.control("clock", {"now": None})["now"] - time.time()) < 5


def test_reset_forgets_everything(simulators: Simulators) -> None:
    simulators.control("clock", {"now": 1_700_000_000})
    simulators.control("stripe/webhooks", {"mode": "hold"})
    simulators.control("faults", {"vendor": "stripe", "kind": "status", "path": "/v1/events"})
    simulators.paid()
    simulators.control("reset", {})
    assert simulators.control("stripe/sessions") == []
    assert simulators.control("stripe/deliveries") == []
    assert simulators.stripe.v1.events.list().data == []
    simulators.paid()
    simulators.receiver.wait_for(2)


def test_a_real_key_is_never_taken_by_a_simulator(tmp_path: Path) -> None:
    real = {"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}
    with environment_of({"DATA_DIR": str(tmp_path), **real}):
        paths = {getattr(route, "path", "") for route in create_app().routes}
    assert "/resend/emails" in paths
    assert not [path for path in paths if "stripe" in path]


def test_production_has_no_simulators(tmp_path: Path) -> None:
    production = {
        "APP_ENV": "production",
        "DATA_DIR": str(tmp_path),
        "PUBLIC_URL": "https://studio.example.com",
        "STRIPE_SECRET_KEY": "sk_live_x",
        "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "RESEND_API_KEY": "re_x",
    }
    with environment_of(production), pytest.raises(ConfigError, match="production"):
        create_app()

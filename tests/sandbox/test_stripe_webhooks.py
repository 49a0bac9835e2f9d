"""Webhooks: Stripe's signature, and delivered once, twice, late, never, held, and again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import stripe

from services.config import settings
from tests.sandbox.conftest import Receiver, Simulators, listening
from tests.support.ports import free_ports

QUIET = 0.8  # seconds in which nothing more must come


def secret() -> str:
    return settings().effective_stripe_webhook_secret


def test_a_payment_is_told_with_a_signature_that_stripes_sdk_accepts(
    simulators: Simulators,
) -> None:
    session_id, _ = simulators.paid()
    simulators.receiver.wait_for(2)
    for body, signature in simulators.receiver.requests:
        event = simulators.stripe.construct_event(body, signature, secret())
        assert event.api_version == "2026-10-28.endive"
        with pytest.raises(stripe.SignatureVerificationError):
            simulators.stripe.construct_event(body + b" ", signature, secret())
        with pytest.raises(stripe.SignatureVerificationError):
            simulators.stripe.construct_event(body, signature, "whsec_other")
    assert sorted(simulators.receiver.types()) == [
        "checkout.session.completed",
        "payment_intent.succeeded",
    ]
    completed = next(e for e in simulators.receiver.events() if e["type"].startswith("checkout"))
    assert completed["data"]["object"]["id"] == session_id
    assert simulators.stripe.v1.events.retrieve(completed["id"]).type == completed["type"]


def test_an_event_shows_the_object_as_it_was_then(simulators: Simulators) -> None:
    _, intent = simulators.paid()
    simulators.stripe.v1.refunds.create(params={"payment_intent": intent, "amount": 100})
    simulators.stripe.v1.refunds.create(params={"payment_intent": intent, "amount": 200})
    events = simulators.stripe.v1.events.list(params={"type": "charge.refunded"}).data
    amounts = [event.data.object["amount_refunded"] for event in events]
    assert amounts == [300, 100]


def test_an_event_names_the_request_that_caused_it(simulators: Simulators) -> None:
    _, intent = simulators.paid()
    simulators.stripe.v1.refunds.create(
        params={"payment_intent": intent}, options={"idempotency_key": "refund:1"}
    )
    events = {event["type"]: event for event in simulators.receiver.wait_for(4)}
    assert events["refund.created"]["request"]["idempotency_key"] == "refund:1"
    assert events["checkout.session.completed"]["request"]["idempotency_key"] is None


def test_twice_sends_the_same_event_twice(simulators: Simulators) -> None:
    simulators.paid(webhooks="twice")
    events = simulators.receiver.wait_for(4)
    assert len({event["id"] for event in events}) == 2


def test_late_comes_later_and_not_before(simulators: Simulators) -> None:
    simulators.paid(webhooks="late", seconds=3)
    time.sleep(0.6)
    assert simulators.receiver.requests == []
    simulators.receiver.wait_for(2)


def test_never_sends_nothing_and_the_event_can_still_be_fetched(simulators: Simulators) -> None:
    simulators.paid(webhooks="never")
    time.sleep(QUIET)
    assert simulators.receiver.requests == []
    types = {event.type for event in simulators.stripe.v1.events.list().data}
    assert "checkout.session.completed" in types
    assert simulators.control("stripe/deliveries?state=pending") == []
    assert {row["state"] for row in simulators.control("stripe/deliveries")} == {"never"}


def test_held_webhooks_are_handed_to_the_caller_with_a_fresh_signature(
    simulators: Simulators,
) -> None:
    simulators.paid(webhooks="hold")
    rows = simulators.control("stripe/deliveries?state=pending")
    assert len(rows) == 2
    for row in rows:
        assert row["url"] == f"{simulators.receiver.address}/api/webhooks/stripe"
        signature = row["headers"]["stripe-signature"]
        simulators.stripe.construct_event(row["body"].encode(), signature, secret())
        simulators.control(f"stripe/deliveries/{row['id']}/done", {})
    assert simulators.control("stripe/deliveries?state=pending") == []
    time.sleep(QUIET)
    assert simulators.receiver.requests == []


def test_a_held_webhook_can_be_signed_for_another_moment(simulators: Simulators) -> None:
    simulators.paid(webhooks="hold")
    row = simulators.control("stripe/deliveries?state=pending&signed_at=1700000000")[0]
    assert row["headers"]["stripe-signature"].startswith("t=1700000000,v1=")
    with pytest.raises(stripe.SignatureVerificationError):
        simulators.stripe.construct_event(
            row["body"].encode(), row["headers"]["stripe-signature"], secret()
        )


def test_flush_delivers_what_is_held_and_what_is_late(simulators: Simulators) -> None:
    simulators.paid(webhooks="hold")
    simulators.paid(webhooks="late")
    results = simulators.control("stripe/deliveries/flush", {})
    assert [row["state"] for row in results] == ["delivered"] * 4
    assert len(simulators.receiver.requests) == 4


def test_the_default_mode_holds_for_everything_that_says_nothing_else(
    simulators: Simulators,
) -> None:
    simulators.control("stripe/webhooks", {"mode": "hold"})
    _, intent = simulators.paid()
    simulators.stripe.v1.refunds.create(params={"payment_intent": intent})
    session = simulators.checkout()
    simulators.stripe.v1.checkout.sessions.expire(session.id)
    held = {row["type"] for row in simulators.control("stripe/deliveries?state=pending")}
    assert {"checkout.session.completed", "refund.created", "checkout.session.expired"} <= held
    assert simulators.receiver.requests == []


def test_a_refused_webhook_comes_again(simulators: Simulators) -> None:
    simulators.receiver.answers[:] = [500, 400]
    simulators.paid()
    simulators.receiver.wait_for(4)
    until = time.monotonic() + 30
    states: list[tuple[str, int]] = []
    while states != [("delivered", 2)] * 2 and time.monotonic() < until:
        rows = simulators.control("stripe/deliveries")
        states = [(row["state"], row["attempts"]) for row in rows]
        time.sleep(0.05)
    assert states == [("delivered", 2)] * 2
    assert len({event["id"] for event in simulators.receiver.events()}) == 2


@contextlib.contextmanager
def own_process(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The simulators in a process group that the test can kill as a whole."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mentorships.serve", "sandbox"],
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                url = f"http://127.0.0.1:{environment['SANDBOX_PORT']}/control/health"
                httpx.get(url, trust_env=False).raise_for_status()
                break
            time.sleep(0.05)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_killed_simulator_goes_on_with_what_it_had_not_delivered(tmp_path: Path) -> None:
    receiver = Receiver()
    server = listening(receiver)
    port, sandbox_port = free_ports(2)
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "PUBLIC_URL": receiver.address,
    }
    address = f"http://127.0.0.1:{sandbox_port}"
    with httpx.Client(base_url=address, trust_env=False) as client:
        simulators = Simulators(address, client, receiver)
        with own_process(environment) as process:
            session_id, _ = simulators.paid(webhooks="late", seconds=4)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert receiver.requests == []
        with own_process(environment):
            session = simulators.stripe.v1.checkout.sessions.retrieve(session_id)
            assert session.payment_status == "paid"
            events = receiver.wait_for(2)
    server.shutdown()
    assert {event["type"] for event in events} == {
        "checkout.session.completed",
        "payment_intent.succeeded",
    }

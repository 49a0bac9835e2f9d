"""PayPal's webhooks: what is told, how it is signed, and by whom the certificate is vouched for.

Signatures are checked here by the steps that PayPal documents, not by the product's adapter.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import time
import zlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from mentorships.sandbox import deliveries, store
from services.config import settings
from tests.sandbox.paypal import PayPal, link_of, paypal

__all__ = ["paypal"]
Json = dict[str, Any]
QUIET = 0.8  # seconds in which nothing more must come
NAME = "messageverificationcerts.paypal.com"


def chain_of(paypal: PayPal, headers: Json) -> list[x509.Certificate]:
    """The certificates at the address that a webhook names."""
    answer = paypal.simulators.http.get(headers["paypal-cert-url"]).raise_for_status()
    return x509.load_pem_x509_certificates(answer.content)


def check(headers: Json, body: bytes, chain: list[x509.Certificate]) -> None:
    """Verify the chain and the signature as PayPal's documentation says.

    Raises:
        VerificationError: nobody vouches for the certificate.
        InvalidSignature: the signature is not of this body.
    """
    root = x509.load_pem_x509_certificate(settings().simulated_paypal_root.encode())
    policy = PolicyBuilder().store(Store([root])).time(datetime.now(UTC))
    policy.build_server_verifier(x509.DNSName(NAME)).verify(chain[0], chain[1:])
    message = "|".join(
        [
            headers["paypal-transmission-id"],
            headers["paypal-transmission-time"],
            settings().effective_paypal_webhook_id,
            str(zlib.crc32(body)),
        ]
    )
    signature = base64.b64decode(headers["paypal-transmission-sig"])
    key = cast(rsa.RSAPublicKey, chain[0].public_key())
    key.verify(signature, message.encode(), padding.PKCS1v15(), hashes.SHA256())


def held(paypal: PayPal) -> list[Json]:
    return cast(list[Json], paypal.control("deliveries?state=pending"))


def test_a_payment_is_told_with_a_signature_that_paypals_steps_accept(paypal: PayPal) -> None:
    order, capture = paypal.paid()
    receiver = paypal.simulators.receiver
    events = {event["event_type"]: event for event in receiver.wait_for(2)}
    assert set(events) == {"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"}
    assert events["CHECKOUT.ORDER.APPROVED"]["resource"]["id"] == order
    completed = events["PAYMENT.CAPTURE.COMPLETED"]
    assert completed["id"].startswith("WH-")
    assert completed["resource_type"] == "capture"
    assert completed["resource"]["id"] == capture
    assert completed["resource"]["supplementary_data"]["related_ids"]["order_id"] == order
    for (body, _), headers in zip(receiver.requests, receiver.headers, strict=True):
        assert headers["paypal-auth-algo"] == "SHA256withRSA"
        chain = chain_of(paypal, headers)
        check(headers, body, chain)
        with pytest.raises(InvalidSignature):
            check(headers, body + b" ", chain)
        with pytest.raises(InvalidSignature):
            check({**headers, "paypal-transmission-id": "other"}, body, chain)


@pytest.mark.parametrize("use", ["expired", "foreign", "other_name", "no_chain"])
def test_a_bad_certificate_can_be_served(paypal: PayPal, use: str) -> None:
    paypal.control("webhooks", {"mode": "hold"})
    paypal.control("certificate", {"use": use})
    paypal.approved()
    [row] = held(paypal)
    chain = chain_of(paypal, row["headers"])
    with pytest.raises(VerificationError):
        check(row["headers"], row["body"].encode(), chain)
    paypal.control("certificate", {"use": "good"})
    [again] = held(paypal)
    assert again["headers"]["paypal-cert-url"] != row["headers"]["paypal-cert-url"]
    check(again["headers"], again["body"].encode(), chain_of(paypal, again["headers"]))


def test_a_certificate_can_be_named_at_an_address_that_only_looks_like_paypals(
    paypal: PayPal,
) -> None:
    paypal.control("certificate", {"use": "other_host"})
    signed = paypal.control("sign", {"body": "{}"})["headers"]
    assert signed["paypal-cert-url"].startswith("https://api.paypal.com.example.com/")


def test_any_body_can_be_signed_for_any_moment_and_webhook(paypal: PayPal) -> None:
    body = json.dumps({"id": "WH-1", "event_type": "VAULT.PAYMENT-TOKEN.CREATED"})
    headers = paypal.control("sign", {"body": body, "signed_at": 1_700_000_000})["headers"]
    assert headers["paypal-transmission-time"] == "2023-11-14T22:13:20Z"
    check(headers, body.encode(), chain_of(paypal, headers))
    other = paypal.control("sign", {"body": body, "webhook_id": "SOMEBODYELSE"})["headers"]
    with pytest.raises(InvalidSignature):
        check(other, body.encode(), chain_of(paypal, other))


def test_a_certificate_keeps_its_address_when_everything_else_is_forgotten(paypal: PayPal) -> None:
    before = paypal.control("sign", {"body": "{}"})["headers"]["paypal-cert-url"]
    paypal.simulators.control("reset", {})
    assert paypal.control("sign", {"body": "{}"})["headers"]["paypal-cert-url"] == before


def test_an_unknown_certificate_is_not_there(paypal: PayPal) -> None:
    answer = paypal.simulators.http.get("/paypal/v1/notifications/certs/CERT-unknown")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("instrument", "then", "told"),
    [
        ("review", "completed", ["CAPTURE.PENDING", "CAPTURE.COMPLETED"]),
        ("echeck", "denied", ["CAPTURE.PENDING", "CAPTURE.DENIED"]),
        ("refused", "", ["CAPTURE.DECLINED"]),
    ],
)
def test_what_becomes_of_a_capture_is_told(
    paypal: PayPal, instrument: str, then: str, told: list[str]
) -> None:
    paypal.control("webhooks", {"mode": "hold"})
    order, _ = paypal.paid(instrument)
    if then:
        paypal.control(f"orders/{order}/settle", {"outcome": then})
    types = [row["type"] for row in held(paypal)]
    assert types == ["CHECKOUT.ORDER.APPROVED", *(f"PAYMENT.{each}" for each in told)]


def test_refunds_are_told_and_so_is_their_failure(paypal: PayPal) -> None:
    paypal.control("webhooks", {"mode": "hold"})
    _, capture = paypal.paid("refund_fails")
    refund = paypal.refund(capture).json()
    paypal.control(f"refunds/{refund['id']}/settle", {"outcome": "failed"})
    events = [json.loads(row["body"]) for row in held(paypal)][2:]
    assert [event["event_type"] for event in events] == [
        "PAYMENT.CAPTURE.REFUNDED",
        "PAYMENT.REFUND.FAILED",
    ]
    statuses = [event["resource"]["status"] for event in events]
    assert statuses == ["COMPLETED", "FAILED"]
    assert all(event["resource"]["id"] == refund["id"] for event in events)
    assert link_of(events[0]["resource"], "up").endswith(capture)


def test_disputes_are_told_and_a_lost_one_twice(paypal: PayPal) -> None:
    paypal.control("webhooks", {"mode": "hold"})
    order, capture = paypal.paid()
    opened = paypal.control(f"captures/{capture}/dispute", {"kind": "inquiry"})["dispute_id"]
    paypal.control(f"disputes/{opened}/escalate", {})
    paypal.control(f"disputes/{opened}/close", {"outcome": "lost"})
    events = [json.loads(row["body"]) for row in held(paypal)][2:]
    assert [event["event_type"] for event in events] == [
        "CUSTOMER.DISPUTE.CREATED",
        "CUSTOMER.DISPUTE.UPDATED",
        "CUSTOMER.DISPUTE.RESOLVED",
        "PAYMENT.CAPTURE.REVERSED",
    ]
    assert {event["resource"]["dispute_id"] for event in events[:3]} == {opened}
    reversal = events[3]["resource"]
    assert reversal["note_to_payer"] == "Payment reversed"
    assert link_of(reversal, "up").endswith(capture)
    # What looks like a refund is none of the order's.
    unit = paypal.get(f"/v2/checkout/orders/{order}").json()["purchase_units"][0]
    assert "refunds" not in unit["payments"]


def test_an_approval_that_nobody_captured_is_told_to_be_reversed(paypal: PayPal) -> None:
    paypal.control("webhooks", {"mode": "hold"})
    paypal.simulators.control("clock", {"now": 1_780_000_000})
    order = paypal.approved()
    paypal.simulators.control("clock", {"now": 1_780_000_000 + 3 * 3600})
    events = [json.loads(row["body"]) for row in held(paypal)]
    assert events[1]["event_type"] == "CHECKOUT.PAYMENT-APPROVAL.REVERSED"
    assert events[1]["resource"]["id"] == order


def test_twice_sends_the_same_event_twice_under_two_transmissions(paypal: PayPal) -> None:
    paypal.control("webhooks", {"mode": "twice"})
    paypal.approved()
    receiver = paypal.simulators.receiver
    events = receiver.wait_for(2)
    assert len({event["id"] for event in events}) == 1
    assert len({each["paypal-transmission-id"] for each in receiver.headers}) == 2


def test_never_sends_nothing_and_late_comes_later(paypal: PayPal) -> None:
    order = paypal.order()
    paypal.control(f"orders/{order}/approve", {"webhooks": "never"})
    other = paypal.order()
    paypal.control(f"orders/{other}/approve", {"webhooks": "late", "seconds": 3})
    time.sleep(0.6)
    assert paypal.simulators.receiver.requests == []
    [event] = paypal.simulators.receiver.wait_for(1)
    assert event["resource"]["id"] == other


def test_held_webhooks_are_handed_to_the_caller_or_flushed(paypal: PayPal) -> None:
    paypal.control("webhooks", {"mode": "hold"})
    paypal.paid()
    first, second = held(paypal)
    assert first["url"] == f"{paypal.simulators.receiver.address}/api/webhooks/paypal"
    paypal.control(f"deliveries/{first['id']}/done", {})
    results = paypal.control("deliveries/flush", {})
    assert [(row["id"], row["state"]) for row in results] == [(second["id"], "delivered")]
    assert paypal.simulators.receiver.types() == ["PAYMENT.CAPTURE.COMPLETED"]
    time.sleep(QUIET)
    assert len(paypal.simulators.receiver.requests) == 1


def test_a_refused_webhook_comes_again(paypal: PayPal) -> None:
    paypal.simulators.receiver.answers[:] = [500]
    paypal.approved()
    events = paypal.simulators.receiver.wait_for(2)
    assert len({event["id"] for event in events}) == 1


def test_one_vendors_webhooks_are_not_the_others(paypal: PayPal) -> None:
    paypal.control("webhooks", {"mode": "hold"})
    paypal.approved()
    paypal.simulators.paid(webhooks="hold")
    [row] = held(paypal)
    stripes = paypal.simulators.control("stripe/deliveries?state=pending")
    assert {each["type"].split(".")[0] for each in stripes} == {"checkout", "payment_intent"}
    other = paypal.simulators.http.post(f"/control/stripe/deliveries/{row['id']}/done", json={})
    assert other.status_code == 404
    paypal.simulators.control("stripe/deliveries/flush", {})
    assert len(held(paypal)) == 1


def test_a_file_of_an_earlier_release_keeps_what_it_had_not_delivered(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    with closing(sqlite3.connect(path)) as before:
        before.executescript(
            "CREATE TABLE deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL,"
            " type TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL,"
            " attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL,"
            " result TEXT NOT NULL DEFAULT '', body BLOB NOT NULL);"
            "INSERT INTO deliveries (event_id, type, subject, state, next_at, body)"
            " VALUES ('evt_1', 'charge.refunded', 'cs_1', 'pending', 0, '{}');"
        )
    for _ in range(2):  # and is opened again as it is then
        memory = store.Store(path)
        with memory.transaction() as db:
            assert [each.event_id for each in deliveries.undelivered(db, "stripe")] == ["evt_1"]
            assert deliveries.undelivered(db, "paypal") == []
        memory.close()


def test_the_account_shows_its_webhook_and_sends_only_what_it_asks_for(paypal: PayPal) -> None:
    [webhook] = paypal.get("/v1/notifications/webhooks").json()["webhooks"]
    assert webhook["id"] == settings().effective_paypal_webhook_id
    assert webhook["url"] == f"{paypal.simulators.receiver.address}/api/webhooks/paypal"
    names = {each["name"] for each in webhook["event_types"]}
    assert {"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"} <= names
    paypal.control("endpoint", {"event_types": ["PAYMENT.CAPTURE.COMPLETED"]})
    paypal.paid()
    paypal.simulators.receiver.wait_for(1)
    time.sleep(QUIET)
    assert paypal.simulators.receiver.types() == ["PAYMENT.CAPTURE.COMPLETED"]
    assert paypal.get(f"/v1/notifications/webhooks/{webhook['id']}").status_code == 200
    assert paypal.get("/v1/notifications/webhooks/OTHER").status_code == 404

"""Webhooks of Stripe: only what Stripe signed just now, and what is an event, is read."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from services.providers.payments.base import BadEvent, BadSignature, Event
from services.providers.payments.stripe import StripePayments

SECRET = "whsec_only_for_tests"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
EVENT = {
    "object": "event",
    "id": "evt_1",
    "type": "checkout.session.completed",
    "data": {"object": {"id": "cs_1", "object": "checkout.session"}},
}
BODY = json.dumps(EVENT).encode()

adapter = StripePayments(
    key="sk_test_unused", webhook_secret=SECRET, api_base="http://127.0.0.1:1", timeout_seconds=1
)


def _v1(body: bytes = BODY, at: int = AT, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def _signed(body: bytes = BODY, at: int = AT) -> str:
    return f"t={at},v1={_v1(body, at)}"


def _read(body: bytes, header: str) -> Event:
    return adapter.read_event(body, {"stripe-signature": header}, NOW)


def test_an_event_that_stripes_own_code_signed_is_read() -> None:
    header = stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, timestamp=AT)
    assert _read(BODY, header) == Event("evt_1", "checkout.session.completed", "cs_1")


@pytest.mark.parametrize("seconds", [0, 299, 300, -299, -300])
def test_five_minutes_either_way_are_tolerated(seconds: int) -> None:
    assert _read(BODY, _signed(at=AT - seconds)).id == "evt_1"


@pytest.mark.parametrize("seconds", [301, 86_400, -301, -86_400, -(10**9)])
def test_a_stale_or_future_signature_is_refused(seconds: int) -> None:
    with pytest.raises(BadSignature, match="5 minutes"):
        _read(BODY, _signed(at=AT - seconds))


def test_while_the_secret_is_rolled_one_of_two_signatures_is_enough() -> None:
    other = _v1(secret="whsec_old")
    assert _read(BODY, f"t={AT},v1={other},v1={_v1()},v0=abc").id == "evt_1"
    assert _read(BODY, f"t={AT},v1={_v1()},v1={other}").id == "evt_1"
    with pytest.raises(BadSignature):
        _read(BODY, f"t={AT},v1={other},v1={other}")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=",
        "v1=",
        "garbage",
        f"t={AT}",
        f"v1={_v1()}",
        f"t={AT},v0={_v1()}",
        f"t={AT},v1=",
        f"t={AT},v1={_v1()[:-1]}",
        f"t={AT},v1={_v1(secret='whsec_other')}",
        f"t={AT + 1},v1={_v1()}",
        f"t={AT},t={AT},v1={_v1()}",
        f"t=-{AT},v1={_v1()}",
        f"t={AT}.0,v1={_v1()}",
        f"t=١٢٣,v1={_v1()}",
        f"t={AT},v1=ünïcödé",
        f"t={AT},v1={_v1()[:-2]}é",
        "t=" + "9" * 5000 + ",v1=" + "a" * 64,
        "=" * 1000,
        "," * 1000,
    ],
)
def test_a_forged_or_malformed_header_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        _read(BODY, header)


def test_a_tampered_body_is_refused() -> None:
    with pytest.raises(BadSignature):
        _read(BODY.replace(b"cs_1", b"cs_2"), _signed())


@given(header=st.text(max_size=200))
def test_no_header_of_noise_is_believed(header: str) -> None:
    with pytest.raises(BadSignature):
        _read(BODY, header)


@given(body=st.binary(max_size=300))
def test_signed_noise_is_refused_as_unreadable(body: bytes) -> None:
    with pytest.raises(BadEvent):
        _read(body, _signed(body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["object", "id", "type", "data", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(event=JSON, kind=st.sampled_from(["event", "v2.core.event", "charge", ""]))
def test_signed_json_is_an_event_or_refused_and_never_a_crash(event: object, kind: str) -> None:
    if isinstance(event, dict):
        event["object"] = kind
    body = json.dumps(event).encode()
    try:
        read = _read(body, _signed(body))
    except BadEvent:
        return
    assert read.id
    assert read.type
    assert kind == "event"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b'{"id": "\xe9"}', "UTF-8"),
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"null", "not an event"),
        (b"[]", "not an event"),
        (b'"evt_1"', "not an event"),
        (b'{"object": "v2.core.event", "id": "evt_1", "type": "v1.x"}', "thin"),
        (json.dumps({**EVENT, "object": "charge"}).encode(), "with an id"),
        (json.dumps({**EVENT, "id": 7}).encode(), "with an id"),
        (json.dumps({**EVENT, "id": ""}).encode(), "with an id"),
        (json.dumps({**EVENT, "id": "evt_\x00"}).encode(), "with an id"),
        (json.dumps({**EVENT, "id": "evt_\ud800"}).encode(), "with an id"),
        (json.dumps({**EVENT, "id": "e" * 256}).encode(), "with an id"),
        (json.dumps({**EVENT, "type": None}).encode(), "with an id"),
        (json.dumps({**EVENT, "data": {}}).encode(), "with an id"),
        (json.dumps({**EVENT, "data": {"object": []}}).encode(), "with an id"),
    ],
)
def test_signed_but_unreadable_says_why(body: bytes, why: str) -> None:
    with pytest.raises(BadEvent, match=why):
        _read(body, _signed(body))


@pytest.mark.parametrize("object_id", [None, "", "x" * 256, "cs_\x00"])
def test_an_object_without_a_usable_id_is_read_without_one(object_id: str | None) -> None:
    body = json.dumps({**EVENT, "data": {"object": {"id": object_id}}}).encode()
    assert _read(body, _signed(body)).object_id == ""

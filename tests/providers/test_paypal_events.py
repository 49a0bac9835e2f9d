"""Webhooks of PayPal: only what PayPal signed for this very webhook, with a certificate that a
trusted root vouches for, is read."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from services.config import settings
from services.errors import ProviderUnavailable
from services.providers.payments.base import About, BadEvent, BadSignature, Event
from services.providers.payments.paypal import PayPalPayments
from services.providers.payments.paypal_certificates import Certificates
from services.providers.payments.paypal_client import PayPalClient
from tests.support.servers import Sandbox
from tests.support.studio import NOBODY_LISTENS

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "id": "WH-1",
    "event_type": "CHECKOUT.ORDER.APPROVED",
    "resource_type": "checkout-order",
    "resource": {"id": "5O190127TN364715T", "status": "APPROVED"},
}
BODY = json.dumps(EVENT)
CERTS = "/v1/notifications/certs"


@dataclass
class Post:
    """Signs as PayPal does, and reads as the product does, with nothing fetched before."""

    sandbox: Sandbox
    adapter: PayPalPayments

    def signed(self, body: str = BODY, at: datetime = NOW, **more: object) -> dict[str, str]:
        asked = {"body": body, "signed_at": int(at.timestamp()), **more}
        told = cast(dict[str, Any], self.sandbox.control("paypal/sign", asked))
        return told["headers"]

    def read(self, headers: Mapping[str, str], body: str = BODY, now: datetime = NOW) -> Event:
        return self.adapter.read_event(body.encode(), headers, now)

    def serve(self, use: str) -> None:
        self.sandbox.control("paypal/certificate", {"use": use})


def adapter(*, hosts: str = "", roots: str = "", webhook_id: str = "") -> PayPalPayments:
    """An adapter of its own, trusting what the settings say unless told otherwise."""
    chosen = settings()
    client = PayPalClient(client_id="x", secret="y", api_base=NOBODY_LISTENS, timeout_seconds=1)
    certificates = Certificates(
        hosts=hosts or chosen.paypal_cert_hosts,
        roots=roots or chosen.paypal_trust_roots,
        timeout_seconds=2,
    )
    wanted = webhook_id or chosen.effective_paypal_webhook_id
    return PayPalPayments(client=client, certificates=certificates, webhook_id=wanted)


@pytest.fixture
def post(vendor: Sandbox) -> Post:
    return Post(vendor, adapter())


def test_an_event_that_paypal_signed_is_read(post: Post) -> None:
    assert post.read(post.signed()) == Event("WH-1", "CHECKOUT.ORDER.APPROVED", "5O190127TN364715T")


@pytest.mark.parametrize("use", ["expired", "foreign", "other_name", "no_chain", "other_host"])
def test_a_certificate_that_nobody_vouches_for_now_is_refused(post: Post, use: str) -> None:
    post.serve(use)
    with pytest.raises(BadSignature, match="certificate"):
        post.read(post.signed())


def test_a_certificate_is_good_only_between_its_dates_even_when_it_is_known(post: Post) -> None:
    headers = post.signed()
    post.read(headers)
    after = datetime(2061, 1, 1, tzinfo=UTC)
    with pytest.raises(BadSignature, match="certificate"):
        post.read(post.signed(at=after), now=after)
    assert post.read(headers).id == "WH-1"


def test_with_a_clients_settings_the_simulators_root_is_not_believed(post: Post) -> None:
    strict = adapter(roots=foreign_root())
    with pytest.raises(BadSignature, match="not trusted"):
        strict.read_event(BODY.encode(), post.signed(), NOW)


def foreign_root() -> str:
    """Another studio's simulator."""
    from services import own_root

    return own_root.root(bytes(range(32)))[1]


@pytest.mark.parametrize(
    "url",
    [
        "https://paypal.com.example.com/cert.pem",
        "https://example.com/?.paypal.com",
        "https://example.com#.paypal.com",
        "https://evilpaypal.com/cert.pem",
        "https://api.paypal.com@example.com/cert.pem",
        "https://user:pass@api.paypal.com/cert.pem",
        "https://api.paypal.com:8443/cert.pem",
        "https://api.paypal.com:port/cert.pem",
        "http://api.paypal.com/cert.pem",
        "file:///etc/ssl/cert.pem",
        "ftp://api.paypal.com/cert.pem",
        "//api.paypal.com/cert.pem",
        "api.paypal.com",
        "https://[::1",
        "",
        "x" * 600,
        # What an HTTP client stumbles over, and what would make one address many.
        f"https://a..paypal.com{CERTS}/CERT-1",
        f"https://{'a' * 64}.paypal.com{CERTS}/CERT-1",
        f"https://-a.paypal.com{CERTS}/CERT-1",
        f"https://api.paypal.com.{CERTS}/CERT-1",
        f"https://äpi.paypal.com{CERTS}/CERT-1",
        f"https://api.paypal.com{CERTS}/CERT-1?1",
        f"https://api.paypal.com{CERTS}/CERT-1#1",
        f"https://api.paypal.com{CERTS}/CERT-1\t",
        f"https://api.paypal.com{CERTS}/CERT-1\n",
        f"https://api.paypal.com{CERTS}/../CERT-1",
        f"https://api.paypal.com{CERTS}/CERT%2D1",
        f"https://api.paypal.com{CERTS}/{'C' * 101}",
        f"https://api.paypal.com{CERTS}/",
        f"https://@api.paypal.com{CERTS}/CERT-1",
        f"https://api.paypal.com:8443{CERTS}/CERT-1",
        f"http://api.paypal.com{CERTS}/CERT-1",
        f"https://evilpaypal.com{CERTS}/CERT-1",
        "https://www.paypal.com/donate",
        "https://api.paypal.com/x",
    ],
)
def test_an_address_that_is_none_of_paypals_certificates_is_never_fetched(
    vendor: Sandbox, url: str
) -> None:
    real = adapter(hosts=".paypal.com")
    headers = {**Post(vendor, real).signed(), "paypal-cert-url": url}
    assert real.reads_at_once(headers)
    with pytest.raises(BadSignature):
        real.read_event(BODY.encode(), headers, NOW)


@pytest.mark.parametrize(
    "origin", ["https://api.paypal.com", "https://api-m.sandbox.paypal.com:443", "https://x.test"]
)
def test_an_address_of_paypals_certificates_needs_fetching(origin: str) -> None:
    headers = {"paypal-cert-url": f"{origin}{CERTS}/CERT-360caa42-fca2a594_1d93a270"}
    assert not adapter(hosts="x.test, .paypal.com").reads_at_once(headers)


def test_a_certificate_is_fetched_once(post: Post) -> None:
    headers = post.signed()
    assert not post.adapter.reads_at_once(headers)
    post.read(headers)
    assert post.adapter.reads_at_once(headers)
    _certificates_fail(post)
    assert post.read(post.signed()).id == "WH-1"


def _certificates_fail(post: Post) -> None:
    asked: dict[str, object] = {
        "vendor": "paypal",
        "path": "/v1/notifications/certs/*",
        "kind": "status",
        "status": 500,
        "times": 100,
    }
    post.sandbox.control("faults", asked)


def test_a_certificate_that_cannot_be_fetched_is_an_outage_and_not_asked_for_at_once_again(
    post: Post,
) -> None:
    _certificates_fail(post)
    headers = post.signed()
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            post.read(headers)


@pytest.mark.parametrize("name", ["id", "time", "sig"])
def test_a_transmission_without_one_of_its_headers_is_refused(post: Post, name: str) -> None:
    headers = post.signed()
    del headers[f"paypal-transmission-{name}"]
    with pytest.raises(BadSignature, match="missing"):
        post.read(headers)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("paypal-auth-algo", "SHA1withRSA"),
        ("paypal-auth-algo", "none"),
        ("paypal-transmission-id", "another"),
        ("paypal-transmission-id", "ünïcödé"),
        ("paypal-transmission-time", "2026-03-02T10:00:01Z"),
        ("paypal-transmission-time", "yesterday"),
        ("paypal-transmission-sig", "!!!!"),
        ("paypal-transmission-sig", base64.b64encode(b"x" * 256).decode()),
        ("paypal-transmission-sig", "QQ=="),
    ],
)
def test_a_forged_or_malformed_header_is_refused(post: Post, header: str, value: str) -> None:
    with pytest.raises(BadSignature):
        post.read({**post.signed(), header: value})


def test_a_tampered_body_is_refused(post: Post) -> None:
    headers = post.signed()
    for other in (BODY + " ", BODY.replace("APPROVED", "approved"), ""):
        with pytest.raises(BadSignature, match="does not match"):
            post.read(headers, other)


def test_what_was_signed_for_another_webhook_is_refused(post: Post) -> None:
    with pytest.raises(BadSignature, match="does not match"):
        post.read(post.signed(webhook_id="WH-SOMEBODY-ELSE"))


@pytest.mark.parametrize("age", [timedelta(days=3), timedelta(0), timedelta(minutes=-4)])
def test_paypal_tries_for_three_days_and_clocks_differ_a_little(post: Post, age: timedelta) -> None:
    assert post.read(post.signed(at=NOW - age)).id == "WH-1"


@pytest.mark.parametrize("age", [timedelta(days=5), timedelta(minutes=-6)])
def test_a_signature_of_another_time_is_refused(post: Post, age: timedelta) -> None:
    with pytest.raises(BadSignature, match="too far"):
        post.read(post.signed(at=NOW - age))


@limits(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.text(max_size=60), min_size=5, max_size=5))
def test_no_headers_of_noise_are_believed(values: list[str]) -> None:
    from services.providers.payments.paypal_webhooks import HEADERS

    with pytest.raises(BadSignature):
        adapter(hosts=".paypal.com").read_event(
            BODY.encode(), dict(zip(HEADERS, values, strict=True)), NOW
        )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "resource"),
        ("null", "resource"),
        (json.dumps({**EVENT, "id": ""}), "resource"),
        (json.dumps({**EVENT, "id": 7}), "resource"),
        (json.dumps({**EVENT, "id": "W" * 256}), "resource"),
        (json.dumps({**EVENT, "event_type": None}), "resource"),
        (json.dumps({**EVENT, "resource": []}), "resource"),
    ],
)
def test_signed_but_unreadable_says_why(post: Post, body: str, why: str) -> None:
    with pytest.raises(BadEvent, match=why):
        post.read(post.signed(body), body)


@pytest.mark.parametrize(
    ("kind", "resource", "about", "object_id"),
    [
        ("CHECKOUT.ORDER.APPROVED", {"id": "O1"}, About.CHECKOUT, "O1"),
        ("CHECKOUT.PAYMENT-APPROVAL.REVERSED", {"order_id": "O1"}, About.CHECKOUT, "O1"),
        ("PAYMENT.CAPTURE.COMPLETED", {"id": "C1"}, About.PAYMENT, "C1"),
        ("PAYMENT.CAPTURE.DENIED", {"id": "C1"}, About.PAYMENT, "C1"),
        (
            "PAYMENT.CAPTURE.REVERSED",
            {"id": "R1", "links": [{"rel": "up", "href": "https://x/v2/payments/captures/C1"}]},
            About.PAYMENT,
            "C1",
        ),
        ("PAYMENT.CAPTURE.REVERSED", {"id": "R1", "links": 7}, About.PAYMENT, "R1"),
        ("PAYMENT.CAPTURE.REFUNDED", {"id": "R1"}, About.REFUND, "R1"),
        ("PAYMENT.REFUND.FAILED", {"id": "R1"}, About.REFUND, "R1"),
        ("CUSTOMER.DISPUTE.CREATED", {"dispute_id": "PP-D-1"}, About.DISPUTE, "PP-D-1"),
        ("BILLING.PLAN.CREATED", {"id": "P1"}, About.OTHER, "P1"),
        ("CHECKOUT.ORDER.APPROVED", {"id": "x" * 300}, About.CHECKOUT, ""),
    ],
)
def test_an_event_names_the_thing_it_is_about(
    post: Post, kind: str, resource: dict[str, Any], about: About, object_id: str
) -> None:
    body = json.dumps({**EVENT, "event_type": kind, "resource": resource})
    assert post.read(post.signed(body), body).object_id == object_id
    assert post.adapter.about(kind) is about

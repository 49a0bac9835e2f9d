"""Anybody may post a webhook that names an address: what that costs us has a limit, and PayPal's
own webhooks are verified all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from services.config import settings
from services.errors import ProviderUnavailable
from services.providers.payments.base import BadSignature
from services.providers.payments.paypal import PayPalPayments
from services.providers.payments.paypal_certificates import (
    LARGEST_CERTIFICATE,
    MOST_ASKED,
    MOST_KEPT,
    Certificates,
)
from services.providers.payments.paypal_client import PayPalClient
from tests.providers.test_paypal_events import BODY, CERTS, NOW, Post
from tests.support.servers import Sandbox
from tests.support.studio import NOBODY_LISTENS

LARGE, SLOW, MISSING = "CERT-large", "CERT-slow", "CERT-missing"


@dataclass
class Shelf:
    """A host that serves one good certificate at any address but a few, and counts who asks."""

    pem: bytes
    address: str = ""
    away: bool = False
    asked: list[str] = field(default_factory=list[str])

    def url(self, name: str) -> str:
        return f"{self.address}{CERTS}/{name}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.rsplit("/", 1)[-1]
        self.asked.append(name)
        request.send_response(404 if self.away or name.startswith(MISSING) else 200)
        request.end_headers()
        with suppress(OSError):  # whoever asked has had enough
            if name == LARGE:
                request.wfile.write(self.pem + b"\n" * LARGEST_CERTIFICATE)
            elif name == SLOW:
                for _ in range(100):
                    request.wfile.write(b"\n")
                    time.sleep(0.05)
            else:
                request.wfile.write(self.pem)


@pytest.fixture
def shelf(vendor: Sandbox) -> Iterator[Shelf]:
    signed_by = Post(vendor, adapter("http://127.0.0.1:1")).signed()["paypal-cert-url"]
    shelf = Shelf(httpx.get(signed_by).raise_for_status().content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shelf.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield shelf
    server.shutdown()
    server.server_close()


def adapter(host: str, timeout_seconds: float = 5) -> PayPalPayments:
    """An adapter that has fetched nothing yet, for certificates of this host."""
    client = PayPalClient(client_id="x", secret="y", api_base=NOBODY_LISTENS, timeout_seconds=1)
    certificates = Certificates(
        hosts=host, roots=settings().paypal_trust_roots, timeout_seconds=timeout_seconds
    )
    webhook_id = settings().effective_paypal_webhook_id
    return PayPalPayments(client=client, certificates=certificates, webhook_id=webhook_id)


@pytest.fixture
def post(vendor: Sandbox, shelf: Shelf) -> Post:
    return Post(vendor, adapter(shelf.address))


def named(post: Post, shelf: Shelf, name: str) -> dict[str, str]:
    """What PayPal signed, said to be signed with the certificate of this name."""
    return {**post.signed(), "paypal-cert-url": shelf.url(name)}


def test_a_certificate_that_has_signed_an_event_is_kept_whatever_strangers_name(
    post: Post, shelf: Shelf
) -> None:
    headers = named(post, shelf, "CERT-ours")
    assert post.read(headers).id == "WH-1"
    for number in range(MOST_KEPT + 2):
        with pytest.raises(BadSignature, match="does not match"):
            post.read(named(post, shelf, f"CERT-{number}"), BODY + " ")
    assert len(shelf.asked) == MOST_KEPT + 3
    shelf.away = True
    assert post.adapter.reads_at_once(headers)
    assert post.read(headers).id == "WH-1"


def test_only_so_many_certificates_are_asked_for_in_a_minute(post: Post, shelf: Shelf) -> None:
    headers = post.signed()
    for number in range(MOST_ASKED + 5):
        with pytest.raises(ProviderUnavailable):
            post.read({**headers, "paypal-cert-url": shelf.url(f"{MISSING}-{number}")})
    assert len(shelf.asked) == MOST_ASKED


def test_a_certificate_is_read_to_a_limit_only(post: Post, shelf: Shelf) -> None:
    with pytest.raises(BadSignature, match="too large"):
        post.read(named(post, shelf, LARGE))


def test_a_certificate_that_never_ends_is_an_outage(vendor: Sandbox, shelf: Shelf) -> None:
    hasty = adapter(shelf.address, timeout_seconds=1.5)
    headers = named(Post(vendor, hasty), shelf, SLOW)
    with pytest.raises(ProviderUnavailable, match="too long"):
        hasty.read_event(BODY.encode(), headers, NOW)


def test_an_address_that_the_client_cannot_read_is_an_outage_and_remembered(
    vendor: Sandbox,
) -> None:
    """Of the right shape, and yet no name: the label after xn-- says nothing."""
    strict = adapter(".paypal.com", timeout_seconds=1)
    url = f"https://xn--{'9' * 50}.paypal.com{CERTS}/CERT-1"
    headers = {**Post(vendor, strict).signed(), "paypal-cert-url": url}
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            strict.read_event(BODY.encode(), headers, NOW)

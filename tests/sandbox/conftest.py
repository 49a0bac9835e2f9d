"""The simulators' process with a webhook receiver of our own, and the vendor's client on it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import httpx
import pytest
import stripe
from stripe.params.checkout import SessionCreateParams

from services.config import SIMULATED_RESEND_KEY, SIMULATED_STRIPE_KEY
from tests.support.servers import environment_of, running, settings_for

Json = dict[str, Any]


@dataclass
class Receiver:
    """Stands where the product's webhook endpoint would be; answers as it is told."""

    address: str = ""
    answers: list[int] = field(default_factory=list[int])
    requests: list[tuple[bytes, str]] = field(default_factory=list[tuple[bytes, str]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Note one delivery; the next planned status, or 200."""
        self.headers.append(headers)
        self.requests.append((body, headers.get("stripe-signature", "")))
        return self.answers.pop(0) if self.answers else 200

    def events(self) -> list[Json]:
        """The events that have arrived, in order."""
        return [json.loads(body) for body, _ in self.requests]

    def types(self) -> list[str]:
        """The types of the events that have arrived, in order."""
        return [event.get("type") or event["event_type"] for event in self.events()]

    def wait_for(self, count: int, seconds: float = 60) -> list[Json]:
        """Wait until so many deliveries have come.

        Raises:
            AssertionError: they have not come in time.
        """
        until = time.monotonic() + seconds
        while len(self.requests) < count and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.requests) >= count, f"{len(self.requests)} of {count}: {self.types()}"
        return self.events()


def listening(receiver: Receiver) -> ThreadingHTTPServer:
    """An HTTP server on loopback that hands every POST to the receiver."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.take(body, headers))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@dataclass
class Simulators:
    """The running simulators, a plain HTTP client on them, and where their webhooks go."""

    address: str
    http: httpx.Client
    receiver: Receiver

    @cached_property
    def stripe(self) -> stripe.StripeClient:
        """The vendor's own client, pointed at the simulator."""
        return stripe_client(self.address)

    def control(self, path: str, body: Json | None = None) -> Any:
        """Ask /control: GET without a body, POST with one.

        Raises:
            httpx.HTTPStatusError: it refused.
        """
        url = f"/control/{path}"
        answer = self.http.get(url) if body is None else self.http.post(url, json=body)
        return answer.raise_for_status().json()

    def pay(self, session_id: str, **how: object) -> Json:
        """Pay a session as a person would, by default with the card that works."""
        return cast(Json, self.control(f"stripe/sessions/{session_id}/pay", how))

    def checkout(self, **changes: object) -> stripe.checkout.Session:
        """A new Checkout Session for 120 euros, with some parameters changed."""
        params = cast(SessionCreateParams, {**session_params(), **changes})
        return self.stripe.v1.checkout.sessions.create(params=params)

    def paid(self, **how: object) -> tuple[str, str]:
        """A paid session: its id and its PaymentIntent's."""
        session = self.pay(self.checkout().id, **how)
        return session["id"], session["payment_intent"]


def stripe_client(address: str, retries: int = 2) -> stripe.StripeClient:
    """The vendor's own client, pointed at a simulator."""
    return stripe.StripeClient(
        SIMULATED_STRIPE_KEY,
        base_addresses={"api": f"{address}/stripe"},
        max_network_retries=retries,
    )


def session_params() -> SessionCreateParams:
    """A pack for 120 euros, as the product would sell it."""
    return {
        "mode": "payment",
        "line_items": [
            {
                "price_data": {
                    "currency": "eur",
                    "unit_amount": 12_000,
                    "product_data": {"name": "Four sessions"},
                },
                "quantity": 1,
            }
        ],
        "customer_email": "mentee@example.com",
        "client_reference_id": "ord_1",
        "metadata": {"order": "ord_1"},
        "payment_intent_data": {"metadata": {"order": "ord_1"}},
        "success_url": "https://studio.example.com/paid?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://studio.example.com/back",
    }


@pytest.fixture(scope="session")
def running_simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    """One process of simulators for all tests of this folder."""
    receiver = Receiver()
    server = listening(receiver)
    values = settings_for(tmp_path_factory.mktemp("simulators"))
    values["PUBLIC_URL"] = receiver.address
    address = f"http://127.0.0.1:{values['SANDBOX_PORT']}"
    with ExitStack() as stack:
        stack.callback(server.shutdown)
        with environment_of(values):  # only while it starts: other tests have their own
            stack.enter_context(running(("sandbox",), lambda: f"{address}/control/health"))
        client = stack.enter_context(httpx.Client(base_url=address, timeout=10, trust_env=False))
        yield Simulators(address, client, receiver)


@pytest.fixture
def simulators(running_simulators: Simulators) -> Simulators:
    """Empty simulators that deliver at once to an empty receiver."""
    running_simulators.control("reset", {})
    running_simulators.receiver.requests.clear()
    running_simulators.receiver.headers.clear()
    running_simulators.receiver.answers.clear()
    return running_simulators


@pytest.fixture
def mail(simulators: Simulators) -> Callable[..., httpx.Response]:
    """Send one request to the mail simulator: `mail("/emails", body, key="…")`."""

    def send(
        path: str, body: object, *, key: str | None = None, bearer: str = SIMULATED_RESEND_KEY
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {bearer}"}
        if key is not None:
            headers["idempotency-key"] = key
        return simulators.http.post(f"/resend{path}", json=body, headers=headers)

    return send

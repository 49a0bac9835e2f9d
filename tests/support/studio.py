"""A studio in a test: one clock for product and vendor, what a buyer does at the simulated Stripe,
what becomes of the webhooks, and the worker's turns. People and offers come from `rows`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import pytest
import stripe
from sqlmodel import SQLModel, col, select

from jobs import periodic
from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox, write_calendars
from services import clock, db, inbox, naming
from services.models import Order, Provider, Seat
from services.money import Money
from services.providers.payments.base import NewCheckout
from services.providers.payments.registry import payments
from tests.support.ledger import assert_adds_up
from tests.support.servers import Sandbox, environment_of

Row = TypeVar("Row", bound=SQLModel)
BEGINNING = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CARD = "4242424242424242"
DECLINED = "4000000000000002"
REFUND_PENDS = "4000000000007726"
REFUND_FAILS_LATER = "4000000000005126"
VENDORS = ("stripe", "paypal")
NOBODY_LISTENS = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Delivery:
    """One webhook that a vendor wants to deliver, signed at this moment of the studio's clock."""

    id: int
    type: str
    body: bytes
    headers: dict[str, str]
    vendor: str = "stripe"

    @property
    def signature(self) -> str:
        """Stripe's."""
        return self.headers["stripe-signature"]

    def receive(self) -> bool:
        """Verify and store it as the webhook route does; False when it was here before."""
        event = payments(self.vendor).read_event(self.body, self.headers, clock.utc_now())
        return inbox.receive(
            provider=self.vendor,
            event_id=event.id,
            type=event.type,
            object_id=event.object_id,
            payload=self.body.decode(),
        )


class Studio:
    """The product of this test, and the world around it."""

    def __init__(self, sandbox: Sandbox, times: ExitStack) -> None:
        self.sandbox = sandbox
        self._times = times
        self._cases: dict[str, str] = {}  # PayPal's disputes, by our order
        self.wait_until(BEGINNING)
        for vendor in (*VENDORS, "resend"):
            sandbox.control(f"{vendor}/webhooks", {"mode": "hold"})

    def wait_until(self, instant: datetime) -> None:
        """Move the product's and the vendors' clock."""
        self._times.enter_context(clock.at(instant))
        self.sandbox.control("clock", {"now": int(instant.timestamp())})

    def wait(self, **duration: float) -> None:
        """Let time pass: `wait(minutes=5)`."""
        self.wait_until(clock.utc_now() + timedelta(**duration))

    # What happens at Stripe

    def pay(self, order: str, *, card: str = CARD, checkout: str = "") -> None:
        """The buyer pays by card; raises AssertionError when the card or the page is refused."""
        body: dict[str, object] = {"card": card}
        self._session(checkout or self.checkout_of(order), "pay", body)

    def pay_by_bank(self, order: str) -> None:
        """The buyer uses the method whose result comes later."""
        self._session(self.checkout_of(order), "pay", {"method": "sepa_debit"})

    def bank_answers(self, order: str, *, succeeded: bool) -> None:
        """The result of the delayed method comes."""
        outcome = "succeeded" if succeeded else "failed"
        self._session(self.checkout_of(order), "settle", {"outcome": outcome})

    def refund_in_dashboard(self, order: str, amount: int) -> None:
        """Somebody refunds at Stripe, past the product."""
        self._session(self.checkout_of(order), "refund", {"amount": amount})

    def dispute(self, order: str, kind: str = "chargeback") -> None:
        """The buyer disputes the payment, or asks about it (`inquiry`), at either vendor."""
        if self.order(order).provider is not Provider.PAYPAL:
            self._session(self.checkout_of(order), "dispute", {"kind": kind})
            return
        page = self.checkout_of(order)
        capture = next(one["capture"] for one in self.paypal_orders() if one["id"] == page)
        told = self.sandbox.control(f"paypal/captures/{capture}/dispute", {"kind": kind})
        self._cases[order] = cast(dict[str, Any], told)["dispute_id"]

    def escalate(self, order: str) -> None:
        """The inquiry becomes a chargeback."""
        self._case(order, "escalate", {})

    def close_dispute(self, order: str, outcome: str, *, amount: int | None = None) -> None:
        """It is decided: won or lost; at PayPal also lost for so many minor units of it."""
        part = {} if amount is None else {"amount": amount}
        self._case(order, "close", {"outcome": outcome, **part})

    def close_inquiry(self, order: str) -> None:
        """The question ends without a claim."""
        self._case(order, "close", {"outcome": "canceled" if order in self._cases else "won"})

    def case(self, order: str) -> str:
        """The id of an order's dispute at PayPal."""
        return self._cases[order]

    def _case(self, order: str, action: str, body: dict[str, object]) -> None:
        if order in self._cases:
            self.sandbox.control(f"paypal/disputes/{self._cases[order]}/{action}", body)
        else:
            self._session(self.checkout_of(order), f"dispute/{action}", body)

    def checkouts(self) -> list[dict[str, Any]]:
        """All checkout sessions at Stripe, newest first."""
        return cast(list[dict[str, Any]], self.sandbox.control("stripe/sessions"))

    def checkout(self, checkout_id: str) -> dict[str, Any]:
        """One checkout session at Stripe."""
        return next(each for each in self.checkouts() if each["id"] == checkout_id)

    def refunds(self) -> list[dict[str, Any]]:
        """All refunds at Stripe, newest first."""
        return cast(list[dict[str, Any]], self.sandbox.control("stripe/refunds"))

    def another_page(self, order: str, price: Money, *, attempt: int = 99) -> str:
        """One more page at Stripe that names the order, as a lost attempt leaves it; its id."""
        row = self.order(order)
        new = NewCheckout(
            order=order,
            attempt=attempt,
            title=row.title,
            description="another page",
            price=price,
            email="somebody@example.com",
            expires_at=clock.utc_now() + timedelta(hours=1),
            return_url="http://localhost/checkout/return",
        )
        return payments("stripe").create_checkout(new).id

    def fault(self, path: str, kind: str, times: int = 1, **more: object) -> None:
        """Let Stripe (or `vendor="resend"`) misbehave on the next requests."""
        asked = {"vendor": "stripe", "method": "POST", "path": path, "kind": kind, "times": times}
        self.sandbox.control("faults", {**asked, **more})

    @contextmanager
    def stripe_unreachable(self) -> Iterator[None]:
        """Nobody listens at Stripe's address."""
        with environment_of({"STRIPE_API_BASE": NOBODY_LISTENS}):
            yield

    # What happens at PayPal

    def approve(self, order: str, instrument: str = "balance", *, checkout: str = "") -> None:
        """The buyer agrees on PayPal's page; AssertionError when the page refuses."""
        page = checkout or self.checkout_of(order)
        self.sandbox.control(f"paypal/orders/{page}/approve", {"instrument": instrument})

    def paypal_answers(self, order: str, *, succeeded: bool) -> None:
        """The result of a pending payment comes."""
        outcome = "completed" if succeeded else "denied"
        page = self.checkout_of(order)
        self.sandbox.control(f"paypal/orders/{page}/settle", {"outcome": outcome})

    def paypal_orders(self) -> list[dict[str, Any]]:
        """All orders at PayPal, newest first; `capture` names the payment that took the money."""
        return cast(list[dict[str, Any]], self.sandbox.control("paypal/orders"))

    def paypal_refunds(self) -> list[dict[str, Any]]:
        """All refunds at PayPal, newest first."""
        return cast(list[dict[str, Any]], self.sandbox.control("paypal/refunds"))

    def fault_capture(self, order: str, kind: str, times: int = 1, **more: object) -> None:
        """Let PayPal misbehave when the money of this order is taken."""
        path = f"/v2/checkout/orders/{self.checkout_of(order)}/capture"
        self.fault(path, kind, times, vendor="paypal", **more)

    @contextmanager
    def paypal_unreachable(self) -> Iterator[None]:
        """Nobody listens at PayPal's address."""
        with environment_of({"PAYPAL_API_BASE": NOBODY_LISTENS}):
            yield

    # What becomes of the webhooks

    def pending(self) -> list[Delivery]:
        """The webhooks that have not been delivered or lost, oldest first."""
        query = f"state=pending&signed_at={int(clock.utc_now().timestamp())}"
        return [
            Delivery(row["id"], row["type"], row["body"].encode(), row["headers"], vendor)
            for vendor in VENDORS
            for row in cast(
                list[dict[str, Any]], self.sandbox.control(f"{vendor}/deliveries?{query}")
            )
        ]

    def lose_webhooks(self) -> list[Delivery]:
        """Nothing that waits is ever delivered; returns what was lost."""
        lost = self.pending()
        for each in lost:
            self.sandbox.control(f"{each.vendor}/deliveries/{each.id}/done", {})
        return lost

    def deliver(self) -> list[str]:
        """The vendors deliver everything that waits; the worker handles it. Returns the types."""
        delivered = self.lose_webhooks()
        for each in delivered:
            each.receive()
        handle_inbox.call_local()
        return [each.type for each in delivered]

    # What the worker does

    def send(self) -> None:
        """The worker sends what the outbox holds."""
        send_outbox.call_local()
        write_calendars.call_local()

    def sweep(self) -> None:
        """The worker's minute, and the lanes of the outbox that it wakes."""
        periodic.sweep.call_local()
        send_outbox.call_local()

    def reconcile(self) -> None:
        """The worker's four minutes."""
        periodic.reconcile.call_local()

    # What can be seen afterwards

    def order(self, public_id: str) -> Order:
        """The order as it is stored now."""
        with db.reading() as session:
            return session.exec(select(Order).where(Order.public_id == public_id)).one()

    def seat(self, order: str) -> Seat:
        """The seat that the order holds or paid for."""
        with db.reading() as session:
            seat_id = self.order(order).seat_id
            assert seat_id is not None
            return session.get_one(Seat, seat_id)

    def checkout_of(self, order: str) -> str:
        """The id of the order's page at Stripe."""
        found = self.order(order).checkout_id
        assert found is not None, "the order has no page yet"
        return found

    def mails(self, to: str) -> list[str]:
        """The subjects that reached an address, oldest first."""
        found = cast(list[dict[str, Any]], self.sandbox.control(f"mail?to={to}"))
        return [mail["subject"] for mail in reversed(found)]

    def alert(self, thing: str) -> str:
        """The subject of the admins' alert about a thing."""
        with db.reading() as session:
            return f"Please look: {naming.named(session, thing)}"

    def _session(self, checkout_id: str, action: str, body: dict[str, object]) -> None:
        self.sandbox.control(f"stripe/sessions/{checkout_id}/{action}", body)


def stored(table: type[Row]) -> list[Row]:
    """All rows of a table, oldest first."""
    with db.reading() as session:
        return list(session.exec(select(table).order_by(col(cast(Any, table).id))).all())


def payload(delivery: Delivery) -> dict[str, Any]:
    """The event inside a delivery."""
    return json.loads(delivery.body)


@pytest.fixture
def studio(database: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """An empty studio on each database, with its clock stopped; the SDK retries without waiting.

    In the end every order adds up.
    """
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.0)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.0)
    with ExitStack() as times:
        yield Studio(sandbox, times)
        assert_adds_up()

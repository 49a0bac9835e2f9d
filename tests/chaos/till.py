"""The simulators as these tests use them: money at Stripe, mails at Resend."""

from __future__ import annotations

from typing import Any, cast

from services import clock, inbox
from services.providers.payments.registry import payments
from tests.support.servers import Sandbox

Json = dict[str, Any]


class Till:
    """Pays at the simulated provider, and keeps its webhooks until they are asked for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        for vendor in ("stripe", "paypal", "resend"):
            sandbox.control(f"{vendor}/webhooks", {"mode": "hold"})

    def _listed(self, path: str) -> list[Json]:
        return cast(list[Json], self._sandbox.control(path))

    def pay(self, session: str) -> None:
        """Pay with a card that works.

        Raises:
            AssertionError: the page cannot be paid any more.
        """
        self._sandbox.control(f"stripe/sessions/{session}/pay", {"webhooks": "hold"})

    def refund(self, session: str) -> None:
        """Somebody gives all of a payment back in the provider's own dashboard."""
        self._sandbox.control(f"stripe/sessions/{session}/refund", {"webhooks": "hold"})

    def dispute(self, session: str, outcome: str = "") -> None:
        """The buyer's bank takes the money of a page back, and decides when there is an outcome."""
        self._sandbox.control(f"stripe/sessions/{session}/dispute", {"webhooks": "hold"})
        if outcome:
            asked: dict[str, object] = {"outcome": outcome, "webhooks": "hold"}
            self._sandbox.control(f"stripe/sessions/{session}/dispute/close", asked)

    def sessions(self, *orders: str) -> list[Json]:
        """The payment pages made for these orders, or all of them."""
        everything = self._listed("stripe/sessions")
        return [one for one in everything if not orders or one["client_reference_id"] in orders]

    def open_sessions(self, *orders: str) -> list[Json]:
        """The payment pages that can be paid now."""
        return [one for one in self.sessions(*orders) if one["status"] == "open"]

    def refunds(self, session: str) -> list[Json]:
        """The refunds of the payment that paid a page."""
        intents = {one["payment_intent"] for one in self.sessions() if one["id"] == session}
        return [one for one in self._listed("stripe/refunds") if one["payment_intent"] in intents]

    def mails(self, to: str, kind: str) -> list[Json]:
        """The mails of one kind that one person has got."""
        found = self._listed(f"mail?to={to}")
        return [mail for mail in found if {"name": "kind", "value": kind} in mail["tags"]]

    def held(self, *types: str, vendor: str = "stripe") -> list[Json]:
        """The webhooks that wait; each is given out once. Those of other types are lost."""
        waiting = self._listed(f"{vendor}/deliveries?state=pending")
        for delivery in waiting:
            self._sandbox.control(f"{vendor}/deliveries/{delivery['id']}/done", {})
        return [one for one in waiting if not types or one["type"] in types]

    def store_events(self, *types: str, vendor: str = "stripe") -> int:
        """Put the webhooks that wait into the inbox, as the route does; how many were new."""
        return sum(store_event(delivery, vendor) for delivery in self.held(*types, vendor=vendor))

    def approve(self, page: str) -> None:
        """Agree on PayPal's page; the money is not taken yet."""
        self._sandbox.control(f"paypal/orders/{page}/approve", {"webhooks": "hold"})

    def slow_capture(self, page: str, seconds: float) -> None:
        """PayPal takes its time when it is asked for the money of this page."""
        path = f"/v2/checkout/orders/{page}/capture"
        fault = {"vendor": "paypal", "method": "POST", "path": path, "kind": "slow", "times": 1}
        self._sandbox.control("faults", {**fault, "seconds": seconds})

    def captures(self, order: str) -> list[str]:
        """The payments that PayPal has taken for an order of ours."""
        pages = [one for one in self._listed("paypal/orders") if one["custom_id"] == order]
        return [one["capture"] for one in pages if one["capture"]]

    def paypal_refunds(self, order: str) -> list[str]:
        """The refunds that PayPal has made of an order's payments."""
        captures = self.captures(order)
        made = self._listed("paypal/refunds")
        return [one["id"] for one in made if one["capture"] in captures]


def store_event(delivery: Json, vendor: str = "stripe") -> bool:
    """Verify one webhook and store it; False when it was there before."""
    event = payments(vendor).read_event(
        delivery["body"].encode(), delivery["headers"], clock.utc_now()
    )
    return inbox.receive(
        provider=vendor,
        event_id=event.id,
        type=event.type,
        object_id=event.object_id,
        payload=delivery["body"],
    )

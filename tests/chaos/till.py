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
        sandbox.control("stripe/webhooks", {"mode": "hold"})

    def _listed(self, path: str) -> list[Json]:
        return cast(list[Json], self._sandbox.control(path))

    def pay(self, session: str) -> None:
        """Pay with a card that works.

        Raises:
            AssertionError: the page cannot be paid any more.
        """
        self._sandbox.control(f"stripe/sessions/{session}/pay", {"webhooks": "hold"})

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

    def held(self, *types: str) -> list[Json]:
        """The webhooks that wait; each is given out once. Those of other types are lost."""
        waiting = self._listed("stripe/deliveries?state=pending")
        for delivery in waiting:
            self._sandbox.control(f"stripe/deliveries/{delivery['id']}/done", {})
        return [one for one in waiting if not types or one["type"] in types]

    def store_events(self, *types: str) -> int:
        """Put the webhooks that wait into the inbox, as the route does; how many were new."""
        return sum(store_event(delivery) for delivery in self.held(*types))


def store_event(delivery: Json) -> bool:
    """Verify one webhook and store it; False when it was there before."""
    signature = delivery["headers"]["stripe-signature"]
    event = payments("stripe").read_event(delivery["body"].encode(), signature, clock.utc_now())
    return inbox.receive(
        provider="stripe",
        event_id=event.id,
        type=event.type,
        object_id=event.object_id,
        payload=delivery["body"],
    )

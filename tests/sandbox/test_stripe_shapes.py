"""Every field that the Stripe simulator answers is Stripe's, with Stripe's JSON type."""

from __future__ import annotations

import time
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import SIMULATED_STRIPE_KEY, Simulators
from tests.sandbox.sdk_types import field_type, json_types, nested_class
from tests.sandbox.specs import spec

Json = dict[str, Any]

CLASSES: dict[str, type] = {
    "checkout.session": stripe.checkout.Session,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "balance_transaction": stripe.BalanceTransaction,
    "event": stripe.Event,
    "item": stripe.LineItem,
    "price": stripe.Price,
    "webhook_endpoint": stripe.WebhookEndpoint,
}
# Names and values inside are the caller's.
FREE = {"metadata", "payment_method_options"}


def name_of(value: object) -> str:
    """The JSON type, where whole numbers and true/false are types of their own."""
    return "null" if value is None else type(value).__name__


class Comparison:
    """Walks an answer beside Stripe's example object and the SDK's types."""

    def __init__(self) -> None:
        self.fixtures: dict[str, Json] = spec("stripe_fixtures3.json")["resources"]
        self.problems: list[str] = []
        self.compared: set[str] = set()

    def thing(self, answer: Json) -> None:
        """Compare one object that names its own type."""
        kind = answer["object"]
        if kind == "list":
            self._keys(answer, {"object": "", "data": [], "has_more": True, "url": ""}, "list")
            for each in answer["data"]:
                self.thing(each)
            return
        fixture = self.fixtures["item"]["price"] if kind == "price" else self.fixtures[kind]
        self._object(answer, fixture, CLASSES[kind], kind)

    def _keys(self, answer: Json, shape: Json, path: str) -> None:
        for name, value in answer.items():
            if name not in shape or name_of(value) != name_of(shape[name]):
                self.problems.append(f"{path}.{name}: {value!r}")

    def _object(self, answer: Json, fixture: Json, owner: type | None, path: str) -> None:
        for name, value in answer.items():
            here = f"{path}.{name}"
            self.compared.add(here)
            if name not in fixture:
                self.problems.append(f"{here}: not in Stripe's example")
                continue
            annotation = field_type(owner, name) if owner else None
            shown = fixture.get(name)
            if isinstance(value, dict) and isinstance(value.get("object"), str):
                self.thing(value)
            elif shown is None or value is None:
                self._by_sdk(value, annotation, owner, here)
            elif name_of(value) != name_of(shown):
                self.problems.append(f"{here}: {name_of(value)}, not {name_of(shown)}")
            elif name not in FREE:
                inner = nested_class(annotation, owner) if owner and annotation else None
                self._inside(value, shown, inner, here)

    def _by_sdk(self, value: object, annotation: Any, owner: type | None, here: str) -> None:
        """Where the example or the answer says null, the SDK's own annotation decides."""
        if annotation is None or owner is None:
            self.problems.append(f"{here}: neither the example nor the SDK has a type for it")
        elif name_of(value) not in json_types(annotation, owner):
            self.problems.append(f"{here}: {name_of(value)} is not {annotation}")

    def _inside(self, value: Any, shown: Any, inner: type | None, here: str) -> None:
        if isinstance(value, dict):
            self._object(value, shown, inner, here)
        elif isinstance(value, list) and shown:
            for each in value:
                if name_of(each) != name_of(shown[0]):
                    self.problems.append(f"{here}[]: {each!r}")


def every_kind_of_answer(simulators: Simulators) -> list[Json]:
    """Raw answers about sessions, payments, refunds, disputes and events in all their states."""
    client = simulators
    client.control("clock", {"now": int(time.time())})  # so that nothing settles by itself
    expired = client.checkout()
    client.stripe.v1.checkout.sessions.expire(expired.id)
    client.checkout(customer_email="other@example.com", locale="de", submit_type="pay")
    declined = client.checkout()
    client.http.post(
        f"/control/stripe/sessions/{declined.id}/pay", json={"card": "4000000000000002"}
    )
    delayed = client.checkout()
    client.pay(delayed.id, method="sepa_debit")
    client.control(f"stripe/sessions/{delayed.id}/settle", {"outcome": "succeeded"})
    failed = client.checkout()
    client.pay(failed.id, method="sepa_debit")
    client.control(f"stripe/sessions/{failed.id}/settle", {"outcome": "failed"})
    client.pay(client.checkout().id, card="4000002500003155")
    for card in ("4242424242424242", "4000000000007726", "4000000000005126"):
        _, intent = client.paid(card=card)
        refund = client.stripe.v1.refunds.create(
            params={"payment_intent": intent, "amount": 3000, "metadata": {"refund": "1"}}
        )
        if card == "4000000000005126":
            client.control(f"stripe/refunds/{refund.id}/settle", {})
    disputed, _ = client.paid()
    client.control(f"stripe/sessions/{disputed}/dispute", {})
    client.control(f"stripe/sessions/{disputed}/dispute/close", {"outcome": "won"})
    inquired, _ = client.paid()
    client.control(f"stripe/sessions/{inquired}/dispute", {"kind": "inquiry"})
    escalated, _ = client.paid()
    client.control(f"stripe/sessions/{escalated}/dispute", {"kind": "inquiry"})
    client.control(f"stripe/sessions/{escalated}/dispute/escalate", {})
    return _fetched(client)


def _fetched(client: Simulators) -> list[Json]:
    headers = {"authorization": f"Bearer {SIMULATED_STRIPE_KEY}"}
    expansions = "expand[]=data.payment_intent.latest_charge"
    paths = (
        "checkout/sessions?limit=100",
        f"checkout/sessions?limit=100&{expansions}",
        "refunds?limit=100&expand[]=data.charge&expand[]=data.payment_intent",
        "payment_intents?limit=100&expand[]=data.latest_charge.balance_transaction",
        "disputes?limit=100",
        "events?limit=100",
        "webhook_endpoints",
    )
    answers: list[Json] = []
    for path in paths:
        answer = client.http.get(f"/stripe/v1/{path}", headers=headers)
        answers.append(answer.raise_for_status().json())
    return answers


def test_every_answered_field_is_stripes_with_stripes_json_type(simulators: Simulators) -> None:
    comparison = Comparison()
    for answer in every_kind_of_answer(simulators):
        comparison.thing(answer)
    assert not comparison.problems, "\n".join(sorted(set(comparison.problems)))
    objects = {path.split(".")[0] for path in comparison.compared}
    assert objects >= {"checkout", "payment_intent", "charge", "refund", "event", "dispute"}
    assert "balance_transaction" in objects


@pytest.mark.parametrize(
    "wrong",
    [
        {"seat": 1},
        {"amount": "100"},
        {"amount": 1.5},
        {"amount": True},
        {"amount": None},
        {"payment_intent": 7},
        {"destination_details": {"card": {"type": 3}, "type": "card"}},
        {"destination_details": {"kind": "card"}},
    ],
)
def test_the_comparison_finds_a_field_that_is_not_stripes(wrong: Json) -> None:
    comparison = Comparison()
    comparison.thing({**comparison.fixtures["refund"], **wrong})
    assert comparison.problems

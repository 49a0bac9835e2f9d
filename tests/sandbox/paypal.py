"""A seller and a buyer at the PayPal simulator, over plain HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from services.config import settings
from tests.sandbox.conftest import Simulators

Json = dict[str, Any]
CONTEXT: Json = {
    "brand_name": "The studio",
    "locale": "en-IE",
    "user_action": "PAY_NOW",
    "shipping_preference": "NO_SHIPPING",
    "return_url": "https://studio.example.com/back?order=ord_1",
    "cancel_url": "https://studio.example.com/left",
}


@dataclass
class PayPal:
    """The simulator as the seller's program sees it; `exchanged` are its requests and answers."""

    simulators: Simulators
    token: str = ""
    exchanged: list[httpx.Response] = field(default_factory=list[httpx.Response])

    def ask_token(self, *, secret: str | None = None, grant: str = "client_credentials") -> Any:
        """Ask for an access token."""
        client = settings().effective_paypal_client_id
        chosen = settings().effective_paypal_client_secret if secret is None else secret
        return self.simulators.http.post(
            "/paypal/v1/oauth2/token", data={"grant_type": grant}, auth=(client, chosen)
        )

    def _headers(self) -> dict[str, str]:
        self.token = self.token or self.ask_token().raise_for_status().json()["access_token"]
        return {"authorization": f"Bearer {self.token}"}

    def get(self, path: str, **query: str) -> httpx.Response:
        """GET something of the API."""
        answer = self.simulators.http.get(f"/paypal{path}", params=query, headers=self._headers())
        self.exchanged.append(answer)
        return answer

    def post(
        self, path: str, body: object, *, key: str | None = None, whole: bool = True
    ) -> httpx.Response:
        """POST to the API, with a PayPal-Request-Id if `key` names one."""
        headers = self._headers()
        if key is not None:
            headers["paypal-request-id"] = key
        if whole:
            headers["prefer"] = "return=representation"
        answer = self.simulators.http.post(f"/paypal{path}", json=body, headers=headers)
        self.exchanged.append(answer)
        return answer

    def control(self, path: str, body: Json | None = None) -> Any:
        """Ask /control/paypal."""
        return self.simulators.control(f"paypal/{path}", body)

    def create(
        self, *, key: str = "create:1", context: Json | None = None, **changes: object
    ) -> httpx.Response:
        """Ask for an order of 120 euros, with the purchase unit's fields changed."""
        return self.post("/v2/checkout/orders", order_body(context=context, **changes), key=key)

    def order(self, *, context: Json | None = None, **changes: Any) -> str:
        """A new order's id."""
        number = len(self.exchanged)
        answer = self.create(key=f"create:{number}", context=context, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def approved(self, instrument: str = "balance", **changes: Any) -> str:
        """The id of an order that the buyer has approved."""
        order = self.order(**changes)
        self.control(f"orders/{order}/approve", {"instrument": instrument})
        return order

    def capture(self, order: str, *, key: str | None = None) -> httpx.Response:
        """Take the money of an approved order."""
        path = f"/v2/checkout/orders/{order}/capture"
        return self.post(path, {}, key=key or f"capture:{order}")

    def paid(self, instrument: str = "balance", **changes: Any) -> tuple[str, str]:
        """An order that was captured: its id, and the capture's."""
        order = self.approved(instrument, **changes)
        answer = self.capture(order)
        assert answer.status_code == 201, answer.text
        return order, captures(answer.json())[0]["id"]

    def refund(self, capture: str, body: Json | None = None, *, key: str = "refund:1") -> Any:
        """Give money back: all that is left, or the body's amount."""
        return self.post(f"/v2/payments/captures/{capture}/refund", body or {}, key=key)


def order_body(*, context: Json | None = None, **changes: object) -> Json:
    """A pack for 120 euros, as the product would sell it."""
    unit: Json = {
        "amount": euros("120.00"),
        "description": "Four sessions",
        "custom_id": "ord_1",
        **changes,
    }
    return {
        "intent": "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": {"experience_context": context or CONTEXT}},
    }


def euros(value: str) -> Json:
    """An amount as PayPal writes it."""
    return {"currency_code": "EUR", "value": value}


def captures(order: Json) -> list[Json]:
    """An order's captures."""
    found: list[Json] = order["purchase_units"][0]["payments"]["captures"]
    return found


def issue(answer: httpx.Response) -> tuple[int, str]:
    """The status and the issue of a refusal."""
    body = answer.json()
    assert {"name", "message", "debug_id", "details", "links"} == set(body)
    return answer.status_code, body["details"][0]["issue"]


def link_of(thing: Json, rel: str) -> str:
    """The address that the thing's links give for something."""
    return next(str(each["href"]) for each in thing["links"] if each["rel"] == rel)


@pytest.fixture
def paypal(simulators: Simulators) -> PayPal:
    """Empty simulators, and PayPal's API on them."""
    return PayPal(simulators)

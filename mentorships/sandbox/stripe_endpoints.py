"""The endpoints of Stripe's API that the simulator plays: one function each, one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mentorships.sandbox import store, stripe_refunds, stripe_sessions
from mentorships.sandbox.store import Json
from mentorships.sandbox.stripe_errors import no_such
from mentorships.sandbox.stripe_events import API_VERSION, WEBHOOK_ENDPOINT, Cause
from mentorships.sandbox.stripe_lists import as_list, expanded, page


@dataclass(frozen=True, slots=True)
class Call:
    """One checked request: its parameters, the id in its path, and why things change."""

    db: sqlite3.Connection
    cause: Cause
    params: Json
    object_id: str
    public_url: str

    def answer(self, thing: Json) -> Json:
        """The object with the expansions that the request asked for."""
        return expanded(self.db, thing, self.params.get("expand", []))

    def listed(self, kind: str, url: str, **narrow: Any) -> Json:
        """One page of a list with the expansions that the request asked for."""
        data, more = page(self.db, kind, self.params, **narrow)
        return self.answer(as_list(url, data, more))


def _create_session(call: Call) -> Json:
    session = stripe_sessions.create(call.db, call.cause, call.params, call.public_url)
    return call.answer(session.body)


def _list_sessions(call: Call) -> Json:
    for name in ("customer", "customer_account", "customer_details", "payment_link"):
        if name in call.params:
            return as_list("/v1/checkout/sessions", [], False)
    return call.listed(
        stripe_sessions.KIND,
        "/v1/checkout/sessions",
        parent=call.params.get("payment_intent"),
        status=call.params.get("status"),
    )


def _expire_session(call: Call) -> Json:
    return call.answer(stripe_sessions.expire(call.db, call.cause, call.object_id).body)


def _retrieve(kind: str, param: str) -> Callable[[Call], Json]:
    def endpoint(call: Call) -> Json:
        record = store.find(call.db, kind, call.object_id)
        if record is None:
            raise no_such(kind, call.object_id, param)
        return call.answer(record.body)

    return endpoint


def _create_refund(call: Call) -> Json:
    return call.answer(stripe_refunds.create(call.db, call.cause, call.params).body)


def _list_refunds(call: Call) -> Json:
    charge_id: str | None = call.params.get("charge")
    if "payment_intent" in call.params:
        intent = store.find(call.db, "payment_intent", call.params["payment_intent"])
        if intent is None:
            raise no_such("payment_intent", call.params["payment_intent"], "payment_intent")
        latest: str | None = intent.body["latest_charge"]
        if latest is None or charge_id not in (None, latest):
            return as_list("/v1/refunds", [], False)
        charge_id = latest
    if charge_id is not None and store.find(call.db, "charge", charge_id) is None:
        raise no_such("charge", charge_id, "charge")
    return call.listed("refund", "/v1/refunds", parent=charge_id)


def _list_disputes(call: Call) -> Json:
    charge_id: str | None = call.params.get("charge")
    if "payment_intent" in call.params:
        intent = store.find(call.db, "payment_intent", call.params["payment_intent"])
        charge_id = (intent.body["latest_charge"] or "") if intent is not None else ""
    return call.listed("dispute", "/v1/disputes", parent=charge_id)


def _list_intents(call: Call) -> Json:
    for name in ("customer", "customer_account"):
        if name in call.params:
            return as_list("/v1/payment_intents", [], False)
    return call.listed("payment_intent", "/v1/payment_intents")


def _list_events(call: Call) -> Json:
    types = call.params.get("types", [])
    if "type" in call.params:
        types = [call.params["type"]]
    return call.listed("event", "/v1/events", types=tuple(types))


def _list_webhook_endpoints(call: Call) -> Json:
    """The one endpoint of this account, as `/control/stripe/endpoint` may have changed it."""
    endpoint: Json = {
        "id": "we_simulator",
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": 1_767_225_600,
        "description": None,
        "enabled_events": ["*"],
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": f"{call.public_url}/api/webhooks/stripe",
    }
    changed = store.read_meta(call.db, WEBHOOK_ENDPOINT) or {}
    return call.answer(as_list("/v1/webhook_endpoints", [endpoint | changed], False))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an endpoint validates before it begins, and what it then does."""

    run: Callable[[Call], Json]
    check: Callable[[Json, int], None] | None = None


ENDPOINTS: dict[str, Endpoint] = {
    "POST checkout/sessions": Endpoint(_create_session, stripe_sessions.check_create),
    "GET checkout/sessions": Endpoint(_list_sessions),
    "GET checkout/sessions/{id}": Endpoint(_retrieve(stripe_sessions.KIND, "session")),
    "POST checkout/sessions/{id}/expire": Endpoint(_expire_session),
    "GET payment_intents": Endpoint(_list_intents),
    "GET payment_intents/{id}": Endpoint(_retrieve("payment_intent", "intent")),
    "GET charges/{id}": Endpoint(_retrieve("charge", "charge")),
    "POST refunds": Endpoint(_create_refund, stripe_refunds.check_create),
    "GET disputes": Endpoint(_list_disputes),
    "GET disputes/{id}": Endpoint(_retrieve("dispute", "id")),
    "GET refunds": Endpoint(_list_refunds),
    "GET refunds/{id}": Endpoint(_retrieve("refund", "id")),
    "GET events": Endpoint(_list_events),
    "GET events/{id}": Endpoint(_retrieve("event", "id")),
    "GET webhook_endpoints": Endpoint(_list_webhook_endpoints),
}

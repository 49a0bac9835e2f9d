"""What tests and the seeding ask of the Stripe simulator."""

from __future__ import annotations

import sqlite3

from starlette.routing import Route

from mentorships.sandbox import (
    clock,
    control_deliveries,
    store,
    stripe_disputes,
    stripe_payments,
    stripe_refunds,
    stripe_time,
    stripe_webhooks,
)
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.control import Asked, BadControl, control, number, one_of
from mentorships.sandbox.store import Json, Record
from mentorships.sandbox.stripe_errors import StripeError
from mentorships.sandbox.stripe_events import VENDOR, WEBHOOK_ENDPOINT, Cause
from mentorships.sandbox.stripe_sessions import CARD, DELAYED, KIND

_ALL = 1_000_000


def _cause(db: sqlite3.Connection, body: Json) -> Cause:
    stripe_time.sweep(db)
    plan = control_deliveries.plan(db, VENDOR, body, "webhooks")
    return Cause(clock.now(db), plan)


def _session(db: sqlite3.Connection, asked: Asked) -> Record:
    return store.get(db, KIND, asked.path["id"])


def charge_id(db: sqlite3.Connection, session: Record) -> str:
    """The charge that paid the session.

    Raises:
        LookupError: it has not been paid.
    """
    intent_id = session.body["payment_intent"]
    charge = store.get(db, "payment_intent", intent_id).body["latest_charge"] if intent_id else None
    if charge is None:
        raise LookupError(f"{session.id} has not been paid")
    return str(charge)


def _pay_by_card(
    db: sqlite3.Connection, cause: Cause, session_id: str, body: Json
) -> StripeError | None:
    passed = one_of(body, "authentication", ("complete", "fail"), "complete") == "complete"
    card = stripe_payments.card_of(str(body.get("card", "4242424242424242")))
    refusal = stripe_payments.submit(db, cause, session_id, card, body.get("email"))
    if refusal is not None and card.effect == "authenticates":
        refusal = stripe_payments.authenticate(db, cause, session_id, passed=passed)
    return refusal


async def _pay(asked: Asked) -> Json:
    method = one_of(asked.body, "method", (CARD, DELAYED), CARD)
    refusal: StripeError | None = None
    with asked.sandbox.store.transaction() as db:
        cause, session_id = _cause(db, asked.body), _session(db, asked).id
        if method == CARD:
            refusal = _pay_by_card(db, cause, session_id, asked.body)
        else:
            stripe_payments.submit_bank(db, cause, session_id, asked.body.get("email"))
        session = _session(db, asked)
    if refusal is not None:  # raised after the commit: a declined attempt leaves its trace
        raise refusal
    return session.body


async def _settle(asked: Asked) -> Json:
    outcome = one_of(asked.body, "outcome", ("succeeded", "failed"))
    with asked.sandbox.store.transaction() as db:
        cause, session_id = _cause(db, asked.body), _session(db, asked).id
        settled = stripe_payments.settle(db, cause, session_id, succeeded=outcome == "succeeded")
        return settled.body


async def _refund(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        params: Json = {"charge": charge_id(db, _session(db, asked))}
        if "amount" in asked.body:
            params["amount"] = int(number(asked.body, "amount"))
        stripe_refunds.check_create(params)
        return stripe_refunds.create(db, _cause(db, asked.body), params).body


async def _settle_refund(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        refund = store.get(db, "refund", asked.path["id"])
        if refund.due is None:
            raise BadControl("This refund is not under way.")
        stripe_refunds.settle(db, _cause(db, asked.body), refund)
        return refund.body


async def _dispute(asked: Asked) -> Json:
    kind = one_of(asked.body, "kind", ("chargeback", "inquiry"), "chargeback")
    amount = int(number(asked.body, "amount")) if "amount" in asked.body else None
    with asked.sandbox.store.transaction() as db:
        charge = charge_id(db, _session(db, asked))
        opened = stripe_disputes.open_dispute(
            db, _cause(db, asked.body), charge, inquiry=kind == "inquiry", amount=amount
        )
        return opened.body


async def _escalate(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        charge = charge_id(db, _session(db, asked))
        return stripe_disputes.escalate(db, _cause(db, asked.body), charge).body


async def _close_dispute(asked: Asked) -> Json:
    outcome = one_of(asked.body, "outcome", ("won", "lost"))
    with asked.sandbox.store.transaction() as db:
        charge = charge_id(db, _session(db, asked))
        return stripe_disputes.close_dispute(db, _cause(db, asked.body), charge, outcome).body


def _bodies(sandbox: Sandbox, kind: str) -> list[Json]:
    with sandbox.store.transaction() as db:
        stripe_time.sweep(db)
        records, _ = store.listed(db, kind, store.Filter(), _ALL)
        return [record.body for record in records]


async def _sessions(asked: Asked) -> list[Json]:
    return _bodies(asked.sandbox, KIND)


async def _refunds(asked: Asked) -> list[Json]:
    return _bodies(asked.sandbox, "refund")


async def _endpoint(asked: Asked) -> Json:
    """Change fields of the account's webhook endpoint, as somebody does in the dashboard."""
    known = ("api_version", "enabled_events", "status", "url")
    if unknown := set(asked.body) - set(known):
        raise BadControl(f"A webhook endpoint has no {', '.join(sorted(unknown))}.")
    with asked.sandbox.store.transaction() as db:
        store.write_meta(db, WEBHOOK_ENDPOINT, asked.body)
    return asked.body


def routes() -> list[Route]:
    """The controls of the Stripe simulator."""
    base, one = "/control/stripe", "/control/stripe/sessions/{id}"
    return [
        Route(f"{base}/sessions", control(_sessions), methods=["GET"]),
        Route(f"{one}/pay", control(_pay), methods=["POST"]),
        Route(f"{one}/settle", control(_settle), methods=["POST"]),
        Route(f"{one}/refund", control(_refund), methods=["POST"]),
        Route(f"{one}/dispute", control(_dispute), methods=["POST"]),
        Route(f"{one}/dispute/close", control(_close_dispute), methods=["POST"]),
        Route(f"{one}/dispute/escalate", control(_escalate), methods=["POST"]),
        Route(f"{base}/refunds", control(_refunds), methods=["GET"]),
        Route(f"{base}/refunds/{{id}}/settle", control(_settle_refund), methods=["POST"]),
        Route(f"{base}/endpoint", control(_endpoint), methods=["POST"]),
        *control_deliveries.routes(
            stripe_webhooks.COURIER, lambda db, _settings: stripe_time.sweep(db)
        ),
    ]

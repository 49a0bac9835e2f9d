"""What tests and the seeding ask of the PayPal simulator."""

from __future__ import annotations

import sqlite3
import uuid

from starlette.routing import Route

from mentorships.sandbox import (
    clock,
    control_deliveries,
    paypal_certificates,
    paypal_disputes,
    paypal_endpoints,
    paypal_objects,
    paypal_orders,
    paypal_refunds,
    paypal_reports,
    paypal_time,
    paypal_tokens,
    paypal_webhooks,
    store,
)
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.control import Asked, BadControl, control, number, one_of
from mentorships.sandbox.paypal_api import REFUSALS
from mentorships.sandbox.paypal_errors import ISSUES
from mentorships.sandbox.paypal_events import TYPES, VENDOR, WEBHOOK, Cause
from mentorships.sandbox.paypal_money import wire
from mentorships.sandbox.paypal_objects import CAPTURE, DISPUTE, ORDER, REFUND
from mentorships.sandbox.paypal_orders import INSTRUMENTS
from mentorships.sandbox.store import Json, Record

_ALL = 1_000_000


def _cause(db: sqlite3.Connection, asked: Asked) -> Cause:
    settings = asked.sandbox.settings
    paypal_time.sweep(db, settings)
    plan = control_deliveries.plan(db, VENDOR, asked.body, "webhooks")
    return paypal_time.cause(db, settings, plan)


def captured(db: sqlite3.Connection, order: Record) -> Record:
    """The order's capture.

    Raises:
        LookupError: the seller has not captured it.
    """
    if order.body["capture"] is None:
        raise LookupError(f"{order.id} has not been captured")
    return store.get(db, CAPTURE, order.body["capture"])


async def _orders(asked: Asked) -> list[Json]:
    return _bodies(asked.sandbox, ORDER)


async def _refunds(asked: Asked) -> list[Json]:
    return _bodies(asked.sandbox, REFUND)


def _bodies(sandbox: Sandbox, kind: str) -> list[Json]:
    with sandbox.store.transaction() as db:
        paypal_time.sweep(db, sandbox.settings)
        return [record.body for record in store.listed(db, kind, store.Filter(), _ALL)[0]]


async def _approve(asked: Asked) -> Json:
    instrument = INSTRUMENTS[one_of(asked.body, "instrument", tuple(INSTRUMENTS), "balance")]
    email = asked.body.get("email")
    with asked.sandbox.store.transaction() as db:
        cause = _cause(db, asked)
        order = store.get(db, ORDER, asked.path["id"])
        paypal_orders.approve(db, cause, order, instrument, email)
        return {**paypal_objects.order(db, cause, order), "returns_to": _back(order, "return_url")}


async def _cancel(asked: Asked) -> Json:
    """The buyer leaves by "cancel": PayPal notes nothing, the order stays open."""
    with asked.sandbox.store.transaction() as db:
        order = store.get(db, ORDER, asked.path["id"])
        return {"returns_to": _back(order, "cancel_url")}


def _back(order: Record, name: str) -> str | None:
    return paypal_orders.back_to(order, name)


async def _settle(asked: Asked) -> Json:
    outcome = one_of(asked.body, "outcome", ("completed", "denied"))
    with asked.sandbox.store.transaction() as db:
        cause = _cause(db, asked)
        order = store.get(db, ORDER, asked.path["id"])
        capture = captured(db, order)
        paypal_orders.settle(db, cause, capture, completed=outcome == "completed")
        return paypal_objects.order(db, cause, order)


async def _refund(asked: Asked) -> Json:
    """Refund in the seller's dashboard: without any id of ours."""
    with asked.sandbox.store.transaction() as db:
        cause = _cause(db, asked)
        capture = store.get(db, CAPTURE, asked.path["id"])
        sent: Json = {}
        if "amount" in asked.body:
            sent["amount"] = wire(int(number(asked.body, "amount")), capture.body["currency"])
        refund = paypal_refunds.create(db, cause, capture, sent)
        return paypal_objects.refund(cause, refund)


async def _settle_refund(asked: Asked) -> Json:
    outcome = one_of(asked.body, "outcome", ("completed", "failed"))
    with asked.sandbox.store.transaction() as db:
        cause = _cause(db, asked)
        refund = store.get(db, REFUND, asked.path["id"])
        if refund.body["status"] not in ("PENDING", "COMPLETED"):
            raise BadControl("This refund is not under way.")
        if refund.body["status"] == "COMPLETED" and outcome == "completed":
            raise BadControl("This refund is completed.")
        paypal_refunds.settle(db, cause, refund, completed=outcome == "completed")
        return paypal_objects.refund(cause, refund)


async def _dispute(asked: Asked) -> Json:
    inquiry = one_of(asked.body, "kind", ("chargeback", "inquiry"), "chargeback") == "inquiry"
    amount = int(number(asked.body, "amount")) if "amount" in asked.body else None
    with asked.sandbox.store.transaction() as db:
        cause = _cause(db, asked)
        capture = store.get(db, CAPTURE, asked.path["id"])
        opened = paypal_disputes.open_dispute(db, cause, capture, inquiry=inquiry, amount=amount)
        return paypal_objects.dispute(db, cause, opened)


async def _escalate(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        cause = _cause(db, asked)
        dispute = store.get(db, DISPUTE, asked.path["id"])
        paypal_disputes.escalate(db, cause, dispute)
        return paypal_objects.dispute(db, cause, dispute)


async def _close(asked: Asked) -> Json:
    outcome: paypal_disputes.Outcome = one_of(asked.body, "outcome", paypal_disputes.CHOICES)
    amount = int(number(asked.body, "amount")) if "amount" in asked.body else None
    with asked.sandbox.store.transaction() as db:
        cause = _cause(db, asked)
        dispute = store.get(db, DISPUTE, asked.path["id"])
        paypal_disputes.close(db, cause, dispute, outcome, amount)
        return paypal_objects.dispute(db, cause, dispute)


async def _refuse(asked: Asked) -> Json:
    """Refuse the next calls of one kind with an issue of PayPal's."""
    name = one_of(asked.body, "call", paypal_endpoints.CALLS)
    issue = one_of(asked.body, "issue", tuple(ISSUES))
    refusal: Json = {"call": name, "issue": issue, "times": int(number(asked.body, "times", 1))}
    with asked.sandbox.store.transaction() as db:
        waiting: list[Json] = store.read_meta(db, REFUSALS) or []
        store.write_meta(db, REFUSALS, [*waiting, refusal])
    return refusal


async def _count_tokens(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        return paypal_tokens.counted(db, clock.now(db))


async def _change_tokens(asked: Asked) -> Json:
    """Expire all tokens, or choose how many seconds those live that are issued from now on."""
    with asked.sandbox.store.transaction() as db:
        if asked.body.get("expire"):
            paypal_tokens.revoke_all(db)
        if "seconds" in asked.body:
            store.write_meta(db, paypal_tokens.LIFE, int(number(asked.body, "seconds")))
        return paypal_tokens.counted(db, clock.now(db))


async def _certificate(asked: Asked) -> Json:
    use = one_of(asked.body, "use", paypal_certificates.USES)
    with asked.sandbox.store.transaction() as db:
        store.write_meta(db, paypal_certificates.CHOSEN, use)
    return {"use": use}


async def _sign(asked: Asked) -> Json:
    """The headers with which PayPal would send any body."""
    body = asked.body.get("body")
    if not isinstance(body, str):
        raise BadControl("body must be the text to sign.")
    headers = paypal_webhooks.signed(
        asked.sandbox,
        body.encode(),
        transmission=str(uuid.uuid4()),
        signed_at=int(number(asked.body, "signed_at")) if "signed_at" in asked.body else None,
        webhook_id=asked.body.get("webhook_id"),
    )
    return {"headers": headers}


async def _endpoint(asked: Asked) -> Json:
    """Change fields of the account's webhook, as somebody does in the dashboard."""
    if unknown := set(asked.body) - {"event_types", "url"}:
        raise BadControl(f"A webhook has no {', '.join(sorted(unknown))}.")
    if unknown := set(asked.body.get("event_types", [])) - {*TYPES, "*"}:
        raise BadControl(f"PayPal sends no {', '.join(sorted(unknown))}.")
    with asked.sandbox.store.transaction() as db:
        store.write_meta(db, WEBHOOK, asked.body)
    return asked.body


async def _reports(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        store.write_meta(db, paypal_reports.DELAY, int(number(asked.body, "delay")))
    return {"delay": asked.body["delay"]}


def routes() -> list[Route]:
    """The controls of the PayPal simulator."""
    base = "/control/paypal"
    order, capture = f"{base}/orders/{{id}}", f"{base}/captures/{{id}}"
    dispute, refund = f"{base}/disputes/{{id}}", f"{base}/refunds/{{id}}"
    return [
        Route(f"{base}/orders", control(_orders), methods=["GET"]),
        Route(f"{order}/approve", control(_approve), methods=["POST"]),
        Route(f"{order}/cancel", control(_cancel), methods=["POST"]),
        Route(f"{order}/settle", control(_settle), methods=["POST"]),
        Route(f"{capture}/refund", control(_refund), methods=["POST"]),
        Route(f"{capture}/dispute", control(_dispute), methods=["POST"]),
        Route(f"{dispute}/escalate", control(_escalate), methods=["POST"]),
        Route(f"{dispute}/close", control(_close), methods=["POST"]),
        Route(f"{base}/refunds", control(_refunds), methods=["GET"]),
        Route(f"{refund}/settle", control(_settle_refund), methods=["POST"]),
        Route(f"{base}/refuse", control(_refuse), methods=["POST"]),
        Route(f"{base}/tokens", control(_count_tokens), methods=["GET"]),
        Route(f"{base}/tokens", control(_change_tokens), methods=["POST"]),
        Route(f"{base}/certificate", control(_certificate), methods=["POST"]),
        Route(f"{base}/sign", control(_sign), methods=["POST"]),
        Route(f"{base}/endpoint", control(_endpoint), methods=["POST"]),
        Route(f"{base}/reports", control(_reports), methods=["POST"]),
        *control_deliveries.routes(paypal_webhooks.COURIER, paypal_time.sweep),
    ]

"""PayPal's page for the buyer, and a dashboard in which a person plays the rest of the world."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import (
    context,
    deliveries,
    paypal_disputes,
    paypal_money,
    paypal_orders,
    paypal_refunds,
    paypal_time,
    store,
)
from mentorships.sandbox.control_paypal import captured
from mentorships.sandbox.pages import (
    chosen_plan,
    foreign,
    form,
    not_found,
    page,
    see_other,
    webhook_choices,
)
from mentorships.sandbox.paypal_errors import PayPalError
from mentorships.sandbox.paypal_events import VENDOR, Cause
from mentorships.sandbox.paypal_objects import CAPTURE, ORDER, REFUND
from mentorships.sandbox.paypal_orders import INSTRUMENTS
from mentorships.sandbox.store import Filter, Json, Record

_MOST = 100
_DASHBOARD = "/sandbox/paypal"
_PAY = f"{_DASHBOARD}/checkoutnow"

Fields = dict[str, str]
Act = Callable[[sqlite3.Connection, Cause, Record, Fields], None]


def _cause(request: Request, db: sqlite3.Connection, fields: Fields) -> Cause:
    settings = context.of(request).settings
    return paypal_time.cause(db, settings, chosen_plan(db, VENDOR, fields))


def _found(request: Request, db: sqlite3.Connection, order_id: str) -> Record | None:
    paypal_time.sweep(db, context.of(request).settings)
    return store.find(db, ORDER, order_id)


def _shown(body: Json, name: str = "amount") -> str:
    return paypal_money.shown(body[name], body["currency"])


def _over(request: Request, order: Record) -> Response:
    """What the buyer sees of an order that is finished, or ran out."""
    if order.body["status"] == "COMPLETED":
        heading, words = "This has been paid", "There is nothing more to do here."
        name = "return_url"
    else:
        heading, words = "This payment has ended", "Nothing was charged."
        name = "cancel_url"
    url = paypal_orders.back_to(order, name)
    return page(request, "paypal_over.html", {"heading": heading, "words": words, "url": url})


async def _pay_page(request: Request) -> Response:
    order_id = request.query_params.get("token", "")
    with context.of(request).store.transaction() as db:
        order = _found(request, db, order_id)
        choices = webhook_choices(db, VENDOR)
    if order is None:
        return not_found(request, "This payment")
    body = order.body
    if body["status"] in ("COMPLETED", "VOIDED", "FORGOTTEN"):
        return _over(request, order)
    seen: Json = body["context"] or {}
    immediate = seen.get("payment_method_preference") == "IMMEDIATE_PAYMENT_REQUIRED"
    offered = [each for each in INSTRUMENTS.values() if each.captures != "echeck" or not immediate]
    values: dict[str, object] = {
        "order": body,
        "amount": _shown(body),
        "brand": seen.get("brand_name") or context.of(request).settings.studio_name,
        "pays_now": seen.get("user_action") == "PAY_NOW",
        "email": (body["payer"] or {}).get("email_address") or body["buyer"] or "buyer@example.com",
        "instruments": offered,
        "declined": body["status"] == "PAYER_ACTION_REQUIRED" and body["payer"] is not None,
        "problem": request.query_params.get("problem"),
        "webhooks": choices,
    }
    return page(request, "paypal_pay.html", values)


async def _pay(request: Request) -> Response:
    refused = foreign(request)
    if refused is not None:
        return refused
    sandbox, fields = context.of(request), await form(request)
    action = fields.get("action")
    instrument = INSTRUMENTS.get(fields.get("instrument", ""), INSTRUMENTS["balance"])
    try:
        with sandbox.store.transaction() as db:
            order = _found(request, db, fields.get("token", ""))
            if order is None:
                return not_found(request, "This payment")
            if action != "cancel":
                cause = _cause(request, db, fields)
                email = fields.get("email") or None
                paypal_orders.approve(db, cause, order, instrument, email)
    except PayPalError as error:  # over by now: the page tells
        return see_other(f"{_PAY}?token={fields['token']}&problem={quote(str(error))}")
    sandbox.bell.set()
    url = paypal_orders.back_to(order, "cancel_url" if action == "cancel" else "return_url")
    if action == "close" or url is None:
        return page(
            request,
            "paypal_over.html",
            {
                "heading": "You have agreed and closed the tab",
                "words": "PayPal tells the seller by webhook that you have agreed.",
                "url": None,
            },
        )
    return see_other(url)


async def _dashboard(request: Request) -> Response:
    sandbox = context.of(request)
    with sandbox.store.transaction() as db:
        paypal_time.sweep(db, sandbox.settings)
        records, more = store.listed(db, ORDER, Filter(), _MOST)
        orders = [
            {"order": each.body, "capture": _capture_of(db, each), "amount": _shown(each.body)}
            for each in records
        ]
        waiting = len(deliveries.undelivered(db, VENDOR))
    return page(request, "paypal.html", {"orders": orders, "more": more, "waiting": waiting})


def _capture_of(db: sqlite3.Connection, order: Record) -> Json | None:
    capture_id = order.body["capture"]
    return None if capture_id is None else store.get(db, CAPTURE, capture_id).body


def _details(db: sqlite3.Connection, order: Record) -> dict[str, object]:
    """What the dashboard shows of one order."""
    capture = _capture_of(db, order)
    dispute = paypal_disputes.last_of(db, capture["id"]) if capture else None
    refunds = store.children(db, REFUND, capture["id"]) if capture else []
    left = capture["amount"] - capture["refunded"] if capture else 0
    currency = order.body["currency"]
    return {
        "order": order.body,
        "amount": _shown(order.body),
        "capture": capture,
        "refunded": _shown(capture, "refunded") if capture else "",
        "left": paypal_money.value(left, currency),
        "refundable": bool(
            capture and left and capture["status"] in ("COMPLETED", "PARTIALLY_REFUNDED")
        ),
        "refunds": [{"amount": _shown(each.body), "body": each.body} for each in refunds],
        "dispute": dispute.body if dispute else None,
        "disputed": _shown(dispute.body) if dispute else "",
        "deliveries": deliveries.of_subject(db, order.id),
        "webhooks": webhook_choices(db, VENDOR),
    }


async def _order_page(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        order = _found(request, db, request.path_params["id"])
        if order is None:
            return not_found(request, "This order")
        details = _details(db, order)
    problem = request.query_params.get("problem")
    return page(request, "paypal_order.html", {**details, "problem": problem})


def _settle(db: sqlite3.Connection, cause: Cause, order: Record, fields: Fields) -> None:
    completed = fields.get("outcome") == "completed"
    paypal_orders.settle(db, cause, captured(db, order), completed=completed)


def _refund(db: sqlite3.Connection, cause: Cause, order: Record, fields: Fields) -> None:
    currency = order.body["currency"]
    amount = paypal_money.typed(fields.get("amount", ""), currency)
    sent = {} if amount is None else {"amount": paypal_money.wire(amount, currency)}
    paypal_refunds.create(db, cause, captured(db, order), sent)


def _settle_refund(db: sqlite3.Connection, cause: Cause, order: Record, fields: Fields) -> None:
    refund = store.get(db, REFUND, fields.get("refund", ""))
    if refund.body["order"] != order.id or refund.body["status"] != "PENDING":
        raise LookupError("This refund is not under way.")
    completed = fields.get("outcome") == "completed"
    paypal_refunds.settle(db, cause, refund, completed=completed)


def _dispute(db: sqlite3.Connection, cause: Cause, order: Record, fields: Fields) -> None:
    inquiry = fields.get("kind") == "inquiry"
    paypal_disputes.open_dispute(db, cause, captured(db, order), inquiry=inquiry, amount=None)


def _close_dispute(db: sqlite3.Connection, cause: Cause, order: Record, fields: Fields) -> None:
    dispute = paypal_disputes.last_of(db, captured(db, order).id)
    if dispute is None:
        raise LookupError("There is no dispute.")
    outcome = fields.get("outcome")
    if outcome == "escalate":
        paypal_disputes.escalate(db, cause, dispute)
        return
    for choice in paypal_disputes.CHOICES:
        if choice == outcome:
            paypal_disputes.close(db, cause, dispute, choice)


def _resend(db: sqlite3.Connection, _cause: Cause, order: Record, fields: Fields) -> None:
    deliveries.send_again(db, order.id, fields.get("delivery", ""))


def _action(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """A dashboard button: do it, and show the order again with what came of it."""

    async def route(request: Request) -> Response:
        refused = foreign(request)
        if refused is not None:
            return refused
        sandbox, fields = context.of(request), await form(request)
        with sandbox.store.transaction() as db:
            order = _found(request, db, request.path_params["id"])
        if order is None:
            return not_found(request, "This order")
        url = f"{_DASHBOARD}/orders/{order.id}"
        try:
            with sandbox.store.transaction() as db:
                act(db, _cause(request, db, fields), order, fields)
        except PayPalError as error:
            return see_other(f"{url}?problem={quote(str(error))}")
        except LookupError:
            return see_other(f"{url}?problem={quote('There is nothing to do that with.')}")
        sandbox.bell.set()
        return see_other(url)

    return route


def routes() -> list[Route]:
    """The buyer's page and the seller's dashboard."""
    one = f"{_DASHBOARD}/orders/{{id}}"
    acts: dict[str, Act] = {
        "settle": _settle,
        "refund": _refund,
        "refunds": _settle_refund,
        "dispute": _dispute,
        "dispute/close": _close_dispute,
        "resend": _resend,
    }
    return [
        Route(_DASHBOARD, _dashboard, methods=["GET"]),
        Route(_PAY, _pay_page, methods=["GET"]),
        Route(_PAY, _pay, methods=["POST"]),
        Route(one, _order_page, methods=["GET"]),
        *(Route(f"{one}/{name}", _action(act), methods=["POST"]) for name, act in acts.items()),
    ]

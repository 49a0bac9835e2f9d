"""The endpoints of PayPal's API that the simulator plays: one function each, one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from mentorships.sandbox import (
    paypal_lists,
    paypal_objects,
    paypal_orders,
    paypal_params,
    paypal_refunds,
    paypal_reports,
    store,
)
from mentorships.sandbox.paypal_errors import PayPalError, not_found
from mentorships.sandbox.paypal_events import Cause, webhook
from mentorships.sandbox.paypal_objects import CAPTURE, DISPUTE, REFUND
from mentorships.sandbox.store import Json, Record

_HOUR, _DAY = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Call:
    """One request of somebody with a token."""

    db: sqlite3.Connection
    cause: Cause
    object_id: str
    query: dict[str, str]
    body: Json
    whole: bool
    webhook_id: str
    request_id: str | None

    def found(self, kind: str, field: str) -> Record:
        """The object that the path names.

        Raises:
            PayPalError: 404.
        """
        record = store.find(self.db, kind, self.object_id)
        if record is None:
            raise not_found(field)
        return record


@dataclass(frozen=True, slots=True)
class Done:
    """What a POST has made; a repeated PayPal-Request-Id shows the same object as it is then."""

    made: str
    refusal: PayPalError | None = None


def _create_order(call: Call) -> Done:
    paypal_params.check(paypal_params.ORDER, call.body)
    if "payment_source" in call.body and call.request_id is None:
        raise PayPalError(
            400,
            "INVALID_REQUEST",
            {
                "issue": "PAYPAL_REQUEST_ID_REQUIRED",
                "description": (
                    "A PayPal-Request-Id is required if you are trying to process payment for an "
                    "Order. Please specify a PayPal-Request-Id or Create the Order without a "
                    "'payment_source' specified."
                ),
            },
        )
    return Done(paypal_orders.create(call.db, call.cause, call.body).id)


def _capture_order(call: Call) -> Done:
    paypal_params.check(paypal_params.CAPTURE, call.body)
    order = paypal_orders.find(call.db, call.object_id)
    return Done(order.id, paypal_orders.capture(call.db, call.cause, order))


def _create_refund(call: Call) -> Done:
    paypal_params.check(paypal_params.REFUND, call.body)
    captured = call.found(CAPTURE, "capture_id")
    return Done(paypal_refunds.create(call.db, call.cause, captured, call.body).id)


def _show_order(call: Call, made: str) -> Json:
    order = paypal_orders.find(call.db, made)
    # A captured order shows its capture even when no representation was asked for.
    if call.whole or order.body["capture"] is not None:
        return paypal_objects.order(call.db, call.cause, order)
    return paypal_objects.minimal_order(call.cause, order)


def _show_refund(call: Call, made: str) -> Json:
    refund = store.get(call.db, REFUND, made)
    if call.whole:
        return paypal_objects.refund(call.cause, refund)
    return paypal_objects.minimal_refund(call.cause, refund)


def _get_order(call: Call) -> Json:
    order = paypal_orders.find(call.db, call.object_id)
    return paypal_objects.order(call.db, call.cause, order)


def _get_capture(call: Call) -> Json:
    return paypal_objects.capture(call.cause, call.found(CAPTURE, "capture_id"), alone=True)


def _get_refund(call: Call) -> Json:
    return paypal_objects.refund(call.cause, call.found(REFUND, "refund_id"))


def _get_dispute(call: Call) -> Json:
    return paypal_objects.dispute(call.db, call.cause, call.found(DISPUTE, "id"))


def _list_disputes(call: Call) -> Json:
    return paypal_lists.disputes(call.db, call.cause, call.query)


def _list_transactions(call: Call) -> Json:
    return paypal_reports.listed(call.db, call.cause, call.query)


def _list_webhooks(call: Call) -> Json:
    return {"webhooks": [webhook(call.db, call.cause, call.webhook_id)]}


def _get_webhook(call: Call) -> Json:
    if call.object_id != call.webhook_id:
        raise not_found("webhook_id")
    return webhook(call.db, call.cause, call.webhook_id)


@dataclass(frozen=True, slots=True)
class Post:
    """An endpoint that makes something.

    Attributes:
        run: makes it, in one transaction.
        show: the answer.
        name: how `/control/paypal/refuse` calls it.
        kept_seconds: how long PayPal-Request-Ids are kept (VENDORS.md, PayPal, Idempotency).
        again: the status that answers a repeated one.
    """

    run: Callable[[Call], Done]
    show: Callable[[Call, str], Json]
    name: str
    kept_seconds: int
    again: int


POSTS: dict[str, Post] = {
    "/v2/checkout/orders": Post(_create_order, _show_order, "create", 6 * _HOUR, 200),
    "/v2/checkout/orders/{id}/capture": Post(
        _capture_order, _show_order, "capture", 6 * _HOUR, 200
    ),
    "/v2/payments/captures/{id}/refund": Post(
        _create_refund, _show_refund, "refund", 45 * _DAY, 201
    ),
}
GETS: dict[str, Callable[[Call], Json]] = {
    "/v2/checkout/orders/{id}": _get_order,
    "/v2/payments/captures/{id}": _get_capture,
    "/v2/payments/refunds/{id}": _get_refund,
    "/v1/customer/disputes": _list_disputes,
    "/v1/customer/disputes/{id}": _get_dispute,
    "/v1/reporting/transactions": _list_transactions,
    "/v1/notifications/webhooks": _list_webhooks,
    "/v1/notifications/webhooks/{id}": _get_webhook,
}
CALLS = tuple(post.name for post in POSTS.values())

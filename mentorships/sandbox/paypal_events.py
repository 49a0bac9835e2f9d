"""PayPal's events: each change is kept as an event, and its delivery is queued."""

from __future__ import annotations

import secrets
import sqlite3
import string
from dataclasses import dataclass
from datetime import UTC, datetime

from mentorships.sandbox import deliveries, store
from mentorships.sandbox.deliveries import Plan
from mentorships.sandbox.store import Json, Record

VENDOR = "paypal"
EVENT = "paypal_event"
WEBHOOK = "paypal webhook"  # the name under which changes of the account's webhook are kept
_ALPHABET = string.ascii_uppercase + string.digits

# Every event that this simulator sends, with PayPal's words for it and the resource it shows.
TYPES = {
    "CHECKOUT.ORDER.APPROVED": ("checkout-order", "An order has been approved by buyer"),
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED": (
        "checkout-order",
        "A payment has been reversed after approval.",
    ),
    "PAYMENT.CAPTURE.COMPLETED": ("capture", "Payment completed"),
    "PAYMENT.CAPTURE.PENDING": ("capture", "Payment pending"),
    "PAYMENT.CAPTURE.DECLINED": ("capture", "Payment declined"),
    "PAYMENT.CAPTURE.DENIED": ("capture", "Payment denied"),
    "PAYMENT.CAPTURE.REFUNDED": ("refund", "A capture payment was refunded"),
    "PAYMENT.CAPTURE.REVERSED": ("refund", "A capture payment was reversed"),
    "PAYMENT.REFUND.PENDING": ("refund", "A refund is pending"),
    "PAYMENT.REFUND.FAILED": ("refund", "A refund has failed"),
    "CUSTOMER.DISPUTE.CREATED": ("dispute", "A new dispute opened with Case #"),
    "CUSTOMER.DISPUTE.UPDATED": ("dispute", "A dispute was updated with Case #"),
    "CUSTOMER.DISPUTE.RESOLVED": ("dispute", "A dispute was resolved with Case #"),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why objects change: when (Unix seconds, simulator's clock), told how, and our address."""

    now: int
    plan: Plan
    api: str
    public_url: str


def new_id(length: int = 17) -> str:
    """A fresh id in PayPal's form, such as `5O190127TN364715T`."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def moment(seconds: int) -> str:
    """A time as PayPal writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def link(href: str, rel: str, method: str = "GET") -> Json:
    """One entry of `links`."""
    return {"href": href, "rel": rel, "method": method}


def emit(
    db: sqlite3.Connection, cause: Cause, event_type: str, resource: Json, *, subject: str
) -> None:
    """Keep an event that shows the resource as it is now, and queue its delivery if the account's
    webhook asks for that type.

    Args:
        subject: the id of the order under which people look for it.
    """
    resource_type, summary = TYPES[event_type]
    event_id = f"WH-{new_id()}-{new_id()}"
    url = f"{cause.api}/v1/notifications/webhooks-events/{event_id}"
    if summary.endswith("#"):
        summary = f"{summary} {resource['dispute_id']}"
    event: Json = {
        "id": event_id,
        "event_version": "1.0",
        "create_time": moment(cause.now).replace("Z", ".000Z"),
        "resource_type": resource_type,
        "resource_version": "2.0",
        "event_type": event_type,
        "summary": summary,
        "resource": resource,
        "links": [link(url, "self"), link(f"{url}/resend", "resend", "POST")],
    }
    kept: Json = {"id": event_id, "created": cause.now, "status": event_type, "event": event}
    store.add(db, Record(EVENT, kept, parent=subject))
    if event_type in wanted(db):
        deliveries.queue(db, VENDOR, event, event_type, subject, cause.plan)


def wanted(db: sqlite3.Connection) -> list[str]:
    """The types that the account's webhook asks for: all, unless somebody changed it."""
    changed: Json = store.read_meta(db, WEBHOOK) or {}
    types: list[str] = changed.get("event_types", ["*"])
    return list(TYPES) if "*" in types else types


def webhook(db: sqlite3.Connection, cause: Cause, webhook_id: str) -> Json:
    """The account's webhook, as GET /v1/notifications/webhooks shows it."""
    changed: Json = store.read_meta(db, WEBHOOK) or {}
    url = f"{cause.api}/v1/notifications/webhooks/{webhook_id}"
    return {
        "id": webhook_id,
        "url": changed.get("url", f"{cause.public_url}/api/webhooks/paypal"),
        "event_types": [
            {"name": name, "description": TYPES.get(name, ("", name))[1], "status": "ENABLED"}
            for name in changed.get("event_types", list(TYPES))
        ],
        "links": [
            link(url, "self"),
            link(url, "update", "PATCH"),
            link(url, "delete", "DELETE"),
        ],
    }

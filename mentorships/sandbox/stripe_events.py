"""Stripe's events: each change is kept as a snapshot event, and its delivery is queued."""

from __future__ import annotations

import secrets
import sqlite3
import string
from dataclasses import dataclass

from mentorships.sandbox import deliveries, store
from mentorships.sandbox.deliveries import Plan
from mentorships.sandbox.store import Json, Record

VENDOR = "stripe"
API_VERSION = "2026-10-28.endive"
WEBHOOK_ENDPOINT = "webhook_endpoint"  # the name under which changes of ours are kept

_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Cause:
    """Why objects change: when (Unix seconds, simulator's clock), by which request, told how."""

    now: int
    plan: Plan
    request_id: str | None = None
    idempotency_key: str | None = None


def new_id(prefix: str, length: int = 24) -> str:
    """A fresh id in Stripe's form, such as `re_1aB…`."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def default_plan(db: sqlite3.Connection) -> Plan:
    """What happens to webhooks unless a change says otherwise."""
    return deliveries.default_plan(db, VENDOR)


def emit(
    db: sqlite3.Connection,
    cause: Cause,
    event_type: str,
    thing: Json,
    *,
    subject: str,
) -> None:
    """Keep an event that shows `thing` as it is now, and queue its delivery.

    Args:
        subject: the id of the Checkout Session (or charge) under which people look for it.
    """
    body: Json = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": cause.now,
        "data": {"object": thing},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": cause.request_id, "idempotency_key": cause.idempotency_key},
        "type": event_type,
    }
    store.add(db, Record("event", body, parent=subject))
    deliveries.queue(db, VENDOR, body, event_type, subject, cause.plan)

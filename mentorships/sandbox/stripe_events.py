"""Stripe's events: each change is kept as a snapshot event, and its delivery is queued."""

from __future__ import annotations

import json
import secrets
import sqlite3
import string
import time
from dataclasses import dataclass
from typing import Literal, get_args

from mentorships.sandbox import store
from mentorships.sandbox.store import Json, Record

API_VERSION = "2026-10-28.endive"
LATE_SECONDS = 60.0
WEBHOOK_ENDPOINT = "webhook_endpoint"  # the name under which changes of ours are kept

# What happens to a webhook: sent at once, sent twice, sent late, lost, or kept for the caller.
Mode = Literal["now", "twice", "late", "never", "hold"]
MODES: tuple[Mode, ...] = get_args(Mode)

_ALPHABET = string.ascii_letters + string.digits
_STATES: dict[Mode, str] = {
    "now": "pending",
    "twice": "pending",
    "late": "pending",
    "never": "never",
    "hold": "held",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to the webhooks of a change; `seconds` is how late a late one is."""

    mode: Mode = "now"
    seconds: float = LATE_SECONDS


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
    kept = store.read_meta(db, "webhooks")
    return Plan(kept["mode"], kept["seconds"]) if kept else Plan()


def set_default_plan(db: sqlite3.Connection, plan: Plan) -> None:
    """Choose what happens to webhooks from now on."""
    store.write_meta(db, "webhooks", {"mode": plan.mode, "seconds": plan.seconds})


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
    queue(db, body, subject, cause.plan)


def queue(db: sqlite3.Connection, event: Json, subject: str, plan: Plan) -> None:
    """Plan the delivery of an event: once, twice, late, held or lost."""
    payload = json.dumps(event, indent=2).encode()
    next_at = time.time() + (plan.seconds if plan.mode == "late" else 0.0)
    for _ in range(2 if plan.mode == "twice" else 1):
        db.execute(
            "INSERT INTO deliveries (event_id, type, subject, state, next_at, body)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (event["id"], event["type"], subject, _STATES[plan.mode], next_at, payload),
        )

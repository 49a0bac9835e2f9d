"""Delivers Stripe's events over HTTP: signed, at least once, in no promised order.

Undelivered ones are in the store, so that a restarted simulator goes on with them.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass

import httpx

from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.store import Json

# Seconds between the attempts; after the last one the delivery has failed.
BACK_OFF = (1, 5, 30, 120, 600, 3600, 3600, 3600)
_TIMEOUT = 10.0
_AT_ONCE = 8
_TICK = 0.5


@dataclass(frozen=True, slots=True)
class Delivery:
    """One planned delivery of one event. `next_at` is real Unix time."""

    id: int
    event_id: str
    type: str
    subject: str
    state: str
    attempts: int
    next_at: float
    result: str
    body: bytes


def signature(body: bytes, secret: str, signed_at: int) -> str:
    """The `Stripe-Signature` header (VENDORS.md, Stripe, Webhook signature)."""
    payload = str(signed_at).encode() + b"." + body
    digest = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()
    return f"t={signed_at},v1={digest}"


def address(sandbox: Sandbox) -> str:
    """Where the product receives Stripe's webhooks."""
    return f"{sandbox.settings.public_url}/api/webhooks/stripe"


def headers(sandbox: Sandbox, body: bytes, signed_at: int | None = None) -> dict[str, str]:
    """The headers of an attempt made now, or signed at another Unix time."""
    moment = int(time.time()) if signed_at is None else signed_at
    secret = sandbox.settings.effective_stripe_webhook_secret
    return {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "stripe-signature": signature(body, secret, moment),
    }


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__slots__})


def select(
    db: sqlite3.Connection, where: str, values: tuple[object, ...], limit: int = 1000
) -> list[Delivery]:
    """Deliveries by a clause of our own (never of a caller's), oldest first."""
    rows = db.execute(
        f"SELECT * FROM deliveries WHERE {where} ORDER BY id LIMIT ?",  # noqa: S608
        (*values, limit),
    )
    return [_delivery(row) for row in rows]


def due(db: sqlite3.Connection) -> list[Delivery]:
    """What must be sent by now."""
    return select(db, "state = 'pending' AND next_at <= ?", (time.time(),), limit=64)


def undelivered(db: sqlite3.Connection) -> list[Delivery]:
    """Everything that waits, is late or is held; not what was chosen to be lost."""
    return select(db, "state IN ('pending', 'held')", ())


def of_subject(db: sqlite3.Connection, subject: str) -> list[Delivery]:
    """The deliveries about one Checkout Session."""
    return select(db, "subject = ?", (subject,))


def mark_done(db: sqlite3.Connection, delivery_id: int, result: str) -> bool:
    """The caller has delivered it; False when there is no such delivery."""
    cursor = db.execute(
        "UPDATE deliveries SET state = 'delivered', result = ? WHERE id = ?",
        (result, delivery_id),
    )
    return cursor.rowcount == 1


def send_again(db: sqlite3.Connection, delivery: Delivery) -> None:
    """Queue the same event once more, at once."""
    db.execute(
        "INSERT INTO deliveries (event_id, type, subject, state, next_at, body)"
        " VALUES (?, ?, ?, 'pending', ?, ?)",
        (delivery.event_id, delivery.type, delivery.subject, time.time(), delivery.body),
    )


def _after(db: sqlite3.Connection, delivery: Delivery, *, accepted: bool, result: str) -> str:
    """Note an attempt, and plan the next one if it was refused; returns the new state."""
    attempts = delivery.attempts + 1
    again = not accepted and attempts <= len(BACK_OFF)
    state = "delivered" if accepted else "pending" if again else "failed"
    wait = BACK_OFF[attempts - 1] if again else 0
    db.execute(
        "UPDATE deliveries SET state = ?, attempts = ?, next_at = ?, result = ? WHERE id = ?",
        (state, attempts, time.time() + wait, result, delivery.id),
    )
    return state


async def _attempt(sandbox: Sandbox, client: httpx.AsyncClient, delivery: Delivery) -> Json:
    """Send one delivery and note what came of it."""
    try:
        response = await client.post(
            address(sandbox), content=delivery.body, headers=headers(sandbox, delivery.body)
        )
        accepted, result = response.is_success, f"HTTP {response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        accepted, result = False, type(error).__name__
    with sandbox.store.transaction() as db:
        state = _after(db, delivery, accepted=accepted, result=result)
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "state": state,
        "result": result,
    }


async def _attempt_all(sandbox: Sandbox, deliveries: list[Delivery]) -> list[Json]:
    """Send several deliveries, a few at a time, and tell what came of each."""
    if not deliveries:
        return []
    gate = asyncio.Semaphore(_AT_ONCE)
    # The product is reached directly: a proxy of the environment has no way to a loopback address.
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:

        async def gated(delivery: Delivery) -> Json:
            async with gate:
                return await _attempt(sandbox, client, delivery)

        return await asyncio.gather(*(gated(delivery) for delivery in deliveries))


async def flush(sandbox: Sandbox) -> list[Json]:
    """Send now what waits, is late or is held, and tell what came of each."""
    async with sandbox.sending:
        with sandbox.store.transaction() as db:
            waiting = undelivered(db)
        return await _attempt_all(sandbox, waiting)


async def deliver(sandbox: Sandbox) -> None:
    """Send what is due; with nothing due, wait for the bell, at most half a second."""
    sandbox.bell.clear()
    async with sandbox.sending:
        with sandbox.store.transaction() as db:
            waiting = due(db)
        await _attempt_all(sandbox, waiting)
    if not waiting:
        with suppress(TimeoutError):
            await asyncio.wait_for(sandbox.bell.wait(), _TICK)

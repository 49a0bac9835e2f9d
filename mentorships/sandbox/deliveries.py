"""Delivers the vendors' events over HTTP: at least once, in no promised order.

Undelivered ones are in the store, so that a restarted simulator goes on with them.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, get_args

import httpx

from mentorships.sandbox import store
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.store import Json

LATE_SECONDS = 60.0
# Seconds between the attempts; after the last one the delivery has failed.
BACK_OFF = (1, 5, 30, 120, 600, 3600, 3600, 3600)
_TIMEOUT = 10.0
_AT_ONCE = 8
_TICK = 0.5

# What happens to a webhook: sent at once, sent twice, sent late, lost, or kept for the caller.
Mode = Literal["now", "twice", "late", "never", "hold"]
MODES: tuple[Mode, ...] = get_args(Mode)
WORDS: dict[Mode, str] = {
    "now": "arrives once, at once",
    "twice": "arrives twice",
    "late": "arrives 60 seconds late",
    "never": "never arrives",
    "hold": "is held until a test asks for it",
}
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
class Delivery:
    """One planned delivery of one event. `next_at` is real Unix time."""

    id: int
    vendor: str
    event_id: str
    type: str
    subject: str
    state: str
    attempts: int
    next_at: float
    result: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Courier:
    """How one vendor delivers.

    Attributes:
        address: where the product receives this vendor's webhooks.
        headers: the headers of an attempt made now, or signed at another Unix time.
    """

    vendor: str
    address: Callable[[Sandbox], str]
    headers: Callable[[Sandbox, Delivery, int | None], dict[str, str]]


def default_plan(db: sqlite3.Connection, vendor: str) -> Plan:
    """What happens to a vendor's webhooks unless a change says otherwise."""
    kept = store.read_meta(db, f"{vendor} webhooks")
    return Plan(kept["mode"], kept["seconds"]) if kept else Plan()


def set_default_plan(db: sqlite3.Connection, vendor: str, plan: Plan) -> None:
    """Choose what happens to a vendor's webhooks from now on."""
    store.write_meta(db, f"{vendor} webhooks", {"mode": plan.mode, "seconds": plan.seconds})


def queue(
    db: sqlite3.Connection,
    vendor: str,
    event: Json,
    event_type: str,
    subject: str,
    plan: Plan,
    *,
    event_id: str = "",
) -> None:
    """Plan the delivery of an event: once, twice, late, held or lost. `event_id` is for a vendor
    whose events hold no id of their own."""
    payload = json.dumps(event, indent=2).encode()
    next_at = time.time() + (plan.seconds if plan.mode == "late" else 0.0)
    for _ in range(2 if plan.mode == "twice" else 1):
        db.execute(
            "INSERT INTO deliveries (vendor, event_id, type, subject, state, next_at, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                vendor,
                event_id or event["id"],
                event_type,
                subject,
                _STATES[plan.mode],
                next_at,
                payload,
            ),
        )


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__slots__})


def _select(
    db: sqlite3.Connection, where: str, values: tuple[object, ...], limit: int = 1000
) -> list[Delivery]:
    """Deliveries by a clause of our own (never of a caller's), oldest first."""
    rows = db.execute(
        f"SELECT * FROM deliveries WHERE {where} ORDER BY id LIMIT ?",  # noqa: S608
        (*values, limit),
    )
    return [_delivery(row) for row in rows]


def listed(db: sqlite3.Connection, vendor: str, state: str = "") -> list[Delivery]:
    """A vendor's deliveries, all of them or those in one state."""
    return _select(db, "vendor = ? AND ? IN ('', state)", (vendor, state))


def _due(db: sqlite3.Connection) -> list[Delivery]:
    return _select(db, "state = 'pending' AND next_at <= ?", (time.time(),), limit=64)


def undelivered(db: sqlite3.Connection, vendor: str) -> list[Delivery]:
    """Everything of a vendor that waits, is late or is held; not what was chosen to be lost."""
    return _select(db, "vendor = ? AND state IN ('pending', 'held')", (vendor,))


def of_subject(db: sqlite3.Connection, subject: str) -> list[Delivery]:
    """The deliveries about one payment page."""
    return _select(db, "subject = ?", (subject,))


def mark_done(db: sqlite3.Connection, vendor: str, delivery_id: int, result: str) -> bool:
    """The caller has delivered it; False when there is no such delivery."""
    cursor = db.execute(
        "UPDATE deliveries SET state = 'delivered', result = ? WHERE id = ? AND vendor = ?",
        (result, delivery_id, vendor),
    )
    return cursor.rowcount == 1


def send_again(db: sqlite3.Connection, subject: str, delivery_id: str) -> None:
    """Queue one of a payment page's events once more, at once.

    Raises:
        LookupError: the page has no such delivery.
    """
    for delivery in of_subject(db, subject):
        if str(delivery.id) == delivery_id:
            break
    else:
        raise LookupError("This delivery does not belong to the payment page.")
    db.execute(
        "INSERT INTO deliveries (vendor, event_id, type, subject, state, next_at, body)"
        " SELECT vendor, event_id, type, subject, 'pending', ?, body FROM deliveries WHERE id = ?",
        (time.time(), delivery.id),
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


async def _attempt(
    sandbox: Sandbox, client: httpx.AsyncClient, courier: Courier, delivery: Delivery
) -> Json:
    """Send one delivery and note what came of it."""
    try:
        response = await client.post(
            courier.address(sandbox),
            content=delivery.body,
            headers=courier.headers(sandbox, delivery, None),
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


async def _attempt_all(
    sandbox: Sandbox, couriers: dict[str, Courier], waiting: list[Delivery]
) -> list[Json]:
    """Send several deliveries, a few at a time, and tell what came of each."""
    if not waiting:
        return []
    gate = asyncio.Semaphore(_AT_ONCE)
    # The product is reached directly: a proxy of the environment has no way to a loopback address.
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:

        async def gated(delivery: Delivery) -> Json:
            async with gate:
                return await _attempt(sandbox, client, couriers[delivery.vendor], delivery)

        return await asyncio.gather(*(gated(delivery) for delivery in waiting))


async def flush(sandbox: Sandbox, courier: Courier) -> list[Json]:
    """Send now what waits, is late or is held, and tell what came of each."""
    async with sandbox.sending:
        with sandbox.store.transaction() as db:
            waiting = undelivered(db, courier.vendor)
        return await _attempt_all(sandbox, {courier.vendor: courier}, waiting)


async def deliver(sandbox: Sandbox, couriers: dict[str, Courier]) -> None:
    """Send what is due of these vendors; with nothing due, wait for the bell, at most half a
    second."""
    sandbox.bell.clear()
    async with sandbox.sending:
        with sandbox.store.transaction() as db:
            waiting = [each for each in _due(db) if each.vendor in couriers]
        await _attempt_all(sandbox, couriers, waiting)
    if not waiting:
        with suppress(TimeoutError):
            await asyncio.wait_for(sandbox.bell.wait(), _TICK)

"""What tests and the seeding ask about one vendor's webhooks: choose, read, send, tick off."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from starlette.routing import Route

from mentorships.sandbox import deliveries
from mentorships.sandbox.control import Asked, BadControl, control, number, one_of
from mentorships.sandbox.deliveries import LATE_SECONDS, MODES, Courier, Plan
from mentorships.sandbox.store import Json
from services.config import Settings


def plan(db: sqlite3.Connection, vendor: str, body: Json, name: str) -> Plan:
    """What the control request wants to happen to webhooks; the vendor's usual plan if nothing."""
    usual = deliveries.default_plan(db, vendor)
    mode = one_of(body, name, MODES, usual.mode)
    return Plan(mode, number(body, "seconds", LATE_SECONDS if name in body else usual.seconds))


def signing_time(asked: Asked) -> int | None:
    """The Unix time that `?signed_at=` names, or None."""
    text = asked.query.get("signed_at")
    if text is not None and not text.isdecimal():
        raise BadControl("signed_at must be Unix seconds.")
    return None if text is None else int(text)


def routes(courier: Courier, sweep: Callable[[sqlite3.Connection, Settings], None]) -> list[Route]:
    """The controls of one vendor's webhooks, under /control/<vendor>."""
    vendor = courier.vendor

    async def choose(asked: Asked) -> Json:
        with asked.sandbox.store.transaction() as db:
            chosen = plan(db, vendor, asked.body, "mode")
            deliveries.set_default_plan(db, vendor, chosen)
        return {"mode": chosen.mode, "seconds": chosen.seconds}

    async def listed(asked: Asked) -> list[Json]:
        moment, state = signing_time(asked), asked.query.get("state", "")
        with asked.sandbox.store.transaction() as db:
            sweep(db, asked.sandbox.settings)
            if state == "pending":
                rows = deliveries.undelivered(db, vendor)
            else:
                rows = deliveries.listed(db, vendor, state)
        return [
            {
                "id": row.id,
                "event_id": row.event_id,
                "type": row.type,
                "state": row.state,
                "attempts": row.attempts,
                "result": row.result,
                "url": courier.address(asked.sandbox),
                "headers": courier.headers(asked.sandbox, row, moment),
                "body": row.body.decode(),
            }
            for row in rows
        ]

    async def done(asked: Asked) -> Json:
        with asked.sandbox.store.transaction() as db:
            if not deliveries.mark_done(db, vendor, asked.path["id"], "delivered by the caller"):
                raise LookupError("no such delivery")
        return {"ok": True}

    async def flush(asked: Asked) -> list[Json]:
        with asked.sandbox.store.transaction() as db:
            sweep(db, asked.sandbox.settings)
        return await deliveries.flush(asked.sandbox, courier)

    base = f"/control/{vendor}"
    return [
        Route(f"{base}/webhooks", control(choose), methods=["POST"]),
        Route(f"{base}/deliveries", control(listed), methods=["GET"]),
        Route(f"{base}/deliveries/flush", control(flush), methods=["POST"]),
        Route(f"{base}/deliveries/{{id:int}}/done", control(done), methods=["POST"]),
    ]

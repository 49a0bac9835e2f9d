"""What happens at PayPal by itself when time passes: orders run out, refunds settle."""

from __future__ import annotations

import sqlite3

from mentorships.sandbox import clock, deliveries, paypal_orders, paypal_refunds, store
from mentorships.sandbox.deliveries import Plan
from mentorships.sandbox.paypal_events import VENDOR, Cause
from mentorships.sandbox.paypal_objects import ORDER, REFUND
from services.config import Settings


def api_address(settings: Settings) -> str:
    """Where the simulated API is, as links and certificates name it."""
    return f"{settings.sandbox_address}/paypal"


def cause(
    db: sqlite3.Connection, settings: Settings, plan: Plan | None = None, at: int | None = None
) -> Cause:
    """Something happens now, or then, and is told as usual, or as the plan says."""
    return Cause(
        now=clock.now(db) if at is None else at,
        plan=plan or deliveries.default_plan(db, VENDOR),
        api=api_address(settings),
        public_url=settings.public_url,
    )


def sweep(db: sqlite3.Connection, settings: Settings) -> None:
    """Carry out everything that is due by the simulators' clock."""
    now = clock.now(db)
    for record in store.due(db, (ORDER, REFUND), now):
        # Dated when it became due: a clock that jumped a year leaves no gap in the history.
        then = cause(db, settings, at=record.due or now)
        if record.kind == ORDER:
            paypal_orders.run_out(db, then, record)
        else:
            paypal_refunds.run_out(db, then, record)

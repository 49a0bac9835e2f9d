"""What happens by itself when time passes: sessions end, refunds settle."""

from __future__ import annotations

import sqlite3

from mentorships.sandbox import clock, store, stripe_refunds, stripe_sessions
from mentorships.sandbox.stripe_events import Cause, default_plan


def sweep(db: sqlite3.Connection) -> None:
    """Carry out everything that is due by the simulators' clock."""
    now = clock.now(db)
    for record in store.due(db, (stripe_sessions.KIND, "refund"), now):
        # Dated when it became due: a clock that jumped a year leaves no gap in the history.
        cause = Cause(now=record.due or now, plan=default_plan(db))
        if record.kind == stripe_sessions.KIND:
            stripe_sessions.end(db, cause, record)
        else:
            stripe_refunds.settle(db, cause, record)

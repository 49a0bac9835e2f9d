"""When two transactions meet: letting the second one run into the lock of the first."""

from __future__ import annotations

import time

from sqlalchemy import text

from services import db

PATIENCE_SECONDS = 30.0
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def until_somebody_waits(database: str) -> None:
    """Return as soon as a transaction of this test's database waits for a lock.

    On SQLite at once: there is nothing to look at, and whoever writes waits before it reads.

    Raises:
        TimeoutError: nobody waits.
    """
    if not database.startswith("postgresql"):
        return
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with db.reading() as session:
            if session.connection().execute(_WAITING).scalar_one():
                return
        time.sleep(0.005)
    raise TimeoutError("nobody waits for a lock")

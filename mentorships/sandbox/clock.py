"""The simulators' clock: real time, real time moved by an offset, or one fixed moment.

Everything that a vendor would date (`created`, `expires_at`, when a refund settles) follows it.
Deliveries and signatures use real time, since their receivers compare with their own clocks.
"""

from __future__ import annotations

import sqlite3
import time

from mentorships.sandbox import store


def now(db: sqlite3.Connection) -> int:
    """The simulators' present, in Unix seconds."""
    setting = store.read_meta(db, "clock") or {}
    if setting.get("now") is not None:
        return int(setting["now"])
    return int(time.time()) + int(setting.get("offset") or 0)


def fix(db: sqlite3.Connection, moment: int | None) -> None:
    """Stop the clock at a moment (Unix seconds), or give real time back with None."""
    store.write_meta(db, "clock", {"now": moment})


def shift(db: sqlite3.Connection, seconds: int) -> None:
    """Let the clock run that many seconds ahead of real time (behind it when negative)."""
    store.write_meta(db, "clock", {"offset": seconds})

"""The outbox: what must leave the building is written in the transaction of its cause.

`add` writes a message, `take` leases the ones that are due, `done` and `failed` settle them.
Sending is at least once: the message's unique key is the vendor's idempotency key.
"""

from __future__ import annotations

from services.outbox.lanes import HOUSE, KINDS, LANES, Lane, lane_of
from services.outbox.repairing import cancel, count_stuck, retry, retry_stuck, send_again
from services.outbox.settling import (
    LONGEST_WAIT,
    MAX_ATTEMPTS,
    MAX_FAILURES,
    MOST_LEASES,
    back_off,
    done,
    failed,
    is_final,
    mark_failed,
    mark_sent,
    wait_after,
)
from services.outbox.taking import (
    LEASE,
    LONGEST_SECONDS,
    Message,
    Unsendable,
    give_back,
    hand_back,
    lanes_due,
    oldest_due,
    take,
    take_named,
)
from services.outbox.writing import about, add, on_added, wake_soon

__all__ = [
    "HOUSE",
    "KINDS",
    "LANES",
    "LEASE",
    "LONGEST_SECONDS",
    "LONGEST_WAIT",
    "MAX_ATTEMPTS",
    "MAX_FAILURES",
    "MOST_LEASES",
    "Lane",
    "Message",
    "Unsendable",
    "about",
    "add",
    "back_off",
    "cancel",
    "count_stuck",
    "done",
    "failed",
    "give_back",
    "hand_back",
    "is_final",
    "lane_of",
    "lanes_due",
    "mark_failed",
    "mark_sent",
    "oldest_due",
    "on_added",
    "retry",
    "retry_stuck",
    "send_again",
    "take",
    "take_named",
    "wait_after",
    "wake_soon",
]

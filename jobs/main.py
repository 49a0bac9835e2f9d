"""The worker's entry: `huey_consumer jobs.main.huey`. Importing it registers every job."""

from __future__ import annotations

import threading

from jobs import calendar, inbox, outbox, periodic
from jobs.heartbeat import Heartbeat
from jobs.queue import huey
from services import observability
from services import outbox as outbox_service

__all__ = ["calendar", "huey", "inbox", "outbox", "periodic"]

heartbeat = Heartbeat(beat=huey.beat, rest=huey.rest)
_first = threading.Lock()


@huey.on_startup()
def _start() -> None:
    """Called by each of the consumer's threads, also by one that replaces a dead one."""
    if _first.acquire(blocking=False):
        observability.start("worker")
        outbox_service.on_added(outbox.wake)
        outbox.wake_others()
        outbox.wake_calendars()
        inbox.wake()
    heartbeat.start()


@huey.on_shutdown()
def _stop() -> None:
    """Called by each thread as it ends: the worker is gone from the list of the living at once."""
    heartbeat.stop()

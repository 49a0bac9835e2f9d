"""The worker's entry: `huey_consumer jobs.main.huey`. Importing it registers every job."""

from __future__ import annotations

import threading
import time

import structlog

from jobs import inbox, outbox, periodic
from jobs.queue import HEARTBEAT_EVERY_SECONDS, beat, huey
from services import outbox as outbox_service

__all__ = ["huey", "inbox", "outbox", "periodic"]

log = structlog.get_logger()
_beating = threading.Lock()


@huey.on_startup()
def _start() -> None:
    """Called by each of the consumer's threads: the first one starts the heartbeat."""
    if _beating.acquire(blocking=False):
        outbox_service.on_added(outbox.wake)
        threading.Thread(target=_beat, name="heartbeat", daemon=True).start()
        outbox.wake()
        inbox.wake()


def _beat() -> None:
    while True:
        try:
            beat()
        except Exception as error:  # the queue's storage may be away for a while
            log.warning("heartbeat_failed", error=type(error).__name__)
        time.sleep(HEARTBEAT_EVERY_SECONDS)

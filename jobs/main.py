"""The worker's entry: `huey_consumer jobs.main.huey`. Importing it registers every job."""

from __future__ import annotations

import threading

import structlog

from jobs import inbox, outbox, periodic
from jobs.queue import HEARTBEAT_EVERY_SECONDS, huey
from services import observability
from services import outbox as outbox_service

__all__ = ["huey", "inbox", "outbox", "periodic"]

log = structlog.get_logger()
_beating = threading.Lock()
_stopping = threading.Event()


@huey.on_startup()
def _start() -> None:
    """Called by each of the consumer's threads: the first one starts the heartbeat."""
    if _beating.acquire(blocking=False):
        observability.start("worker")
        outbox_service.on_added(outbox.wake)
        threading.Thread(target=_beat, name="heartbeat", daemon=True).start()
        outbox.wake()
        inbox.wake()


@huey.on_shutdown()
def _stop() -> None:
    """Called by each thread as it ends: the worker is gone from the list of the living at once."""
    _stopping.set()
    try:
        huey.rest()
    except Exception as error:  # the queue's storage may be away: the heartbeat grows old instead
        log.warning("goodbye_failed", error=type(error).__name__)


def _beat() -> None:
    while not _stopping.is_set():
        try:
            huey.beat()
        except Exception as error:  # the queue's storage may be away for a while
            log.warning("heartbeat_failed", error=type(error).__name__)
        _stopping.wait(HEARTBEAT_EVERY_SECONDS)

"""The worker's entry: `huey_consumer jobs.main.huey`. Importing it registers every job."""

from __future__ import annotations

import threading

import structlog

from jobs import calendar, inbox, outbox, periodic, schedules
from jobs.heartbeat import Heartbeat
from jobs.queue import huey
from services import observability
from services import outbox as outbox_service
from services.jobs import alerts, runs, workers
from services.recordings import leases

__all__ = ["calendar", "huey", "inbox", "outbox", "periodic"]

log = structlog.get_logger()


def _beat() -> None:
    """Two signs of life: the queue's storage is asked for readiness, the database's outlive it."""
    try:
        alerts.beat(worker=workers.name(), doing=runs.doing())
    finally:
        huey.beat()


def _rest() -> None:
    try:
        workers.rest(worker=workers.name())
    finally:
        huey.rest()


heartbeat = Heartbeat(beat=_beat, rest=_rest)
_first = threading.Lock()


@huey.on_startup()
def _start() -> None:
    """Called by each of the consumer's threads, also by one that replaces a dead one."""
    if _first.acquire(blocking=False):
        observability.start("worker")
        outbox_service.on_added(outbox.wake)
        _declare()
        outbox.send_all_soon()
        inbox.wake()
    leases.stopping.clear()
    heartbeat.start()


def _declare() -> None:
    try:
        schedules.declare()
    except Exception as error:  # the database may be away for a while: the books are not the work
        log.warning("schedules_not_declared", error=type(error).__name__)


@huey.on_shutdown()
def _stop() -> None:
    """Called by each thread as it ends: the worker is gone from the list of the living at once."""
    leases.stopping.set()
    heartbeat.stop()

"""Reading connected calendars: those that are due, a few at a time, in one run at a time: a Google
that does not answer must not keep all of the worker's threads."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import structlog

from jobs.queue import WakeUp, huey
from services import calendar, outages, tracing
from services.errors import ProviderError
from services.ids import CalendarConnectionId

AT_ONCE = 8
"""Calendars wait for Google, not for us: one slow answer must not keep the others waiting."""
LONGEST_SECONDS = 45.0
"""After that a run begins nothing more; the next one goes on."""

log = structlog.get_logger()
_reading = threading.Lock()


def sync(connection_id: CalendarConnectionId) -> None:
    """Read one connection. A failure is noted there and tried again; it stops nobody else."""
    with tracing.bound(tracing.new_id()):
        try:
            calendar.sync(connection_id)
        except ProviderError as error:
            log.warning("calendar_not_read", reason=type(error).__name__)
        except Exception as error:
            if outages.away(error):
                raise
            log.exception("calendar_sync_failed")


@huey.task()
def sync_calendars() -> None:
    """Read everything that is due, unless somebody is at it: they find what became due since."""
    if not _reading.acquire(blocking=False):
        return
    try:
        read_due(seconds=LONGEST_SECONDS)
    finally:
        _reading.release()


def read_due(*, seconds: float) -> None:
    """Read what is due, the longest waiting first, in rounds; no round begins after `seconds`."""
    ends = time.monotonic() + seconds
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="calendar") as pool:
        while due := calendar.take_due(limit=AT_ONCE):
            runs = [pool.submit(copy_context().run, sync, each) for each in due]
            for run in runs:
                run.result()
            if time.monotonic() >= ends:
                return


wake = WakeUp(sync_calendars)

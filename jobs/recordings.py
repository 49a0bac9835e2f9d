"""Watching recorders: those that are due, a few at a time, and again exactly when the next one is.

A look comes seconds after a start, so that it cannot wait for the next minute; the sweep is the
guarantee behind.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta

from jobs.queue import WakeUp, huey
from services import clock, recordings
from services.outbox import Message

AT_ONCE = 4
"""Recorders wait for the video service, not for us."""
LONGEST_SECONDS = 45.0
"""After that a run begins no more looks; the next one goes on."""
SOON = timedelta(minutes=1)
"""What is due later, the sweep finds in time."""

_watching = threading.Lock()
_stopping = threading.Lock()


def start(message: Message) -> object:
    """Of a message that wants a recorder started."""
    return _then_watch(recordings.start(recording=message.text("recording")))


def stop(message: Message) -> object:
    """Of a message that wants a recorder stopped: the recording's own, or one that is too many."""
    recording = message.text("recording")
    if "sid" not in message.data:
        return _then_watch(recordings.ask_to_stop(recording=recording))
    return recordings.stop_other(
        recording=recording,
        sid=message.text("sid"),
        uid=message.number("uid"),
        resource=message.text("resource"),
        attempt=message.attempt,
    )


def give_up(message: Message) -> None:
    """Of a start that is given up."""
    recordings.give_up(recording=message.text("recording"))


@huey.task()
def watch_recorders() -> None:
    """Look at what is due, unless this process is at it: then it finds what became due since."""
    if not _watching.acquire(blocking=False):
        return
    try:
        watch_due(seconds=LONGEST_SECONDS)
    finally:
        _watching.release()
    plan()


def watch_due(*, seconds: float) -> None:
    """Look at what is due, the longest waiting first, in rounds; none begins after `seconds`."""
    ends = time.monotonic() + seconds
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="recorders") as pool:
        while due := recordings.list_due(limit=AT_ONCE):
            looks = [pool.submit(copy_context().run, recordings.look, each) for each in due]
            for each in looks:
                each.result()
            if time.monotonic() >= ends:
                return


@huey.task()
def stop_strays() -> None:
    """Have the recorders leave that nobody knows of, unless this process is at it."""
    if not _stopping.acquire(blocking=False):
        return
    try:
        recordings.stop_strays()
    finally:
        _stopping.release()


wake = WakeUp(watch_recorders)


class Plan:
    """When this process has asked for the next look: once for each moment is enough."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: datetime | None = None

    def ask(self, at: datetime) -> bool:
        """Whether a look must be asked for, since none comes by then."""
        with self._lock:
            now = clock.utc_now()
            if self._at is not None and now < self._at <= at:
                return False
            self._at = at
            return True

    def forget(self) -> None:
        """Nothing is planned."""
        with self._lock:
            self._at = None


planned = Plan()


def plan() -> None:
    """Have a worker look when the next recording is due, if that is soon."""
    at = recordings.next_look()
    now = clock.utc_now()
    if at is None or at > now + SOON:
        return
    if at <= now:
        wake()
    elif planned.ask(at):
        watch_recorders.schedule(delay=max(0.1, (at - now).total_seconds()))


def _then_watch(result: object) -> object:
    plan()
    return result


def watch_soon() -> None:
    """Of the sweep: have a worker look at what is due, and for what nobody knows of."""
    if recordings.list_strays():
        stop_strays()
    if recordings.list_due(limit=1):
        watch_recorders()
    else:
        plan()

"""Huey: which storage, how the web process wakes a job, and whether a worker is alive.

The storage is Redis with REDIS_URL, else PostgreSQL with a PostgreSQL database, else a SQLite file
of its own (the product's file is not touched by the queue's polling).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey

from services import logs
from services.config import settings

NAME = "mentorships"
HEARTBEAT_KEY = "worker-heartbeat"
HEARTBEAT_EVERY_SECONDS = 10
WAKE_EVERY_SECONDS = 0.1

logs.configure()
log = structlog.get_logger()


def _make() -> Huey:
    chosen = settings()
    if chosen.redis_url:
        return RedisHuey(NAME, url=chosen.redis_url)
    if not chosen.is_sqlite:
        dsn = chosen.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        return PostgresHuey(NAME, dsn=dsn)
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(NAME, filename=str(chosen.data_dir / "huey.db"), fsync=False)


huey = _make()


def ping() -> None:
    """Ask the queue's storage something; raises what the storage raises when it is away."""
    huey.storage.queue_size()


def beat() -> None:
    """Tell that this worker is alive."""
    huey.storage.put_data(HEARTBEAT_KEY, str(time.time()).encode())


def heartbeat_age() -> float | None:
    """Seconds since the last worker's heartbeat; None when there has never been one."""
    data = huey.storage.peek_data(HEARTBEAT_KEY)
    if not isinstance(data, bytes | memoryview | str):  # Huey's EmptyData
        return None
    text = data if isinstance(data, str) else bytes(data).decode()
    return max(0.0, time.time() - float(text))


class WakeUp:
    """Enqueues a job soon, at most once per `WAKE_EVERY_SECONDS`, whatever the burst.

    The job takes everything that is due, so one for many webhooks is enough. It is only a hint:
    the sweep finds what a lost or failed wake-up left behind.
    """

    def __init__(self, enqueue: Callable[[], object]) -> None:
        self._enqueue = enqueue
        self._lock = threading.Lock()
        self._waiting = False
        self._last = float("-inf")

    def __call__(self) -> None:
        with self._lock:
            if self._waiting:
                return
            self._waiting = True
            delay = max(0.0, self._last + WAKE_EVERY_SECONDS - time.monotonic())
        if delay == 0:
            self._send()
        else:
            timer = threading.Timer(delay, self._send)
            timer.daemon = True
            timer.start()

    def _send(self) -> None:
        with self._lock:
            self._waiting = False
            self._last = time.monotonic()
        try:
            self._enqueue()
        except Exception as error:  # the queue may be away: the event is stored all the same
            log.warning("wake_up_failed", error=type(error).__name__)

"""Huey: which storage, how the web process wakes a job, and which workers are alive.

The storage is Redis with REDIS_URL, else PostgreSQL with a PostgreSQL database, else a SQLite file
of its own (the product's file is not touched by the queue's polling). Any number of workers on any
number of hosts share it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import structlog
from huey import Huey
from huey.storage import PostgresStorage, RedisStorage, SqliteStorage
from redis import ConnectionPool
from typing_extensions import override

from services import db, logs, outages
from services.config import settings
from services.jobs.workers import name as worker_name

NAME = "mentorships"
HEARTBEAT_EVERY_SECONDS = 10
WAKE_EVERY_SECONDS = 0.1
CONNECT_SECONDS = 3
ANSWER_SECONDS = 10
FORGOTTEN_AFTER_SECONDS = 24 * 3600.0
CLAIMS_KEPT = timedelta(hours=1)
_WORKER = "worker:"
_TICK = "tick:"
_TICK_FORMAT = "%Y-%m-%dT%H:%M"

logs.configure()
log = structlog.get_logger()


class Queue(Huey):
    """Huey, but a periodic task is enqueued once a minute, however many workers watch the clock.

    Every worker has a scheduler, so any one of them may die. Whoever first claims the minute
    enqueues; a claim that comes to nothing (the worker was killed in between) costs that minute,
    which the jobs can afford: each asks what is due.
    """

    @override
    def read_periodic(self, timestamp: datetime | None) -> list[Any]:
        """The periodic tasks that this worker enqueues now."""
        # Without a zone both times are local, as Huey's schedules are.
        instant = timestamp.astimezone(UTC) if timestamp else datetime.now(UTC)
        local = timestamp or instant.astimezone().replace(tzinfo=None)
        return [task for task in super().read_periodic(local) if self._claimed(task.name, instant)]

    def beat(self) -> None:
        """Tell that this worker is alive, and forget those that have been gone for a day."""
        self.storage.put_data(_WORKER + worker_name(), str(time.time()).encode())
        for name, age in self.workers().items():
            if age > FORGOTTEN_AFTER_SECONDS:
                self.storage.delete_data(_WORKER + name)

    def rest(self) -> None:
        """Tell that this worker stopped on purpose."""
        self.storage.delete_data(_WORKER + worker_name())

    def workers(self) -> dict[str, float]:
        """Seconds since each worker's last heartbeat, by `host:process`. A worker that was stopped
        politely is not there; one that was killed grows older."""
        now = time.time()
        beats = _stored(self, _WORKER)
        return {key.removeprefix(_WORKER): max(0.0, now - float(at)) for key, at in beats.items()}

    def _claimed(self, name: str, now: datetime) -> bool:
        """Whether this worker is the first to claim the minute, named in UTC: a local one comes
        twice when the clocks go back, and is another one for a worker in another zone."""
        prefix = f"{_TICK}{name}:"
        try:
            if not self.storage.put_if_empty(prefix + now.strftime(_TICK_FORMAT), b"1"):
                return False
            oldest = prefix + (now - CLAIMS_KEPT).strftime(_TICK_FORMAT)
            for key in _stored(self, prefix):
                if key < oldest:
                    self.storage.delete_data(key)
        except Exception as error:  # the queue's storage is away: nothing can be enqueued anyway
            log.warning("periodic_task_skipped", task=name, error=type(error).__name__)
            return False
        return True


def make() -> Queue:
    """The queue of the settings; each process makes one."""
    chosen = settings()
    if chosen.redis_url:
        pool = ConnectionPool.from_url(
            chosen.redis_url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            socket_keepalive=True,
            health_check_interval=30,
        )
        return Queue(NAME, results=False, storage_class=RedisStorage, connection_pool=pool)
    if not chosen.is_sqlite:
        return _on_postgres(
            chosen.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        )
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    return Queue(
        NAME,
        results=False,
        storage_class=SqliteStorage,
        filename=str(chosen.data_dir / "huey.db"),
        fsync=False,
    )


def _on_postgres(dsn: str) -> Queue:
    """Huey makes its tables when first used. PostgreSQL's IF NOT EXISTS lets two processes that
    start together collide: the second try finds the tables."""
    for last_try in (False, False, True):
        try:
            return Queue(
                NAME, results=False, storage_class=PostgresStorage, dsn=dsn, **db.POSTGRES_ALIVE
            )
        except (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
            if last_try:
                raise
    raise AssertionError("unreachable")


def _stored(queue: Huey, prefix: str) -> dict[str, bytes]:
    """What is stored under keys that begin with `prefix`. No job's result or traceback is kept
    (`results=False`), so the store is small."""
    found: dict[Any, Any] = queue.storage.result_items()
    texts = {key if isinstance(key, str) else key.decode(): data for key, data in found.items()}
    return {key: bytes(data) for key, data in texts.items() if key.startswith(prefix)}


class _OneLine(logging.Filter):
    """Huey logs whatever a job raises with its traceback; an outage needs one line."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        name = outages.away(error) if error else ""
        if error and name:
            log.error(f"{name}_away", reason=outages.reason(error))
        return not name


logging.getLogger("huey").addFilter(_OneLine())
huey = make()


def ping() -> None:
    """Ask the queue's storage something; raises what the storage raises when it is away."""
    huey.storage.queue_size()


def workers() -> dict[str, float]:
    """Seconds since each worker's last heartbeat, by `host:process`; see `Queue.workers`."""
    return huey.workers()


def heartbeat_age() -> float | None:
    """Seconds since any worker's last heartbeat; None when there is no worker."""
    return min(workers().values(), default=None)


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

"""`/health`: this process is alive. `/ready`: everything a person needs answers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from jobs import queue
from mentorships import migrations
from services import db

HEARTBEAT_SECONDS = 60
KEPT_SECONDS = 1.0
_log = structlog.get_logger(__name__)


def _database_answers() -> bool:
    with db.engine().connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    return True


def _queue_answers() -> bool:
    queue.ping()
    return True


def _worker_is_alive() -> bool:
    age = queue.heartbeat_age()
    return age is not None and age < HEARTBEAT_SECONDS


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database_answers,
    "migrations": migrations.at_head,
    "queue": _queue_answers,
    "worker": _worker_is_alive,
}


def _passes(name: str, check: Callable[[], bool]) -> bool:
    """Run one check. The caller learns only its name; the reason is for the operator's log."""
    try:
        return check()
    except Exception as error:
        _log.warning("not_ready", check=name, error=type(error).__name__)
        return False


def readiness() -> dict[str, bool]:
    """The state of each part. Blocking: up to the time-outs of the database and the queue."""
    return {name: _passes(name, check) for name, check in CHECKS.items()}


async def health(_request: Request) -> JSONResponse:
    """200 as long as this process answers."""
    return JSONResponse({"status": "ok"})


class Ready:
    """Answers /ready. Its one thread is its own: while the checks wait for a time-out, the pages'
    threads stay free; whoever asks meanwhile, or within a second, gets the same answer."""

    def __init__(self, ask: Callable[[], dict[str, bool]] = readiness) -> None:
        self._ask = ask
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ready")
        self._lock = threading.Lock()
        self._asked: Future[dict[str, bool]] | None = None
        self._at = 0.0

    async def answer(self, _request: Request) -> JSONResponse:
        """200 when every part is ready; otherwise 503, and which ones are not."""
        parts = await asyncio.shield(asyncio.wrap_future(self._current()))
        missing = [name for name, good in parts.items() if not good]
        return JSONResponse(
            {"ready": not missing, "not_ready": missing, "checks": parts},
            status_code=503 if missing else 200,
            headers={"Cache-Control": "no-store"},
        )

    def _current(self) -> Future[dict[str, bool]]:
        with self._lock:
            known = self._asked
            if known and (not known.done() or time.monotonic() - self._at < KEPT_SECONDS):
                return known
            self._asked = self._thread.submit(self._run)
            return self._asked

    def _run(self) -> dict[str, bool]:
        parts = self._ask()
        self._at = time.monotonic()
        return parts


routes = [Route("/health", health), Route("/ready", Ready().answer)]

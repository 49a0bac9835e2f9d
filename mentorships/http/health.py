"""`/health`: this process is alive. `/ready`: everything a person needs answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from jobs import queue
from mentorships import migrations
from services import db

HEARTBEAT_SECONDS = 60
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


async def ready(_request: Request) -> JSONResponse:
    """200 when every part is ready; otherwise 503, and which ones are not."""
    parts = await asyncio.to_thread(readiness)
    missing = [name for name, good in parts.items() if not good]
    return JSONResponse(
        {"ready": not missing, "not_ready": missing, "checks": parts},
        status_code=503 if missing else 200,
        headers={"Cache-Control": "no-store"},
    )


routes = [Route("/health", health), Route("/ready", ready)]

"""The bare limit of a webhook: a Starlette route that checks the same signature, reads the same
JSON and writes the same row, as durably, and nothing else. `benchmarks.bare:create_app`.

SQLite has one writer connection in one thread, PostgreSQL an asynchronous pool of eight.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.config import settings

POOL = 8
COLUMNS = (
    "public_id, provider, event_id, type, object_id, payload, status, attempts, error, "
    "received_at, due_at"
)
Row = tuple[Any, ...]
Store = Callable[[Row], Awaitable[None]]


def create_app() -> Starlette:
    """The bare server on the database of the settings."""
    secret = settings().effective_stripe_webhook_secret.encode()
    store: dict[str, Store] = {}

    async def webhook(request: Request) -> Response:
        body = await request.body()
        if not _is_signed(body, request.headers.get("stripe-signature", ""), secret):
            return JSONResponse({"error": "the signature does not match"}, 400)
        event = json.loads(body)
        await store["insert"](_row(event, body))
        return JSONResponse({"received": True})

    async def nothing(request: Request) -> Response:
        await request.body()
        return PlainTextResponse("ok")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with _sqlite() if settings().is_sqlite else _postgres() as insert:
            store["insert"] = insert
            yield

    routes = [
        Route("/api/webhooks/stripe", webhook, methods=["POST"]),
        Route("/nothing", nothing, methods=["POST"]),
        Route("/health", lambda _request: PlainTextResponse("ok")),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _is_signed(body: bytes, header: str, secret: bytes) -> bool:
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(secret, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    fresh = abs(time.time() - int(parts["t"])) < 300
    return fresh and hmac.compare_digest(expected, parts["v1"])


def _row(event: dict[str, Any], body: bytes) -> Row:
    now = datetime.now(UTC)
    about = event["data"]["object"]["id"]
    key = f"inb_{secrets.token_hex(11)}"
    text = body.decode()
    return (key, "stripe", event["id"], event["type"], about, text, "received", 0, "", now, now)


@asynccontextmanager
async def _sqlite() -> AsyncIterator[Store]:
    path = settings().database_url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    writer = ThreadPoolExecutor(max_workers=1)
    marks = ", ".join("?" for _ in COLUMNS.split(","))
    statement = f"INSERT INTO inbox_event ({COLUMNS}) VALUES ({marks}) ON CONFLICT DO NOTHING"

    def insert(row: Row) -> None:
        *values, received, due = row
        naive = [moment.replace(tzinfo=None).isoformat(" ") for moment in (received, due)]
        connection.execute(statement, (*values, *naive))  # its own transaction

    async def store(row: Row) -> None:
        await asyncio.get_running_loop().run_in_executor(writer, insert, row)

    yield store
    writer.shutdown()
    connection.close()


@asynccontextmanager
async def _postgres() -> AsyncIterator[Store]:
    address = settings().database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    marks = ", ".join("%s" for _ in COLUMNS.split(","))
    statement = f"INSERT INTO inbox_event ({COLUMNS}) VALUES ({marks}) ON CONFLICT DO NOTHING"
    pool = AsyncConnectionPool(
        address, min_size=POOL, max_size=POOL, open=False, kwargs={"autocommit": True}
    )
    async with pool:
        await pool.wait()

        async def store(row: Row) -> None:
            async with pool.connection() as connection:
                await connection.execute(statement, row, prepare=True)

        yield store

"""Webhooks: verify the raw body, store it, answer. Handling is a job's work.

Answers: 200 stored (or here before), 400 forged, stale or unreadable, 413 too large. Any other
failure is a 500, and the provider sends it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services import clock, inbox
from services.config import settings
from services.providers.payments.base import BadEvent, BadSignature
from services.providers.payments.registry import payments

log = structlog.get_logger()


class TooLarge(Exception):
    """The body is larger than a webhook can be."""


async def read_bounded(request: Request, limit: int) -> bytes:
    """The raw body, read no further than `limit` bytes.

    Raises:
        TooLarge
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


def routes(wake: Callable[[], None]) -> list[Route]:
    """The webhook routes; `wake` tells the worker that something has come."""

    async def stripe(request: Request) -> Response:
        try:
            body = await read_bounded(request, settings().webhook_max_bytes)
            signature = request.headers.get("stripe-signature", "")
            new = await asyncio.to_thread(_receive_stripe, body, signature)
        except TooLarge:
            return _refused(413, "the body is too large")
        except (BadSignature, BadEvent) as error:
            return _refused(400, str(error))
        if new:
            await asyncio.to_thread(wake)
        return JSONResponse({"received": True})

    return [Route("/api/webhooks/stripe", stripe, methods=["POST"])]


def _receive_stripe(body: bytes, signature: str) -> bool:
    event = payments("stripe").read_event(body, signature, clock.utc_now())
    return inbox.receive(
        provider="stripe",
        event_id=event.id,
        type=event.type,
        object_id=event.object_id,
        payload=body.decode("utf-8"),
    )


def _refused(status: int, why: str) -> Response:
    log.warning("webhook_refused", status=status, why=why)
    return JSONResponse({"error": why}, status_code=status)

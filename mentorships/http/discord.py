"""Slash commands from Discord: verify, store, answer at once that the answer will come.

Discord waits three seconds. The answer itself is a job's work, which edits ours within fifteen
minutes. Answers: 200 taken (or Discord only asked whether we are there), 400 signed but unreadable,
401 not signed by Discord or too old, 404 the studio has no Discord, 413 too large.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jobs.inbox import wake
from mentorships.http.webhooks import Bell, ClientLeft, TooLarge, read_bounded
from services import clock, inbox
from services.config import settings
from services.errors import DatabaseUnavailable
from services.providers.discord import interactions
from services.providers.discord.interactions import BadInteraction, BadSignature, Interaction

PATH = "/api/webhooks/discord"
PROVIDER = "discord"
LARGEST_BODY = 64_000
STORED_WITHIN_SECONDS = 2.0
NOT_NOW = "The studio cannot answer right now. Please try again in a minute."

log = structlog.get_logger()
_bell = Bell(wake)


async def _interaction(request: Request) -> Response:
    if not settings().discord_offered:
        return JSONResponse({"error": "there is no Discord here"}, 404)
    try:
        body = await read_bounded(request.receive, LARGEST_BODY)
        command = _verified(body, request.headers)
    except ClientLeft:
        return Response(status_code=400)
    except TooLarge:
        return _refused(413, "the body is too large")
    except BadSignature as error:
        return _refused(401, str(error))
    except BadInteraction as error:
        return _refused(400, str(error))
    if command is None:
        return JSONResponse(interactions.PONG)
    return JSONResponse(await _taken(command))


def _verified(body: bytes, headers: Mapping[str, str]) -> Interaction | None:
    key = settings().effective_discord_public_key
    interactions.verify(body, headers, clock.utc_now(), public_key=key)
    return interactions.read(body)


async def _taken(command: Interaction) -> Mapping[str, object]:
    """Deferred once it is stored; in words when that cannot be done in time."""
    try:
        async with asyncio.timeout(STORED_WITHIN_SECONDS):
            new = await asyncio.to_thread(_store, command)
    except (DatabaseUnavailable, TimeoutError) as error:
        log.warning("command_not_stored", interaction=command.id, reason=type(error).__name__)
        return interactions.immediate(NOT_NOW)
    if new:
        _bell()
    return interactions.DEFERRED


def _store(command: Interaction) -> bool:
    return inbox.receive(
        provider=PROVIDER,
        event_id=command.id,
        type="command",
        object_id=command.discord_id,
        payload=command.payload,
    )


def _refused(status: int, why: str) -> Response:
    log.warning("interaction_refused", status=status, why=why)
    return JSONResponse({"error": why}, status)


routes = [Route(PATH, _interaction, methods=["POST"])]

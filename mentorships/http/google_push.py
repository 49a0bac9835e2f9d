"""Google's messages that a calendar has changed: headers without a body, known by their token.

They carry no event of their own: the calendar's row says that it should be read, which is as good
stored as an inbox event and cannot pile up. A lost one is made good by reading every few minutes.

Answers: 200 taken, 404 a channel that we do not know (any more), 503 the database is away.
"""

from __future__ import annotations

import asyncio

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jobs.calendar import wake
from services import calendar

_LONGEST = 256
_BEGINS = "sync"

log = structlog.get_logger()


async def _push(request: Request) -> Response:
    channel = request.headers.get("x-goog-channel-id", "")[:_LONGEST]
    token = request.headers.get("x-goog-channel-token", "")[:_LONGEST]
    state = request.headers.get("x-goog-resource-state", "")
    if not channel or not token or not state:
        return JSONResponse({"error": "this is no message of a calendar channel"}, 400)
    if state == _BEGINS:  # the first one says only that the channel is open
        return JSONResponse({"received": True})
    if not await asyncio.to_thread(calendar.pushed, channel=channel, token=token):
        log.warning("calendar_push_refused")
        return JSONResponse({"error": "there is no such channel"}, 404)
    await asyncio.to_thread(wake)
    return JSONResponse({"received": True})


routes = [Route(calendar.PUSH_PATH, _push, methods=["POST"])]

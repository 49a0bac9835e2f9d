"""Calendar feeds: GET /calendar/<secret>.ics, for calendars that subscribe."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mentorships.http.requests import client_address
from services import feeds
from services.errors import DatabaseUnavailable, NotFound, TooManyAttempts

_PRIVATE = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}


async def send_feed(request: Request) -> Response:
    """The calendar of whoever owns the secret; 404 for any other, 429 for too many questions."""
    secret = str(request.path_params["secret"])
    try:
        content = await asyncio.to_thread(
            feeds.read_feed, secret=secret, address=client_address(request)
        )
    except NotFound as error:
        return PlainTextResponse(error.message, 404, headers=_PRIVATE)
    except TooManyAttempts as error:
        later = {"Retry-After": str(error.retry_after_seconds)}
        return PlainTextResponse(error.message, 429, headers=_PRIVATE | later)
    except DatabaseUnavailable as error:
        return PlainTextResponse(error.message, 503, headers=_PRIVATE | {"Retry-After": "30"})
    return Response(content, media_type="text/calendar", headers=_PRIVATE)


routes = [Route("/calendar/{secret}.ics", send_feed, methods=["GET"])]

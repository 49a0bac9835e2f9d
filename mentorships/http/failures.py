"""The answer when a route failed: a sentence, an id to quote, and one line in the log.

Programs (webhooks) get JSON, people a small page. While the database or the queue is away, the
answer is 503 with Retry-After, and the log gets a line without a traceback.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from html import escape

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Scope

from services import outages
from services.errors import (
    AppError,
    DatabaseUnavailable,
    NotAllowed,
    NotFound,
    ProviderUnavailable,
    SignInNeeded,
    TooManyAttempts,
)
from state.guard import explain

log = structlog.get_logger()

TOLD = "mentorships.told"
"""In the scope: the failure that has been logged and answered already."""
FOR_PROGRAMS = "/api/"
_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
    '<meta name="color-scheme" content="light dark"></head>'
    '<body><main><h1>{title}</h1><p>{text}</p><p><a href="/">To the first page</a></p></main>'
    "</body></html>"
)


def refused(error: Exception, headers: Mapping[str, str]) -> Response:
    """The answer in place of a file that somebody asked for: the reason as a sentence."""
    sentence, _ = explain(error)
    wait: dict[str, str] = {}
    if isinstance(error, TooManyAttempts):
        wait["Retry-After"] = str(error.retry_after_seconds)
    return PlainTextResponse(sentence, _status(error), headers={**headers, **wait})


def _status(error: Exception) -> int:
    match error:
        case SignInNeeded():
            return 401
        case NotAllowed():
            return 403
        case NotFound():
            return 404
        case TooManyAttempts():
            return 429
        case DatabaseUnavailable() | ProviderUnavailable():
            return 503
        case AppError():
            return 400
        case _:
            return 500


async def in_route(request: Request, error: Exception) -> Response:
    """Starlette's handler of what no route caught; Starlette raises the error again afterwards."""
    request.scope[TOLD] = error
    return answer(error, request.scope, route=getattr(request.scope.get("route"), "path", ""))


def tell(error: Exception, *, route: str) -> str:
    """Log a failure once; the id under which its line is found."""
    error_id = secrets.token_hex(4)
    if name := outages.away(error):
        log.error(f"{name}_away", route=route, error_id=error_id, reason=outages.reason(error))
    else:
        log.error("request_failed", route=route, error_id=error_id, exc_info=error)
    return error_id


def answer(error: Exception, scope: Scope, *, route: str) -> Response:
    """What the one who asked gets to read; logs the failure."""
    error_id = tell(error, route=route)
    name = outages.away(error)
    status = 503 if name else 500
    text = (
        outages.sentence(name)
        if name
        else f"That did not work, and it is not your fault. Please quote error {error_id}."
    )
    headers = {"Cache-Control": "no-store"}
    if name:
        headers["Retry-After"] = str(outages.RETRY_AFTER_SECONDS)
    if scope["path"].startswith(FOR_PROGRAMS):
        body = json.dumps({"error": text, "error_id": error_id})
        return Response(body, status, headers, media_type="application/json")
    if "text/html" in Headers(scope=scope).get("accept", ""):
        page = _PAGE.format(title="Something went wrong", text=escape(text))
        return HTMLResponse(page, status, headers)
    return PlainTextResponse(text, status, headers)

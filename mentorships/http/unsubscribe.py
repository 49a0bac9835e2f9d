"""Leaving a kind of mails: POST /unsubscribe/<token> by a mail program's one press (RFC 8058) or by
our own page, which GET leads to. No GET changes anything: scanners of mail open links.

Answers to a program: 200 done, 400 the link is too old or broken, 413 too large, 429 too many
tries, 503 the database is away.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mentorships.http.redirects import see_other
from mentorships.http.requests import client_address, form
from mentorships.http.webhooks import ClientLeft, TooLarge, read_bounded
from services.errors import AppError, DatabaseUnavailable, InvalidInput, TooManyAttempts
from services.mail import subscriptions
from state.flash import Flash
from state.guard import explain

PAGE = "/unsubscribe"
MAX_BODY_BYTES = 4_096
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


async def _look(request: Request) -> Response:
    return see_other(_page(str(request.path_params["token"])))


async def _by_page(request: Request) -> Response:
    """The button of our own page, which says by itself what came of it."""
    token = (await form(request)).get("token", "")
    try:
        await asyncio.to_thread(subscriptions.leave, token=token, address=client_address(request))
    except InvalidInput:
        pass  # the page finds out as well, and says it
    except AppError as error:
        words, tone = explain(error)
        return see_other(_page(token), Flash(PAGE, words, tone))
    return see_other(_page(token))


async def _by_program(request: Request) -> Response:
    token = str(request.path_params["token"])
    try:
        await read_bounded(request.receive, MAX_BODY_BYTES)  # nothing in it matters
    except ClientLeft:
        return Response(status_code=400)
    except TooLarge:
        return PlainTextResponse("This form is too large.", 413, headers=_PRIVATE)
    try:
        left = await asyncio.to_thread(
            subscriptions.leave, token=token, address=client_address(request)
        )
    except AppError as error:
        return _refused(error)
    return PlainTextResponse(f"You get no more mails about: {left.title}", headers=_PRIVATE)


def _refused(error: AppError) -> Response:
    words, _ = explain(error)
    match error:
        case TooManyAttempts():
            later = {"Retry-After": str(error.retry_after_seconds)}
            return PlainTextResponse(words, 429, headers=_PRIVATE | later)
        case DatabaseUnavailable():
            return PlainTextResponse(words, 503, headers=_PRIVATE | {"Retry-After": "30"})
        case _:
            return PlainTextResponse(words, 400, headers=_PRIVATE)


def _page(token: str) -> str:
    return f"{PAGE}?token={quote(token[: subscriptions.LONGEST_TOKEN])}"


routes = [
    Route("/unsubscribe/now", _by_page, methods=["POST"]),
    Route("/unsubscribe/{token}", _look, methods=["GET"]),
    Route("/unsubscribe/{token}", _by_program, methods=["POST"]),
]

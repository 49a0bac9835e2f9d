"""Where people leave for another service to give their consent, and where they come back to.

Leaving is a link: it changes nothing but that this browser may come back, once, for ten minutes.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.http.redirects import see_other
from services import calendar, urls
from services.errors import SignInNeeded
from state.flash import Flash
from state.guard import explain, presence_of

SETTINGS = "/settings/calendar"
_LONGEST = 2_000


async def _start(request: Request) -> Response:
    """GET /oauth/google/start?next=/settings/calendar: on to Google's page."""
    presence = await presence_of(request.headers.get("cookie", ""))
    page = urls.safe_next(request.query_params.get("next", "")[:200], SETTINGS)
    try:
        target = await asyncio.to_thread(
            calendar.begin, actor=presence.actor, sign_in=presence.sign_in, return_to=page
        )
    except SignInNeeded:
        return _sign_in()
    except Exception as error:
        text, tone = explain(error)
        return see_other(SETTINGS, Flash(SETTINGS, text, tone))
    return see_other(target)


def _sign_in() -> Response:
    return see_other("/sign-in", Flash("/sign-in", "Please sign in first.", "warning"))


async def _google(request: Request) -> Response:
    """GET /oauth/google/callback. The state is bound to this browser's sign-in, and used once."""
    presence = await presence_of(request.headers.get("cookie", ""))
    query = {name: value[:_LONGEST] for name, value in request.query_params.items()}
    try:
        target = await asyncio.to_thread(
            calendar.finish,
            actor=presence.actor,
            sign_in=presence.sign_in,
            state=query.get("state", ""),
            code=query.get("code", ""),
            error=query.get("error", ""),
        )
    except SignInNeeded:
        return _sign_in()
    except Exception as error:
        text, tone = explain(error)
        return see_other(SETTINGS, Flash(SETTINGS, text, tone))
    page = urls.safe_next(target, SETTINGS)
    return see_other(page, Flash(page.partition("?")[0], "Your calendar is connected.", "good"))


routes = [
    Route("/oauth/google/start", _start, methods=["GET"]),
    Route("/oauth/google/callback", _google, methods=["GET"]),
]

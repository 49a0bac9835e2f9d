"""Where people leave for another service to give their consent, and where they come back to.

Leaving is a link: it changes nothing but that this browser may come back, once, for ten minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.http.redirects import see_other
from services import calendar, discord, urls
from services.errors import SignInNeeded
from state.flash import Flash
from state.guard import explain, presence_of

_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Way:
    """How people go to a service and come back: `page` is where they see what came of it, `done`
    what they read there."""

    name: str
    page: str
    done: str
    begin: Callable[..., str]
    finish: Callable[..., str]


WAYS = (
    Way(
        "google",
        "/settings/calendar",
        "Your calendar is connected.",
        calendar.begin,
        calendar.finish,
    ),
    Way(
        "discord",
        "/settings/discord",
        "Your Discord account is linked.",
        discord.begin,
        discord.finish,
    ),
)


def _sign_in() -> Response:
    return see_other("/sign-in", Flash("/sign-in", "Please sign in first.", "warning"))


def _start(way: Way) -> Callable[[Request], Awaitable[Response]]:
    """GET /oauth/<service>/start?next=/settings/…: on to the service's page."""

    async def start(request: Request) -> Response:
        presence = await presence_of(request.headers.get("cookie", ""))
        page = urls.safe_next(request.query_params.get("next", "")[:200], way.page)
        try:
            target = await asyncio.to_thread(
                way.begin, actor=presence.actor, sign_in=presence.sign_in, return_to=page
            )
        except SignInNeeded:
            return _sign_in()
        except Exception as error:
            text, tone = explain(error)
            return see_other(way.page, Flash(way.page, text, tone))
        return see_other(target)

    return start


def _callback(way: Way) -> Callable[[Request], Awaitable[Response]]:
    """GET /oauth/<service>/callback. The state is bound to this browser's sign-in, and used
    once."""

    async def callback(request: Request) -> Response:
        presence = await presence_of(request.headers.get("cookie", ""))
        query = {name: value[:_LONGEST] for name, value in request.query_params.items()}
        try:
            target = await asyncio.to_thread(
                way.finish,
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
            return see_other(way.page, Flash(way.page, text, tone))
        page = urls.safe_next(target, way.page)
        return see_other(page, Flash(page.partition("?")[0], way.done, "good"))

    return callback


routes = [
    route
    for way in WAYS
    for route in (
        Route(f"/oauth/{way.name}/start", _start(way), methods=["GET"]),
        Route(f"/oauth/{way.name}/callback", _callback(way), methods=["GET"]),
    )
]

"""What tests and the seeding ask of the simulators; people use the pages instead.

For programs on this machine alone: a request that came through a proxy, or that a browser sent
from some page, is refused.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mentorships.sandbox import clock, context, faults, store
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.faults import Fault
from mentorships.sandbox.paypal_errors import PayPalError
from mentorships.sandbox.store import Json
from mentorships.sandbox.stripe_errors import StripeError

_FOREIGN = ("x-forwarded-for", "x-forwarded-host", "forwarded", "via", "origin", "sec-fetch-site")
LOOPBACK = {"127.0.0.1", "::1"}


class BadControl(Exception):
    """The control request makes no sense; the text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One control request, with its JSON body, its query and the values in its path."""

    sandbox: Sandbox
    body: Json
    query: Mapping[str, str]
    path: Mapping[str, Any]


Handler = Callable[[Asked], Awaitable[Json | list[Json]]]


def _refusal(request: Request) -> str | None:
    if request.client is not None and request.client.host not in LOOPBACK:
        return "Only for this machine."
    if any(name in request.headers for name in _FOREIGN):
        return "Only for programs on this machine, without a proxy or a browser between."
    return None


async def _body(request: Request) -> Json:
    raw = await request.body()
    if not raw:
        return {}
    try:
        parsed: object = json.loads(raw)
    except ValueError:
        raise BadControl("The body is not JSON.") from None
    if not isinstance(parsed, dict):
        raise BadControl("The body is not a JSON object.")
    return cast(Json, parsed)


def control(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A route that is refused to everybody but programs on this machine."""

    async def route(request: Request) -> Response:
        refusal = _refusal(request)
        if refusal is not None:
            return JSONResponse({"error": refusal}, status_code=403)
        sandbox = context.of(request)
        try:
            body = await _body(request)
            query, path = request.query_params, request.path_params
            answer = await handler(Asked(sandbox, body, query, path))
        except BadControl as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        except (StripeError, PayPalError) as error:
            return JSONResponse(error.body, status_code=error.status)
        except LookupError as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        sandbox.bell.set()
        return JSONResponse(answer)

    return route


def one_of(body: Json, name: str, allowed: tuple[str, ...], default: str | None = None) -> Any:
    """The body's field, which must be one of the allowed words."""
    value = body.get(name, default)
    if value not in allowed:
        raise BadControl(f"{name} must be one of {', '.join(allowed)}.")
    return value


def number(body: Json, name: str, default: float | None = None) -> float:
    """The body's field, which must be a number."""
    value = body.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadControl(f"{name} must be a number.")
    return value


async def _health(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        return {"ok": True, "now": clock.now(db)}


async def _clock(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        if "offset" in asked.body:
            clock.shift(db, int(number(asked.body, "offset")))
        elif asked.body.get("now", 0) is None:
            clock.fix(db, None)
        else:
            clock.fix(db, int(number(asked.body, "now")))
        return {"now": clock.now(db)}


async def _fault(asked: Asked) -> Json:
    fault = Fault(
        one_of(asked.body, "kind", faults.KINDS),
        int(number(asked.body, "status", 500)),
        float(number(asked.body, "seconds", 2)),
    )
    if not 400 <= fault.status <= 599:
        raise BadControl("status must be an HTTP error, 400 to 599.")
    vendor = one_of(asked.body, "vendor", faults.VENDORS)
    method, path = str(asked.body.get("method", "*")), str(asked.body.get("path", "*"))
    times = int(number(asked.body, "times", 1))
    with asked.sandbox.store.transaction() as db:
        faults.plan(db, vendor, method, path, fault, times)
    return {"planned": times}


async def _reset(asked: Asked) -> Json:
    # Waits for what is being delivered: afterwards nothing of before arrives any more.
    async with asked.sandbox.sending:
        with asked.sandbox.store.transaction() as db:
            store.empty(db)
        asked.sandbox.chat_requests.clear()
        asked.sandbox.video_requests.clear()
    return {"ok": True}


def routes() -> list[Route]:
    """The controls that concern no one vendor."""
    return [
        Route("/control/health", control(_health), methods=["GET"]),
        Route("/control/clock", control(_clock), methods=["POST"]),
        Route("/control/faults", control(_fault), methods=["POST"]),
        Route("/control/reset", control(_reset), methods=["POST"]),
    ]

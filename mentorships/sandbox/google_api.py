"""Google's Calendar API and token endpoint over HTTP: tokens, scopes, faults, error bodies."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import (
    context,
    faults,
    google_channels,
    google_errors,
    google_events,
    google_lists,
    google_oauth,
    google_people,
)
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.faults import Dropped, Fault
from mentorships.sandbox.google_errors import GoogleError, OauthError
from mentorships.sandbox.store import Json, Record

_API = "/google/calendar/v3"
_LARGEST_BODY = 1_000_000

# Which scopes let one do what: from the discovery document of the Calendar API.
_READS_EVENTS = frozenset(
    {
        "calendar",
        "calendar.readonly",
        "calendar.events",
        "calendar.events.readonly",
        "calendar.events.owned",
        "calendar.events.owned.readonly",
    }
)
_OWN_EVENTS = frozenset({"calendar.events.owned", "calendar.events.owned.readonly"})
_WRITES_EVENTS = frozenset({"calendar", "calendar.events", "calendar.events.owned"})
_READS_BUSY = frozenset({"calendar", "calendar.readonly", "calendar.freebusy"})
_READS_LIST = frozenset(
    {
        "calendar",
        "calendar.readonly",
        "calendar.calendarlist",
        "calendar.calendarlist.readonly",
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API by an account that may make it."""

    db: sqlite3.Connection
    account: str
    scopes: frozenset[str]
    path: Json
    query: dict[str, str]
    body: Json
    if_match: str
    public_url: str

    @property
    def calendar(self) -> Record:
        return google_people.calendar_of(self.db, self.account, self.path["calendar"])

    @property
    def event(self) -> str:
        return str(self.path["event"])

    @property
    def send_updates(self) -> str:
        return self.query.get("sendUpdates", "none")


def _insert(call: Call) -> Json:
    return google_events.insert(call.db, call.calendar, call.body, call.send_updates)


def _get(call: Call) -> Json:
    return google_events.get(call.db, call.calendar, call.event)


def _change(call: Call, *, patch: bool) -> Json:
    return google_events.change(
        call.db,
        call.calendar,
        call.event,
        call.body,
        if_match=call.if_match,
        send_updates=call.send_updates,
        patch=patch,
    )


def _update(call: Call) -> Json:
    return _change(call, patch=False)


def _patch(call: Call) -> Json:
    return _change(call, patch=True)


def _delete(call: Call) -> None:
    google_events.delete(
        call.db,
        call.calendar,
        call.event,
        if_match=call.if_match,
        send_updates=call.send_updates,
    )


def _list(call: Call) -> Json:
    return google_lists.events(call.db, call.calendar, call.query)


def _watch(call: Call) -> Json:
    calendar = call.calendar
    if calendar.body["role"] != "owner" and call.scopes <= _OWN_EVENTS:
        raise google_errors.insufficient_scope()
    uri = f"https://www.googleapis.com/calendar/v3/calendars/{calendar.body['calendar']}/events"
    return google_channels.watch(call.db, calendar, call.body, call.public_url, uri)


def _stop(call: Call) -> None:
    google_channels.stop(call.db, call.account, call.body)


def _calendars(call: Call) -> Json:
    return google_lists.calendar_list(call.db, call.account)


def _free_busy(call: Call) -> Json:
    return google_lists.free_busy(call.db, call.account, call.body)


_EVENTS = "calendars/{calendar}/events"
ENDPOINTS: dict[str, tuple[frozenset[str], Callable[[Call], Json | None]]] = {
    "GET users/me/calendarList": (_READS_LIST, _calendars),
    "POST freeBusy": (_READS_BUSY, _free_busy),
    "POST channels/stop": (_READS_EVENTS | _READS_LIST, _stop),
    f"POST {_EVENTS}/watch": (_READS_EVENTS, _watch),
    f"GET {_EVENTS}": (_READS_EVENTS, _list),
    f"POST {_EVENTS}": (_WRITES_EVENTS, _insert),
    f"GET {_EVENTS}/{{event}}": (_READS_EVENTS, _get),
    f"PUT {_EVENTS}/{{event}}": (_WRITES_EVENTS, _update),
    f"PATCH {_EVENTS}/{{event}}": (_WRITES_EVENTS, _patch),
    f"DELETE {_EVENTS}/{{event}}": (_WRITES_EVENTS, _delete),
}


def _answer(status: int, body: Json | None) -> Response:
    if body is None:
        return Response(status_code=204)
    headers = {"vary": "Origin, X-Origin, Referer"}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="https://accounts.google.com/"'
    return Response(
        json.dumps(body),
        status_code=status,
        headers=headers,
        media_type="application/json; charset=UTF-8",
    )


def _json(raw: bytes) -> Json:
    if len(raw) > _LARGEST_BODY:
        raise GoogleError(413, "uploadTooLarge", "The request is too large.")
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise GoogleError(400, "parseError", "Parse Error") from None
    if not isinstance(body, dict):
        raise GoogleError(400, "parseError", "Parse Error")
    return cast(Json, body)


async def _planned(sandbox: Sandbox, request: Request) -> Fault | None:
    """The fault that is due for this request; waits when it is a slow answer."""
    path = request.url.path.removeprefix("/google")
    with sandbox.store.transaction() as db:
        fault = faults.take(db, "google", request.method, path)
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    return fault


def _route(endpoint: str) -> Route:
    method, path = endpoint.split(" ")
    scopes, run = ENDPOINTS[endpoint]

    async def handler(request: Request) -> Response:
        sandbox = context.of(request)
        sent = await request.body()  # read whole also before a refusal, or the connection is closed
        fault = await _planned(sandbox, request)
        if fault is not None and fault.kind == "drop_before":
            return Dropped()
        try:
            if fault is not None and fault.kind == "status":
                raise google_errors.planned(fault.status)
            body = _json(sent)
            with sandbox.store.transaction() as db:
                account, granted = google_oauth.account_of(
                    db, request.headers.get("authorization", ""), scopes
                )
                call = Call(
                    db=db,
                    account=account,
                    scopes=granted,
                    path=request.path_params,
                    query=dict(request.query_params),
                    body=body,
                    if_match=request.headers.get("if-match", ""),
                    public_url=sandbox.settings.public_url,
                )
                response = _answer(200, run(call))
        except GoogleError as refusal:
            response = _answer(refusal.status, refusal.body)
        return Dropped() if fault is not None and fault.kind == "drop_after" else response

    return Route(f"{_API}/{path}", handler, methods=[method])


async def _oauth(request: Request) -> Response:
    """The token and the revocation endpoint: forms instead of JSON, errors of their own."""
    sandbox = context.of(request)
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    fault = await _planned(sandbox, request)
    if fault is not None and fault.kind == "drop_before":
        return Dropped()
    try:
        if fault is not None and fault.kind == "status":
            raise OauthError("internal_failure", "A fault was asked for.", fault.status)
        with sandbox.store.transaction() as db:
            if request.url.path.endswith("/token"):
                response = _answer(200, google_oauth.token(db, form, sandbox.settings))
            else:
                google_oauth.revoke(db, form.get("token", ""))
                response = _answer(200, {})
    except OauthError as refusal:
        response = _answer(refusal.status, refusal.body)
    return Dropped() if fault is not None and fault.kind == "drop_after" else response


async def _unknown(_request: Request) -> Response:
    refusal = google_errors.not_found()
    return _answer(refusal.status, refusal.body)


def routes() -> list[Route]:
    """The API and the token endpoint under /google."""
    known = [_route(endpoint) for endpoint in ENDPOINTS]
    return [
        *known,
        Route("/google/oauth/token", _oauth, methods=["POST"]),
        Route("/google/oauth/revoke", _oauth, methods=["POST"]),
        Route("/google/{path:path}", _unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]

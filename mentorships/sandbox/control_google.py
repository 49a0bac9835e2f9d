"""What tests and the seeding ask of the Google simulator."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import (
    google_channels,
    google_events,
    google_oauth,
    google_people,
    store,
)
from mentorships.sandbox.control import Asked, BadControl, control, one_of
from mentorships.sandbox.google_errors import GoogleError
from mentorships.sandbox.store import Json, Record

Act = Callable[[sqlite3.Connection, Asked], Json | list[Json]]


def _text(body: Json, name: str, usual: str | None = None) -> str:
    value = body.get(name, usual)
    if not isinstance(value, str) or not value:
        raise BadControl(f"{name} must be a text.")
    return value


def _calendar(db: sqlite3.Connection, asked: Asked) -> Record:
    email = _text(asked.body, "email")
    google_people.account_of(db, email, asked.sandbox.settings.studio_timezone)
    return google_people.calendar_of(db, email, _text(asked.body, "calendar", "primary"))


def _consent(db: sqlite3.Connection, asked: Asked) -> Json:
    """What a person does on the consent page that `url` opens; where their browser goes then."""
    current = asked.sandbox.settings
    query = dict(parse_qsl(urlsplit(_text(asked.body, "url")).query))
    try:
        consent = google_oauth.asked(query, current)
    except google_oauth.BadRequest as error:
        raise BadControl(str(error)) from None
    if asked.body.get("deny"):
        return {"location": google_oauth.denied(consent)}
    email = _text(asked.body, "email", consent.hint)
    ticked = {google_oauth.SCOPES + name for name in asked.body.get("scopes", google_oauth.WORDS)}
    zone = str(asked.body.get("time_zone") or current.studio_timezone)
    return {"location": google_oauth.allowed(db, consent, email, ticked, zone)}


def _add(db: sqlite3.Connection, asked: Asked) -> Json:
    return google_events.insert(db, _calendar(db, asked), asked.body["event"], "none")


def _change(db: sqlite3.Connection, asked: Asked) -> Json:
    return google_events.change(
        db, _calendar(db, asked), _text(asked.body, "id"), asked.body["event"], patch=True
    )


def _delete(db: sqlite3.Connection, asked: Asked) -> Json:
    google_events.delete(db, _calendar(db, asked), _text(asked.body, "id"))
    return {"ok": True}


def _events(db: sqlite3.Connection, asked: Asked) -> list[Json]:
    """All events of an account, the deleted ones as well, oldest change first."""
    return [
        kept["event"] | {"calendar": calendar.body["calendar"]}
        for calendar in google_people.calendars(db, asked.query.get("email", ""))
        for kept in google_events.of_calendar(db, calendar.body)
    ]


def _invitations(db: sqlite3.Connection, asked: Asked) -> list[Json]:
    return google_events.invitations(db, asked.query.get("email", ""))


def _access(db: sqlite3.Connection, asked: Asked) -> Json:
    """What the account consents to now, "" for nothing."""
    return {"scope": google_oauth.scope_of(db, asked.query.get("email", ""))}


def _revoke(db: sqlite3.Connection, asked: Asked) -> Json:
    google_oauth.take_back(db, _text(asked.body, "email"))
    return {"ok": True}


def _end_access(db: sqlite3.Connection, asked: Asked) -> Json:
    google_oauth.end_access(db, _text(asked.body, "email"))
    return {"ok": True}


def _expire(db: sqlite3.Connection, asked: Asked) -> Json:
    """Every sync token that was given for the calendar is over."""
    calendar = _calendar(db, asked)
    calendar.body["floor"] = google_people.changed(db, calendar)
    store.save(db, calendar)
    return {"ok": True}


def _unreadable(db: sqlite3.Connection, asked: Asked) -> Json:
    calendar = _calendar(db, asked)
    calendar.body["unreadable"] = bool(asked.body.get("unreadable", True))
    store.save(db, calendar)
    return {"unreadable": calendar.body["unreadable"]}


def _remove(db: sqlite3.Connection, asked: Asked) -> Json:
    google_people.remove(db, _calendar(db, asked))
    return {"ok": True}


def _set_pushes(db: sqlite3.Connection, asked: Asked) -> Json:
    wanted = one_of(asked.body, "mode", google_channels.MODES)
    google_channels.set_mode(db, wanted)
    return {"mode": wanted}


def _pushes(db: sqlite3.Connection, asked: Asked) -> list[Json]:
    return google_channels.pushes(db, asked.query.get("email", ""))


def _release(db: sqlite3.Connection, _asked: Asked) -> Json:
    google_channels.release(db)
    return {"ok": True}


def _channels(db: sqlite3.Connection, asked: Asked) -> list[Json]:
    return [one.body for one in google_channels.of_account(db, asked.query.get("email", ""))]


def _route(path: str, act: Act, method: str = "POST") -> Route:
    async def handler(asked: Asked) -> Json | list[Json]:
        try:
            with asked.sandbox.store.transaction() as db:
                return act(db, asked)
        except GoogleError as refusal:
            raise BadControl(str(refusal)) from None

    guarded: Callable[[Request], Awaitable[Response]] = control(handler)
    return Route(f"/control/google/{path}", guarded, methods=[method])


def routes() -> list[Route]:
    """The controls of the Google simulator."""
    return [
        _route("consent", _consent),
        _route("events", _add),
        _route("events", _events, "GET"),
        _route("events/change", _change),
        _route("events/delete", _delete),
        _route("invitations", _invitations, "GET"),
        _route("access", _access, "GET"),
        _route("revoke", _revoke),
        _route("access/end", _end_access),
        _route("sync/expire", _expire),
        _route("unreadable", _unreadable),
        _route("calendars/remove", _remove),
        _route("pushes", _set_pushes),
        _route("pushes", _pushes, "GET"),
        _route("pushes/release", _release),
        _route("channels", _channels, "GET"),
    ]

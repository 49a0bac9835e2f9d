"""Google's consent page, and the calendars in which a person plays the rest of the world."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mentorships.sandbox import (
    clock,
    context,
    google_channels,
    google_events,
    google_oauth,
    google_people,
    google_times,
    store,
)
from mentorships.sandbox.google_errors import GoogleError
from mentorships.sandbox.google_oauth import BadRequest, Consent
from mentorships.sandbox.pages import foreign, form, not_found, page
from mentorships.sandbox.store import Json

_MOST = 100
_HOME = "/sandbox/google"
CONSENT_PATH = f"{_HOME}/o/oauth2/v2/auth"
_PUSHES: dict[google_channels.Mode, str] = {
    "now": "arrive once, at once",
    "twice": "arrive twice",
    "never": "never arrive",
    "hold": "are held until somebody sends them",
}
KINDS = {
    "busy": "One appointment",
    "weekly": "Every week, ten times",
    "all_day": "A whole day",
    "tentative": "Not confirmed yet",
    "free": "Shown as available",
}
Fields = dict[str, str]
Act = Callable[[sqlite3.Connection, str, Fields], None]


def _see_other(url: str) -> Response:
    return RedirectResponse(url, status_code=303)


def _account_url(email: str) -> str:
    return f"{_HOME}/accounts/{quote(email)}"


def _refused(request: Request, error: BadRequest) -> Response:
    return page(request, "google_refused.html", {"problem": str(error)}, 400)


def _words(consent: Consent) -> list[tuple[str, str]]:
    return [
        (scope, google_oauth.WORDS[scope.removeprefix(google_oauth.SCOPES)])
        for scope in consent.scopes
    ]


async def _consent_page(request: Request) -> Response:
    try:
        consent = google_oauth.asked(request.query_params, context.of(request).settings)
    except BadRequest as error:
        return _refused(request, error)
    with context.of(request).store.transaction() as db:
        known = [account["email"] for account in google_people.accounts(db)]
    values: dict[str, object] = {
        "scopes": _words(consent),
        "email": consent.hint,
        "known": known[:_MOST],
        "action": f"{CONSENT_PATH}?{request.url.query}",
    }
    return page(request, "google_consent.html", values)


async def _consented(request: Request) -> Response:
    refused = foreign(request)
    if refused is not None:
        return refused
    sandbox, fields = context.of(request), await form(request)
    try:
        consent = google_oauth.asked(request.query_params, sandbox.settings)
    except BadRequest as error:
        return _refused(request, error)
    email = fields.get("email", "").strip()
    if fields.get("answer") != "allow" or "@" not in email:
        return _see_other(google_oauth.denied(consent))
    ticked = {name.removeprefix("scope:") for name in fields if name.startswith("scope:")}
    with sandbox.store.transaction() as db:
        target = google_oauth.allowed(db, consent, email, ticked, sandbox.settings.studio_timezone)
    return _see_other(target)


async def _accounts(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        accounts = google_people.accounts(db)
        rows = [(one["email"], google_oauth.scope_of(db, one["email"])) for one in accounts]
        usual = google_channels.mode(db)
    choices = [(value, words, value == usual) for value, words in _PUSHES.items()]
    return page(request, "google.html", {"accounts": rows[:_MOST], "pushes": choices})


def _event_row(kept: Json, calendar: Json) -> dict[str, object]:
    event, usual = kept["event"], calendar["time_zone"]
    start, end = (google_times.moment(event[name], usual) for name in ("start", "end"))
    zone = event["start"].get("timeZone") or usual
    local = start.astimezone(google_times.zone(zone))
    return {
        "id": event["id"],
        "calendar": calendar["calendar"],
        "calendar_name": calendar["summary"],
        "summary": event.get("summary") or "(no title)",
        "when": f"{local:%a %Y-%m-%d %H:%M}",
        "zone": zone,
        "hours": f"{(end - start) / timedelta(hours=1):g} h",
        "status": event["status"],
        "repeats": bool(event.get("recurrence")),
        "free": event.get("transparency") == "transparent",
        "guests": [guest["email"] for guest in event.get("attendees", [])],
    }


async def _account(request: Request) -> Response:
    email: str = request.path_params["email"]
    with context.of(request).store.transaction() as db:
        calendars = [each.body for each in google_people.calendars(db, email)]
        if not calendars:
            return not_found(request, "This account")
        rows = [
            _event_row(kept, calendar)
            for calendar in calendars
            for kept in google_events.of_calendar(db, calendar)
        ]
        values: dict[str, object] = {
            "email": email,
            "calendars": calendars,
            "events": rows[::-1][:_MOST],
            "kinds": KINDS,
            "scope": google_oauth.scope_of(db, email),
            "invitations": google_events.invitations(db, email)[:_MOST],
            "pushes": google_channels.pushes(db, email)[:_MOST],
            "tomorrow": datetime.fromtimestamp(clock.now(db) + 86_400, UTC).strftime("%Y-%m-%d"),
            "problem": request.query_params.get("problem", ""),
        }
    return page(request, "google_account.html", values)


def new_event(fields: Fields, zone: str) -> Json:
    """The event that the form describes: `kind`, `day`, `time`, `hours`, `summary`.

    Raises:
        ValueError: the day, the time or the hours make no sense.
    """
    day, kind = fields.get("day", ""), fields.get("kind", "busy")
    event: Json = {"summary": fields.get("summary") or "Busy"}
    if kind == "all_day":
        first = datetime.fromisoformat(day).date()
        return event | {
            "start": {"date": first.isoformat()},
            "end": {"date": (first + timedelta(days=1)).isoformat()},
        }
    start = datetime.fromisoformat(f"{day}T{fields.get('time') or '09:00'}")
    end = start + timedelta(hours=float(fields.get("hours") or 1))
    event |= {
        "start": {"dateTime": start.isoformat(), "timeZone": zone},
        "end": {"dateTime": end.isoformat(), "timeZone": zone},
    }
    match kind:
        case "weekly":
            event["recurrence"] = ["RRULE:FREQ=WEEKLY;COUNT=10"]
        case "tentative":
            event["status"] = "tentative"
        case "free":
            event["transparency"] = "transparent"
        case _:
            pass
    return event


def _add(db: sqlite3.Connection, email: str, fields: Fields) -> None:
    calendar = google_people.calendar_of(db, email, fields.get("calendar", "primary"))
    google_events.insert(db, calendar, new_event(fields, calendar.body["time_zone"]), "none")


def _move(db: sqlite3.Connection, email: str, fields: Fields) -> None:
    calendar = google_people.calendar_of(db, email, fields.get("calendar", ""))
    event = google_events.get(db, calendar, fields.get("event", ""))
    later = timedelta(days=1) if "date" in event["start"] else timedelta(hours=1)
    moved: Json = {}
    for name in ("start", "end"):
        end: Json = dict(event[name])
        key = "date" if "date" in end else "dateTime"
        there = datetime.fromisoformat(end[key]) + later
        end[key] = there.date().isoformat() if key == "date" else there.isoformat()
        moved[name] = end
    google_events.change(db, calendar, event["id"], moved, patch=True)


def _delete(db: sqlite3.Connection, email: str, fields: Fields) -> None:
    calendar = google_people.calendar_of(db, email, fields.get("calendar", ""))
    google_events.delete(db, calendar, fields.get("event", ""))


def _revoke(db: sqlite3.Connection, email: str, _fields: Fields) -> None:
    google_oauth.take_back(db, email)


def _read(db: sqlite3.Connection, email: str, fields: Fields) -> None:
    calendar = google_people.calendar_of(db, email, fields.get("calendar", ""))
    calendar.body["unreadable"] = not calendar.body["unreadable"]
    store.save(db, calendar)


def _push(db: sqlite3.Connection, email: str, fields: Fields) -> None:
    if fields.get("push", "") in {push["id"] for push in google_channels.pushes(db, email)}:
        google_channels.send_again(db, fields["push"])


def _action(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """A button: do it, and show the account again with what came of it."""

    async def route(request: Request) -> Response:
        refused = foreign(request)
        if refused is not None:
            return refused
        email: str = request.path_params["email"]
        fields = await form(request)
        try:
            with context.of(request).store.transaction() as db:
                act(db, email, fields)
        except (GoogleError, LookupError, ValueError) as error:
            return _see_other(f"{_account_url(email)}?problem={quote(str(error))}")
        return _see_other(_account_url(email))

    return route


async def _choose_pushes(request: Request) -> Response:
    refused = foreign(request)
    if refused is not None:
        return refused
    wanted = (await form(request)).get("pushes", "")
    if wanted in google_channels.MODES:
        with context.of(request).store.transaction() as db:
            google_channels.set_mode(db, wanted)
    return _see_other(_HOME)


def routes() -> list[Route]:
    """The consent page and the calendars."""
    one = f"{_HOME}/accounts/{{email}}"
    acts: dict[str, Act] = {
        "add": _add,
        "move": _move,
        "delete": _delete,
        "revoke": _revoke,
        "read": _read,
        "push": _push,
    }
    return [
        Route(_HOME, _accounts, methods=["GET"]),
        Route(f"{_HOME}/pushes", _choose_pushes, methods=["POST"]),
        Route(CONSENT_PATH, _consent_page, methods=["GET"]),
        Route(CONSENT_PATH, _consented, methods=["POST"]),
        Route(one, _account, methods=["GET"]),
        *(Route(f"{one}/{name}", _action(act), methods=["POST"]) for name, act in acts.items()),
    ]

"""Google's lists of events, their pages and sync tokens; and when calendars are busy."""

from __future__ import annotations

import base64
import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from mentorships.sandbox import google_events, google_people, google_times
from mentorships.sandbox.google_errors import GoogleError, gone_token, invalid, required
from mentorships.sandbox.google_times import Interval
from mentorships.sandbox.store import Json, Record

_LARGEST_PAGE, _USUAL_PAGE = 2500, 250
_MOST_CALENDARS = 50
_LONGEST = timedelta(days=92)
_PLAYED = frozenset(
    [
        "maxResults",
        "pageToken",
        "syncToken",
        "showDeleted",
        "singleEvents",
        "timeMin",
        "timeMax",
        "fields",
        "alt",
        "prettyPrint",
        "timeZone",
        "key",
        "quotaUser",
    ]
)
_NOT_WITH_A_TOKEN = ("timeMin", "timeMax", "q", "orderBy", "iCalUID", "updatedMin")


def _sealed(values: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _opened(token: str, parameter: str) -> Json:
    try:
        padded = token + "=" * (-len(token) % 4)
        return cast(Json, json.loads(base64.urlsafe_b64decode(padded)))
    except ValueError:
        if parameter == "syncToken":
            raise gone_token() from None
        raise invalid("Invalid page token value.", parameter) from None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One list request: what changed after `since`, up to `until`, beginning at `offset`."""

    since: int
    until: int
    offset: int
    size: int
    deleted: bool
    window: tuple[datetime | None, datetime | None]


def _wanted(calendar: Json, query: Json) -> _Wanted:
    if unplayed := set(query) - _PLAYED - set(_NOT_WITH_A_TOKEN):
        raise invalid(f"This simulator does not play {sorted(unplayed)[0]}.")
    if query.get("singleEvents", "false") != "false":
        raise invalid("This simulator does not play singleEvents=true.", "singleEvents")
    size = query.get("maxResults", str(_USUAL_PAGE))
    if not size.isdecimal() or int(size) < 1:
        raise invalid(f"Invalid value '{size}'.", "maxResults")
    since = 0
    if token := query.get("syncToken"):
        if mixed := [name for name in _NOT_WITH_A_TOKEN if name in query]:
            raise invalid(f"Sync token cannot be combined with {mixed[0]}.", mixed[0])
        opened = _opened(token, "syncToken")
        since = int(opened.get("seq", -1))
        if opened.get("calendar") != calendar["calendar"] or since < calendar["floor"]:
            raise gone_token()
    page = _opened(query["pageToken"], "pageToken") if "pageToken" in query else {}
    ends = [
        google_times.instant(query[name], name) if name in query else None
        for name in ("timeMin", "timeMax")
    ]
    return _Wanted(
        since=since,
        until=int(page.get("until", calendar["seq"])),
        offset=int(page.get("offset", 0)),
        size=min(int(size), _LARGEST_PAGE),
        deleted=bool(token) or query.get("showDeleted", "false") == "true",
        window=(ends[0], ends[1]),
    )


def _inside(event: Json, usual: str, window: tuple[datetime | None, datetime | None]) -> bool:
    earliest, latest = window
    if event.get("recurrence") and earliest is not None:
        span = earliest, latest or earliest + timedelta(days=366)
        return next(google_times.occurrences(event, usual, span), None) is not None
    if earliest is not None and google_times.moment(event["end"], usual) <= earliest:
        return False
    return latest is None or google_times.moment(event["start"], usual) < latest


def _shown(event: Json) -> Json:
    """In a list of changes a deleted event is little more than its id."""
    if event["status"] != "cancelled":
        return event
    kept = ("kind", "etag", "id", "status", "updated", "extendedProperties", "start", "end")
    return {name: event[name] for name in kept if name in event}


def events(db: sqlite3.Connection, calendar: Record, query: Json) -> Json:
    """One page of a calendar's events; the last page carries the sync token.

    Raises:
        GoogleError: 400 a wrong parameter, 410 the sync token is over.
    """
    told = calendar.body
    wanted = _wanted(told, query)
    found = [
        kept["event"]
        for kept in google_events.of_calendar(db, told)
        if wanted.since < kept["seq"] <= wanted.until
        and (wanted.deleted or kept["status"] != "cancelled")
        and _inside(kept["event"], told["time_zone"], wanted.window)
    ]
    last = wanted.offset + wanted.size
    answer: Json = {
        "kind": "calendar#events",
        "etag": google_people.etag(told["calendar"], told["seq"]),
        "summary": told["summary"],
        "updated": "2026-01-01T00:00:00.000Z",
        "timeZone": told["time_zone"],
        "accessRole": told["role"],
        "defaultReminders": [],
        "items": [_shown(event) for event in found[wanted.offset : last]],
    }
    if last < len(found):
        answer["nextPageToken"] = _sealed({"until": wanted.until, "offset": last})
    else:
        answer["nextSyncToken"] = _sealed({"calendar": told["calendar"], "seq": wanted.until})
    return answer


def calendar_list(db: sqlite3.Connection, email: str) -> Json:
    """The account's calendars, on one page."""
    items = [google_people.entry(one.body) for one in google_people.calendars(db, email)]
    return {
        "kind": "calendar#calendarList",
        "etag": google_people.etag(email, len(items)),
        "nextSyncToken": _sealed({"list": email}),
        "items": items,
    }


def _busy(db: sqlite3.Connection, email: str, calendar: str, window: Interval) -> Json:
    """Events that block their time: not the cancelled ones, nor those shown as available."""
    try:
        told = google_people.calendar_of(db, email, calendar).body
    except GoogleError:
        return {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
    if told["unreadable"]:
        return {"errors": [{"domain": "global", "reason": "internalError"}], "busy": []}
    found = [
        (max(start, window[0]), min(end, window[1]))
        for kept in google_events.of_calendar(db, told)
        if kept["status"] != "cancelled" and kept["event"].get("transparency") != "transparent"
        for start, end in google_times.occurrences(kept["event"], told["time_zone"], window)
    ]
    return {
        "busy": [
            {"start": google_times.shown(start), "end": google_times.shown(end)}
            for start, end in google_times.merged(found)
        ]
    }


def free_busy(db: sqlite3.Connection, email: str, body: Json) -> Json:
    """When each calendar is busy. One that cannot be read is an error inside an answer of 200.

    Raises:
        GoogleError: 400 a wrong window, or too many calendars.
    """
    ends: list[datetime] = []
    for name in ("timeMin", "timeMax"):
        if not isinstance(body.get(name), str):
            raise required(f"Missing {name} parameter.")
        ends.append(google_times.instant(body[name], name))
    if ends[1] <= ends[0]:
        raise GoogleError(400, "timeRangeEmpty", "The specified time range is empty.")
    if ends[1] - ends[0] > _LONGEST:
        raise GoogleError(400, "timeRangeTooLong", "The requested time range is too long.")
    wanted = [str(item["id"]) for item in body.get("items", [])]
    if len(wanted) > _MOST_CALENDARS:
        raise GoogleError(400, "tooManyCalendarsRequested", "Too many calendars.")
    return {
        "kind": "calendar#freeBusy",
        "timeMin": google_times.shown(ends[0]),
        "timeMax": google_times.shown(ends[1]),
        "calendars": {name: _busy(db, email, name, (ends[0], ends[1])) for name in wanted},
    }

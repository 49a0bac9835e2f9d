"""The simulated Google accounts and their calendars.

Objects are kept in an envelope of ours, since Google's `created` is a text and its ids are not
unique over all calendars: `{"id", "created", "status", …}`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

from mentorships.sandbox import clock, store
from mentorships.sandbox.google_errors import not_found
from mentorships.sandbox.store import Json, Record

ACCOUNT, CALENDAR = "google_account", "google_calendar"
_ALL = 1_000_000
_REMOVED = "removed"


def account_of(db: sqlite3.Connection, email: str, time_zone: str) -> Record:
    """The account of an address, made with three calendars when it is seen for the first time."""
    email = email.strip().lower()
    known = store.find(db, ACCOUNT, f"account:{email}")
    if known is not None:
        return known
    now = clock.now(db)
    body: Json = {
        "id": f"account:{email}",
        "created": now,
        "status": "",
        "email": email,
        "time_zone": time_zone,
    }
    account = store.add(db, Record(ACCOUNT, body))
    mark = hashlib.sha256(email.encode()).hexdigest()[:20]
    for calendar, summary, role in (
        (email, email, "owner"),
        (f"family{mark}@group.calendar.google.com", "Family", "owner"),
        (f"holidays{mark}@group.v.calendar.google.com", "Public holidays", "reader"),
    ):
        _add_calendar(db, email, calendar, summary, role=role, time_zone=time_zone)
    return account


def _add_calendar(
    db: sqlite3.Connection, email: str, calendar: str, summary: str, *, role: str, time_zone: str
) -> None:
    body: Json = {
        "id": f"calendar:{calendar}",
        "created": clock.now(db),
        "status": "",
        "calendar": calendar,
        "account": email,
        "summary": summary,
        "role": role,
        "time_zone": time_zone,
        "seq": 0,  # grows with every change of an event
        "floor": 0,  # older sync tokens are over
        "unreadable": False,
    }
    store.add(db, Record(CALENDAR, body, parent=email))


def accounts(db: sqlite3.Connection) -> list[Json]:
    """All accounts, the newest first."""
    records, _ = store.listed(db, ACCOUNT, store.Filter(), _ALL)
    return [record.body for record in records]


def calendars(db: sqlite3.Connection, email: str) -> list[Record]:
    """An account's calendars in the order in which they were made."""
    made = store.children(db, CALENDAR, email)[::-1]
    return [each for each in made if each.body["status"] != _REMOVED]


def calendar_of(db: sqlite3.Connection, email: str, calendar: str) -> Record:
    """A calendar that the account sees; `primary` is its own.

    Raises:
        GoogleError: there is none (404).
    """
    wanted = email if calendar == "primary" else calendar
    found = store.find(db, CALENDAR, f"calendar:{wanted}")
    if found is None or found.body["account"] != email or found.body["status"] == _REMOVED:
        raise not_found()
    return found


def remove(db: sqlite3.Connection, calendar: Record) -> None:
    """The person deletes a calendar, or does not see it any more."""
    calendar.body["status"] = _REMOVED
    store.save(db, calendar)


def changed(db: sqlite3.Connection, calendar: Record) -> int:
    """The number of the calendar's next change."""
    calendar.body["seq"] += 1
    store.save(db, calendar)
    return int(calendar.body["seq"])


def etag(*parts: Any) -> str:
    """An entity tag in Google's form: quoted digits."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return f'"{int.from_bytes(digest[:7], "big")}"'


def entry(calendar: Json) -> Json:
    """A calendar as `calendarList.list` shows it."""
    shown: Json = {
        "kind": "calendar#calendarListEntry",
        "etag": etag(calendar["calendar"], calendar["summary"]),
        "id": calendar["calendar"],
        "summary": calendar["summary"],
        "timeZone": calendar["time_zone"],
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": calendar["role"],
        "defaultReminders": [],
    }
    if calendar["calendar"] == calendar["account"]:
        shown["primary"] = True
    return shown

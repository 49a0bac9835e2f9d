"""Google's events: what is kept, what is refused, and who was invited.

Refusals by VENDORS.md (Google Calendar) and the discovery document: a used id is refused even when
its event was deleted; an outdated etag is refused; a sequence never shrinks.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from datetime import UTC, datetime
from typing import Any, cast

from mentorships.sandbox import clock, google_channels, google_people, google_times, store
from mentorships.sandbox.google_errors import GoogleError, invalid, not_found
from mentorships.sandbox.store import Json, Record

EVENT, INVITATION = "google_event", "google_invitation"
_ID = re.compile(r"[a-v0-9]{5,1024}")
_WRITABLE = frozenset(
    [
        "anyoneCanAddSelf",
        "attachments",
        "attendees",
        "attendeesOmitted",
        "colorId",
        "conferenceData",
        "description",
        "end",
        "extendedProperties",
        "guestsCanInviteOthers",
        "guestsCanModify",
        "guestsCanSeeOtherGuests",
        "iCalUID",
        "id",
        "kind",
        "location",
        "recurrence",
        "reminders",
        "sequence",
        "source",
        "start",
        "status",
        "summary",
        "transparency",
        "visibility",
        "eventType",
    ]
)
_READ_ONLY = frozenset(
    ["etag", "htmlLink", "created", "updated", "creator", "organizer", "hangoutLink", "locked"]
)
_SENT_TO = {"all", "externalOnly", "none"}


def _known(body: Json) -> None:
    if unknown := set(body) - _WRITABLE - _READ_ONLY:
        name = sorted(unknown)[0]
        raise GoogleError(
            400, "badRequest", f'Invalid JSON payload received. Unknown name "{name}".'
        )


def _writable(calendar: Record) -> None:
    if calendar.body["role"] not in ("owner", "writer"):
        raise GoogleError(
            403,
            "requiredAccessLevel",
            "You need to have writer access to this calendar.",
            domain="calendar",
        )


def _key(calendar: Record, event_id: str) -> str:
    return f"event:{calendar.body['calendar']}:{event_id}"


def _find(db: sqlite3.Connection, calendar: Record, event_id: str) -> Record:
    found = store.find(db, EVENT, _key(calendar, event_id))
    if found is None:
        raise not_found()
    return found


def _attendees(given: Any, before: Any) -> list[Json]:
    """The guests with their answers; who was there keeps their answer."""
    answered = {one["email"]: one["responseStatus"] for one in cast("list[Json]", before or [])}
    guests: list[Json] = []
    for one in cast("list[Json]", given):
        if not isinstance(one.get("email"), str) or "@" not in one["email"]:
            raise invalid("Invalid attendee email.")
        usual = answered.get(one["email"], "needsAction")
        guests.append({**one, "responseStatus": one.get("responseStatus") or usual})
    return guests


def _stamp(db: sqlite3.Connection, calendar: Record, event: Json) -> int:
    """Date a change and give the event the etag of it."""
    number = google_people.changed(db, calendar)
    now = datetime.fromtimestamp(clock.now(db), UTC)
    event["updated"] = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{number % 1000:03d}Z"
    event["etag"] = google_people.etag(calendar.body["calendar"], event["id"], number)
    return number


def _invite(db: sqlite3.Connection, event: Json, action: str, send_updates: str) -> None:
    """Note who was mailed: the guests, when the caller asks for it (the default is nobody)."""
    if send_updates not in _SENT_TO:
        raise invalid(f"Invalid value '{send_updates}'.", "sendUpdates")
    if send_updates == "none":
        return
    for guest in event.get("attendees", []):
        if guest["email"] == event["organizer"]["email"]:
            continue
        note: Json = {
            "id": f"invitation:{secrets.token_hex(8)}",
            "created": clock.now(db),
            "status": action,
            "to": guest["email"],
            "action": action,
            "event": event["id"],
            "summary": event.get("summary", ""),
            "start": event["start"],
            "uid": event["iCalUID"],
            "sequence": event["sequence"],
        }
        store.add(db, Record(INVITATION, note, parent=event["organizer"]["email"]))


def insert(db: sqlite3.Connection, calendar: Record, body: Json, send_updates: str) -> Json:
    """Make an event, under the caller's id or one of Google's.

    Raises:
        GoogleError: 400 a wrong field, 403 not one's own calendar, 409 the id was used before.
    """
    _writable(calendar)
    _known(body)
    event_id = body.get("id") or secrets.token_hex(13)
    if not isinstance(event_id, str) or _ID.fullmatch(event_id) is None:
        raise invalid("Invalid resource id value.")
    if store.find(db, EVENT, _key(calendar, event_id)) is not None:
        raise GoogleError(409, "duplicate", "The requested identifier already exists.")
    owner = calendar.body["calendar"]
    event: Json = {
        "kind": "calendar#event",
        "id": event_id,
        "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
        "created": datetime.fromtimestamp(clock.now(db), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "creator": {"email": calendar.body["account"], "self": True},
        "organizer": {"email": owner, "self": True},
        "iCalUID": body.get("iCalUID") or f"{event_id}@google.com",
        "sequence": int(body.get("sequence") or 0),
        "eventType": "default",
    }
    _fill(event, body, calendar)
    number = _stamp(db, calendar, event)
    kept = {"id": _key(calendar, event_id), "created": clock.now(db), "status": event["status"]}
    store.add(db, Record(EVENT, {**kept, "seq": number, "event": event}, parent=owner))
    _invite(db, event, "invited", send_updates)
    google_channels.tell(db, calendar)
    return event


def _fill(event: Json, body: Json, calendar: Record) -> None:
    """Put the caller's fields into the event, as Google answers them."""
    usual = calendar.body["time_zone"]
    google_times.checked(body, usual)
    before = event.get("attendees")
    taken = _WRITABLE - {"id", "kind", "iCalUID", "sequence", "eventType"}
    for name in taken:
        event.pop(name, None)
    event |= {name: body[name] for name in taken if body.get(name) is not None}
    event.setdefault("status", "confirmed")
    event.setdefault("reminders", {"useDefault": True})
    event["start"] = google_times.normal(body["start"], usual)
    event["end"] = google_times.normal(body["end"], usual)
    if "attendees" in event:
        event["attendees"] = _attendees(event["attendees"], before)


def get(db: sqlite3.Connection, calendar: Record, event_id: str) -> Json:
    """An event, also a deleted one (status `cancelled`)."""
    return _find(db, calendar, event_id).body["event"]


def _merged(old: Json, new: Json) -> Json:
    """A patch: objects are merged, lists replaced, nulls taken away."""
    result = dict(old)
    for name, value in new.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = _merged(result[name], cast(Json, value))
        else:
            result[name] = value
    return result


def change(
    db: sqlite3.Connection,
    calendar: Record,
    event_id: str,
    body: Json,
    *,
    if_match: str = "",
    send_updates: str = "none",
    patch: bool = False,
) -> Json:
    """Update (all fields) or patch (some). A deleted event comes back, when it is confirmed again.

    Raises:
        GoogleError: 400 a wrong field or an old sequence, 403, 404, 412 the etag is outdated.
    """
    _writable(calendar)
    _known(body)
    kept = _find(db, calendar, event_id)
    event: Json = kept.body["event"]
    if if_match not in ("", "*", event["etag"]):
        raise GoogleError(
            412, "conditionNotMet", "Precondition Failed", location=("header", "If-Match")
        )
    given = body.get("sequence")
    if given is not None and int(given) < event["sequence"]:
        raise invalid(
            "Invalid sequence value. The specified sequence number is below the current sequence"
            " number of the resource. Re-fetch the resource and use its sequence number on the"
            " following request."
        )
    times = event["start"], event["end"]
    _fill(event, _merged(event, body) if patch else body, calendar)
    moved = (event["start"], event["end"]) != times
    event["sequence"] = max(int(given or 0), event["sequence"] + (1 if moved else 0))
    kept.body |= {"seq": _stamp(db, calendar, event), "status": event["status"]}
    store.save(db, kept)
    _invite(db, event, "canceled" if event["status"] == "cancelled" else "updated", send_updates)
    google_channels.tell(db, calendar)
    return event


def delete(
    db: sqlite3.Connection,
    calendar: Record,
    event_id: str,
    *,
    if_match: str = "",
    send_updates: str = "none",
) -> None:
    """Delete an event: it stays as a cancelled one.

    Raises:
        GoogleError: 403, 404, 410 it is deleted already, 412 the etag is outdated.
    """
    kept = _find(db, calendar, event_id)
    if kept.body["status"] == "cancelled":
        raise GoogleError(410, "deleted", "Resource has been deleted")
    change(
        db,
        calendar,
        event_id,
        {"status": "cancelled"},
        if_match=if_match,
        send_updates=send_updates,
        patch=True,
    )


def of_calendar(db: sqlite3.Connection, calendar: Json) -> list[Json]:
    """All of a calendar's events with the number of their last change, oldest change first."""
    found = store.children(db, EVENT, calendar["calendar"])
    return sorted((record.body for record in found), key=lambda body: body["seq"])


def invitations(db: sqlite3.Connection, email: str) -> list[Json]:
    """The mails that Google would have sent for a calendar's owner, newest first."""
    return [record.body for record in store.children(db, INVITATION, email)]

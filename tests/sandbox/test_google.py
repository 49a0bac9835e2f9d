"""The simulated Google: its requests and answers fit Google's own description of the API."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import googleapiclient
import httplib2
import httpx
import pytest
from googleapiclient.discovery import build
from jsonschema import Draft4Validator

from services.config import settings
from services.providers.calendar.base import EventText
from services.providers.calendar.google import FIELDS, GoogleCalendar
from services.providers.calendar.registry import calendars
from tests.sandbox.google import google, token_of
from tests.support.google import Google, utc
from tests.support.studio import BEGINNING

__all__ = ["google"]

Json = dict[str, Any]
DOCUMENT = json.loads(
    (
        Path(googleapiclient.__file__).parent / "discovery_cache/documents/calendar.v3.json"
    ).read_text()
)


def _schema(name: str) -> Json:
    """Google's schema of one thing, in the words of JSON Schema; unknown fields are mistakes."""

    def rewritten(node: Any) -> Any:
        if isinstance(node, list):
            return [rewritten(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return {"$ref": f"#/definitions/{node['$ref']}"}
        kept = {
            name: rewritten(value)
            for name, value in node.items()
            if name in ("type", "properties", "items", "additionalProperties", "enum")
        }
        if "properties" in node:
            kept["properties"] = {n: rewritten(v) for n, v in node["properties"].items()}
            kept.setdefault("additionalProperties", False)
        return kept

    definitions = {name: rewritten(each) for name, each in DOCUMENT["schemas"].items()}
    return {"$ref": f"#/definitions/{name}", "definitions": definitions}


def fits(name: str, thing: Json) -> None:
    """The thing is what Google's description says."""
    problems = [error.message for error in Draft4Validator(_schema(name)).iter_errors(thing)]
    assert problems == [], f"{name}: {problems}"


class Watched(httplib2.Http):
    """Keeps every request body and answer that goes by."""

    def __init__(self, token: str) -> None:
        super().__init__(timeout=10)
        self.token = token
        self.seen: list[tuple[str, str, Json, Json]] = []

    def request(self, uri: str, *args: Any, **more: Any) -> Any:  # type: ignore[override]
        headers = dict(more.pop("headers", None) or {})
        headers["authorization"] = f"Bearer {self.token}"
        answer, content = super().request(uri, *args, headers=headers, **more)
        method = str(more.get("method") or (args[0] if args else "GET"))
        sent, got = json.loads(more.get("body") or "{}"), json.loads(content or b"{}")
        self.seen.append((method, uri, sent, got))
        return answer, content


@pytest.fixture
def watched(google: Google) -> Watched:
    return Watched(token_of(google))


def _text(**more: Any) -> EventText:
    given: Json = {
        "session": "ses_1",
        "title": "Session",
        "description": "d",
        "location": "l",
        "starts_at": utc(10, 9),
        "ends_at": utc(10, 10),
        "zone": "Europe/Berlin",
        "guests": ("nora.novak@example.com",),
        "sequence": 0,
    }
    return EventText(**given | more)


def test_what_our_adapter_sends_and_gets_fits_googles_description(
    google: Google, watched: Watched
) -> None:
    there = GoogleCalendar(
        access_token="", api_base=settings().google_api_base, timeout_seconds=1, http=watched
    )
    there.list_calendars()
    there.busy(("primary", "unknown@example.com"), (utc(1, 0), utc(31, 0)))
    made = there.insert_event("primary", "abcde", _text())
    there.update_event("primary", made, _text(sequence=1, starts_at=utc(10, 8)))
    there.get_event("primary", "abcde")
    there.changes("primary", there.changes("primary", "").token)
    opened = there.watch(
        "primary",
        channel="c",
        token="t",
        address=f"{settings().public_url}/api/webhooks/google",
        until=BEGINNING + timedelta(days=7),
    )
    there.stop(channel=opened.id, resource=opened.resource)
    there.delete_event("primary", "abcde")
    methods = {
        (each["httpMethod"], each["path"].replace("{calendarId}", "primary")): each
        for resource in ("calendarList", "freebusy", "events", "channels")
        for each in DOCUMENT["resources"][resource]["methods"].values()
    }
    checked = 0
    for method, uri, sent, got in watched.seen:
        path = httpx.URL(uri).path.split("/calendar/v3/")[1].replace("/abcde", "/{eventId}")
        described = methods[method, path]
        if "request" in described:
            fits(described["request"]["$ref"], sent)
        if "response" in described and got:
            fits(described["response"]["$ref"], got)
        checked += 1
    assert checked == 10


def test_the_fields_that_we_ask_for_exist() -> None:
    """Google refuses a selection of fields that are not there; the simulator answers all."""
    events, event = (DOCUMENT["schemas"][name]["properties"] for name in ("Events", "Event"))
    outer = re.sub(r"\(.*?\)", "", FIELDS).split(",")
    [inner] = re.findall(r"items\((.*?)\)", FIELDS)
    assert set(outer) <= set(events)
    assert {name.partition("/")[0] for name in inner.split(",")} <= set(event)
    assert "private" in event["extendedProperties"]["properties"]


def test_the_library_reads_the_simulator_as_it_reads_google(watched: Watched) -> None:
    service: Any = build(
        "calendar",
        "v3",
        http=watched,
        static_discovery=True,
        cache_discovery=False,
        client_options={"api_endpoint": f"{settings().google_api_base}/calendar/v3/"},
    )
    body = {
        "id": "abcde",
        "start": {"dateTime": "2026-03-29T01:30:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-29T03:30:00", "timeZone": "Europe/Berlin"},
    }
    made = service.events().insert(calendarId="primary", body=body).execute()
    assert made["start"]["dateTime"].endswith("+01:00")
    assert made["end"]["dateTime"].endswith("+02:00")
    patched = (
        service.events()
        .patch(calendarId="primary", eventId="abcde", body={"summary": "New"})
        .execute()
    )
    assert (patched["summary"], patched["start"]) == ("New", made["start"])


def _refused(google: Google, method: str, path: str, **more: Any) -> tuple[int, str]:
    answer = httpx.request(
        method,
        f"{settings().google_api_base}/calendar/v3/{path}",
        headers={"authorization": f"Bearer {token_of(google)}", **more.pop("headers", {})},
        trust_env=False,
        **more,
    )
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"start": {"dateTime": "2026-03-10T09:00:00Z"}}, "required"),
        (
            {
                "start": {"dateTime": "2026-03-10T09:00:00"},
                "end": {"dateTime": "2026-03-10T10:00:00"},
            },
            "required",
        ),
        (
            {
                "start": {"dateTime": "2026-03-10T09:00:00Z"},
                "end": {"dateTime": "2026-03-10T08:00:00Z"},
            },
            "timeRangeEmpty",
        ),
        ({"start": {"date": "2026-03-10"}, "end": {"dateTime": "2026-03-10T08:00:00Z"}}, "invalid"),
        ({"id": "XYZ-1", "start": {}, "end": {}}, "invalid"),
        ({"colour": "red"}, "badRequest"),
    ],
    ids=["no end", "no zone", "backwards", "mixed", "id", "unknown"],
)
def test_events_that_google_refuses_are_refused(google: Google, body: Json, reason: str) -> None:
    path = "calendars/primary/events"
    assert _refused(google, "POST", path, json=body) == (400, reason)


def test_lists_that_google_refuses_are_refused(google: Google) -> None:
    path = "calendars/primary/events"
    google.add(utc(10, 9))
    mixed = {"syncToken": "x", "timeMin": "2026-03-10T09:00:00Z"}
    assert _refused(google, "GET", path, params=mixed) == (400, "invalid")
    assert _refused(google, "GET", path, params={"syncToken": "x"}) == (410, "fullSyncRequired")
    assert _refused(google, "GET", path, params={"maxResults": "0"}) == (400, "invalid")
    assert _refused(google, "GET", "calendars/nobody/events") == (404, "notFound")
    assert _refused(google, "POST", "freeBusy", json={}) == (400, "required")


def test_an_older_sequence_and_an_old_etag_are_refused(google: Google) -> None:
    google.add(utc(10, 9), id="abcde", sequence=3)
    path = "calendars/primary/events/abcde"
    times = {
        "start": {"dateTime": "2026-03-10T09:00:00Z"},
        "end": {"dateTime": "2026-03-10T10:00:00Z"},
    }
    assert _refused(google, "PUT", path, json=times | {"sequence": 2}) == (400, "invalid")
    outdated = {"If-Match": '"1"'}
    assert _refused(google, "PUT", path, json=times, headers=outdated) == (412, "conditionNotMet")


def test_a_calendar_of_somebody_elses_cannot_be_written(google: Google) -> None:
    token_of(google)
    holidays = [e for e in calendars(token_of(google)).list_calendars() if "holidays" in e.id]
    path = f"calendars/{holidays[0].id}/events"
    assert _refused(google, "POST", path, json={}) == (403, "requiredAccessLevel")


def test_without_a_token_there_is_only_a_401(google: Google) -> None:
    answer = httpx.get(
        f"{settings().google_api_base}/calendar/v3/users/me/calendarList", trust_env=False
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["errors"][0]["reason"] == "authError"
    assert "Bearer" in answer.headers["www-authenticate"]


def test_an_address_of_somebody_elses_gets_no_pushes(google: Google) -> None:
    body = {"id": "c", "type": "web_hook", "address": "https://evil.example.com/x"}
    path = "calendars/primary/events/watch"
    assert _refused(google, "POST", path, json=body) == (401, "webhookUrlUnauthorized")
    body["address"] = "http://evil.example.com/x"
    assert _refused(google, "POST", path, json=body) == (400, "invalid")

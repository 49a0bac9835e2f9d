"""Google Calendar through the vendor's client library, built from its own static description.

Facts behind this file: google-api-python-client 2.202, Calendar v3. The library is synchronous and
its HTTP is not thread-safe, so each `GoogleCalendar` serves one thread and sends by its own. What
makes the requests takes a tenth of a second to build: once per process. A calendar that cannot be
read is an error inside an answer of 200.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from http.client import HTTPException
from typing import Any, Final, cast

import httplib2
from googleapiclient.discovery import build
from googleapiclient.errors import Error as LibraryError
from googleapiclient.errors import HttpError
from typing_extensions import override

from services import clock
from services.errors import ProviderError, ProviderRejected, ProviderUnavailable
from services.providers import calls
from services.providers.calendar.base import (
    AccessExpired,
    BusyTimes,
    Changes,
    Channel,
    EventChanged,
    EventExists,
    EventMissing,
    EventText,
    Interval,
    RemoteCalendar,
    RemoteEvent,
    ScopeMissing,
    SyncExpired,
)
from services.providers.calendar.google_consent import NAME

PAGE: Final = 250
DAYS_AT_ONCE: Final = 50
"""The longest window of one question for busy time."""
RECENT: Final = timedelta(days=1)
FIELDS: Final = (
    "items(id,status,start,end,etag,sequence,extendedProperties/private),"
    "nextPageToken,nextSyncToken"
)
"""Nothing else of a person's events leaves Google: no title, no guest, no place."""
_MISSING: Final = "notFound"
_BACK_OFF: Final = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}


class _Http(httplib2.Http):
    """Sends with the access token; each request becomes a line of the log and a count."""

    def __init__(self, access_token: str, timeout_seconds: float) -> None:
        super().__init__(timeout=timeout_seconds)
        self.follow_redirects = False
        self._access_token = access_token

    @override
    def request(self, uri: str, *args: Any, **more: Any) -> tuple[httplib2.Response, bytes]:
        """One request: what came back, and its body."""
        headers = dict(more.pop("headers", None) or {})
        headers["authorization"] = f"Bearer {self._access_token}"
        with calls.observed(NAME) as request:
            answer, content = super().request(uri, *args, headers=headers, **more)
            request.status = answer.status
        return answer, content


@dataclass(frozen=True, slots=True)
class _Api:
    """What makes the requests to each part of the API."""

    calendars: Any
    busy: Any
    events: Any
    channels: Any


@lru_cache(maxsize=4)
def _api(api_base: str) -> _Api:
    service: Any = build(
        "calendar",
        "v3",
        http=httplib2.Http(),  # sends nothing: each request is given its own
        static_discovery=True,
        cache_discovery=False,
        client_options={"api_endpoint": f"{api_base}/calendar/v3/"},
    )
    return _Api(service.calendarList(), service.freebusy(), service.events(), service.channels())


class GoogleCalendar:
    """The `CalendarProvider` of Google, or of the simulator behind another base address."""

    def __init__(
        self,
        *,
        access_token: str,
        api_base: str,
        timeout_seconds: float,
        page: int = PAGE,
        http: httplib2.Http | None = None,
    ) -> None:
        """`http` is what sends, when somebody else wants to look at the wire."""
        self._page = page
        self._api = _api(api_base)
        self._http = http or _Http(access_token, timeout_seconds)

    def list_calendars(self) -> tuple[RemoteCalendar, ...]:
        found: list[RemoteCalendar] = []
        asked = self._api.calendars.list(maxResults=self._page)
        while asked is not None:
            with _translated("list_calendars"):
                page = asked.execute(http=self._http)
            found += [_calendar(item) for item in page.get("items", [])]
            asked = self._api.calendars.list_next(asked, page)
        return tuple(found)

    def busy(self, calendars: tuple[str, ...], window: Interval) -> BusyTimes:
        known: dict[str, list[Interval]] = {calendar: [] for calendar in calendars}
        unknown: dict[str, str] = {}
        missing: set[str] = set()
        start = window[0]
        while start < window[1]:
            end = min(start + timedelta(days=DAYS_AT_ONCE), window[1])
            for calendar, told in self._busy_part(calendars, start, end).items():
                if reasons := [str(error.get("reason")) for error in told.get("errors", [])]:
                    unknown[calendar] = ", ".join(reasons)
                    missing |= {calendar} if _MISSING in reasons else set()
                known[calendar] += [
                    (_instant(each["start"]), _instant(each["end"]))
                    for each in told.get("busy", [])
                ]
            start = end
        return BusyTimes(
            {name: _joined(found) for name, found in known.items() if name not in unknown},
            unknown,
            frozenset(missing),
        )

    def _busy_part(
        self, calendars: tuple[str, ...], start: datetime, end: datetime
    ) -> dict[str, Any]:
        asked = {
            "timeMin": start.isoformat(),
            "timeMax": end.isoformat(),
            "items": [{"id": calendar} for calendar in calendars],
        }
        with _translated("query_busy"):
            told = self._api.busy.query(body=asked).execute(http=self._http)["calendars"]
        # One that the answer does not mention is not known either.
        missing = {"errors": [{"reason": "notMentioned"}]}
        return {calendar: told.get(calendar, missing) for calendar in calendars}

    def insert_event(self, calendar: str, event_id: str, text: EventText) -> RemoteEvent:
        body = _body(text) | {"id": event_id}
        with _translated("insert_event"):
            return _event(
                self._api.events.insert(calendarId=calendar, body=body, sendUpdates="all").execute(
                    http=self._http
                )
            )

    def get_event(self, calendar: str, event_id: str) -> RemoteEvent:
        with _translated("get_event"):
            return _event(
                self._api.events.get(calendarId=calendar, eventId=event_id).execute(http=self._http)
            )

    def update_event(self, calendar: str, before: RemoteEvent, text: EventText) -> RemoteEvent:
        body = _body(text) | {"sequence": max(text.sequence, before.sequence)}
        with _translated("update_event"):
            asked = self._api.events.update(
                calendarId=calendar, eventId=before.id, body=body, sendUpdates="all"
            )
            asked.headers["If-Match"] = before.etag
            return _event(asked.execute(http=self._http))

    def delete_event(self, calendar: str, event_id: str) -> None:
        with _translated("delete_event"):
            self._api.events.delete(
                calendarId=calendar, eventId=event_id, sendUpdates="all"
            ).execute(http=self._http)

    def changes(self, calendar: str, token: str) -> Changes:
        events: list[RemoteEvent] = []
        first: dict[str, str] = {"syncToken": token}
        if not token:
            first = {"timeMin": (clock.utc_now() - RECENT).isoformat()}
        asked = self._api.events.list(
            calendarId=calendar, maxResults=self._page, fields=FIELDS, **first
        )
        while True:
            with _translated("list_events", gone=SyncExpired):
                page = asked.execute(http=self._http)
            events += [_event(item) for item in page.get("items", [])]
            following = self._api.events.list_next(asked, page)
            if following is None:
                return Changes(tuple(events), str(page.get("nextSyncToken", "")))
            asked = following

    def watch(
        self, calendar: str, *, channel: str, token: str, address: str, until: datetime
    ) -> Channel:
        body = {
            "id": channel,
            "type": "web_hook",
            "address": address,
            "token": token,
            "expiration": str(int(until.timestamp() * 1000)),
        }
        with _translated("watch_events"):
            told = self._api.events.watch(calendarId=calendar, body=body).execute(http=self._http)
        ends = datetime.fromtimestamp(int(told["expiration"]) / 1000, UTC)
        return Channel(channel, str(told["resourceId"]), ends)

    def stop(self, *, channel: str, resource: str) -> None:
        try:
            with _translated("stop_channel"):
                body = {"id": channel, "resourceId": resource}
                self._api.channels.stop(body=body).execute(http=self._http)
        except EventMissing:
            pass  # it has ended by itself


def _joined(intervals: list[Interval]) -> tuple[Interval, ...]:
    """In order, without the seams between the parts of a window."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return tuple(found)


def _calendar(item: Mapping[str, Any]) -> RemoteCalendar:
    return RemoteCalendar(
        id=str(item["id"]),
        name=str(item.get("summaryOverride") or item.get("summary") or item["id"]),
        time_zone=str(item.get("timeZone", "UTC")),
        primary=bool(item.get("primary", False)),
    )


def _body(text: EventText) -> dict[str, Any]:
    return {
        "summary": text.title,
        "description": text.description,
        "location": text.location,
        "start": {"dateTime": text.starts_at.isoformat(), "timeZone": text.zone},
        "end": {"dateTime": text.ends_at.isoformat(), "timeZone": text.zone},
        "attendees": [{"email": guest} for guest in text.guests],
        "sequence": text.sequence,
        "status": "confirmed",
        "extendedProperties": {
            "private": {"session": text.session, "sequence": str(text.sequence)}
        },
        "guestsCanInviteOthers": False,
        "reminders": {"useDefault": True},
    }


def _event(item: Mapping[str, Any]) -> RemoteEvent:
    private = cast("dict[str, str]", item.get("extendedProperties", {}).get("private", {}))
    return RemoteEvent(
        id=str(item["id"]),
        session=str(private.get("session", "")),
        deleted=item.get("status") == "cancelled",
        starts_at=_moment(item.get("start")),
        ends_at=_moment(item.get("end")),
        sequence=int(item.get("sequence", 0)),
        written=str(private.get("sequence", "")),
        etag=str(item.get("etag", "")),
    )


def _moment(told: Mapping[str, str] | None) -> datetime | None:
    """An event's end of its time; whole days begin at midnight UTC, which no session does."""
    if not told:
        return None
    if "dateTime" in told:
        return _instant(told["dateTime"])
    return datetime.combine(datetime.fromisoformat(told["date"]), time(), UTC)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@contextmanager
def _translated(
    operation: str, *, gone: Callable[..., ProviderRejected] = EventMissing
) -> Iterator[None]:
    """Google's and the library's errors become ours; `gone` is what a 410 means here."""
    try:
        with calls.operation(operation):
            yield
    except HttpError as error:
        raise _refusal(error, gone) from error
    except (LibraryError, httplib2.HttpLib2Error, HTTPException, OSError, ValueError) as error:
        raise ProviderUnavailable(NAME, type(error).__name__) from error


def _refusal(error: HttpError, gone: Callable[..., ProviderRejected]) -> ProviderError:
    """By status and reason. Google's sentences are left out: they may repeat what was sent."""
    status, reason = int(error.resp.status), _reason(error.content)
    message = f"{status} {reason}".strip()
    if status == 401:
        return AccessExpired(NAME, message, code=reason)
    if status >= 500 or status == 429 or reason in _BACK_OFF:
        return ProviderUnavailable(NAME, message, code=reason, answered=status >= 500)
    if status == 403 and reason in {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}:
        return ScopeMissing(NAME, message, code=reason)
    kinds: dict[int, Callable[..., ProviderRejected]] = {
        404: EventMissing,
        409: EventExists,
        410: gone,
        412: EventChanged,
    }
    return kinds.get(status, ProviderRejected)(NAME, message, code=reason)


def _reason(content: bytes) -> str:
    try:
        return str(json.loads(content)["error"]["errors"][0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""

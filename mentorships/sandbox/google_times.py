"""Google's times: instants with an offset or a zone, whole days, and repetitions.

A wall-clock time that repeats stays the same wall-clock time across a change of the clocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from mentorships.sandbox.google_errors import GoogleError, invalid, required
from mentorships.sandbox.store import Json

Interval = tuple[datetime, datetime]


def shown(instant: datetime) -> str:
    """An instant as Google answers it in UTC: `2026-03-02T10:00:00Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name.

    Raises:
        GoogleError: Google knows no such zone (400).
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise invalid("Invalid time zone definition.", "timeZone") from None


def instant(text: str, parameter: str) -> datetime:
    """An RFC 3339 instant, whose offset is mandatory in parameters.

    Raises:
        GoogleError: it is none (400).
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise GoogleError(400, "badRequest", "Bad Request", location=("parameter", parameter))
    return found.astimezone(UTC)


def moment(given: Json, usual: str) -> datetime:
    """An event's start or end: an instant, or the beginning of a day in the calendar's zone.

    Raises:
        GoogleError: neither or unreadable (400).
    """
    if "date" in given:
        return datetime.combine(_day(given["date"]), datetime.min.time(), zone(usual)).astimezone(
            UTC
        )
    return _local(given, usual).astimezone(UTC)


def _day(text: Any) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise invalid("Invalid value for: Invalid format") from None


def _local(given: Json, usual: str) -> datetime:
    named = given.get("timeZone")
    place = zone(named or usual)
    try:
        found = datetime.fromisoformat(str(given["dateTime"]))
    except ValueError:
        raise invalid(f'Invalid value for: Invalid format: "{given["dateTime"]}"') from None
    if found.tzinfo is not None:
        return found.astimezone(place)
    if not named:
        raise required("Missing time zone definition for start time.")
    return found.replace(tzinfo=place)


def normal(given: Json, usual: str) -> Json:
    """A start or end as Google answers it: the instant in the calendar's offset, the zone named."""
    if "date" in given:
        return {"date": _day(given["date"]).isoformat()}
    local = moment(given, usual).astimezone(zone(usual))
    return {"dateTime": local.isoformat(), "timeZone": given.get("timeZone") or usual}


def checked(event: Json, usual: str) -> None:
    """Both ends are there, of one kind, and in order.

    Raises:
        GoogleError: they are not (400).
    """
    for name in ("start", "end"):
        given = event.get(name)
        if not isinstance(given, dict) or not {"date", "dateTime"} & set(cast(Json, given)):
            raise required(f"Missing {name} time.")
    if ("date" in event["start"]) != ("date" in event["end"]):
        raise invalid("Start and end times must either both be date or both be dateTime.")
    if moment(event["end"], usual) <= moment(event["start"], usual):
        raise GoogleError(
            400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar"
        )


def occurrences(event: Json, usual: str, window: Interval) -> Iterator[Interval]:
    """The event's times that touch the window, a repetition's one by one."""
    start, end = moment(event["start"], usual), moment(event["end"], usual)
    if not event.get("recurrence"):
        if start < window[1] and end > window[0]:
            yield start, end
        return
    place = zone(event["start"].get("timeZone") or usual)
    local, wall = start.astimezone(place).replace(tzinfo=None), end - start
    if "date" in event["start"]:  # whole days are counted in days: one of them has 23 hours
        days = (_day(event["end"]["date"]) - _day(event["start"]["date"])).days
    else:
        days = 0
    rules = rrulestr("\n".join(event["recurrence"]), dtstart=local, forceset=True, ignoretz=True)
    first = window[0].astimezone(place).replace(tzinfo=None) - timedelta(days=days + 1) - wall
    last = window[1].astimezone(place).replace(tzinfo=None) + timedelta(days=1)
    for each in rules.between(first, last, inc=True):
        begins = each.replace(tzinfo=place).astimezone(UTC)
        ends = begins + wall
        if days:
            ends = (each + timedelta(days=days)).replace(tzinfo=place).astimezone(UTC)
        if begins < window[1] and ends > window[0]:
            yield begins, ends


def merged(intervals: list[Interval]) -> list[Interval]:
    """The intervals in order, those that touch made one."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found

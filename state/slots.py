"""Times to choose from, in words: a week as days, a day as morning, afternoon and evening."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from services import clock
from services.slots import Slot
from state.shown import count

WEEK = timedelta(days=7)
MOST_WEEKS = 53
_PARTS = (("Morning", 0, 12), ("Afternoon", 12, 18), ("Evening", 18, 24))


@dataclass(frozen=True)
class SlotFace:
    """One time: `iso` is what a handler takes, `theirs` the other person's time where it differs,
    `label` what a screen reader says."""

    iso: str
    time: str
    theirs: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class PartFace:
    """The times of a part of the day."""

    name: str
    slots: list[SlotFace]


@dataclass(frozen=True)
class DayFace:
    """One day of the week strip; `chosen` says that a chosen time lies on it."""

    day: str
    weekday: str
    number: str
    label: str
    free: bool
    chosen: bool


@dataclass(frozen=True)
class FreeFace:
    """A mentor's next free time: in words for people whose zone is known, `iso` for the others,
    whose browser knows it. Empty when there is none."""

    words: str = ""
    iso: str = ""


@dataclass(frozen=True)
class Reader:
    """Who reads the times, and whose time stands beside them. `whose` is "" when the zones never
    need a second time."""

    zone: str
    theirs: str
    whose: str


def week_of(text: str, zone: str) -> date:
    """The Monday of the week that an address names, not before this week; this week when it names
    none, or one too far away."""
    today = local(clock.utc_now(), zone).date()
    this = monday(today)
    try:
        named = monday(date.fromisoformat(text[:10]))
    except ValueError:
        return this
    return named if this <= named <= this + MOST_WEEKS * WEEK else this


def monday(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def span(week: date, zone: str) -> tuple[datetime, datetime]:
    """The instants at which a week begins and ends in a zone."""
    return _midnight(week, zone), _midnight(week + WEEK, zone)


def local(instant: datetime, zone: str) -> datetime:
    """The instant on the clocks of a zone."""
    return instant.astimezone(ZoneInfo(zone))


def instant_of(text: str) -> datetime | None:
    """What a browser sent as a time; None when it is none."""
    found = _time(text[:40])
    return None if found is None or found.tzinfo is None else found.astimezone(UTC)


def instant_in(zone: str, text: str) -> datetime | None:
    """What somebody chose as a date and a time on the clocks of a zone; None when it is none."""
    found = _time(text[:16])
    return None if found is None else found.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def is_in_reach(day: date) -> bool:
    """Whether clocks of all zones can show it; the first and the last year's some cannot."""
    return date.min.year < day.year < date.max.year


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if is_in_reach(found) else None


def around(address: str, week: date, zone: str, **asked: str) -> tuple[str, str]:
    """The addresses of the same page a week earlier ("" in this week) and a week later."""

    this = monday(local(clock.utc_now(), zone).date())
    earlier = at_week(address, week - WEEK, **asked) if week > this else ""
    last = this + MOST_WEEKS * WEEK
    return earlier, at_week(address, week + WEEK, **asked) if week < last else ""


def at_week(address: str, week: date, **asked: str) -> str:
    """The page's address at a week."""
    return f"{address}?{urlencode({**asked, 'week': week.isoformat()})}"


def weeks_after(instant: datetime, number: int, zone: str) -> datetime:
    """The same time of day, so many weeks later on the clocks of a zone."""
    at = local(instant, zone)
    naive = at.replace(tzinfo=None) + number * WEEK
    return naive.replace(tzinfo=ZoneInfo(zone), fold=at.fold).astimezone(UTC)


def title_of(week: date) -> str:
    """`23 to 29 November 2026`."""
    last = week + timedelta(days=6)
    first = f"{week.day}"
    if week.year != last.year:
        first = f"{week.day} {week:%B %Y}"
    elif week.month != last.month:
        first = f"{week.day} {week:%B}"
    return f"{first} to {last.day} {last:%B %Y}"


def day_words(day: date) -> str:
    """`Tuesday 24 November`."""
    return f"{day:%A} {day.day} {day:%B}"


def days_of(
    week: date, slots: Sequence[Slot], zone: str, chosen: Collection[datetime]
) -> list[DayFace]:
    """The seven days, with how many times each has."""
    starts = [local(slot.starts_at, zone).date() for slot in slots]
    marked = {local(one, zone).date() for one in chosen}
    days = [week + timedelta(days=number) for number in range(7)]
    return [_day(day, starts.count(day), chosen=day in marked) for day in days]


def _day(day: date, free: int, *, chosen: bool) -> DayFace:
    words = count(free, "free time") if free else "no free time"
    return DayFace(
        day=day.isoformat(),
        weekday=f"{day:%a}",
        number=str(day.day),
        label=f"{day_words(day)}, {words}{', one of them chosen' if chosen else ''}",
        free=free > 0,
        chosen=chosen,
    )


def day_to_show(wanted: str, slots: Sequence[Slot], zone: str) -> str:
    """The wanted day while it has a time, else the first that has one, else none."""
    days = [local(slot.starts_at, zone).date().isoformat() for slot in slots]
    return wanted if wanted in days else next(iter(days), "")


def parts_of(
    day: str, slots: Iterable[Slot], reader: Reader, chosen: Collection[datetime]
) -> list[PartFace]:
    """The times of a day by the part of the day they begin in; parts without any are left out."""
    today = [one for one in slots if local(one.starts_at, reader.zone).date().isoformat() == day]
    shown = [f"{local(one.starts_at, reader.zone):%H:%M}" for one in today]
    faces: list[tuple[int, SlotFace]] = []
    for slot, text in zip(today, shown, strict=True):
        at = local(slot.starts_at, reader.zone)
        # An hour that the clock shows twice: its zone's short name tells one from the other.
        words = f"{text} {at:%Z}" if shown.count(text) > 1 else text
        faces.append((at.hour, _slot(slot, words, reader, chosen=slot.starts_at in chosen)))
    parts = [
        PartFace(name, [face for hour, face in faces if since <= hour < until])
        for name, since, until in _PARTS
    ]
    return [part for part in parts if part.slots]


def zone_beside(parts: Iterable[PartFace], reader: Reader) -> str:
    """The other person's zone where their time stands beside one of these, else ""."""
    return reader.theirs if any(one.theirs for part in parts for one in part.slots) else ""


def _slot(slot: Slot, words: str, reader: Reader, *, chosen: bool) -> SlotFace:
    beside = theirs(slot.starts_at, reader)
    day = day_words(local(slot.starts_at, reader.zone).date())
    return SlotFace(
        iso=slot.starts_at.isoformat(),
        time=words,
        theirs=beside,
        label=f"{words}, {day}" + (f", {beside} for {reader.whose}" if beside else ""),
        chosen=chosen,
    )


def theirs(instant: datetime, reader: Reader) -> str:
    """The other person's time of day, with the weekday where it is another one; "" when clocks
    show the same there."""
    mine, other = local(instant, reader.zone), local(instant, reader.theirs)
    if mine.utcoffset() == other.utcoffset():
        return ""
    return f"{other:%H:%M}" if mine.date() == other.date() else f"{other:%a %H:%M}"


def range_words(starts: datetime, ends: datetime, zone: str, *, short: bool = False) -> str:
    """`Tuesday 24 November, 10:00 to 11:00`, or in `short` words `Tue 24 Nov, 10:00 to 11:00`."""
    begin, end = local(starts, zone), local(ends, zone)
    if short:
        return f"{begin:%a} {begin.day} {begin:%b}, {begin:%H:%M} to {end:%H:%M}"
    return f"{day_words(begin.date())}, {begin:%H:%M} to {end:%H:%M}"


def with_zone(instant: datetime, zone: str) -> str:
    """`Tuesday 24 November, 10:00 (Europe/Berlin)`."""
    at = local(instant, zone)
    return f"{day_words(at.date())}, {at:%H:%M} ({zone})"


def free_face(instant: datetime | None, zone: str) -> FreeFace:
    """The words of a next free time: `Tue 24 Nov, 10:00 (Europe/Berlin)`."""
    if instant is None:
        return FreeFace()
    at = local(instant, zone)
    return FreeFace(f"{at:%a} {at.day} {at:%b}, {at:%H:%M} ({zone})", instant.isoformat())


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)

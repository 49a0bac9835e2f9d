"""A mentor's hours while they are edited: times as a browser's field holds them, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from services.availability import DayHours, RulesInput
from services.errors import InvalidInput
from services.slots import MINUTES_OF_DAY, Slot, Window
from state import slots

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORKDAYS = range(5)
USUAL = Window(9 * 60, 17 * 60)
"""What a day that had no hours begins with."""
MOST_WINDOWS = 12
_LATEST_START = 23 * 60
_MOST_HOURS = 720
_HOURS = re.compile(r"\d{1,3}(\.\d{1,2})?")

RulesDates = tuple[DayHours, ...]


@dataclass(frozen=True)
class WindowRow:
    """From one time to another, as typed. `key` stays while the row lives: what is typed into it
    stays in the browser."""

    key: int
    starts: str
    ends: str


@dataclass(frozen=True)
class DayRow:
    """A weekday with its windows; `field` is the name that an error about it carries."""

    weekday: int
    name: str
    field: str
    windows: list[WindowRow]


@dataclass(frozen=True)
class DateRow:
    """A date that differs from its weekday: other hours, or closed."""

    day: str
    shown: str
    hours: str


@dataclass(frozen=True)
class PreviewDay:
    """A date of the preview with the times that a mentee could book."""

    name: str
    times: list[str]


class Keys:
    """Numbers for rows: none is given twice, so that a browser never takes one row for another."""

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def __call__(self) -> int:
        self.last += 1
        return self.last


Change = Callable[[DayRow, Keys], DayRow]
"""What is done to a day; it may need numbers for new rows."""


def week_rows(weekly: tuple[tuple[Window, ...], ...], keys: Keys) -> list[DayRow]:
    """The week as rows of fields."""
    return [
        DayRow(number, name, f"weekly.{number}", _rows(windows, keys))
        for number, (name, windows) in enumerate(zip(WEEKDAYS, weekly, strict=True))
    ]


def with_window(day: DayRow, keys: Keys) -> DayRow:
    """The day with one more window: after the last one, as far as the day goes on. A day that has
    as many as are stored stays as it is."""
    if len(day.windows) >= MOST_WINDOWS:
        return day
    return replace(day, windows=[*day.windows, *_rows((_after(day),), keys)])


def without_window(day: DayRow, key: int) -> DayRow:
    """The day without one of its windows."""
    return replace(day, windows=[row for row in day.windows if row.key != key])


def with_time(day: DayRow, key: int, *, starts: str | None, ends: str | None) -> DayRow:
    """The day after something was typed into one of its fields."""
    return replace(
        day,
        windows=[
            replace(
                row,
                starts=row.starts if starts is None else starts,
                ends=row.ends if ends is None else ends,
            )
            if row.key == key
            else row
            for row in day.windows
        ],
    )


def with_hours_of(day: DayRow, other: DayRow, keys: Keys) -> DayRow:
    """The day with another one's windows, in new rows."""
    return replace(day, windows=[replace(row, key=keys()) for row in other.windows])


def windows_of(day: DayRow) -> tuple[Window, ...]:
    """A day's windows as typed.

    Raises:
        InvalidInput: a time is missing, or one ends before it begins.
    """
    return tuple(window_of(row.starts, row.ends, field=day.field) for row in day.windows)


def window_of(starts: str, ends: str, *, field: str) -> Window:
    """Two times of a day; an end of 00:00 is midnight, the end of the day.

    Raises:
        InvalidInput: a time is missing, or the end is not after the start.
    """
    start, end = minute_of(starts, field=field), minute_of(ends, field=field) or MINUTES_OF_DAY
    if start >= end:
        raise InvalidInput(field, "The hours must end after they begin, on the same day.")
    return Window(start, end)


def minute_of(typed: str, *, field: str) -> int:
    """`09:30` as the minute of the day.

    Raises:
        InvalidInput: no time of a day.
    """
    hours, colon, minutes = typed.strip()[:5].partition(":")
    digits = hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit()
    if not (colon and digits) or int(hours) > 23 or int(minutes) > 59:
        raise InvalidInput(field, "Fill in both times, such as 09:00 and 17:00.")
    return int(hours) * 60 + int(minutes)


def day_of(typed: str, *, field: str) -> date:
    """A date as a browser's field holds it.

    Raises:
        InvalidInput: no date.
    """
    try:
        day = date.fromisoformat(typed.strip()[:10])
    except ValueError:
        day = date.min
    if not slots.is_in_reach(day):
        raise InvalidInput(field, "Choose a date.")
    return day


def date_of(form: Mapping[str, Any]) -> tuple[date, Window | None]:
    """A date that differs, and its hours; None when it is closed.

    Raises:
        InvalidInput
    """
    day = day_of(str(form.get("day", "")), field="day")
    starts, ends = str(form.get("day_starts", "")), str(form.get("day_ends", ""))
    if not (starts.strip() or ends.strip()):
        return day, None
    return day, window_of(starts, ends, field="day_starts")


def clock_time(minute: int) -> str:
    """A minute of the day as people read it: `09:30`, and `24:00` for its end."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def date_row(one: DayHours) -> DateRow:
    """A date that differs, in words."""
    spans = [f"{clock_time(start)} to {clock_time(end)}" for start, end in one.windows]
    return DateRow(one.day.isoformat(), day_name(one.day), ", ".join(spans) or "closed")


def with_date(overrides: RulesDates, day: date, typed: Window | None) -> RulesDates:
    """The dates with one more: more hours for a date that has some, or the date closed."""
    windows = () if typed is None else (typed,)
    if typed is not None:
        windows = (*(w for one in overrides if one.day == day for w in one.windows), typed)
    others = tuple(one for one in overrides if one.day != day)
    return tuple(sorted((*others, DayHours(day, windows)), key=lambda one: one.day))


def day_name(day: date) -> str:
    """`Thu 24 Dec 2026`."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def preview_days(slots: tuple[Slot, ...], days: list[date], zone: str) -> list[PreviewDay]:
    """The slots by the dates of a mentee's zone; a date without one is there, too."""
    local = [slot.starts_at.astimezone(ZoneInfo(zone)) for slot in slots]
    by_day = {day: list(times) for day, times in groupby(local, key=datetime.date)}
    return [
        PreviewDay(f"{day:%a} {day.day} {day:%b}", [f"{at:%H:%M}" for at in by_day.get(day, [])])
        for day in days
    ]


def rules_of(
    week: list[DayRow], numbers: dict[str, str], zone: str, link: str, overrides: RulesDates
) -> RulesInput:
    """What is typed, as the service takes it.

    Raises:
        InvalidInput: what cannot be read; the service looks at the rest.
    """
    return RulesInput(
        time_zone=zone,
        weekly=tuple(windows_of(day) for day in week),
        overrides=overrides,
        session_minutes=_number(numbers, "session_minutes"),
        buffer_minutes=_number(numbers, "buffer_minutes"),
        notice_minutes=_minutes(numbers["notice_hours"]),
        horizon_days=_number(numbers, "horizon_days"),
        meeting_link=link,
    )


def hours_of(minutes: int) -> str:
    """Minutes as a field for hours begins: `24`, `1.5`."""
    return f"{minutes / 60:g}"


def _number(typed: dict[str, str], name: str) -> int:
    text = typed[name].strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise InvalidInput(name, "Write a whole number.")
    return int(text)


def _minutes(hours: str) -> int:
    text = hours.strip().replace(",", ".")
    if not _HOURS.fullmatch(text) or float(text) > _MOST_HOURS:
        raise InvalidInput("notice_minutes", f"Write a number of hours from 0 to {_MOST_HOURS}.")
    return round(float(text) * 60)


def _rows(windows: tuple[Window, ...], keys: Keys) -> list[WindowRow]:
    return [
        WindowRow(keys(), clock_time(start), clock_time(end % MINUTES_OF_DAY))
        for start, end in windows
    ]


def _after(day: DayRow) -> Window:
    ends = [row.ends for row in day.windows]
    if not ends:
        return USUAL
    try:
        last = minute_of(ends[-1], field=day.field) or MINUTES_OF_DAY
    except InvalidInput:
        return USUAL
    start = min(last + 60, _LATEST_START)
    return Window(start, min(start + 120, MINUTES_OF_DAY))

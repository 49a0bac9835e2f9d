"""What decides when a mentor can be booked, as plain values.

**Hours follow the wall clock.** A mentor is open at an instant exactly when their wall clock then
shows a time inside the hours of the date it shows. So 09:00 stays 09:00 across daylight-saving
changes, and the two odd nights need no rule of their own: an hour that the clock skips is never
open, and an hour that it shows twice is open twice. A session lasts its real minutes always.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

MINUTES_OF_DAY = 1440


class Window(NamedTuple):
    """From one minute of a local day to another: 0 <= start < end <= 1440 (midnight)."""

    start: int
    end: int


class Span(NamedTuple):
    """Time between two instants in UTC, not the same one; its end is not part of it."""

    starts_at: datetime
    ends_at: datetime


class Slot(NamedTuple):
    """A session that can be booked: its start and its end, in UTC."""

    starts_at: datetime
    ends_at: datetime


class BusyKind(StrEnum):
    """What takes a person's time."""

    SESSION = "session"
    HOLD = "hold"
    CALENDAR = "calendar"


class Busy(NamedTuple):
    """Time that a person has no more, and what takes it: two instants in UTC, not the same one."""

    starts_at: datetime
    ends_at: datetime
    kind: BusyKind = BusyKind.SESSION


@dataclass(frozen=True, slots=True)
class Rules:
    """A mentor's availability. Dates and minutes are of the mentor's own zone (an IANA name).

    Attributes:
        weekly: the windows of each weekday, Monday first.
        overrides: the windows of single dates, in place of the weekday's; none: closed.
        days_off: first and last date of all-day time off.
        time_off: time off between two instants.
        step_minutes: starts lie so far apart, on the wall clock, from the start of each window.
        buffer_minutes: what the mentor keeps free before and after everything that takes time.
        notice_minutes: a session starts so long after now, or later.
        horizon_days: it starts so many of the mentor's dates after today, or earlier.

    Windows of a date are in order and do not touch (see `merged`). Those that meet at midnight are
    one for a session's length, while each date has its own grid of starts.

    Raises:
        ValueError: the values contradict this.
    """

    zone: str
    weekly: tuple[tuple[Window, ...], ...]
    overrides: Mapping[date, tuple[Window, ...]] = field(default_factory=dict[date, tuple[Window]])
    days_off: tuple[tuple[date, date], ...] = ()
    time_off: tuple[Span, ...] = ()
    session_minutes: int = 60
    step_minutes: int = 30
    buffer_minutes: int = 0
    notice_minutes: int = MINUTES_OF_DAY
    horizon_days: int = 30

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError("a week has seven days")
        if self.session_minutes < 1 or self.step_minutes < 1:
            raise ValueError("a session and a step last at least a minute")
        if min(self.buffer_minutes, self.notice_minutes, self.horizon_days) < 0:
            raise ValueError("buffer, notice and horizon are not negative")
        for windows in (*self.weekly, *self.overrides.values()):
            last = -1
            for start, end in windows:
                if not last < start < end <= MINUTES_OF_DAY:
                    raise ValueError("windows must be in order, apart, and inside a day")
                last = end

    def is_off(self, day: date) -> bool:
        """Whether all of the date is time off."""
        return bool(self.days_off) and any(first <= day <= last for first, last in self.days_off)

    def hours(self, day: date) -> tuple[Window, ...]:
        """The windows of a date: none when it is off, an override's, or the weekday's."""
        if self.is_off(day):
            return ()
        windows = self.overrides.get(day)
        return self.weekly[day.weekday()] if windows is None else windows


def merged(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The same minutes as windows in order that neither overlap nor touch."""
    found: list[Window] = []
    for start, end in sorted(windows):
        if found and start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(end, found[-1].end))
        else:
            found.append(Window(start, end))
    return tuple(found)

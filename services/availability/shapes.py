"""What the availability of a mentor looks like to those who ask for it or change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.slots import Reason, Window


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one date in place of the weekday's; without windows the date is closed."""

    day: date
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesInput:
    """A mentor's rules as they are edited. `weekly` has a tuple of windows per weekday, Monday
    first; windows may overlap, they are joined when saved."""

    time_zone: str
    weekly: tuple[tuple[Window, ...], ...]
    overrides: tuple[DayHours, ...]
    session_minutes: int
    buffer_minutes: int
    notice_minutes: int
    horizon_days: int
    meeting_link: str = ""


@dataclass(frozen=True, slots=True)
class TimeOffView:
    """Time off: two instants, or the first and the last of whole days."""

    public_id: str
    starts_at: datetime | None
    ends_at: datetime | None
    first_day: date | None
    last_day: date | None
    note: str


@dataclass(frozen=True, slots=True)
class RulesView:
    """A mentor's rules, the time off that is not over, and why nothing is offered now ("" if
    nothing stands against it)."""

    slug: str
    name: str
    rules: RulesInput
    time_off: tuple[TimeOffView, ...]
    off_sale: str
    step_minutes: int


@dataclass(frozen=True, slots=True)
class Offered:
    """A time that can be booked now; `occupied_until` is its end with the mentor's buffer."""

    starts_at: datetime
    ends_at: datetime
    occupied_until: datetime


@dataclass(frozen=True, slots=True)
class WhyView:
    """Why a start is or is not offered, in sentences with times in the mentor's zone."""

    starts_at: datetime
    ends_at: datetime
    offered: bool
    sentences: tuple[str, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Collision:
    """A booked session that the rules or the time off would not allow any more."""

    session: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    mentee: str
    mentee_name: str
    why: str

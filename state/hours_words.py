"""What the editor of hours says: time off, sessions that do not fit, and why a time is offered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from services import availability
from services.availability import Collision, TimeOffView, WhyView
from state import hours
from state.shown import Moment, moment


@dataclass(frozen=True)
class TimeOffRow:
    """Time off in words."""

    public_id: str
    times: str
    note: str


@dataclass(frozen=True)
class CollisionRow:
    """A booked session that does not fit, and where to propose another time."""

    href: str
    propose_href: str
    mentee: str
    starts: Moment
    why: str


@dataclass(frozen=True)
class Answer:
    """Why a time is offered or not."""

    title: str = ""
    tone: str = "quiet"
    word: str = ""
    sentences: list[str] = field(default_factory=list[str])


def answer(view: WhyView, zone: str) -> Answer:
    """Why a time is offered or not, in a mentor's zone."""
    return Answer(
        title=moment(view.starts_at, zone).full,
        tone="good" if view.offered else "warning",
        word="offered" if view.offered else "not offered",
        sentences=list(view.sentences),
    )


def times_off(form: dict[str, Any], zone: str) -> dict[str, Any]:
    """A form's days, or instants: the first day at its time, the last one (the same, when empty) at
    its.

    Raises:
        InvalidInput: no date, or one time without the other.
    """
    first = hours.day_of(str(form.get("first_day", "")), field="first_day")
    last_typed = str(form.get("last_day", "")).strip()
    last = hours.day_of(last_typed, field="last_day") if last_typed else first
    starts, ends = (str(form.get(name, "")).strip() for name in ("off_starts", "off_ends"))
    if not starts and not ends:
        return {"first_day": first, "last_day": last}
    return {
        "starts_at": _instant(zone, first, starts, field="first_day"),
        "ends_at": _instant(zone, last, ends, field="last_day"),
    }


def asked_time(form: dict[str, Any], zone: str) -> datetime:
    """The time that somebody asks about.

    Raises:
        InvalidInput: no date, or no time.
    """
    day = hours.day_of(str(form.get("why_day", "")), field="why_day")
    return _instant(zone, day, str(form.get("why_time", "")), field="why_day")


def _instant(zone: str, day: date, time: str, *, field: str) -> datetime:
    return availability.instant_of(zone, day, hours.minute_of(time, field=field))


def time_off_row(one: TimeOffView, zone: str) -> TimeOffRow:
    """Time off as a line; whole days have no zone to name."""
    if one.first_day is not None and one.last_day is not None:
        first, last = hours.day_name(one.first_day), hours.day_name(one.last_day)
        times = f"{first}, all day" if first == last else f"{first} to {last}, all day"
    else:
        starts, ends = (moment(at, zone).full for at in (one.starts_at, one.ends_at))
        times = f"{starts.removesuffix(f' ({zone})')} to {ends}"
    return TimeOffRow(one.public_id, times, one.note)


def collision_row(one: Collision, zone: str) -> CollisionRow:
    """A booked session that does not fit, as a row."""
    when = moment(one.starts_at, zone)
    return CollisionRow(
        href=f"/sessions/{one.session}",
        propose_href=f"/sessions/{one.session}/move?sequence={one.sequence}&propose=1",
        mentee=one.mentee_name,
        starts=replace(when, text=when.full),
        why=one.why,
    )

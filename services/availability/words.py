"""Why a time is not offered, in words: short ones for both people, exact ones for the mentor."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.slots import BusyKind, Reason, Rules, Why

_WHAT = {
    BusyKind.SESSION: "a session",
    BusyKind.HOLD: "a time that somebody is choosing right now",
    BusyKind.CALENDAR: "an entry of the connected calendar",
}


def for_both(reason: Reason, rules: Rules, *, mentor: str, mentee: str) -> str:
    """The end of the sentence "This time cannot be booked: …", which gives nothing away; either of
    the two may read it."""
    match reason.why:
        case Why.PAST:
            return "it is over already."
        case Why.NOTICE:
            return f"sessions are booked at least {_long(rules.notice_minutes)} ahead."
        case Why.HORIZON:
            return f"sessions are booked at most {rules.horizon_days} days ahead."
        case Why.OFF_GRID:
            return "no session starts at that minute."
        case Why.MENTEE_BUSY:
            return f"{mentee} has something else at that time."
        case _:
            return f"{mentor} is not available then."


def for_mentor(reason: Reason, rules: Rules) -> str:
    """A whole sentence with dates and times in the mentor's zone, which it names."""
    span = _span(reason.starts_at, reason.ends_at, rules.zone)
    match reason.why:
        case Why.OFFERED:
            return "Nothing stands against it: this time is offered."
        case Why.PAST:
            return "It is over already."
        case Why.NOTICE:
            return (
                f"Sessions are booked at least {_long(rules.notice_minutes)} ahead: "
                f"now from {_at(reason.ends_at, rules.zone)} on."
            )
        case Why.HORIZON:
            return (
                f"Sessions are booked at most {rules.horizon_days} days ahead: "
                f"now until {_day(reason.day)}."
            )
        case Why.DAY_CLOSED:
            return f"{_day(reason.day)} is closed by a date of its own."
        case Why.OUTSIDE_HOURS:
            return f"The session would not lie inside the hours of {_day(reason.day)}."
        case Why.OFF_GRID:
            return f"Starts lie {rules.step_minutes} minutes apart, from the start of each window."
        case Why.TIME_OFF:
            return f"There is time off {f'on {_day(reason.day)}' if reason.day else span}."
        case Why.MENTOR_BUSY:
            return f"There is {_what(reason)} {span}."
        case Why.BUFFER:
            return (
                f"It is less than {_long(rules.buffer_minutes)} (the buffer) away from "
                f"{_what(reason)} {span}."
            )
        case Why.MENTEE_BUSY:
            return f"The mentee has {_what(reason)} {span}."


def _what(reason: Reason) -> str:
    return _WHAT[reason.kind or BusyKind.SESSION]


def _long(minutes: int) -> str:
    number, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _span(starts_at: datetime | None, ends_at: datetime | None, zone: str) -> str:
    if starts_at is None or ends_at is None:
        return ""
    local_end = ends_at.astimezone(ZoneInfo(zone))
    same = starts_at.astimezone(ZoneInfo(zone)).date() == local_end.date()
    until = f"{local_end:%H:%M} ({zone})" if same else _at(ends_at, zone)
    return f"from {_at(starts_at, zone).removesuffix(f' ({zone})')} to {until}"


def _at(instant: datetime | None, zone: str) -> str:
    if instant is None:
        return ""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{_day(local.date())}, {local:%H:%M} ({zone})"


def _day(day: date | None) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}" if day else ""

"""What a mentor may choose, checked before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from services import accounts, inputs
from services.availability.shapes import DayHours, RulesInput
from services.errors import InvalidInput
from services.slots import MINUTES_OF_DAY, Rules, Window, local_day, merged

MOST_WINDOWS = 12
MOST_OVERRIDES = 366
FURTHEST_DAY = timedelta(days=2 * 366)
_RANGES = {
    "session_minutes": ("The length of a session, in minutes,", 15, 480),
    "buffer_minutes": ("The buffer, in minutes,", 0, 60),
    "notice_minutes": ("The notice, in minutes,", 0, 43_200),
    "horizon_days": ("The number of days ahead", 1, 365),
}


def checked_now(rules: RulesInput, now: datetime) -> RulesInput:
    """The rules as they are stored: windows joined, dates in order, those before today left out.

    Raises:
        InvalidInput: `field` says which; `weekly.0` is Monday, `overrides.2026-12-24` a date.
    """
    today = local_day(accounts.checked_zone(rules.time_zone), now)
    numbers = {
        field: inputs.whole_number(
            getattr(rules, field), field=field, what=what, least=least, most=most
        )
        for field, (what, least, most) in _RANGES.items()
    }
    if len(rules.weekly) != 7:
        raise InvalidInput("weekly", "A week has seven days.")
    weekly = tuple(
        _windows(windows, field=f"weekly.{weekday}") for weekday, windows in enumerate(rules.weekly)
    )
    return replace(
        rules,
        weekly=weekly,
        overrides=_overrides(rules.overrides, today),
        meeting_link=_link(rules.meeting_link),
        **numbers,
    )


def _windows(windows: Sequence[Window], *, field: str) -> tuple[Window, ...]:
    if len(windows) > MOST_WINDOWS:
        raise InvalidInput(field, f"A day can have at most {MOST_WINDOWS} windows.")
    for start, end in windows:
        if not 0 <= start <= MINUTES_OF_DAY or not 0 <= end <= MINUTES_OF_DAY:
            raise InvalidInput(field, "Times lie between 00:00 and 24:00.")
        if start >= end:
            raise InvalidInput(field, "A window must end after it starts.")
    return merged(windows)


def _overrides(overrides: Sequence[DayHours], today: date) -> tuple[DayHours, ...]:
    found: dict[date, DayHours] = {}
    for one in overrides:
        field = f"overrides.{one.day.isoformat()}"
        if one.day in found:
            raise InvalidInput(field, "This date is in the list twice.")
        if one.day > today + FURTHEST_DAY:
            raise InvalidInput(field, "Choose a date within the next two years.")
        found[one.day] = DayHours(one.day, _windows(one.windows, field=field))
    kept = [found[day] for day in sorted(found) if day >= today]
    if len(kept) > MOST_OVERRIDES:
        raise InvalidInput("overrides", f"There can be at most {MOST_OVERRIDES} dates.")
    return tuple(kept)


def _link(text: str) -> str:
    link = inputs.line(text, field="meeting_link", what="The meeting link", most=500)
    if link and not _is_link(link):
        raise InvalidInput("meeting_link", "Write a link such as https://meet.example.com/room.")
    return link


def _is_link(link: str) -> bool:
    try:
        parts = urlsplit(link)
        known = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False
    return known and parts.scheme == "https" and " " not in link and "@" not in parts.netloc


def as_rules(rules: RulesInput, *, standing: Rules) -> Rules:
    """The chosen rules for the slot function, with the time off and the grid that stand."""
    return replace(
        standing,
        zone=rules.time_zone,
        weekly=rules.weekly,
        overrides={one.day: one.windows for one in rules.overrides},
        session_minutes=rules.session_minutes,
        buffer_minutes=rules.buffer_minutes,
        notice_minutes=rules.notice_minutes,
        horizon_days=rules.horizon_days,
    )

"""Why a start is offered, or what is in its way: for a mentor who wonders about their calendar.

It follows the same rules as `finding` but asks each of them about one start; a start is offered
here exactly when it is among the slots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from math import floor

from services.slots.finding import MINUTE, Taken, horizon_ends, notice_ends, openings
from services.slots.rules import Busy, BusyKind, Rules, Span
from services.slots.wall import DayPart, day_parts, local_day


class Why(StrEnum):
    """What is in a start's way, or that nothing is."""

    OFFERED = "offered"
    PAST = "past"
    NOTICE = "inside the notice"
    HORIZON = "beyond the horizon"
    DAY_CLOSED = "day closed"
    OUTSIDE_HOURS = "outside the hours"
    OFF_GRID = "not on the grid"
    TIME_OFF = "time off"
    MENTOR_BUSY = "mentor busy"
    BUFFER = "buffer"
    MENTEE_BUSY = "mentee busy"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, with what a sentence about it needs.

    Attributes:
        day: the mentor's date that is closed, off, or has other hours; of HORIZON, the last one.
        starts_at, ends_at: what takes the time. Of PAST and NOTICE, `ends_at` is when sessions may
            start; of HORIZON, `starts_at` is when they may start no more.
        kind: what takes the time.
    """

    why: Why
    day: date | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    kind: BusyKind | None = None


def why(
    rules: Rules, starts_at: datetime, *, now: datetime, taken: Taken | None = None
) -> tuple[Reason, ...]:
    """Every reason why a session cannot start then, or the one reason OFFERED."""
    starts_at, taken = starts_at.astimezone(UTC), taken or Taken()
    reasons = (
        *_too_soon_or_late(rules, starts_at, now),
        *_not_open(rules, starts_at),
        *_taken(rules, starts_at, taken),
    )
    return reasons or (Reason(Why.OFFERED),)


def _too_soon_or_late(rules: Rules, starts_at: datetime, now: datetime) -> Iterator[Reason]:
    earliest, latest = notice_ends(rules, now), horizon_ends(rules, now)
    if starts_at.timestamp() < earliest:
        reason = Why.PAST if starts_at < now else Why.NOTICE
        yield Reason(reason, ends_at=datetime.fromtimestamp(earliest, UTC))
    if starts_at.timestamp() >= latest:
        last = local_day(rules.zone, now) + timedelta(days=rules.horizon_days)
        yield Reason(Why.HORIZON, day=last, starts_at=datetime.fromtimestamp(latest, UTC))


def _not_open(rules: Rules, starts_at: datetime) -> Iterator[Reason]:
    """The dates on which the session would leave the hours, and a start beside the grid."""
    start = floor(starts_at.timestamp())
    end = start + rules.session_minutes * MINUTE
    told: set[date] = set()
    for part in day_parts(rules.zone, start, end):
        if part.day not in told and not _is_open_throughout(rules, part):
            told.add(part.day)
            yield Reason(_why_closed(rules, part.day), day=part.day)
    for opening in openings(rules, start, start + 1):
        beside = (start - opening.anchor) % (rules.step_minutes * MINUTE)
        if beside or starts_at.microsecond:
            yield Reason(Why.OFF_GRID)


def _is_open_throughout(rules: Rules, part: DayPart) -> bool:
    hours = openings(rules, part.begins, part.ends)
    return sum(opening.ends - opening.begins for opening in hours) == part.ends - part.begins


def _why_closed(rules: Rules, day: date) -> Why:
    if rules.is_off(day):
        return Why.TIME_OFF
    return Why.DAY_CLOSED if rules.overrides.get(day) == () else Why.OUTSIDE_HOURS


def _taken(rules: Rules, starts_at: datetime, taken: Taken) -> Iterator[Reason]:
    ends_at = starts_at + timedelta(minutes=rules.session_minutes)
    buffer = timedelta(minutes=rules.buffer_minutes)
    for off in rules.time_off:
        if _meet(off, starts_at, ends_at):
            yield Reason(Why.TIME_OFF, starts_at=off.starts_at, ends_at=off.ends_at)
    for busy in taken.mentor:
        if _meet(busy, starts_at, ends_at):
            yield _because(Why.MENTOR_BUSY, busy)
        elif _meet(busy, starts_at - buffer, ends_at + buffer):
            yield _because(Why.BUFFER, busy)
    for busy in taken.mentee:
        if _meet(busy, starts_at, ends_at):
            yield _because(Why.MENTEE_BUSY, busy)


def _because(reason: Why, busy: Busy) -> Reason:
    return Reason(reason, starts_at=busy.starts_at, ends_at=busy.ends_at, kind=busy.kind)


def _meet(one: Busy | Span, starts_at: datetime, ends_at: datetime) -> bool:
    return one.starts_at < ends_at and one.ends_at > starts_at

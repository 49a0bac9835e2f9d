"""What is to come: the use of the next days, from what is booked, what lies in the stores, and what
sessions have used lately. Pure calculation in whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.costs.pricing import DAY, GB, HOUR, RECORDER, DayUse, half_up

PER_MILLE = 1_000
_HALF_A_DAY = 12


@dataclass(frozen=True, slots=True)
class Typical:
    """What sessions used lately: of 1,000 sessions that were held, how many were recorded, and what
    a recording uses on the average. `measured` is how many that says; 0 when it is a guess."""

    recorded_per_mille: int
    seconds: int
    bytes: int
    downloaded_bytes: int
    delivered_bytes: int
    measured: int = 0


@dataclass(frozen=True)
class Ahead:
    """From where one looks ahead, and how far.

    `booked` are live sessions by the day on which they begin; `leaving` is, by store and day, what
    is kept there until then; what lies there beyond that is held, or kept longer, and stays.
    """

    today: date
    days: int
    retention_days: int
    store: str
    typical: Typical
    booked: Mapping[date, int]
    stored: Mapping[str, int]
    leaving: Mapping[str, Mapping[date, int]]


def guessed(session_minutes: int) -> Typical:
    """Before anything was measured: every session is recorded, a GB an hour, and watched once."""
    seconds = session_minutes * 60
    size = GB * seconds // HOUR
    return Typical(PER_MILLE, seconds, size, size, 0)


def learned(
    *, held: int, recordings: int, seconds: int, arrived: int, downloaded: int, delivered: int
) -> Typical | None:
    """What the sums of the last days say; None when nothing was recorded."""
    if not recordings:
        return None
    return Typical(
        recorded_per_mille=min(PER_MILLE, PER_MILLE * recordings // held) if held else PER_MILLE,
        seconds=seconds // recordings,
        bytes=arrived // recordings,
        downloaded_bytes=downloaded // recordings,
        delivered_bytes=delivered // recordings,
        measured=recordings,
    )


def expected(ahead: Ahead) -> tuple[DayUse, ...]:
    """The use of each day after today, by place. Files come and go in the middle of a day."""
    days = [ahead.today + n * DAY for n in range(1, ahead.days + 1)]
    found = [_recorded(ahead, day) for day in days if _recordings(ahead, day)]
    for store in sorted({ahead.store, *ahead.stored}):
        found += _stored(ahead, store, days)
    return tuple(found)


def _recordings(ahead: Ahead, day: date) -> int:
    """How many recordings a day brings, in thousandths."""
    return ahead.booked.get(day, 0) * ahead.typical.recorded_per_mille


def _recorded(ahead: Ahead, day: date) -> DayUse:
    many = _recordings(ahead, day)
    return DayUse(
        day,
        RECORDER,
        recordings=half_up(many, PER_MILLE),
        recorded_seconds=many * ahead.typical.seconds // PER_MILLE,
    )


def _stored(ahead: Ahead, store: str, days: Sequence[date]) -> list[DayUse]:
    """What lies in a store: what is there by now, and what comes, each until its retention ends."""
    coming = {day: _recordings(ahead, day) for day in days} if store == ahead.store else {}
    size = {day: many * ahead.typical.bytes // PER_MILLE for day, many in coming.items()}
    leaving = ahead.leaving.get(store, {})
    old, new = ahead.stored.get(store, 0), 0
    found: list[DayUse] = []
    for day in days:
        before = old + new
        old -= min(old, leaving.get(day, 0))
        new += size.get(day, 0) - size.get(day - ahead.retention_days * DAY, 0)
        many = coming.get(day, 0)
        found.append(
            DayUse(
                day,
                store,
                arrived_bytes=size.get(day, 0),
                stored_bytes=old + new,
                byte_hours=_HALF_A_DAY * (before + old + new),
                downloaded_bytes=many * ahead.typical.downloaded_bytes // PER_MILLE,
                delivered_bytes=many * ahead.typical.delivered_bytes // PER_MILLE,
            )
        )
    return found

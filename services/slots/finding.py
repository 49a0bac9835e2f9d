"""The slots: the hours of each date, less what takes time, cut on the grid.

Inside, an instant is a whole number of seconds since 1970; datetimes are made for the answer only.
Busy time is sorted once, and then hours and gaps are walked through side by side, so n busy spans
cost n log n.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import compress
from math import ceil, floor
from operator import itemgetter, sub
from typing import NamedTuple, TypeAlias

from services.slots.rules import Busy, Rules, Slot, Span
from services.slots.wall import day_parts, first_after, local_day

MINUTE = 60
_FAR = 1 << 62
_start_of, _end_of = itemgetter(0), itemgetter(1)
Gap: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Taken:
    """What takes the time of the two people who would meet. Only the mentor keeps a buffer."""

    mentor: tuple[Busy, ...] = ()
    mentee: tuple[Busy, ...] = ()


class Opening(NamedTuple):
    """A window of hours as instants. Starts lie on a grid from `anchor`; a session that begins in
    it ends by `closes`, later than `ends` where the next opening follows at once."""

    anchor: int
    begins: int
    ends: int
    closes: int


def slots(
    rules: Rules, *, now: datetime, since: datetime, until: datetime, taken: Taken | None = None
) -> list[Slot]:
    """The slots that start from `since` until before `until` (aware instants), in order."""
    length, step = timedelta(minutes=rules.session_minutes), timedelta(minutes=rules.step_minutes)
    found: list[Slot] = []
    for starts in _runs(rules, now, since, until, taken or Taken()):
        start = _instant(starts[0])
        for _ in starts:
            found.append(Slot(start, start + length))
            start += step
    return found


def first_slot(
    rules: Rules, *, now: datetime, since: datetime, until: datetime, taken: Taken | None = None
) -> Slot | None:
    """The first of those slots, without making the others."""
    starts = next(_runs(rules, now, since, until, taken or Taken()), None)
    if starts is None:
        return None
    start = _instant(starts[0])
    return Slot(start, start + timedelta(minutes=rules.session_minutes))


def _runs(
    rules: Rules, now: datetime, since: datetime, until: datetime, taken: Taken
) -> Iterator[range]:
    """The starts, as ranges of those that follow each other on the grid."""
    length, step = rules.session_minutes * MINUTE, rules.step_minutes * MINUTE
    earliest = max(whole(since), notice_ends(rules, now))
    latest = min(whole(until), horizon_ends(rules, now))  # a start is before it
    if earliest >= latest:
        return
    gaps = iter(_gaps(rules, taken))
    free_from, free_until = next(gaps)
    for anchor, begins, ends, closes in openings(rules, earliest, latest + length):
        end = min(ends, latest)
        while True:
            if free_until > begins:
                start = max(begins, free_from)
                start += (anchor - start) % step
                starts = range(start, min(end, min(closes, free_until) - length + 1), step)
                if starts:
                    yield starts
                if free_until >= end:
                    break  # this gap may reach into the next opening
            free_from, free_until = next(gaps)


def openings(rules: Rules, begins: int, ends: int) -> Iterator[Opening]:
    """The hours from `begins` until before `ends`, in order, made as they are asked for."""
    meeting: list[tuple[int, int, int]] = []  # windows of which each begins where the last ends
    for window in _windows(rules, begins, ends):
        if meeting and window[1] != meeting[-1][2]:
            closes = meeting[-1][2]
            for anchor, start, end in meeting:
                yield Opening(anchor, start, end, closes)
            meeting.clear()
        meeting.append(window)
    for anchor, start, end in meeting:
        yield Opening(anchor, start, end, meeting[-1][2])


def _windows(rules: Rules, begins: int, ends: int) -> Iterator[tuple[int, int, int]]:
    """The anchor, the begin and the end of each window, in order."""
    for day, begin, end, midnight in day_parts(rules.zone, begins, ends):
        for first, last in rules.hours(day):
            opens, shuts = midnight + first * MINUTE, midnight + last * MINUTE
            if begin <= opens and shuts <= end:
                yield opens, opens, shuts
            elif opens < end and shuts > begin:
                yield opens, max(opens, begin), min(shuts, end)


def notice_ends(rules: Rules, now: datetime) -> int:
    """The first second at which a session may start."""
    return whole(now) + rules.notice_minutes * MINUTE


def horizon_ends(rules: Rules, now: datetime) -> int:
    """The first second at which a session may start no more: a date begins, on the wall clock."""
    return first_after(rules.zone, local_day(rules.zone, now) + timedelta(days=rules.horizon_days))


def _gaps(rules: Rules, taken: Taken) -> list[Gap]:
    """The time that nothing takes, in order; the first has no begin, and the last no end."""
    length, buffer = rules.session_minutes * MINUTE, rules.buffer_minutes * MINUTE
    gaps = _between(taken.mentor, room=length, buffer=buffer)
    for others in (taken.mentee, rules.time_off):
        if others:
            gaps = _common(gaps, _between(others, room=length, buffer=0))
    return gaps


def _between(taken: Sequence[Busy | Span], *, room: int, buffer: int) -> list[Gap]:
    """The gaps with room for a session, less the buffer on both sides, in whole seconds.

    With starts and ends sorted apart, the n-th end is before the next start exactly where the
    first n spans are over and no other has begun.
    """
    if not taken:
        return [(-_FAR, _FAR)]
    starts, ends = sorted(map(_start_of, taken)), sorted(map(_end_of, taken))
    following = starts[1:]
    least = timedelta(seconds=room + 2 * buffer)
    wide = list(map(least.__le__, map(sub, following, ends)))
    free = map(datetime.timestamp, compress(ends, wide))
    busy = map(datetime.timestamp, compress(following, wide))
    gaps = zip(
        [ceil(begin) + buffer for begin in free],
        [floor(end) - buffer for end in busy],
        strict=True,
    )
    first, last = floor(starts[0].timestamp()) - buffer, ceil(ends[-1].timestamp()) + buffer
    return [(-_FAR, first), *gaps, (last, _FAR)]


def _common(some: list[Gap], others: list[Gap]) -> list[Gap]:
    """What lies in gaps of both lists."""
    found: list[Gap] = []
    one = other = 0
    while one < len(some) and other < len(others):
        begins, ends = max(some[one][0], others[other][0]), min(some[one][1], others[other][1])
        if begins < ends:
            found.append((begins, ends))
        if some[one][1] < others[other][1]:
            one += 1
        else:
            other += 1
    return found


def whole(instant: datetime) -> int:
    """The instant in seconds since 1970, rounded up."""
    return ceil(instant.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

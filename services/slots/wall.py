"""How a zone's wall clock runs, in whole seconds since 1970: stretches of time in which it keeps
the same distance to UTC, and the dates it shows. Between two changes of that distance local time
is plain arithmetic, which is why nothing here or above it needs `fold`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 86_400
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_CHUNK = 128 * DAY
_by_end = itemgetter(2)


class Stretch(NamedTuple):
    """From `begins` until before `ends`, clocks show UTC plus `offset`; all in seconds."""

    begins: int
    ends: int
    offset: int


class DayPart(NamedTuple):
    """While `begins` <= instant < `ends` the clock shows this date and (instant - midnight).

    A date is one part, or two when clocks change on it. `midnight` need not lie in the part.
    """

    day: date
    begins: int
    ends: int
    midnight: int


def day_parts(zone: str, begins: int, ends: int) -> Iterator[DayPart]:
    """The dates that the zone's clocks show from `begins` until before `ends`, in order."""
    for chunk in range(begins // _CHUNK, (ends - 1) // _CHUNK + 1):
        parts = _of_chunk(zone, chunk)
        for part in parts[bisect_right(parts, begins, key=_by_end) :]:
            if part.begins >= ends:
                return
            if part.begins < begins or part.ends > ends:
                day, start, end, midnight = part
                yield DayPart(day, max(start, begins), min(end, ends), midnight)
            else:
                yield part


def local_day(zone: str, instant: datetime) -> date:
    """The date that the zone's clocks show at an instant."""
    return instant.astimezone(ZoneInfo(zone)).date()


def first_after(zone: str, day: date) -> int:
    """The first instant at which the zone's clocks show a later date than `day`."""
    about = (day.toordinal() - _EPOCH_DAY) * DAY
    return next(part.begins for part in day_parts(zone, about, about + 4 * DAY) if part.day > day)


@lru_cache(maxsize=1024)
def _of_chunk(zone: str, chunk: int) -> tuple[DayPart, ...]:
    """The dates of the chunk-th 128 days since 1970: computed once for all who live by the zone."""
    found: list[DayPart] = []
    for start, end, offset in _stretches(ZoneInfo(zone), chunk * _CHUNK, (chunk + 1) * _CHUNK):
        for number in range((start + offset) // DAY, (end + offset - 1) // DAY + 1):
            midnight = number * DAY - offset
            day = date.fromordinal(_EPOCH_DAY + number)
            found.append(DayPart(day, max(start, midnight), min(end, midnight + DAY), midnight))
    return tuple(found)


def _stretches(info: ZoneInfo, begins: int, ends: int) -> Iterator[Stretch]:
    """The stretches of some whole days. No zone changes twice within a day."""
    offset = _offset(info, begins)
    for day in range(begins + DAY, ends + 1, DAY):
        now = _offset(info, day)
        if now != offset:
            change = _change(info, day - DAY, day)
            yield Stretch(begins, change, offset)
            begins, offset = change, now
    if begins < ends:
        yield Stretch(begins, ends, offset)


def _change(info: ZoneInfo, low: int, high: int) -> int:
    """The first instant after `low` with the offset of `high`, by halving."""
    before = _offset(info, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(info, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(info: ZoneInfo, instant: int) -> int:
    offset = datetime.fromtimestamp(instant, info).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())

"""How values become words at the edge: instants in a person's zone, amounts, counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services import clock

ALIKE = 32
"""How many readings of open pages are kept in words. The tabs of an audience show the same one at
about the same time: the first puts it in words (`@lru_cache(ALIKE)`), the others take those."""

_DAY = timedelta(days=1)
_NEAR = timedelta(hours=12)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Moment:
    """An instant in words: `text` for the line, `full` with the zone, `iso` for machines."""

    text: str = ""
    full: str = ""
    iso: str = ""


NEVER = Moment()
"""No instant: nothing is shown."""


def moment(at: datetime | None, zone: str) -> Moment:
    """Relative up to a day away, then date and time with the zone."""
    if at is None:
        return NEVER
    exact = _full(at, zone)
    return Moment(_relative(at - clock.utc_now()) or exact, exact, at.isoformat())


@lru_cache(4_096)  # an open list shows the same days to everybody, again and again
def date(at: datetime | None, zone: str) -> Moment:
    """The day alone, for rows of a table; the full instant is behind it."""
    if at is None:
        return NEVER
    local = at.astimezone(ZoneInfo(zone))
    return Moment(_day(local), _full(at, zone), at.isoformat())


def until(at: datetime | None, zone: str) -> Moment:
    """An end: the time of day alone when it is near, always with its zone; else the date too."""
    if at is None:
        return NEVER
    local, away = at.astimezone(ZoneInfo(zone)), at - clock.utc_now()
    near = timedelta(0) <= away < _NEAR
    short = f"{local:%H:%M} ({zone})" if near else _full(at, zone)
    return Moment(short, _full(at, zone), at.isoformat())


def count(number: int, one: str, many: str = "") -> str:
    """`1 seat`, `2 seats`; give `many` where an s is not enough."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def cut_off(shown: int, most: int) -> str:
    """What a list says below its end where that may not be the end of what there is."""
    if shown < most:
        return ""
    return f"The first {most} are listed. The next ones come up as these are settled."


def initials(name: str) -> str:
    """The first letters of the first and last word of a name."""
    words = name.split()
    return "".join(word[0].upper() for word in ([words[0], words[-1]] if words[1:] else words))


def _full(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{_day(local)}, {local:%H:%M} ({zone})"


def _day(local: datetime) -> str:
    return f"{local.day} {local:%b %Y}"


def _relative(away: timedelta) -> str:
    """`in 20 minutes`, `3 hours ago`; empty when a day or more away."""
    distance = abs(away)
    if distance >= _DAY:
        return ""
    if distance < _MINUTE:
        return "just now" if away <= timedelta(0) else "in a moment"
    amount = (
        count(distance // _HOUR, "hour")
        if distance >= _HOUR
        else count(distance // _MINUTE, "minute")
    )
    return f"{amount} ago" if away < timedelta(0) else f"in {amount}"


def plain(text: str, most: int) -> str:
    """What an address or a field holds, cut, and without what no database takes."""
    return "".join(sign for sign in text if sign.isprintable()).strip()[:most]

"""Days, months and periods in the studio's zone, and the instants at which they begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services import clock
from services.config import settings
from services.errors import InvalidInput

DAY = timedelta(days=1)
DEFAULT_MONTHS = 12
MOST_YEARS = 10
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """From one calendar day to another, both included, in the studio's zone."""

    first: date
    last: date

    @property
    def months(self) -> tuple[date, ...]:
        """The first day of every month that the period touches."""
        return tuple(months_between(self.first, self.last))

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def period(first: str = "", last: str = "") -> Period:
    """The period that an address names (`2026-01-31`); empty ends mean the last twelve months.

    Raises:
        InvalidInput: unreadable, reversed, too long ago, too far ahead, or longer than ten years.
    """
    begin, end = _read(first, "first"), _read(last, "last")
    if end is None:
        end = today() if begin is None else max(begin, today())
    if begin is None:
        begin = add_months(end, 1 - DEFAULT_MONTHS)
    if begin > end:
        raise InvalidInput("first", "The first day must not be after the last one.")
    if (end - begin).days > MOST_YEARS * 366:
        raise InvalidInput("first", f"Choose at most {MOST_YEARS} years at a time.")
    return Period(begin, end)


def _read(text: str, field: str) -> date | None:
    if not text.strip():
        return None
    try:
        day = datetime.strptime(text.strip()[:40], "%Y-%m-%d").date()  # noqa: DTZ007  # a day
    except ValueError:
        raise InvalidInput(field, "Write days as 2026-01-31.") from None
    if not EARLIEST <= day <= LATEST:
        raise InvalidInput(
            field, f"Choose days between {EARLIEST.isoformat()} and {LATEST.isoformat()}."
        )
    return day


def zone() -> str:
    """The studio's zone, by its IANA name."""
    return settings().studio_timezone


def begin_of(day: date) -> datetime:
    """The instant at which a day begins in the studio's zone."""
    return datetime.combine(day, time(), ZoneInfo(zone())).astimezone(UTC)


def day_of(instant: datetime) -> date:
    """The studio's calendar day of an instant."""
    return instant.astimezone(ZoneInfo(zone())).date()


def today() -> date:
    """Today, in the studio's zone."""
    return day_of(clock.utc_now())


def month_of(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


def add_months(day: date, months: int) -> date:
    """The first day of the month that is so many months after (or before) the day's."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def months_between(first: date, last: date) -> Iterator[date]:
    """The first day of every month from the first day's to the last day's."""
    month = month_of(first)
    while month <= last:
        yield month
        month = add_months(month, 1)

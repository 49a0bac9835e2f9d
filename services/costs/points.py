"""Costs of days, gathered: into parts, and into the buckets of a chart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from services import clock
from services.analytics import periods
from services.analytics.periods import DAY, Period
from services.costs.amounts import Cost
from services.costs.pricing import HOUR, DayCost, DayUse, whole_seconds
from services.costs.reports import CostPoint, Parts
from services.models import Component

DAYS_BY_DAY, DAYS_BY_WEEK = 62, 200
"""Up to so many days a point is a day, or a week; beyond, a month."""


def parts(costs: Iterable[DayCost], currency: str) -> Parts:
    """The sums by component; what has no price counts as nothing."""
    sums: dict[Component, int] = defaultdict(int)
    for cost in costs:
        sums[cost.component] += cost.micros or 0
    return parts_of(sums, currency)


def parts_of(sums: Mapping[Component, int], currency: str) -> Parts:
    """The parts, of which those that are not there are nothing."""
    return Parts(*(Cost(sums.get(component, 0), currency) for component in Component))


def bucket_of(period: Period) -> str:
    """ "day", "week" or "month": what a point of the period's chart stands for."""
    if period.days <= DAYS_BY_DAY:
        return "day"
    return "week" if period.days <= DAYS_BY_WEEK else "month"


def bucketed(
    costs: Iterable[DayCost],
    uses: Iterable[DayUse],
    period: Period,
    bucket: str,
    currency: str,
    *,
    last: date | None = None,
    expected: bool = False,
) -> tuple[CostPoint, ...]:
    """Every bucket of the period that has begun by the day `last`, also the empty ones."""
    end = period.last if last is None else min(period.last, last)
    starts = list(_starts(bucket, period.first, end))
    sums: dict[date, dict[Component, int]] = {day: defaultdict(int) for day in starts}
    stored: dict[date, int] = dict.fromkeys(starts, 0)
    begin_of = _begins(starts, end)
    for cost in costs:
        if cost.day in begin_of:
            sums[begin_of[cost.day]][cost.component] += cost.micros or 0
    for use in uses:
        if use.day in begin_of:
            stored[begin_of[use.day]] += use.byte_hours
    found: list[CostPoint] = []
    for number, day in enumerate(starts):
        after = starts[number + 1] if number + 1 < len(starts) else end + DAY
        days = (after - day).days
        average = stored[day] // (24 * days) if expected else _average(stored[day], day, after)
        found.append(CostPoint(day, days, parts_of(sums[day], currency), average, expected))
    return tuple(found)


def _average(byte_hours: int, day: date, after: date) -> int:
    """The bytes that lay there on the average of what is over of these days."""
    over = min(periods.begin_of(after), clock.utc_now()) - periods.begin_of(day)
    return byte_hours * HOUR // max(1, whole_seconds(over))


def _begins(starts: list[date], end: date) -> dict[date, date]:
    """By each day, the first one of its bucket."""
    found: dict[date, date] = {}
    for number, start in enumerate(starts):
        after = starts[number + 1] if number + 1 < len(starts) else end + DAY
        for n in range((after - start).days):
            found[start + timedelta(days=n)] = start
    return found


def _starts(bucket: str, first: date, last: date) -> Iterator[date]:
    """The first day, then every day, Monday, or first of a month."""
    start = first
    while start <= last:
        yield start
        if bucket == "month":
            start = periods.add_months(start, 1)
        else:
            start += DAY if bucket == "day" else timedelta(days=7 - start.weekday())

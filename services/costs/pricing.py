"""What use costs: pure calculation in whole numbers, without a database and without a clock.

Bytes, seconds and millionths of a currency (micros); never a float. A sum is rounded once per
month, component and place, and its days are the differences of what was reached: they add up to it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import accumulate, groupby, pairwise
from typing import TypeVar

from services.models.costs import Component

Key = TypeVar("Key", bound=Hashable)

GB = 10**9
"""As the providers count it."""
MINUTE, HOUR = 60, 3_600
MONTH_DAYS = 30
LEAST_DAYS = 90
"""The least time that is measured: what is missing to it is noted of whatever goes before. Each
store's terms say whether it is charged (Wasabi's are the only ones)."""
GB_MONTH = GB * MONTH_DAYS * 24
"""Byte-hours of a GB that is kept for 30 days."""
UNIT: Mapping[Component, int] = {
    Component.RECORDING: MINUTE,
    Component.STORAGE: GB_MONTH,
    Component.DOWNLOAD: GB,
    Component.CDN: GB,
}
"""How many seconds, byte-hours or bytes one price is for."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """One line of a price book: `micros` for each `UNIT` of the component, from a day on.

    Free of charge is what does not exceed `free_per_day`, then `free_per_month`, in the unit of
    what is measured; `free_times_stored` makes as many times the month's average of stored bytes
    free besides. What is kept for less than `minimum_days`, which is 0 or `LEAST_DAYS`, is charged
    for all of them. On a day on which anything is used, `least_per_day` is charged at least.
    """

    component: Component
    place: str
    micros: int
    valid_from: date
    free_per_day: int = 0
    free_per_month: int = 0
    free_times_stored: int = 0
    minimum_days: int = 0
    least_per_day: int = 0
    note: str = ""


@dataclass(frozen=True)
class Book:
    """Prices of one currency. `kinds` says which kind of store a store's name stands for: a price
    for the name comes first, then one for its kind, then one for every place. Of two terms from the
    same day on, the later in the list counts."""

    currency: str
    terms: tuple[Terms, ...]
    kinds: Mapping[str, str] = field(default_factory=dict[str, str])

    def on(self, day: date, component: Component, place: str) -> Terms | None:
        """What counts on a day; None when nobody knows what it costs."""
        for named in (place, self.kinds.get(place, ""), ""):
            known = self._known.get((component, named), ())
            if number := bisect_right(known, day, key=lambda terms: terms.valid_from):
                return known[number - 1]
        return None

    def changes(self, component: Component, since: datetime, until: datetime) -> list[datetime]:
        """The midnights in UTC between two instants at which a price of a component changes."""
        days = {terms.valid_from for terms in self.terms if terms.component is component}
        midnights = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in sorted(days))
        return [each for each in midnights if since < each < until]

    @cached_property
    def _known(self) -> dict[tuple[Component, str], list[Terms]]:
        """The terms by what they are for, in the order of their days, those of one day as given."""
        found: dict[tuple[Component, str], list[Terms]] = defaultdict(list)
        for terms in sorted(self.terms, key=lambda terms: terms.valid_from):
            found[terms.component, terms.place].append(terms)
        return dict(found)


@dataclass(frozen=True, slots=True)
class DayUse:
    """What was used at a place on a day of the studio's zone."""

    day: date
    place: str
    recordings: int = 0
    recorded_seconds: int = 0
    arrived_bytes: int = 0
    stored_bytes: int = 0
    byte_hours: int = 0
    early_byte_hours: int = 0
    downloaded_bytes: int = 0
    delivered_bytes: int = 0

    def of(self, component: Component, terms: Terms | None) -> int:
        """How much of what a component is paid by: seconds, byte-hours or bytes. What is missing to
        the least time counts where the terms have one."""
        match component:
            case Component.RECORDING:
                return self.recorded_seconds
            case Component.STORAGE:
                missing = self.early_byte_hours if terms and terms.minimum_days else 0
                return self.byte_hours + missing
            case Component.DOWNLOAD:
                return self.downloaded_bytes
            case Component.CDN:
                return self.delivered_bytes


@dataclass(frozen=True, slots=True)
class DayCost:
    """What one component cost at a place on a day; `micros` is None when there is no price."""

    day: date
    component: Component
    place: str
    units: int
    micros: int | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """Minutes of a recorder: `what` is the recording's public id."""

    what: str
    seconds: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes of a recording in a store, from the moment that they are whole there until they are
    gone (None: they are there). `what` is the recording's public id."""

    what: str
    store: str
    bytes: int
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes that were fetched from a store: by a person, by the CDN, or to bring them elsewhere and
    to check them there; `what` names the fetch."""

    what: str
    store: str
    bytes: int
    at: datetime
    by_cdn: bool = False


Use = Recorded | Kept | Sent
RECORDER = "agora"
"""The place of what was recorded."""


def days_cost(uses: Iterable[DayUse], book: Book, *, through: date) -> tuple[DayCost, ...]:
    """What each day cost, by component and place, with what is free taken off.

    Free parts are counted by calendar month: give whole months, or their beginning up to `through`,
    the last day that is known. Days on which nothing was used are left out.
    """
    by_month = sorted(uses, key=lambda use: (use.day.replace(day=1), use.place, use.day))
    found: list[DayCost] = []
    for (month, place), days in groupby(by_month, lambda use: (use.day.replace(day=1), use.place)):
        own = list(days)
        stored = _average_stored(own, month, through)
        for component in Component:
            found += _month_cost(component, place, own, book, stored)
    return tuple(sorted(found, key=lambda cost: (cost.day, cost.component, cost.place)))


def _average_stored(days: Sequence[DayUse], month: date, through: date) -> int:
    """The bytes that lay at a place on the average of the month, up to the last known day."""
    known = max(1, (min(through + DAY, _month_after(month)) - month).days)
    return sum(use.byte_hours for use in days) // (24 * known)


def _month_cost(
    component: Component, place: str, uses: Sequence[DayUse], book: Book, stored: int
) -> list[DayCost]:
    found: list[DayCost] = []
    exact = rounded = taken = 0
    for use in uses:
        terms = book.on(use.day, component, place)
        units = use.of(component, terms)
        if not units:
            continue
        if terms is None:
            found.append(DayCost(use.day, component, place, units, None))
            continue
        charged = max(0, units - terms.free_per_day, terms.least_per_day)
        free = terms.free_per_month + terms.free_times_stored * stored
        given = min(charged, max(0, free - taken))
        taken += given
        exact += (charged - given) * terms.micros
        reached = half_up(exact, UNIT[component])
        found.append(DayCost(use.day, component, place, units, reached - rounded))
        rounded = reached
    return found


def use_cost(use: Use, book: Book, *, now: datetime) -> int | None:
    """What one thing costs up to now by itself, in micros, nothing of it free.

    None when there is no price. Here prices change at midnight in UTC. What is gone before the
    store's least time costs as much as if it had stayed.
    """
    match use:
        case Recorded():
            terms = book.on(use.at.date(), Component.RECORDING, RECORDER)
            return None if terms is None else half_up(use.seconds * terms.micros, MINUTE)
        case Sent():
            component = Component.CDN if use.by_cdn else Component.DOWNLOAD
            terms = book.on(use.at.date(), component, use.store)
            return None if terms is None else half_up(use.bytes * terms.micros, GB)
        case Kept():
            return _kept_cost(use, book, now=now)


def _kept_cost(use: Kept, book: Book, *, now: datetime) -> int | None:
    """From one change of a price to the next one, since it may change while a file lies there."""
    end = max(use.since, now) if use.until is None else max(_charged_until(use, book), use.until)
    exact, begin = 0, use.since
    for change in [*book.changes(Component.STORAGE, use.since, end), end]:
        terms = book.on(begin.date(), Component.STORAGE, use.store)
        if terms is None:
            return None
        exact += use.bytes * terms.micros * whole_seconds(change - begin)
        begin = change
    return half_up(exact, GB_MONTH * HOUR)


def _charged_until(use: Kept, book: Book) -> datetime:
    """Until when a store charges for a file at least."""
    terms = book.on(use.since.date(), Component.STORAGE, use.store)
    return use.since + timedelta(days=terms.minimum_days if terms else 0)


def missing_byte_hours(use: Kept) -> int:
    """What is missing to `LEAST_DAYS` of what has gone, or 0; whoever charges for it or not."""
    if use.until is None:
        return 0
    missing = whole_seconds(use.since + timedelta(days=LEAST_DAYS) - use.until)
    return half_up(use.bytes * max(0, missing), HOUR)


@dataclass(frozen=True, slots=True)
class TypicalMonth:
    """What 30 days use: recorded seconds, bytes that came in, bytes that were sent."""

    recorded_seconds: int
    arrived_bytes: int
    downloaded_bytes: int = 0
    delivered_bytes: int = 0


def month_cost(
    month: TypicalMonth, book: Book, *, on: date, place: str, retention_days: int
) -> dict[Component, int | None]:
    """What 30 such days after another come to at a place, once as much goes as comes: each file
    lies there for the retention, or for the store's least time where that is longer. Whoever
    records has one price, wherever the files lie."""
    storage = book.on(on, Component.STORAGE, place)
    days = max(retention_days, storage.minimum_days if storage else 0)
    units = {
        Component.RECORDING: month.recorded_seconds,
        Component.STORAGE: month.arrived_bytes * days * 24,
        Component.DOWNLOAD: month.downloaded_bytes,
        Component.CDN: month.delivered_bytes,
    }
    stored = month.arrived_bytes * days // MONTH_DAYS
    return {
        component: _typical_cost(component, used, book.on(on, component, where), stored)
        for component, used in units.items()
        for where in (RECORDER if component is Component.RECORDING else place,)
    }


def _typical_cost(component: Component, used: int, terms: Terms | None, stored: int) -> int | None:
    if terms is None:
        return None if used else 0
    free = terms.free_per_day * MONTH_DAYS + terms.free_per_month
    charged = max(0, used - free - terms.free_times_stored * stored)
    if used:
        charged = max(charged, terms.least_per_day * MONTH_DAYS)
    return half_up(charged * terms.micros, UNIT[component])


def spread(micros: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """A cost in proportion to what each one used; the parts add up to it.

    Raises:
        ValueError: there is a cost, and nobody used anything.
    """
    whole = sum(weights.values())
    if not whole:
        if micros:
            raise ValueError(f"nobody used what cost {micros}")
        return dict.fromkeys(weights, 0)
    reached = [half_up(micros * each, whole) for each in accumulate(weights.values(), initial=0)]
    return dict(zip(weights, (after - before for before, after in pairwise(reached)), strict=True))


def half_up(exact: int, unit: int) -> int:
    """A quotient, rounded to the nearest whole number; a half goes up."""
    return (2 * exact + unit) // (2 * unit)


def whole_seconds(span: timedelta) -> int:
    """A span of time, a fraction of a second cut off."""
    return span // timedelta(seconds=1)


def _month_after(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)

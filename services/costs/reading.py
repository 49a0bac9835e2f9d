"""The cost dashboard: what recordings used, priced by a book, and what is to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, clock
from services.analytics import periods, usages
from services.analytics.periods import DAY, Period
from services.analytics.progress import read_with
from services.analytics.sql import fetch, pick
from services.analytics.usages import Used
from services.audit import Actor
from services.config import settings
from services.costs import book as books
from services.costs import looking_ahead, points
from services.costs.amounts import MICROS, Cost
from services.costs.forecasting import Ahead
from services.costs.presets import COMPARED
from services.costs.pricing import (
    RECORDER,
    Book,
    DayCost,
    DayUse,
    TypicalMonth,
    days_cost,
    month_cost,
    spread,
)
from services.costs.reports import Budget, CostReport, MentorCost, StoreUse, WhatIf
from services.ids import MentorId
from services.models import (
    Component,
    Mentor,
    ReportKind,
    Usage,
    User,
)

RETENTIONS = (14, 30, 60, 90)

Owned = tuple[date, MentorId, str, Used]
"""What a mentor's sessions used on a day at a place."""


@dataclass(frozen=True)
class _Read:
    """What the database says: the studio's use by day, what of it is not rolled up yet by mentor,
    and how far the roll-up goes."""

    uses: tuple[DayUse, ...]
    unrolled: tuple[Owned, ...]
    until: date | None


def get_costs(db: Session, *, actor: Actor, period: Period, preset: str = "") -> CostReport:
    """What recordings cost over a period by the prices of a preset, for admins. The budget goes by
    the prices of the settings, whichever are shown. At most 16 queries, however much there is.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    chosen = books.checked_preset(preset)
    book = books.find_book(db, chosen)

    def read(until: date | None) -> CostReport:
        return _report(db, period, chosen, book, until)

    return read_with(db, ReportKind.COSTS, read)


def find_budget(db: Session) -> Budget:
    """This month's cost and what it is expected to be, by the prices of the settings."""
    book = books.find_book(db)

    def read(until: date | None) -> Budget:
        today = periods.today()
        seen = _read(db, today, today, until)
        _, coming = looking_ahead.look(db, seen.uses, today)
        every = days_cost([*seen.uses, *coming], book, through=today + looking_ahead.DAYS * DAY)
        return _budget(every, book, books.checked_preset(""), today)

    return read_with(db, ReportKind.COSTS, read)


def _report(db: Session, period: Period, preset: str, book: Book, until: date | None) -> CostReport:
    today = periods.today()
    seen = _read(db, period.first, today, until)
    ahead, coming = looking_ahead.look(db, seen.uses, today)
    # The free parts of this month go on into the days that are to come.
    every = days_cost([*seen.uses, *coming], book, through=today + looking_ahead.DAYS * DAY)
    within = [cost for cost in every if period.first <= cost.day <= min(period.last, today)]
    own = [use for use in seen.uses if period.first <= use.day <= period.last]
    recordings = sum(use.recordings for use in own)
    total = points.parts(within, book.currency)
    bucket = points.bucket_of(period)
    later = Period(today + DAY, today + looking_ahead.DAYS * DAY)
    month = budget = _budget(every, book, preset, today)
    if preset != (watched := books.checked_preset("")):
        other = books.find_book(db, watched)
        costs = days_cost([*seen.uses, *coming], other, through=today + looking_ahead.DAYS * DAY)
        budget = _budget(costs, other, watched, today)
    return CostReport(
        currency=book.currency,
        preset=preset,
        zone=periods.zone(),
        period=period,
        bucket=bucket,
        total=total,
        recordings=recordings,
        per_recording=_each(total.total, recordings),
        points=points.bucketed(within, own, period, bucket, book.currency, last=today),
        forecast=points.bucketed(every, coming, later, "week", book.currency, expected=True),
        mentors=_mentors(db, period, seen, within, book),
        stores=_stores(seen.uses, within, book, today),
        what_if=_what_if(ahead, seen.uses, book, today),
        unpriced=_unpriced(within),
        typical=ahead.typical,
        booked=sum(ahead.booked.values()),
        retention_days=ahead.retention_days,
        month=month,
        budget=budget,
        as_of=clock.utc_now(),
    )


def _read(db: Session, first: date, today: date, until: date | None) -> _Read:
    """The studio's use from the first day that matters: of the period, of its whole month, and of
    what the forecast learns from; three queries at most."""
    learned = today - looking_ahead.LEARNED_DAYS * DAY
    begin = min(periods.month_of(first), periods.month_of(today), learned)
    rolled = usages.by_day(db, begin, until) if until is not None and begin < until else []
    unrolled = _unrolled(db, until, today)
    by_day: dict[tuple[date, str], Used] = {(day, place): used for day, place, used in rolled}
    for day, _, place, used in unrolled:
        if day >= begin:
            by_day[day, place] = by_day.get((day, place), Used()).plus(used)
    uses = tuple(DayUse(day, place, *used) for (day, place), used in sorted(by_day.items()))
    return _Read(uses, unrolled, until)


def _unrolled(db: Session, until: date | None, today: date) -> tuple[Owned, ...]:
    """The days that are not in the roll-up, today among them, from the rows."""
    first = until if until is not None else _first_day(db)
    if first is None or first > today:
        return ()
    days = usages.days_of(first, today + DAY, opened=until is not None)
    return tuple(
        (day, MentorId(mentor), place, Used(*used))
        for day, mentor, place, *used in fetch(db, usages.lines(db, days))
    )


def _first_day(db: Session) -> date | None:
    first = db.exec(select(func.min(col(Usage.at)))).one()
    return periods.day_of(first) if first else None


def _mentors(
    db: Session, period: Period, seen: _Read, within: Sequence[DayCost], book: Book
) -> tuple[MentorCost, ...]:
    """Each component's cost at each place, spread over the mentors by what they used of it."""
    used = _used_by_mentor(db, period, seen)
    costs: dict[tuple[Component, str], int] = defaultdict(int)
    for cost in within:
        costs[cost.component, cost.place] += cost.micros or 0
    shares: dict[MentorId, dict[Component, int]] = defaultdict(lambda: defaultdict(int))
    for (component, place), micros in costs.items():
        terms = book.on(period.last, component, place)
        weights = {
            mentor: use.of(component, terms)
            for (mentor, where), use in used.items()
            if where == place
        }
        if any(weights.values()):
            for mentor, part in spread(micros, weights).items():
                shares[mentor][component] += part
    recordings: dict[MentorId, int] = defaultdict(int)
    for (mentor, _), use in used.items():
        recordings[mentor] += use.recordings
    found = [
        MentorCost(slug, name, recordings[mentor], points.parts_of(shares[mentor], book.currency))
        for mentor, slug, name in _names(db)
        if mentor in recordings
    ]
    return tuple(sorted(found, key=lambda one: (-one.cost.total.micros, one.name, one.slug)))


def _used_by_mentor(db: Session, period: Period, seen: _Read) -> dict[tuple[MentorId, str], DayUse]:
    """What each mentor's sessions used over the period, by place."""
    found: dict[tuple[MentorId, str], Used] = defaultdict(Used)
    if seen.until is not None and period.first < seen.until:
        end = min(period.last + DAY, seen.until)
        for mentor, place, used in usages.by_mentor(
            db, period.first, end, is_all=end == seen.until
        ):
            found[mentor, place] = found[mentor, place].plus(used)
    for day, mentor, place, used in seen.unrolled:
        if period.first <= day <= period.last:
            found[mentor, place] = found[mentor, place].plus(used)
    # In the same order each time, since whoever comes first is rounded first.
    return {key: DayUse(period.last, key[1], *used) for key, used in sorted(found.items())}


def _names(db: Session) -> list[tuple[MentorId, str, str]]:
    rows = pick(col(Mentor.id), col(Mentor.slug), col(User.name)).join(
        User, col(User.id) == col(Mentor.user_id)
    )
    return [(MentorId(key), slug, name) for key, slug, name in fetch(db, rows)]


def _stores(
    uses: Iterable[DayUse], within: Iterable[DayCost], book: Book, today: date
) -> tuple[StoreUse, ...]:
    costs: dict[str, int] = defaultdict(int)
    for cost in within:
        if cost.place != RECORDER:
            costs[cost.place] += cost.micros or 0
    now = looking_ahead.stored_now(uses, today)
    return tuple(
        StoreUse(name, book.kinds.get(name, ""), now.get(name, 0), Cost(costs[name], book.currency))
        for name in sorted({*now, *costs})
    )


def _what_if(ahead: Ahead, uses: Sequence[DayUse], book: Book, today: date) -> tuple[WhatIf, ...]:
    """What 30 days like the last ones would cost elsewhere, and with another retention; nothing
    when nothing was recorded in them. The store in use goes by its own prices."""
    if not ahead.typical.measured:
        return ()
    month = _last_month(uses, today)
    kind = book.kinds.get(ahead.store, ahead.store)
    kinds: Mapping[str, str] = {kind: COMPARED.get(kind, kind), **COMPARED}
    return tuple(
        WhatIf(
            kind=each,
            label=label,
            in_use=each == kind,
            by_retention=tuple(
                (days, _month(month, book, today, ahead.store if each == kind else each, days))
                for days in sorted({*RETENTIONS, ahead.retention_days})
            ),
        )
        for each, label in kinds.items()
    )


def _last_month(uses: Iterable[DayUse], today: date) -> TypicalMonth:
    lately = [use for use in uses if today - looking_ahead.LEARNED_DAYS * DAY <= use.day < today]
    return TypicalMonth(
        recorded_seconds=sum(use.recorded_seconds for use in lately),
        arrived_bytes=sum(use.arrived_bytes for use in lately),
        downloaded_bytes=sum(use.downloaded_bytes for use in lately),
        delivered_bytes=sum(use.delivered_bytes for use in lately),
    )


def _month(month: TypicalMonth, book: Book, today: date, place: str, days: int) -> Cost | None:
    costs = month_cost(month, book, on=today, place=place, retention_days=days)
    known = [micros for micros in costs.values() if micros is not None]
    return Cost(sum(known), book.currency) if len(known) == len(costs) else None


def _budget(every: Iterable[DayCost], book: Book, preset: str, today: date) -> Budget:
    month = periods.month_of(today)
    after = periods.add_months(month, 1)
    own = [cost for cost in every if month <= cost.day < after]
    limit = settings().cost_budget
    return Budget(
        month=month,
        preset=preset,
        so_far=points.parts([cost for cost in own if cost.day <= today], book.currency).total,
        expected=points.parts(own, book.currency).total,
        limit=Cost(limit * MICROS, book.currency) if limit else None,
    )


def _unpriced(costs: Iterable[DayCost]) -> tuple[str, ...]:
    """Where something was used that nobody knows the price of."""
    found = {f"{cost.place} ({cost.component.value})" for cost in costs if cost.micros is None}
    return tuple(sorted(found))


def _each(total: Cost, recordings: int) -> Cost | None:
    return Cost(total.micros // recordings, total.currency) if recordings else None

"""The roll-ups: what is over is added up once, and again when the past changed.

A step locks the roll-up, takes away the marks that say "this day changed", forgets everything from
the earliest such day on, and computes the next days. The marks go first: whoever wrote one has
committed by then, so the statement that adds up sees the row behind it. A transaction that commits
later leaves its mark behind, and readers and the next step find it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, delete, func, insert, literal, select
from sqlmodel import Session, col

from services import db
from services.analytics import periods, progress, usages
from services.analytics.occupancy import insert_days
from services.analytics.takings import COLUMNS, Which, raw_lines, sums
from services.models import (
    CapacityEvent,
    DailyRevenue,
    DailySeats,
    MonthlyRevenue,
    Posting,
    ReportChange,
    ReportKind,
    ReportProgress,
    SeatEvent,
    Usage,
)

STEP = timedelta(days=7)
"""Computed in one transaction: short enough that nobody notices it on SQLite's one writer."""
MOST_STEPS = 60
"""Per call: a year and more. What is missing then is for the next call, and read from the rows."""


def roll_up(*, until: date | None = None) -> int:
    """Bring the roll-ups up to the day before `until` (today at most); how many days that took.

    Safe to call at any time, from several processes, and to be killed in. Does nothing, and waits
    for nobody, when nothing is missing and nothing of the past has changed.
    """
    today = periods.today()
    goal = min(until, today) if until else today
    return sum(_advance(kind, goal) for kind in ReportKind)


def is_behind() -> bool:
    """Whether `roll_up` would have something to do; some short reads."""
    today = periods.today()
    return any(_is_behind(kind, today) for kind in ReportKind)


def rebuild() -> int:
    """Throw the roll-ups away and compute them again from the rows; how many days."""
    for kind in ReportKind:
        with db.transaction() as session:
            row = _locked(session, kind)
            _forget_from(session, kind, date.min)
            row.until, row.generation = None, row.generation + 1
    days = 0
    while done := roll_up():
        days += done
    return days


def _advance(kind: ReportKind, goal: date) -> int:
    days = 0
    for _ in range(MOST_STEPS):
        if not _is_behind(kind, goal):
            break
        with db.transaction() as session:
            days += _step(session, kind, goal)
    return days


def _is_behind(kind: ReportKind, goal: date) -> bool:
    with db.reading() as session:
        until = progress.find(session, kind).until
    return until is None or until < goal


def _step(db: Session, kind: ReportKind, goal: date) -> int:
    """One step of `kind` towards `goal`; how many days it computed."""
    row = _locked(db, kind)
    begin = row.until if row.zone == periods.zone() else None
    if begin is None:
        _forget_marks(db, kind, before=goal)
        begin = _first_day(db, kind) or goal
        _forget_from(db, kind, date.min)
    else:
        _forget_marks(db, kind, since=begin, before=goal)
        changed = _changed_day(db, kind, begin)
        if changed is not None:
            begin = min(begin, changed)
            _forget_from(db, kind, begin)
    end = max(begin, min(begin + STEP, goal))
    if begin < end:
        _COMPUTE[kind](db, begin, end)
    row.zone, row.until, row.generation = periods.zone(), end, row.generation + 1
    return (end - begin).days


def _locked(db: Session, kind: ReportKind) -> ReportProgress:
    """The roll-up's own row: one step at a time, in whatever process."""
    return db.get_one(ReportProgress, kind, with_for_update=True, populate_existing=True)


def _changed_day(db: Session, kind: ReportKind, until: date) -> date | None:
    """Take the marks of days that are in the roll-up; the earliest such day.

    What is taken is what is looked at: a mark that is committed in between stays.
    """
    taken = db.connection().execute(
        delete(ReportChange)
        .where(col(ReportChange.kind) == kind, col(ReportChange.at) < periods.begin_of(until))
        .returning(col(ReportChange.at))
    )
    return min((periods.day_of(at) for at in taken.scalars()), default=None)


def _forget_marks(
    db: Session, kind: ReportKind, *, before: date, since: date | None = None
) -> None:
    """Marks of days that are not in the roll-up yet say nothing: their rows are read anyway."""
    gone = delete(ReportChange).where(
        col(ReportChange.kind) == kind, col(ReportChange.at) < periods.begin_of(before)
    )
    if since is not None:
        gone = gone.where(col(ReportChange.at) >= periods.begin_of(since))
    db.connection().execute(gone)


def _forget_from(db: Session, kind: ReportKind, day: date) -> None:
    if kind is ReportKind.COSTS:
        usages.forget_from(db, day)
        return
    if kind is ReportKind.SEATS:
        db.connection().execute(delete(DailySeats).where(col(DailySeats.day) >= day))
        return
    db.connection().execute(delete(DailyRevenue).where(col(DailyRevenue.day) >= day))
    month = periods.month_of(day)
    db.connection().execute(delete(MonthlyRevenue).where(col(MonthlyRevenue.month) >= month))


def _first_day(db: Session, kind: ReportKind) -> date | None:
    """The day of the very first row that counts."""
    firsts = [db.connection().execute(select(func.min(col(c)))).scalar() for c in _ROWS[kind]]
    return min((periods.day_of(first) for first in firsts if first), default=None)


def _add_up_revenue(db: Session, begin: date, end: date) -> None:
    """Write the days from `begin` to before `end`, and the months that are over by then."""
    days = [begin + timedelta(days=n) for n in range((end - begin).days)]
    spans = [(day, periods.begin_of(day), periods.begin_of(day + periods.DAY)) for day in days]
    line = raw_lines(db, spans, Which()).subquery("line")
    keys = (line.c.bucket, line.c.currency, line.c.offer_id, line.c.provider, line.c.mentor_id)
    names = ("currency", "offer_id", "provider", "mentor_id")
    db.connection().execute(
        insert(DailyRevenue).from_select(
            ["day", *names, *COLUMNS], select(*keys, *sums(line, COLUMNS)).group_by(*keys)
        )
    )
    for month in periods.months_between(begin, end):
        month_after = periods.add_months(month, 1)
        if month_after > end:
            break
        daily = (
            select(
                *(col(getattr(DailyRevenue, name)) for name in names),
                *(func.sum(col(getattr(DailyRevenue, name))) for name in COLUMNS),
            )
            .where(col(DailyRevenue.day) >= month, col(DailyRevenue.day) < month_after)
            .group_by(*(col(getattr(DailyRevenue, name)) for name in names))
        )
        db.connection().execute(
            insert(MonthlyRevenue).from_select(
                [*names, *COLUMNS, "month"], daily.add_columns(literal(month, Date))
            )
        )


_COMPUTE: dict[ReportKind, Callable[[Session, date, date], None]] = {
    ReportKind.REVENUE: _add_up_revenue,
    ReportKind.SEATS: insert_days,
    ReportKind.COSTS: usages.add_up,
}
_ROWS: dict[ReportKind, tuple[Any, ...]] = {
    ReportKind.REVENUE: (Posting.at,),
    ReportKind.SEATS: (SeatEvent.at, CapacityEvent.at),
    ReportKind.COSTS: (Usage.at,),
}
"""The rows that a roll-up adds up, by when they count."""

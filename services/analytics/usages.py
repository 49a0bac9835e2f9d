"""What recordings use, added up in SQL by day, mentor and place: of the rows, and for the roll-up.

What lies in a store is a running sum of what came and went. A day's byte-hours are what lay there
when it began, for all of the day, and what came or went, for what was left of it: no interval is
ever joined. Bytes times the seconds of a day must fit into 64 bits: of one mentor's recordings at
one place there may be 100 TB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    and_,
    case,
    cast,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    true,
)
from sqlalchemy import union as distinct_of
from sqlmodel import Session, col

from services import clock
from services.analytics import periods
from services.analytics.periods import DAY
from services.analytics.sql import Rows, epoch, fetch, instant_spans, pick, whole
from services.ids import MentorId
from services.models import (
    DailyMentorUsage,
    DailyUsage,
    MonthlyMentorUsage,
    Usage,
    UsageKind,
)

_HOUR = 3_600


class Used(NamedTuple):
    """What a group of lines adds up to. Of several days `stored_bytes` says nothing: it is what lay
    there at the end of each."""

    recordings: int = 0
    recorded_seconds: int = 0
    arrived_bytes: int = 0
    stored_bytes: int = 0
    byte_hours: int = 0
    early_byte_hours: int = 0
    downloaded_bytes: int = 0
    delivered_bytes: int = 0

    def plus(self, other: Sequence[int]) -> Used:
        """Both together."""
        return Used(*(mine + more for mine, more in zip(self, other, strict=True)))


NAMES = Used._fields
SUMMED = tuple(name for name in NAMES if name != "stored_bytes")
_AMOUNTS = {
    "recorded_seconds": UsageKind.RECORDED,
    "arrived_bytes": UsageKind.STORED,
    "early_byte_hours": UsageKind.EARLY,
    "downloaded_bytes": UsageKind.DOWNLOADED,
    "delivered_bytes": UsageKind.DELIVERED,
}


@dataclass(frozen=True, slots=True)
class Days:
    """Days to add up from the rows, one after another, the last one up to `ends`. What lay in the
    stores before them is in the roll-up when they are `opened`, else nothing did."""

    spans: tuple[tuple[date, datetime, datetime], ...]
    opened: bool


def days_of(first: date, until: date, *, opened: bool) -> Days:
    """The days from `first` to before `until`; today counts up to now."""
    now = clock.utc_now().replace(microsecond=0)
    spans = [
        (day, periods.begin_of(day), min(periods.begin_of(day + DAY), now))
        for day in (first + timedelta(days=n) for n in range((until - first).days))
    ]
    return Days(tuple(spans), opened)


def lines(db: Session, days: Days) -> Rows:
    """(day, mentor_id, place, *`NAMES`) of each day on which something lay there or happened.
    There must be at least one day."""
    span = instant_spans(db, days.spans)
    moved = _moved(db, span).cte("moved")
    opening = _opening(days).cte("opening")
    owner = distinct_of(
        pick(moved.c.mentor_id, moved.c.place), pick(opening.c.mentor_id, opening.c.place)
    ).cte("owner")
    here: dict[str, Any] = {
        "partition_by": [owner.c.mentor_id, owner.c.place],
        "order_by": span.c.bucket,
    }
    on_its_day = and_(
        moved.c.day == span.c.bucket,
        moved.c.mentor_id == owner.c.mentor_id,
        moved.c.place == owner.c.place,
    )
    laid = and_(
        opening.c.mentor_id == owner.c.mentor_id,
        opening.c.place == owner.c.place,
    )
    change = func.coalesce(moved.c.change, 0)
    after = func.coalesce(opening.c.stored_bytes, 0) + func.sum(change).over(**here)
    before = cast(after - change, BigInteger)
    length = epoch(db, span.c.ends) - epoch(db, span.c.begins)
    running = (
        pick(
            span.c.bucket.label("day"),
            owner.c.mentor_id,
            owner.c.place,
            *(func.coalesce(moved.c[name], 0).label(name) for name in ("recordings", *_AMOUNTS)),
            cast(after, BigInteger).label("stored_bytes"),
            cast(before * length + func.coalesce(moved.c.weighed, 0), BigInteger).label(
                "byte_seconds"
            ),
        )
        .select_from(span)
        .join(owner, true())
        .outerjoin(moved, on_its_day)
        .outerjoin(opening, laid)
    ).cte("running")
    columns: dict[str, Any] = {name: running.c[name] for name in NAMES if name != "byte_hours"}
    columns["byte_hours"] = (running.c.byte_seconds + _HOUR // 2) // _HOUR
    used = (running.c[name] != 0 for name in ("recordings", "stored_bytes", "byte_seconds"))
    return pick(
        running.c.day,
        running.c.mentor_id,
        running.c.place,
        *(columns[name].label(name) for name in NAMES),
    ).where(or_(*used, *(running.c[name] != 0 for name in _AMOUNTS)))


def _moved(db: Session, span: FromClause) -> Rows:
    """What was noted on each day, by mentor and place: the amounts, by how much the stores'
    contents `change`, and the same `weighed` by the seconds that were left of the day."""
    kind, amount, at = col(Usage.kind), col(Usage.amount), col(Usage.at)
    came, went = kind.in_([UsageKind.STORED, UsageKind.MOVED]), kind == UsageKind.GONE
    change = case((came, amount), (went, -amount), else_=0)
    left = epoch(db, span.c.ends) - epoch(db, at)
    # Most of what is noted is sent or recorded: it weighs nothing, and no time is computed for it.
    weighed = case((came, amount * left), (went, -amount * left), else_=0)
    key = (span.c.bucket, col(Usage.mentor_id), col(Usage.place))
    return (
        pick(
            span.c.bucket.label("day"),
            col(Usage.mentor_id).label("mentor_id"),
            col(Usage.place).label("place"),
            whole(func.sum(case((kind == UsageKind.RECORDED, 1), else_=0)), "recordings"),
            *(
                whole(func.sum(case((kind == of, amount), else_=0)), name)
                for name, of in _AMOUNTS.items()
            ),
            whole(func.sum(change), "change"),
            whole(func.sum(weighed), "weighed"),
        )
        .select_from(span)
        .join(Usage, (at >= span.c.begins) & (at < span.c.ends))
        .group_by(*key)
    )


def _opening(days: Days) -> Rows:
    """What lay at each place when the first of the days began."""
    table = DailyMentorUsage
    found = pick(
        col(table.mentor_id).label("mentor_id"),
        col(table.place).label("place"),
        col(table.stored_bytes).label("stored_bytes"),
    ).where(col(table.stored_bytes) != 0)
    if not days.opened:
        return found.where(false())
    return found.where(col(table.day) == days.spans[0][0] - DAY)


def add_up(db: Session, begin: date, end: date) -> None:
    """Write the days from `begin` to before `end`, and their months as far as they go."""
    found = lines(db, days_of(begin, end, opened=True)).subquery("line")
    names = ["day", "mentor_id", "place", *NAMES]
    db.connection().execute(
        insert(DailyMentorUsage).from_select(names, pick(*(found.c[name] for name in names)))
    )
    day, place = col(DailyMentorUsage.day), col(DailyMentorUsage.place)
    sums = (whole(func.sum(col(getattr(DailyMentorUsage, name))), name) for name in NAMES)
    within = (day >= begin, day < end)
    of_studio = pick(day, place, *sums).where(*within).group_by(day, place)
    db.connection().execute(insert(DailyUsage).from_select(["day", "place", *NAMES], of_studio))
    for month in periods.months_between(begin, end):
        _add_up_month(db, month)


def _add_up_month(db: Session, month: date) -> None:
    """Write the sum of the days of a month that are there, in place of the one before."""
    gone = delete(MonthlyMentorUsage).where(col(MonthlyMentorUsage.month) == month)
    db.connection().execute(gone)
    table = DailyMentorUsage
    key = (col(table.mentor_id), col(table.place))
    sums = (whole(func.sum(col(getattr(table, name))), name) for name in SUMMED)
    within = (col(table.day) >= month, col(table.day) < periods.add_months(month, 1))
    found = pick(literal(month, Date).label("month"), *key, *sums).where(*within).group_by(*key)
    names = ["month", "mentor_id", "place", *SUMMED]
    db.connection().execute(insert(MonthlyMentorUsage).from_select(names, found))


def forget_from(db: Session, day: date) -> None:
    """Throw away what is added up from a day on."""
    db.connection().execute(delete(DailyMentorUsage).where(col(DailyMentorUsage.day) >= day))
    db.connection().execute(delete(DailyUsage).where(col(DailyUsage.day) >= day))
    month = periods.month_of(day)
    gone = delete(MonthlyMentorUsage).where(col(MonthlyMentorUsage.month) >= month)
    db.connection().execute(gone)
    _add_up_month(db, month)


def by_day(db: Session, first: date, until: date) -> list[tuple[date, str, Used]]:
    """What the studio used on the days from `first` to before `until`, by place, as added up; one
    query."""
    table = DailyUsage
    found = pick(col(table.day), col(table.place), *_columns(table, NAMES))
    within = (col(table.day) >= first, col(table.day) < until)
    return [(day, place, Used(*used)) for day, place, *used in fetch(db, found.where(*within))]


def by_mentor(
    db: Session, first: date, until: date, *, is_all: bool
) -> list[tuple[MentorId, str, Used]]:
    """What each mentor's sessions used on these days, as added up: whole months from the months'
    sums, the rest from the days'. The last month is whole as well when `is_all`: nothing is added
    up beyond `until`. Two queries at most. What is stored is left at 0."""
    months = [
        month
        for month in periods.months_between(first, until)
        if first <= month and (is_all or periods.add_months(month, 1) <= until)
    ]
    found: list[tuple[MentorId, str, Used]] = []
    if months:
        table = MonthlyMentorUsage
        found += _of_mentors(db, table, col(table.month).in_(months))
    day = col(DailyMentorUsage.day)
    spans = _around(first, until, months)
    if spans:
        within = or_(*((day >= begin) & (day < end) for begin, end in spans))
        found += _of_mentors(db, DailyMentorUsage, within)
    return found


def _around(first: date, until: date, months: list[date]) -> list[tuple[date, date]]:
    """The days before and after the whole months."""
    if not months:
        return [(first, until)] if first < until else []
    both = ((first, months[0]), (periods.add_months(months[-1], 1), until))
    return [(begin, end) for begin, end in both if begin < end]


def _of_mentors(
    db: Session,
    table: type[DailyMentorUsage] | type[MonthlyMentorUsage],
    within: ColumnElement[bool],
) -> list[tuple[MentorId, str, Used]]:
    key = (col(table.mentor_id), col(table.place))
    sums = (whole(func.sum(column), column.key) for column in _columns(table, SUMMED))
    rows = fetch(db, pick(*key, *sums).where(within).group_by(*key))
    return [
        (MentorId(mentor), place, Used(**dict(zip(SUMMED, used, strict=True))))
        for mentor, place, *used in rows
    ]


def _columns(table: Any, names: Sequence[str]) -> list[Any]:
    return [col(getattr(table, name)) for name in names]

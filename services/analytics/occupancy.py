"""Seat-seconds, added up in SQL: how long each place was active, in grace, held, free or over.

Every change of a seat or of a capacity is a difference at an instant. Running sums of the
differences, mentor by mentor, are the state between two changes; a row without a difference stands
where a bucket begins, so that no stretch belongs to two buckets. No interval is ever joined.

Instants count in whole seconds: the sums are exact, and equal on both databases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.analytics import periods
from services.analytics.sql import Rows, epoch, pick, second_spans, whole
from services.ids import MentorId
from services.models import CapacityEvent, DailySeats, Mentor, SeatEvent, SeatStatus

STATES = ("active", "grace", "held", "capacity")
SUMS = (*STATES, "free", "over")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, cut into buckets: each begins on its day and ends where the next begins,
    the last one at `ends`. What happened before `opened` is in the roll-up of the day before;
    None: nothing is, everything is added up from the first row on."""

    buckets: tuple[tuple[date, datetime], ...]
    ends: datetime
    opened: date | None
    mentor: MentorId | None = None


def seat_seconds(db: Session, stretch: Stretch) -> CTE:
    """A table of (bucket, mentor_id, *_seconds of `SUMS`, and by how much `STATES` changed)."""
    ends = int(stretch.ends.timestamp())
    span = second_spans(db, [(day, int(at.timestamp())) for day, at in stretch.buckets])
    change = union_all(*_changes(db, stretch, span)).cte("change")
    window: dict[str, Any] = {"partition_by": change.c.mentor_id, "order_by": change.c.at}
    running = pick(
        change.c.mentor_id,
        *(change.c[name].label(f"d_{name}") for name in STATES),
        *(func.sum(change.c[name]).over(**window).label(name) for name in STATES),
        func.max(change.c.begins).over(**window).label("begins"),
        (func.lead(change.c.at, 1, ends).over(**window) - change.c.at).label("seconds"),
    ).cte("running")
    taken = running.c.active + running.c.grace + running.c.held
    spare = running.c.capacity - taken
    per_second: dict[str, ColumnElement[Any]] = {
        **{name: running.c[name] for name in STATES},
        "free": case((spare > 0, spare), else_=0),
        "over": case((spare < 0, -spare), else_=0),
    }
    summed = (
        pick(
            running.c.begins,
            running.c.mentor_id,
            *(
                whole(func.sum(value * running.c.seconds), f"{name}_seconds")
                for name, value in per_second.items()
            ),
            *(whole(func.sum(running.c[f"d_{name}"]), name) for name in STATES),
        )
        .where(running.c.begins.is_not(None))  # what happened before the first bucket
        .group_by(running.c.begins, running.c.mentor_id)
        .cte("summed")
    )
    columns = [column for column in summed.c if column.name != "begins"]
    return (
        pick(span.c.bucket, *columns)
        .select_from(summed)
        .join(span, span.c.begins == summed.c.begins)
        .cte("seat_seconds")
    )


def insert_days(db: Session, begin: date, end: date) -> None:
    """Write the roll-up of the days from `begin` to before `end`, on top of the day before."""
    days = [begin + timedelta(days=n) for n in range((end - begin).days)]
    stretch = Stretch(
        buckets=tuple((day, periods.begin_of(day)) for day in days),
        ends=periods.begin_of(end),
        opened=begin,
    )
    found, before = seat_seconds(db, stretch), aliased(DailySeats)
    window: dict[str, Any] = {"partition_by": found.c.mentor_id, "order_by": found.c.bucket}
    counts = [func.sum(found.c[name]).over(**window) for name in STATES]
    seconds = [
        func.sum(found.c[f"{name}_seconds"]).over(**window)
        + func.coalesce(col(getattr(before, f"{name}_seconds")), 0)
        for name in SUMS
    ]
    rows = (
        pick(found.c.bucket, found.c.mentor_id, *(cast(each, BigInteger) for each in counts))
        .add_columns(*(cast(each, BigInteger) for each in seconds))
        .select_from(found)
        .outerjoin(
            before,
            and_(
                col(before.mentor_id) == found.c.mentor_id,
                col(before.day) == begin - periods.DAY,
            ),
        )
        .order_by(found.c.bucket, found.c.mentor_id)  # a day is read as a whole: keep it together
    )
    names = ["day", "mentor_id", *STATES, *(f"{name}_seconds" for name in SUMS)]
    db.connection().execute(insert(DailySeats).from_select(names, rows))


def _changes(db: Session, stretch: Stretch, span: FromClause) -> list[Rows]:
    """The differences, each (mentor_id, at, active, grace, held, capacity, begins)."""
    parts = [
        _of_seats(db, stretch),
        _of_capacity(db, stretch),
        _boundaries(stretch, span),
    ]
    if stretch.opened is not None:
        parts.append(_opening(stretch, stretch.opened))
    return parts


def _of_seats(db: Session, stretch: Stretch) -> Rows:
    event, earlier = aliased(SeatEvent), aliased(SeatEvent)
    place = tuple_(col(event.at), col(event.id))
    before = (
        pick(col(earlier.status))
        .where(
            col(earlier.seat_id) == col(event.seat_id),
            tuple_(col(earlier.at), col(earlier.id)) < place,
        )
        .order_by(col(earlier.at).desc(), col(earlier.id).desc())
        .limit(1)
        .correlate(event)
        .scalar_subquery()
    )
    moved = (
        pick(
            col(event.mentor_id).label("mentor_id"),
            col(event.at).label("at"),
            col(event.status).label("status"),
            before.label("before"),
        )
        .where(*_within(event, stretch))
        .cte("moved")
        .prefix_with("MATERIALIZED")  # else both databases look `before` up for each state
    )
    return pick(
        moved.c.mentor_id,
        epoch(db, moved.c.at).label("at"),
        *(
            (_is(moved.c.status, status) - _is(moved.c.before, status)).label(status.value)
            for status in (SeatStatus.ACTIVE, SeatStatus.GRACE, SeatStatus.HELD)
        ),
        literal(0).label("capacity"),
        cast(None, BigInteger).label("begins"),
    )


def _is(status: ColumnElement[Any], wanted: SeatStatus) -> ColumnElement[int]:
    return case((status == wanted, 1), else_=0)


def _of_capacity(db: Session, stretch: Stretch) -> Rows:
    event, earlier = aliased(CapacityEvent), aliased(CapacityEvent)
    place = tuple_(col(event.at), col(event.id))
    before = (
        pick(col(earlier.capacity))
        .where(
            col(earlier.mentor_id) == col(event.mentor_id),
            tuple_(col(earlier.at), col(earlier.id)) < place,
        )
        .order_by(col(earlier.at).desc(), col(earlier.id).desc())
        .limit(1)
        .correlate(event)
        .scalar_subquery()
    )
    return pick(
        col(event.mentor_id),
        epoch(db, col(event.at)),
        literal(0),
        literal(0),
        literal(0),
        col(event.capacity) - func.coalesce(before, 0),
        cast(None, BigInteger),
    ).where(*_within(event, stretch))


def _within(event: Any, stretch: Stretch) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [col(event.at) < stretch.ends]
    if stretch.opened is not None:
        wanted.append(col(event.at) >= periods.begin_of(stretch.opened))
    if stretch.mentor is not None:
        wanted.append(col(event.mentor_id) == stretch.mentor)
    return wanted


def _boundaries(stretch: Stretch, span: FromClause) -> Rows:
    """A row without a difference for every mentor where each bucket begins."""
    zeros = (literal(0), literal(0), literal(0), literal(0))
    found = (
        pick(col(Mentor.id), span.c.begins, *zeros, span.c.begins)
        .select_from(Mentor)
        .join(span, true())
    )
    if stretch.mentor is not None:
        found = found.where(col(Mentor.id) == stretch.mentor)
    return found


def _opening(stretch: Stretch, opened: date) -> Rows:
    """The state at the end of the last rolled-up day, as differences from nothing."""
    at = literal(int(periods.begin_of(opened).timestamp()), BigInteger)
    counts = (col(getattr(DailySeats, name)) for name in STATES)
    found = pick(col(DailySeats.mentor_id), at, *counts, cast(None, BigInteger)).where(
        col(DailySeats.day) == opened - periods.DAY
    )
    if stretch.mentor is not None:
        found = found.where(col(DailySeats.mentor_id) == stretch.mentor)
    return found

"""Seat utilization: how full the studio is now, and was over time, from the seats' history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Date, case, cast, func, null
from sqlalchemy import union_all as all_of
from sqlmodel import Session, col

from services import access, clock
from services.analytics import periods
from services.analytics.occupancy import SUMS, Stretch, seat_seconds
from services.analytics.periods import DAY, Period
from services.analytics.progress import read_with
from services.analytics.reports import MentorSeats, SeatsNow, SeatsPoint, SeatsReport
from services.analytics.sql import fetch, pick, whole
from services.audit import Actor
from services.errors import NotFound
from services.ids import MentorId
from services.models import DailySeats, Mentor, ReportKind, Seat, SeatStatus, User

DAYS_BY_DAY, DAYS_BY_WEEK = 92, 366
"""Up to so many days a point is a day, or a week; beyond, a month."""
NOTHING = (0,) * len(SUMS)

Sums = tuple[int, ...]
"""Seat-seconds in the order of `SUMS`."""


@dataclass(frozen=True, slots=True)
class _Bucket:
    """One point's days, its last one included, and its whole seconds that are over."""

    first: date
    last: date
    seconds: int


def get_seats(db: Session, *, actor: Actor, period: Period, mentor: str = "") -> SeatsReport:
    """The use of all mentors' seats, or of one (slug), for admins. Nine queries at most.

    Average use is the share of the capacity that was active: seat-seconds over capacity-seconds.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    one = _mentor_id(db, mentor) if mentor else None
    now = clock.utc_now().replace(microsecond=0)
    name, buckets = _buckets(period, now)

    def read(until: date | None) -> SeatsReport:
        by_bucket, by_mentor = _sums(db, buckets, until, now, one)
        mentors = _mentors(db, one, by_mentor)
        return SeatsReport(
            zone=periods.zone(),
            period=period,
            bucket=name,
            points=tuple(_point(each, by_bucket.get(each.first, NOTHING)) for each in buckets),
            mentors=mentors,
            now=in_all(mentors),
            average_use=_use(_added(*by_mentor.values())),
            as_of=now,
        )

    return read_with(db, ReportKind.SEATS, read)


def in_all(mentors: tuple[MentorSeats, ...]) -> SeatsNow:
    """The sum of these mentors' seats now."""
    return SeatsNow(
        capacity=sum(each.capacity for each in mentors),
        active=sum(each.active for each in mentors),
        grace=sum(each.grace for each in mentors),
        held=sum(each.held for each in mentors),
        free=sum(each.free for each in mentors),
        over_by=sum(each.over_by for each in mentors),
    )


def _mentor_id(db: Session, slug: str) -> MentorId:
    found = db.connection().execute(pick(col(Mentor.id)).where(col(Mentor.slug) == slug)).scalar()
    if found is None:
        raise NotFound("mentor")
    return MentorId(found)


def _buckets(period: Period, now: datetime) -> tuple[str, list[_Bucket]]:
    """The name of the bucket, and those that have begun."""
    name = "month"
    if period.days <= DAYS_BY_WEEK:
        name = "day" if period.days <= DAYS_BY_DAY else "week"
    last = min(period.last, periods.day_of(now))
    starts = list(_starts(name, period.first, last))
    found: list[_Bucket] = []
    for number, first in enumerate(starts):
        end = starts[number + 1] - DAY if number + 1 < len(starts) else last
        over = min(periods.begin_of(end + DAY), now)
        seconds = int((over - periods.begin_of(first)).total_seconds())
        if seconds > 0:
            found.append(_Bucket(first, end, seconds))
    return name, found


def _starts(name: str, first: date, last: date) -> Iterator[date]:
    """Where buckets begin: the first day, then every day, Monday or first of a month."""
    start = first
    while start <= last:
        yield start
        if name == "month":
            start = periods.add_months(start, 1)
        else:
            start += DAY if name == "day" else timedelta(days=7 - start.weekday())


def _sums(
    db: Session, buckets: list[_Bucket], until: date | None, now: datetime, one: MentorId | None
) -> tuple[dict[date, Sums], dict[MentorId, Sums]]:
    """Seat-seconds per bucket and per mentor: of the roll-up, and of the rows that are newer."""
    by_bucket: dict[date, Sums] = {}
    by_mentor: dict[MentorId, Sums] = {}
    if not buckets:
        return by_bucket, by_mentor
    if until is not None and buckets[0].first < until:
        by_bucket = _rolled_buckets(db, buckets, until, one)
        by_mentor = _rolled_mentors(
            db, buckets[0].first - DAY, min(buckets[-1].last, until - DAY), one
        )
    open_buckets = tuple(
        (each.first, periods.begin_of(each.first if until is None else max(each.first, until)))
        for each in buckets
        if until is None or each.last >= until
    )
    if open_buckets:
        ends = min(periods.begin_of(buckets[-1].last + DAY), now)
        stretch = Stretch(open_buckets, ends, opened=until, mentor=one)
        for bucket, mentor, *values in _read_rows(db, stretch):
            if mentor is None:
                by_bucket[bucket] = _added(by_bucket.get(bucket, NOTHING), tuple(values))
            else:
                by_mentor[mentor] = _added(by_mentor.get(mentor, NOTHING), tuple(values))
    return by_bucket, by_mentor


def _read_rows(db: Session, stretch: Stretch) -> list[tuple[Any, ...]]:
    """Per bucket (without a mentor) and per mentor (without a bucket), in one statement."""
    found = seat_seconds(db, stretch)
    columns = [whole(func.sum(found.c[f"{name}_seconds"]), f"{name}_seconds") for name in SUMS]
    statement = all_of(
        pick(found.c.bucket, cast(null(), BigInteger), *columns).group_by(found.c.bucket),
        pick(cast(null(), Date), found.c.mentor_id, *columns).group_by(found.c.mentor_id),
    )
    return fetch(db, statement)


def _rolled_buckets(
    db: Session, buckets: list[_Bucket], until: date, one: MentorId | None
) -> dict[date, Sums]:
    """The difference of the sums at the end and before the beginning of each bucket."""
    closed = [
        (each.first, each.first - DAY, min(each.last, until - DAY))
        for each in buckets
        if each.first < until
    ]
    days = {day for _, before, last in closed for day in (before, last)}
    seconds = [whole(func.sum(_seconds(name)), name) for name in SUMS]
    query = pick(col(DailySeats.day), *seconds).where(col(DailySeats.day).in_(days))
    if one is not None:
        query = query.where(col(DailySeats.mentor_id) == one)
    at: dict[date, Sums] = {
        day: tuple(values) for day, *values in fetch(db, query.group_by(col(DailySeats.day)))
    }
    return {
        first: _added(at.get(last, NOTHING), _negative(at.get(before, NOTHING)))
        for first, before, last in closed
    }


def _rolled_mentors(
    db: Session, before: date, last: date, one: MentorId | None
) -> dict[MentorId, Sums]:
    day = col(DailySeats.day)
    seconds = [
        whole(func.sum(case((day == last, _seconds(name)), else_=-_seconds(name))), name)
        for name in SUMS
    ]
    query = pick(col(DailySeats.mentor_id), *seconds).where(day.in_([before, last]))
    if one is not None:
        query = query.where(col(DailySeats.mentor_id) == one)
    rows = fetch(db, query.group_by(col(DailySeats.mentor_id)))
    return {MentorId(mentor): tuple(values) for mentor, *values in rows}


def _seconds(name: str) -> Any:
    return col(getattr(DailySeats, f"{name}_seconds"))


def _mentors(
    db: Session, one: MentorId | None, seconds: dict[MentorId, Sums]
) -> tuple[MentorSeats, ...]:
    """Every mentor's seats at this moment, by name; one query."""
    counts = [
        whole(func.sum(case((col(Seat.status) == status, 1), else_=0)), status.value)
        for status in (SeatStatus.ACTIVE, SeatStatus.GRACE, SeatStatus.HELD)
    ]
    mentor = (col(Mentor.id), col(Mentor.slug), col(User.name), col(Mentor.listed))
    capacity = col(Mentor.capacity)
    taken = col(Seat.status).in_([SeatStatus.ACTIVE, SeatStatus.GRACE, SeatStatus.HELD])
    query = (
        pick(*mentor, capacity, *counts)
        .join(User, col(User.id) == col(Mentor.user_id))
        .outerjoin(Seat, (col(Seat.mentor_id) == col(Mentor.id)) & taken)
        .group_by(*mentor, capacity)
        .order_by(func.lower(col(User.name)), col(Mentor.slug))
    )
    if one is not None:
        query = query.where(col(Mentor.id) == one)
    return tuple(
        MentorSeats(
            slug=slug,
            name=name,
            listed=listed,
            capacity=offered,
            active=active,
            grace=grace,
            held=held,
            free=max(0, offered - active - grace - held),
            over_by=max(0, active + grace + held - offered),
            average_use=_use(seconds.get(MentorId(key), NOTHING)),
        )
        for key, slug, name, listed, offered, active, grace, held in fetch(db, query)
    )


def _point(bucket: _Bucket, sums: Sums) -> SeatsPoint:
    averages = {name: total / bucket.seconds for name, total in zip(SUMS, sums, strict=True)}
    return SeatsPoint(day=bucket.first, days=(bucket.last - bucket.first).days + 1, **averages)


def _use(sums: Sums) -> float | None:
    named = dict(zip(SUMS, sums, strict=True))
    return named["active"] / named["capacity"] if named["capacity"] else None


def _added(*sums: Sums) -> Sums:
    return tuple(map(sum, zip(NOTHING, *sums, strict=True)))


def _negative(sums: Sums) -> Sums:
    return tuple(-value for value in sums)

"""From where the forecast looks ahead: what is booked, what was used lately, and until when what
lies in the stores is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, case, func
from sqlmodel import Session, col, select

from services.analytics import periods
from services.analytics.periods import DAY, EARLIEST, LATEST
from services.analytics.sql import Rows, fetch, instant_spans, pick, whole
from services.config import settings
from services.costs import forecasting
from services.costs.forecasting import Ahead, Typical
from services.costs.pricing import DayUse, spread
from services.models import LIVE_SESSIONS, MentoringSession, Recording, SessionStatus

DAYS = 90
"""So far ahead."""
LEARNED_DAYS = 30


def look(db: Session, uses: Sequence[DayUse], today: date) -> tuple[Ahead, tuple[DayUse, ...]]:
    """From where the forecast looks ahead, and what it expects; four queries."""
    retention = settings().recording_days
    since = today - LEARNED_DAYS * DAY
    lately = [use for use in uses if since <= use.day < today]
    stored = stored_now(uses, today)
    ends = _ends(db, today)
    leaving = {store: spread(size, ends) for store, size in stored.items()} if ends else {}
    ahead = Ahead(
        today=today,
        days=DAYS,
        retention_days=retention,
        store=settings().storage_default,
        typical=_typical(lately, _held(db, since, today)),
        booked=_booked(db, today),
        stored=stored,
        leaving=leaving,
    )
    return ahead, forecasting.expected(ahead)


def _ends(db: Session, today: date) -> dict[date, int]:
    """How many recorded seconds are kept until each of the days that are to come, which is how what
    lies in the stores will leave them: a recording is as long as it is large. What is held, or kept
    longer than one looks ahead, stands under the day after the last one; what is over, under
    tomorrow."""
    first, after = today + DAY, today + (DAYS + 1) * DAY
    days = [first + n * DAY for n in range(1, DAYS)]
    spans = [
        (first, periods.begin_of(EARLIEST), periods.begin_of(first + DAY)),
        *((day, periods.begin_of(day), periods.begin_of(day + DAY)) for day in days),
        (after, periods.begin_of(after), periods.begin_of(LATEST)),
    ]
    span, until = instant_spans(db, spans), col(Recording.keep_until)
    held_at = col(Recording.held_at)
    # Looked up day by day, not joined and grouped: nothing is sorted, and the index is enough.
    leaving = _seconds(held_at.is_(None), until >= span.c.begins, until < span.c.ends)
    found = fetch(db, pick(span.c.bucket, leaving.correlate(span).scalar_subquery()))
    ends: dict[date, int] = {day: seconds for day, seconds in found if seconds}
    [(held,)] = fetch(db, _seconds(held_at.is_not(None)))
    return ends | {after: ends.get(after, 0) + held} if held else ends


def _seconds(*wanted: ColumnElement[bool]) -> Rows:
    """How many seconds the wanted recordings have that have an end and are still there."""
    seconds = col(Recording.seconds)
    # A recording that left no time still is one.
    weight = case((seconds > 0, seconds), else_=1)
    there = col(Recording.keep_until).is_not(None), col(Recording.purged_at).is_(None)
    return pick(whole(func.sum(weight), "seconds")).where(*there, *wanted)


def stored_now(uses: Iterable[DayUse], today: date) -> dict[str, int]:
    """What lies in each store; a store has a row for every day on which anything lies there."""
    return {use.place: use.stored_bytes for use in uses if use.day == today and use.stored_bytes}


def _typical(lately: Sequence[DayUse], held: int) -> Typical:
    return forecasting.learned(
        held=held,
        recordings=sum(use.recordings for use in lately),
        seconds=sum(use.recorded_seconds for use in lately),
        arrived=sum(use.arrived_bytes for use in lately),
        downloaded=sum(use.downloaded_bytes for use in lately),
        delivered=sum(use.delivered_bytes for use in lately),
    ) or forecasting.guessed(settings().session_minutes)


def _held(db: Session, since: date, today: date) -> int:
    """How many sessions were held on these days."""
    starts = col(MentoringSession.starts_at)
    return db.exec(
        select(func.count()).where(
            MentoringSession.status == SessionStatus.COMPLETED,
            starts >= periods.begin_of(since),
            starts < periods.begin_of(today),
        )
    ).one()


def _booked(db: Session, today: date) -> dict[date, int]:
    """How many sessions are booked for each of the days that are to come."""
    days = (today + timedelta(days=n) for n in range(1, DAYS + 1))
    spans = [(day, periods.begin_of(day), periods.begin_of(day + DAY)) for day in days]
    span, starts = instant_spans(db, spans), col(MentoringSession.starts_at)
    # As above: day by day.
    live = (
        pick(func.count())
        .select_from(MentoringSession)
        .where(
            col(MentoringSession.status).in_(LIVE_SESSIONS),
            starts >= span.c.begins,
            starts < span.c.ends,
        )
    )
    found = fetch(db, pick(span.c.bucket, live.correlate(span).scalar_subquery()))
    return {day: count for day, count in found if count}

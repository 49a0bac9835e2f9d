"""What the jobs' charts draw, from the books by the hour: cheap however many runs there were."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import clock
from services.jobs.views import HourPoint, KindLine
from services.models import JobHour

HOUR = timedelta(hours=1)
SPANS = {"day": 24, "week": 7 * 24, "month": 30 * 24}
"""How many hours, the running one among them, a chart may go back."""


def begin_of(span: str) -> datetime:
    """The first hour of a span that ends now; an unknown span is a day."""
    now = clock.utc_now().replace(minute=0, second=0, microsecond=0)
    return now - (SPANS.get(span, SPANS["day"]) - 1) * HOUR


def by_hour(db: Session, *, since: datetime) -> tuple[HourPoint, ...]:
    """What ended in each hour from `since` (a full hour) until now, the quiet hours too."""
    found = {
        hour: (succeeded, failed)
        for hour, succeeded, failed in db.exec(
            select(
                col(JobHour.hour),
                func.sum(col(JobHour.succeeded)),
                func.sum(col(JobHour.failed)),
            )
            .where(col(JobHour.hour) >= since)
            .group_by(col(JobHour.hour))
        ).all()
    }
    last = clock.utc_now()
    hours = [since + number * HOUR for number in range(int((last - since) / HOUR) + 1)]
    return tuple(HourPoint(hour, *found.get(hour, (0, 0))) for hour in hours)


def by_kind(db: Session, *, since: datetime) -> tuple[KindLine, ...]:
    """What ended since then, by kind; those that failed most first, then those that ran most."""
    succeeded = func.sum(col(JobHour.succeeded))
    failed = func.sum(col(JobHour.failed))
    rows = db.exec(
        select(col(JobHour.kind), succeeded, failed, func.sum(col(JobHour.milliseconds)))
        .where(col(JobHour.hour) >= since)
        .group_by(col(JobHour.kind))
        .order_by(failed.desc(), succeeded.desc(), col(JobHour.kind))
    ).all()
    return tuple(
        KindLine(kind, good, bad, float(spent) / (good + bad) if good + bad else 0.0)
        for kind, good, bad, spent in rows
    )


def kinds_lately(db: Session) -> tuple[str, ...]:
    """The kinds that ran within a month, in the order of their names."""
    since = begin_of("month")
    return tuple(
        db.exec(
            select(col(JobHour.kind))
            .where(col(JobHour.hour) >= since)
            .distinct()
            .order_by(col(JobHour.kind))
        ).all()
    )

"""The jobs at a glance: ten queries, however much has run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, clock
from services.audit import Actor
from services.db import among
from services.ids import UserId
from services.jobs import charts, pauses, schedules, workers
from services.jobs.listing import row_of
from services.jobs.views import JobsOverview, PauseView, QueueView, RunRow
from services.models import (
    InboxEvent,
    InboxStatus,
    JobRun,
    JobStatus,
    OutboxMessage,
    OutboxStatus,
    User,
)

MOST_RUNS = 10


def get_overview(db: Session, *, actor: Actor, span: str = "day") -> JobsOverview:
    """What ran over a span (of `charts.SPANS`; another one is a day), what waits, and who works.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    now, since = clock.utc_now(), charts.begin_of(span)
    return JobsOverview(
        hours=charts.SPANS.get(span, charts.SPANS["day"]),
        points=charts.by_hour(db, since=since),
        kinds=charts.by_kind(db, since=since),
        outbox=_outbox(db),
        inbox=_inbox(db),
        workers=workers.list_workers(db),
        schedules=schedules.list_schedules(db),
        pauses=_pauses(db),
        running=_runs(db, JobStatus.RUNNING),
        failures=_runs(db, JobStatus.FAILED),
        as_of=now,
    )


def _outbox(db: Session) -> QueueView:
    status, due_at = col(OutboxMessage.status), col(OutboxMessage.due_at)
    open_ones = [OutboxStatus.DUE, OutboxStatus.FAILED, OutboxStatus.DEAD]
    found = _counted(db, status, due_at, open_ones)
    (due, first), (failed, again), (dead, _) = (found[one] for one in open_ones)
    return QueueView(due, failed, dead, min(filter(None, (first, again)), default=None))


def _inbox(db: Session) -> QueueView:
    """An event that failed before is received still: it has been tried, and is tried again."""
    status, due_at = col(InboxEvent.status), col(InboxEvent.due_at)
    found = _counted(db, status, due_at, [InboxStatus.RECEIVED, InboxStatus.FAILED])
    (due, oldest), (given_up, _) = found[InboxStatus.RECEIVED], found[InboxStatus.FAILED]
    return QueueView(due, 0, given_up, oldest)


def _counted(
    db: Session, status: Any, due_at: Any, statuses: list[Any]
) -> dict[Any, tuple[int, datetime | None]]:
    """How many there are of each status, and when the first of them became due, by index."""
    rows = db.exec(
        select(status, func.count(), func.min(due_at)).where(status.in_(statuses)).group_by(status)
    ).all()
    found = {each: (count, first) for each, count, first in rows}
    return {each: found.get(each, (0, None)) for each in statuses}


def _pauses(db: Session) -> tuple[PauseView, ...]:
    """What stands still, and by whose word; two queries."""
    found = pauses.list_paused(db)
    by = [pause.by_user_id for pause in found if pause.by_user_id is not None]
    named = select(User.id, User.name).where(among(db, User.id, by))
    names = {UserId(user_id): name for user_id, name in db.exec(named).all()}
    return tuple(
        PauseView(
            kind=pause.kind,
            reason=pause.reason,
            who=names.get(pause.by_user_id, "") if pause.by_user_id else "",
            until=pause.until,
            created_at=pause.created_at,
        )
        for pause in found
    )


def _runs(db: Session, status: JobStatus) -> tuple[RunRow, ...]:
    """The newest runs of a status."""
    rows = db.exec(
        select(JobRun)
        .where(JobRun.status == status)
        .order_by(col(JobRun.started_at).desc(), col(JobRun.id).desc())
        .limit(MOST_RUNS)
    ).all()
    return tuple(row_of(run) for run in rows)

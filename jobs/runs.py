"""Bookkeeping: a row per run of a job that had something to do, with its end and its error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import col, select

from services import clock, db
from services.models import JobRun, JobStatus

LOST_AFTER = timedelta(hours=1)
"""Longer than any job may take."""


@dataclass
class Run:
    """What the job tells about itself while it runs."""

    result: str = ""


@contextmanager
def recorded(kind: str, subject: str = "") -> Iterator[Run]:
    """Record one run of `kind` about `subject` (a public or vendor id); errors pass through."""
    row = JobRun(kind=kind, subject=subject[:200])
    with db.transaction() as session:
        session.add(row)
    run = Run()
    try:
        yield run
    except BaseException as error:
        _end(row, JobStatus.FAILED, run, f"{type(error).__name__}: {error}")
        raise
    _end(row, JobStatus.SUCCEEDED, run, "")


def close_lost() -> int:
    """Mark the runs whose worker was killed: they began long ago and never ended. How many."""
    with db.transaction() as session:
        lost = session.exec(
            select(JobRun).where(
                JobRun.status == JobStatus.RUNNING,
                col(JobRun.started_at) < clock.utc_now() - LOST_AFTER,
            )
        ).all()
        for run in lost:
            run.status, run.ended_at = JobStatus.FAILED, clock.utc_now()
            run.error = "the worker ended before the job did"
        return len(lost)


def _end(row: JobRun, status: JobStatus, run: Run, error: str) -> None:
    with db.transaction() as session:
        stored = session.get_one(JobRun, row.id)
        stored.status, stored.ended_at = status, clock.utc_now()
        stored.result, stored.error = run.result[:300], error[:500]

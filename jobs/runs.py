"""Bookkeeping: a row per run of a job that had something to do, with its end and its error; the
same for the log and the figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlmodel import col, select

from services import clock, db, metrics, outages, redaction, tracing
from services.errors import AppError, ProviderError
from services.models import JobRun, JobStatus

LOST_AFTER = timedelta(hours=1)
"""Longer than any job may take."""

log = structlog.get_logger()


@dataclass
class Run:
    """What the job tells about itself while it runs."""

    result: str = ""


@contextmanager
def recorded(kind: str, subject: str = "") -> Iterator[Run]:
    """Record one run of `kind` about `subject` (a public or vendor id); errors pass through.

    `kind` is one of a few names from the code: it labels the figures.
    """
    row = JobRun(kind=kind, subject=subject[:200])
    with tracing.bound(""):
        begun = time.perf_counter()
        with db.transaction() as session:
            session.add(row)
        run = Run()
        try:
            yield run
        except BaseException as error:
            _tell(kind, subject, error, time.perf_counter() - begun)
            _end(row, JobStatus.FAILED, run, redaction.text(f"{type(error).__name__}: {error}"))
            raise
        seconds = time.perf_counter() - begun
        metrics.job(kind, "succeeded", seconds)
        log.info(
            "job_done",
            kind=kind,
            subject=subject[:200],
            result=run.result,
            milliseconds=round(seconds * 1000, 1),
        )
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


def _tell(kind: str, subject: str, error: BaseException, seconds: float) -> None:
    """Nobody else sees the traceback of a job: whoever catches the error only tries again."""
    metrics.job(kind, "failed", seconds)
    expected = isinstance(error, AppError | ProviderError) or not isinstance(error, Exception)
    if name := outages.away(error):
        log.error(f"{name}_away", kind=kind, subject=subject[:200], reason=outages.reason(error))
    elif not expected:
        log.error("job_failed", kind=kind, subject=subject[:200], exc_info=error)


def _end(row: JobRun, status: JobStatus, run: Run, error: str) -> None:
    with db.transaction() as session:
        stored = session.get_one(JobRun, row.id)
        stored.status, stored.ended_at = status, clock.utc_now()
        stored.result, stored.error = run.result[:300], error[:500]

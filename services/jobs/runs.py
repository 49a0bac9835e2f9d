"""A row per run of a job that had something to do: what it was about, how it ended, which rows it
changed; the same for the log and the figures.

`recorded` is for one job. Who runs many short ones has each inside `watched`, and writes their rows
together: `finish`, and before that `begin` for those that take their time.
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

import structlog
from sqlalchemy import ColumnElement, and_, bindparam, insert, update
from sqlmodel import Session, col, delete, select

from services import clock, db, metrics, outages, redaction, tracing
from services.errors import AppError, ProviderError
from services.ids import new_public_id
from services.jobs import hours, workers
from services.jobs.changes import Changes, noted
from services.models import JobChange, JobRun, JobStatus, Recording

LOST_AFTER = timedelta(hours=1)
"""Longer than any job may take, but those below."""
LEASED = ("purge", "transfer")
"""These may take hours: each is at the recording that it is about, and renews its lease."""
KEPT = timedelta(days=30)
LONGEST_TRACEBACK = 8_000
_AT_ONCE = 2_000

log = structlog.get_logger()

_going: dict[str, str] = {}
_lock = threading.Lock()


@dataclass
class Run:
    """One run, and what the job tells about itself while it runs: `result`.

    `kind` is one of a few names from the code: it labels the figures. `subject` is the key of the
    message or event it works on, `about` the public id of the thing that this is about. `stumbled`
    counts the things that could not be settled, and that it went on without.
    """

    kind: str
    subject: str = ""
    about: str = ""
    attempt: int = 1
    result: str = ""
    public_id: str = field(default_factory=lambda: new_public_id("run"))
    status: JobStatus = JobStatus.RUNNING
    error: str = ""
    traceback: str = ""
    trace: str = ""
    started_at: datetime = field(default_factory=clock.utc_now)
    ended_at: datetime | None = None
    seconds: float = 0.0
    stored: bool = False
    stumbled: int = 0
    changes: Changes = field(default_factory=Changes)


@contextmanager
def recorded(kind: str, subject: str = "", *, about: str = "", attempt: int = 1) -> Iterator[Run]:
    """Record one run; errors pass through. It opens transactions of its own, before and after."""
    run = Run(kind, subject, about, attempt)
    with tracing.bound("") as run.trace:
        with db.transaction() as session:
            begin(session, [run])
        try:
            with watched(run):
                yield run
        finally:
            with db.transaction() as session:
                finish(session, [run])


def begin(db: Session, runs: Sequence[Run]) -> None:
    """Write the rows of runs that begin, for whoever watches. Short ones can do without."""
    if runs:
        db.connection().execute(_ADD, [_row(run) for run in runs])
    for run in runs:
        run.stored = True


@contextmanager
def watched(run: Run, *, aloud: bool = True) -> Iterator[None]:
    """Around the job itself: fills in how the run ends, and tells the log and the figures unless
    that is left to the caller. Errors pass through."""
    run.started_at, begun = clock.utc_now(), time.perf_counter()
    with tracing.bound(run.trace) as run.trace, _listed(run):
        try:
            with noted(run.changes), _at_it(run):
                yield
        except BaseException as error:
            run.seconds = time.perf_counter() - begun
            _fail(run, error)
            if aloud:
                _tell_of_failure(run, error)
            raise
        run.seconds = time.perf_counter() - begun
        run.status, run.ended_at = JobStatus.SUCCEEDED, clock.utc_now()
        if run.stumbled:
            run.status = JobStatus.FAILED
            run.error = f"{run.stumbled} could not be settled, the first: {run.error}"[:500]
        if aloud:
            _tell_of_end(run)


def stumble(what: str, error: Exception) -> None:
    """One thing of many could not be settled, and the job goes on without it: its run has failed in
    the end, and says why. Whoever calls it has told the log."""
    run = _current.get()
    if run is None:
        return
    run.stumbled += 1
    if run.stumbled == 1:
        run.error = redaction.text(f"{what}: {type(error).__name__}: {error}")[:500]
        run.traceback = _traceback(error)


def finish(db: Session, runs: Sequence[Run]) -> None:
    """Write how runs ended, what they changed, and add them to their hours."""
    ended = [run for run in runs if run.ended_at is not None]
    if not ended:
        return
    if shown := [run for run in ended if run.stored]:
        db.connection().execute(_END, [_ended(run) for run in shown])
    if new := [run for run in ended if not run.stored]:
        db.connection().execute(_ADD, [_row(run) for run in new])
    _write_changes(db, [run for run in ended if run.changes.rows])
    hours.add(db, (_hour(run) for run in ended))


def doing() -> str:
    """What this process is at now, in a few words for whoever watches the workers."""
    with _lock:
        kinds = sorted(_going.values())
    return ", ".join(kinds)[:200]


def close_lost(*, limit: int = 1_000) -> int:
    """Mark the runs whose worker was killed: they began long ago and never ended. How many."""
    with db.transaction() as session:
        lost = session.exec(
            select(JobRun)
            .where(
                JobRun.status == JobStatus.RUNNING,
                col(JobRun.started_at) < clock.utc_now() - LOST_AFTER,
                ~_is_at_work(),
            )
            .order_by(col(JobRun.started_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in lost:
            row.status, row.ended_at = JobStatus.FAILED, clock.utc_now()
            row.error = "the worker ended before the job did"
        hours.add(session, (hours.Ended(row.kind, clock.utc_now(), False, 0) for row in lost))
        return len(lost)


def _is_at_work() -> ColumnElement[bool]:
    mine = select(Recording.id).where(
        Recording.public_id == JobRun.about,
        Recording.lease != "",
        col(Recording.look_at) > clock.utc_now(),
    )
    return and_(col(JobRun.kind).in_(LEASED), mine.exists())


def prune() -> int:
    """Forget the runs that are older than `KEPT`, with what they changed; how many."""
    old = (
        select(JobRun.id)
        .where(col(JobRun.started_at) < clock.utc_now() - KEPT)
        .order_by(col(JobRun.started_at), col(JobRun.id))
        .limit(_AT_ONCE)
    )
    gone = 0
    while True:
        with db.transaction() as session:
            ids = session.exec(old).all()
            session.exec(delete(JobChange).where(col(JobChange.run_id).in_(ids)))
            session.exec(delete(JobRun).where(col(JobRun.id).in_(ids)))
        gone += len(ids)
        if len(ids) < _AT_ONCE:
            return gone


_current: ContextVar[Run | None] = ContextVar("job_run", default=None)


@contextmanager
def _at_it(run: Run) -> Iterator[None]:
    token = _current.set(run)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def _listed(run: Run) -> Iterator[None]:
    with _lock:
        _going[run.public_id] = f"{run.kind} {run.about}".rstrip()
    try:
        yield
    finally:
        with _lock:
            del _going[run.public_id]


def _fail(run: Run, error: BaseException) -> None:
    run.status, run.ended_at = JobStatus.FAILED, clock.utc_now()
    run.error = redaction.text(f"{type(error).__name__}: {error}")[:500]
    run.traceback = _traceback(error)


def _tell_of_end(run: Run) -> None:
    metrics.job(run.kind, run.status.value, run.seconds)
    log.info(
        "job_done",
        kind=run.kind,
        subject=run.subject[:200],
        result=run.result,
        milliseconds=round(run.seconds * 1000, 1),
    )


def _tell_of_failure(run: Run, error: BaseException) -> None:
    """Nobody else sees the traceback of a job: whoever catches the error only tries again."""
    metrics.job(run.kind, "failed", run.seconds)
    subject = run.subject[:200]
    if name := outages.away(error):
        log.error(f"{name}_away", kind=run.kind, subject=subject, reason=outages.reason(error))
    elif isinstance(error, Exception) and not isinstance(error, AppError | ProviderError):
        log.error("job_failed", kind=run.kind, subject=subject, exc_info=error)


def _traceback(error: BaseException) -> str:
    """Its last lines: what happened stands at the end. Cut at a line, so that nothing secret is
    cut in two and overlooked."""
    lines = "".join(traceback.format_exception(error)).splitlines(keepends=True)
    while len(lines) > 1 and sum(map(len, lines)) > LONGEST_TRACEBACK:
        lines = lines[max(1, len(lines) // 10) :]
    return redaction.text("".join(lines))[:LONGEST_TRACEBACK]


_ADD = insert(cast("Any", JobRun).__table__)


def _row(run: Run) -> dict[str, Any]:
    return {
        "public_id": run.public_id,
        "kind": run.kind[:60],
        "subject": run.subject[:200],
        "about": run.about[:60],
        "attempt": run.attempt,
        "status": run.status,
        "result": run.result[:300],
        "error": run.error,
        "traceback": run.traceback,
        "worker": _worker(),
        "trace": run.trace[:40],
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


@lru_cache
def _worker_of(_process: int) -> str:
    return workers.name()


def _worker() -> str:
    return _worker_of(os.getpid())


_END = (
    update(cast("Any", JobRun).__table__)
    .where(col(JobRun.public_id) == bindparam("run"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("status", "result", "error", "traceback", "started_at", "ended_at")
        }
    )
)


def _ended(run: Run) -> dict[str, Any]:
    return {
        "run": run.public_id,
        "new_status": run.status,
        "new_result": run.result[:300],
        "new_error": run.error,
        "new_traceback": run.traceback,
        "new_started_at": run.started_at,
        "new_ended_at": run.ended_at,
    }


def _write_changes(db: Session, runs: Sequence[Run]) -> None:
    if not runs:
        return
    names = [run.public_id for run in runs]
    found = db.exec(
        select(JobRun.public_id, JobRun.id).where(col(JobRun.public_id).in_(names))
    ).all()
    ids = dict(found)
    rows = [
        {"run_id": ids[run.public_id], "table_name": table, "thing": thing[:60]}
        | {"change": change, "times": times}
        for run in runs
        if run.public_id in ids
        for (table, thing, change), times in run.changes.rows.items()
    ]
    if rows:
        db.connection().execute(insert(JobChange), rows)


def _hour(run: Run) -> hours.Ended:
    succeeded = run.status is JobStatus.SUCCEEDED
    at = run.ended_at or run.started_at
    return hours.Ended(run.kind[:60], at, succeeded, round(run.seconds * 1000))

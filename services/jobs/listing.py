"""The runs of the jobs, for admins: one part of the list, and one run whole."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, literal_column, or_
from sqlmodel import Session, col, select

from services import access, paging
from services.audit import Actor
from services.errors import NotFound
from services.ids import JobRunId
from services.jobs import finding
from services.jobs.views import Changed, RunRow, RunView
from services.models import InboxEvent, JobChange, JobRun, JobStatus, OutboxMessage
from services.paging import Part

MOST_OTHERS = 20
MOST_CHANGES = 200

# Said as the index of the failed ones says it, or SQLite does not see that it fits.
_FAILED = col(JobRun.status) == literal_column("'failed'")


def list_runs(
    db: Session,
    *,
    actor: Actor,
    status: str = "",
    kind: str = "",
    query: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Part[RunRow]:
    """Runs, those that began last first. `query` is the id of a run, of the thing it is about, or
    the key of what it worked on, whole. More than `finding.MOST_COUNTED` are not counted.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    wanted = _wanted(db, status, kind, finding.words_of(query))
    total = finding.counted(db, JobRun, wanted)
    place = paging.older_than(db, JobRun, before, at="started_at")
    rows = db.exec(
        select(JobRun)
        .where(*wanted, *place)
        .order_by(col(JobRun.started_at).desc(), col(JobRun.id).desc())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(rows, limit)
    runs = tuple(row_of(run) for run in shown)
    return Part(runs, runs[-1].public_id if more else None, total)


def _wanted(db: Session, status: str, kind: str, words: str) -> list[ColumnElement[bool]]:
    """Each condition alone has an index that also has the order; of two, one is only compared."""
    wanted: list[ColumnElement[bool]] = []
    if words.startswith("run_"):
        wanted.append(col(JobRun.public_id) == words)
    elif words:
        named = [col(JobRun.subject) == words]
        named += [col(JobRun.about) == words] if finding.is_public_id(words) else []
        wanted.append(or_(*named))
    chosen = finding.status_of(JobStatus, status) if status else None
    if chosen is JobStatus.FAILED and kind and not words:
        return [_FAILED, col(JobRun.kind) == kind[:60]]
    if chosen:
        usual = bool(kind or words) and chosen is JobStatus.SUCCEEDED
        column = col(JobRun.status)
        wanted.append((finding.beside(db, column) if usual else column) == chosen)
    if kind:
        rarer = bool(words) or chosen is JobStatus.RUNNING
        column = col(JobRun.kind)
        wanted.append((finding.beside(db, column) if rarer else column) == kind[:60])
    return wanted


def get_run(db: Session, *, actor: Actor, run: str) -> RunView:
    """One run with its traceback, its other attempts and the rows it changed; five queries.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    row = db.exec(select(JobRun).where(JobRun.public_id == run)).one_or_none()
    if row is None:
        raise NotFound("run")
    others = runs_on(db, [row.subject], most=MOST_OTHERS + 1)
    message = db.exec(
        select(OutboxMessage.public_id).where(OutboxMessage.unique_key == row.subject)
    ).first()
    event = db.exec(select(InboxEvent.public_id).where(_is_event(row))).first()
    return RunView(
        run=row_of(row),
        traceback=row.traceback,
        trace=row.trace,
        others=tuple(one for one in others if one.public_id != run)[:MOST_OTHERS],
        changes=changes_of(db, row.id),
        message=message or "",
        event=event or "",
    )


def _is_event(run: JobRun) -> ColumnElement[bool]:
    """The event a run worked on: its own id, which is ours for a rehearsal, the provider's else."""
    if run.subject.startswith("inb_"):
        return col(InboxEvent.public_id) == run.subject
    known = col(InboxEvent.provider).in_(finding.PROVIDERS)  # the index begins with it
    return known & (col(InboxEvent.event_id) == run.subject)


def runs_on(db: Session, subjects: Iterable[str], *, most: int) -> tuple[RunRow, ...]:
    """The newest runs on these messages or events; one query."""
    named = [subject for subject in subjects if subject]
    rows = db.exec(
        select(JobRun)
        .where(col(JobRun.subject).in_(named))
        .order_by(col(JobRun.started_at).desc(), col(JobRun.id).desc())
        .limit(most)
    ).all()
    return tuple(row_of(run) for run in rows)


def changes_of(db: Session, run_id: JobRunId) -> tuple[Changed, ...]:
    """The rows that a run changed, in the order in which it did; one query."""
    rows = db.exec(
        select(JobChange)
        .where(JobChange.run_id == run_id)
        .order_by(col(JobChange.id))
        .limit(MOST_CHANGES)
    ).all()
    return tuple(Changed(row.table_name, row.thing, row.change, row.times) for row in rows)


def row_of(run: JobRun) -> RunRow:
    """A run as lists show it."""
    return RunRow(
        public_id=run.public_id,
        kind=run.kind,
        subject=run.subject,
        about=run.about,
        attempt=run.attempt,
        status=run.status,
        result=run.result,
        error=run.error,
        worker=run.worker,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )

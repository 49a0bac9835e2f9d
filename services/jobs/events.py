"""The stored webhooks, for admins: one part of the list, and one event whole."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from services import access, paging, redaction
from services.audit import Actor
from services.errors import NotFound
from services.ids import JobRunId
from services.jobs import finding, pauses
from services.jobs.history import history_of
from services.jobs.listing import changes_of, row_of
from services.jobs.views import EventRow, EventView, Rehearsal
from services.models import InboxEvent, InboxStatus, JobRun
from services.paging import Part

MOST_RUNS = 20
REHEARSAL = "rehearsal"
"""The kind of the runs that try an event and take everything back."""
UNUSUAL = (InboxStatus.RECEIVED, InboxStatus.WAITING, InboxStatus.FAILED)


def list_events(
    db: Session,
    *,
    actor: Actor,
    status: str = "",
    query: str = "",
    sort: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Part[EventRow]:
    """Webhooks, the newest first, or the oldest (`received`). `query` is the id of an event, ours
    or the provider's, or of the thing it is about, whole. More than `finding.MOST_COUNTED` are not
    counted.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    columns: paging.Columns = {"received": (col(InboxEvent.received_at),)}
    by = paging.sorting(sort, columns, default="-received", unique=col(InboxEvent.id))
    wanted = _wanted(db, status, finding.words_of(query))
    total = finding.counted(db, InboxEvent, wanted)
    place = paging.beyond(db, InboxEvent, InboxEvent.public_id, before, by=by)
    rows = db.exec(
        select(InboxEvent).where(*wanted, *place).order_by(*by.order()).limit(limit + 1)
    ).all()
    shown, more = paging.cut(rows, limit)
    events = tuple(_row(event) for event in shown)
    return Part(events, events[-1].public_id if more else None, total)


def _wanted(db: Session, status: str, words: str) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if words.startswith("inb_"):
        wanted.append(col(InboxEvent.public_id) == words)
    elif words:
        theirs = col(InboxEvent.provider).in_(finding.PROVIDERS)  # the index begins with it
        wanted.append(
            or_(
                theirs & (col(InboxEvent.event_id) == words),
                col(InboxEvent.object_id) == words,
                col(InboxEvent.about) == words,
            )
        )
    if status:
        chosen = finding.status_of(InboxStatus, status)
        column = col(InboxEvent.status)
        usual = bool(words) or chosen not in UNUSUAL
        wanted.append((finding.beside(db, column) if usual else column) == chosen)
    return wanted


def get_event(db: Session, *, actor: Actor, event: str) -> EventView:
    """One webhook with its payload, its runs, and what handling it now would do; six queries.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    row = db.exec(select(InboxEvent).where(InboxEvent.public_id == event)).one_or_none()
    if row is None:
        raise NotFound("event")
    runs = db.exec(
        select(JobRun)
        .where(JobRun.subject == row.event_id, JobRun.kind != REHEARSAL)
        .order_by(col(JobRun.started_at).desc(), col(JobRun.id).desc())
        .limit(MOST_RUNS)
    ).all()
    paused = {pause.kind: pause.reason for pause in pauses.list_paused(db)}
    return EventView(
        event=_row(row),
        payload=redaction.document(row.payload),
        paused_because=paused.get(f"inbox:{row.provider}", ""),
        runs=tuple(row_of(run) for run in runs),
        rehearsal=_rehearsal(db, row),
        history=history_of(db, row.public_id),
    )


def _rehearsal(db: Session, event: InboxEvent) -> Rehearsal | None:
    """The newest one; two queries."""
    run = db.exec(
        select(JobRun)
        .where(JobRun.subject == event.public_id, JobRun.kind == REHEARSAL)
        .order_by(col(JobRun.started_at).desc(), col(JobRun.id).desc())
        .limit(1)
    ).first()
    changes = changes_of(db, run.id if run else JobRunId(-1))
    return Rehearsal(row_of(run), changes) if run else None


def _row(event: InboxEvent) -> EventRow:
    return EventRow(
        public_id=event.public_id,
        provider=event.provider,
        event_id=event.event_id,
        type=event.type,
        object_id=event.object_id,
        about=event.about,
        status=event.status,
        attempts=event.attempts,
        error=event.error,
        received_at=event.received_at,
        due_at=event.due_at,
        handled_at=event.handled_at,
    )

"""Who works: a row per worker process, with its last sign of life.

The row outlives the queue's storage, and tells a worker that was stopped from one that was killed.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select

from services import clock, db, topics
from services.models import Worker

SILENT_AFTER = timedelta(seconds=60)
"""Six beats of a worker that did not come."""
KEPT = timedelta(days=7)
"""How long a worker that is gone is listed."""
_MOST = 100


@dataclass(frozen=True, slots=True)
class WorkerFace:
    """A worker as it is listed. `started_at` is since when it has worked without a break."""

    name: str
    doing: str
    started_at: datetime
    beat_at: datetime
    stopped_at: datetime | None
    is_silent: bool


def name() -> str:
    """The name of this process among the workers of all hosts."""
    return f"{socket.gethostname()}:{os.getpid()}"[:120]


def list_workers(db: Session) -> tuple[WorkerFace, ...]:
    """Those that work, that are silent, and that stopped lately; the liveliest first."""
    rows = db.exec(
        select(Worker).order_by(col(Worker.beat_at).desc(), col(Worker.name)).limit(_MOST)
    )
    now = clock.utc_now()
    return tuple(
        WorkerFace(
            name=row.name,
            doing=row.doing,
            started_at=row.started_at,
            beat_at=row.beat_at,
            stopped_at=row.stopped_at,
            is_silent=row.stopped_at is None and now - row.beat_at >= SILENT_AFTER,
        )
        for row in rows.all()
    )


def beat(db: Session, *, worker: str, doing: str = "") -> bool:
    """A worker's sign of life; True when it comes back after a silence that admins were told of.

    After a silence it counts as started anew: what waited meanwhile is not its fault.
    """
    now = clock.utc_now()
    row = db.get(Worker, worker, with_for_update=True)
    if row is None:
        db.add(Worker(name=worker, doing=doing[:200], started_at=now, beat_at=now))
        topics.publish(db, topics.INBOX)
        return False
    came_back = row.alerted_at is not None
    if row.stopped_at is not None or now - row.beat_at >= SILENT_AFTER:
        row.started_at, row.stopped_at, row.alerted_at = now, None, None
        topics.publish(db, topics.INBOX)
    row.beat_at, row.doing = now, doing[:200]
    return came_back


def rest(*, worker: str) -> None:
    """The worker stopped on purpose: nobody is told of its silence."""
    with db.transaction() as session:
        row = session.get(Worker, worker, with_for_update=True)
        if row is not None:
            row.stopped_at, row.alerted_at, row.doing = clock.utc_now(), None, ""
            topics.publish(session, topics.INBOX)


def any_silent(db: Session) -> bool:
    """Whether a worker fell silent that nobody was told of."""
    return db.exec(select(Worker.name).where(*_silent()).limit(1)).first() is not None


def take_silent(db: Session) -> list[str]:
    """The workers that fell silent and that nobody was told of: each comes once per silence."""
    silent = (
        select(Worker)
        .where(*_silent())
        .order_by(col(Worker.beat_at))
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    )
    rows = db.exec(silent).all()
    for row in rows:
        row.alerted_at = clock.utc_now()
    if rows:
        topics.publish(db, topics.INBOX)
    return [row.name for row in rows]


def working_since(db: Session) -> datetime | None:
    """Since when there has been a worker without a break; None: nobody works now."""
    lively = col(Worker.beat_at) > clock.utc_now() - SILENT_AFTER
    first = select(col(Worker.started_at)).where(col(Worker.stopped_at).is_(None), lively)
    return db.exec(first.order_by(col(Worker.started_at)).limit(1)).first()


def stopped_last(db: Session) -> tuple[str, datetime] | None:
    """While nobody works: the worker that went last, and when, if it was stopped on purpose."""
    row = db.exec(select(Worker).order_by(col(Worker.beat_at).desc()).limit(1)).first()
    if row is None or row.stopped_at is None:
        return None
    return row.name, row.stopped_at


def forget_gone() -> int:
    """Forget the workers that have been gone for long; how many."""
    with db.transaction() as session:
        old = col(Worker.beat_at) < clock.utc_now() - KEPT
        return session.exec(delete(Worker).where(old)).rowcount


def _silent() -> list[ColumnElement[bool]]:
    return [
        col(Worker.stopped_at).is_(None),
        col(Worker.alerted_at).is_(None),
        col(Worker.beat_at) <= clock.utc_now() - SILENT_AFTER,
    ]

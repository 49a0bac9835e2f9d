"""What runs by the clock: when each ran last, how that ended, when it comes next, and who asked for
a run out of turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from services import access, audit, clock, db, redaction, topics
from services.audit import Actor
from services.errors import NotFound
from services.models import Schedule
from services.outbox import wake_soon

WAKES = "schedule"
"""What the worker is woken with, when somebody asks for a run out of turn."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a schedule. `error` is "" when it ended well, `next_at` None when not known."""

    name: str
    started_at: datetime
    ended_at: datetime
    error: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class ScheduleFace:
    """A schedule as it is listed; `every` is in words, and None stands for never, or not known."""

    name: str
    every: str
    last_started_at: datetime | None
    last_ended_at: datetime | None
    last_error: str
    next_at: datetime | None
    asked_at: datetime | None


def list_schedules(db: Session) -> tuple[ScheduleFace, ...]:
    """All schedules, by name."""
    return tuple(
        ScheduleFace(
            row.name,
            row.every,
            row.last_started_at,
            row.last_ended_at,
            row.last_error,
            row.next_at,
            row.asked_at,
        )
        for row in db.exec(select(Schedule).order_by(col(Schedule.name))).all()
    )


def declare(known: Mapping[str, tuple[str, datetime | None]]) -> None:
    """As a worker starts: these are the schedules, with how often in words and their next run.

    What is not among them any more is forgotten.
    """
    rows = [
        {"name": name, "every": every[:60], "last_error": "", "next_at": next_at}
        for name, (every, next_at) in sorted(known.items())
    ]
    with db.transaction() as session:
        session.exec(delete(Schedule).where(col(Schedule.name).not_in(known)))
        _upsert(session, rows, ("every", "next_at"))
        topics.publish(session, topics.INBOX)


def ran(runs: Sequence[Ran]) -> None:
    """Write down how these runs ended, in one transaction."""
    rows = [
        {
            "name": run.name,
            "every": "",
            "last_started_at": run.started_at,
            "last_ended_at": run.ended_at,
            "last_error": redaction.text(run.error)[:500],
            "next_at": run.next_at,
        }
        for run in sorted(runs, key=lambda run: run.name)
    ]
    changed = ("last_started_at", "last_ended_at", "last_error", "next_at")
    with db.transaction() as session:
        _upsert(session, rows, changed)
        topics.publish(session, topics.INBOX)


def done_since(db: Session, *, name: str, since: datetime) -> bool:
    """Whether a schedule's last run began at this instant or later, and ended well."""
    row = db.get(Schedule, name)
    if row is None or row.last_started_at is None:
        return False
    return row.last_started_at >= since and not row.last_error


def run_now(*, actor: Actor, name: str) -> None:
    """Ask for a run out of turn: a worker begins it within moments, also while the kind is paused.

    Raises:
        SignInNeeded, NotAllowed
        NotFound: no such schedule.
    """
    access.require_admin(actor)
    with db.transaction() as session:
        row = session.get(Schedule, name, with_for_update=True)
        if row is None:
            raise NotFound("schedule")
        if row.asked_at is None:
            row.asked_at = clock.utc_now()
            audit.record(session, actor=actor, action="schedule.asked", thing=name)
        topics.publish(session, topics.INBOX)
        wake_soon(session, WAKES)


def take_asked() -> list[str]:
    """The schedules that somebody asked for, the longest ago first; each goes to one taker only."""
    asked = (
        select(Schedule)
        .where(col(Schedule.asked_at).is_not(None))
        .order_by(col(Schedule.asked_at), col(Schedule.name))
        .with_for_update(skip_locked=True)
    )
    with db.transaction() as session:
        rows = session.exec(asked).all()
        for row in rows:
            row.asked_at = None
        return [row.name for row in rows]


def _upsert(db: Session, rows: list[dict[str, Any]], changed: Sequence[str]) -> None:
    """Several workers say the same at once: the last one stands."""
    if not rows:
        return
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    table = cast("Any", Schedule).__table__
    statement = insert(table).values(rows)
    taken = {column: statement.excluded[column] for column in changed}
    db.connection().execute(statement.on_conflict_do_update(index_elements=["name"], set_=taken))

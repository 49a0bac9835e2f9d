"""How far a roll-up may be believed, and how to read it without another process in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.analytics import periods
from services.analytics.sql import fetch, pick
from services.models import ReportChange, ReportKind, ReportProgress

Report = TypeVar("Report")
TRIES = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """Days before `until` are in the roll-up and unchanged since; None: no day is."""

    until: date | None
    generation: int


def find(db: Session, kind: ReportKind) -> Progress:
    """How far the roll-up goes; a change of the past, or of the studio's zone, shortens it."""
    columns = (col(ReportProgress.zone), col(ReportProgress.until), col(ReportProgress.generation))
    [(zone, until, generation)] = fetch(db, pick(*columns).where(col(ReportProgress.kind) == kind))
    if until is None or zone != periods.zone():
        return Progress(None, generation)
    changed = oldest_change(db, kind, before=periods.begin_of(until))
    return Progress(min(until, periods.day_of(changed)) if changed else until, generation)


def oldest_change(db: Session, kind: ReportKind, *, before: datetime) -> datetime | None:
    """The earliest instant before `before` at which something was written afterwards."""
    return db.exec(
        select(func.min(col(ReportChange.at))).where(
            ReportChange.kind == kind, col(ReportChange.at) < before
        )
    ).one()


def read_with(db: Session, kind: ReportKind, read: Callable[[date | None], Report]) -> Report:
    """Call `read` with how far the roll-up goes; again when that was no longer so at its end.

    On PostgreSQL each statement sees what is committed by then, so a roll-up that a job shortens in
    the middle would be missing. The last try adds up the rows alone, which no job touches.
    """
    for _ in range(TRIES):
        progress = find(db, kind)
        report = read(progress.until)
        if find(db, kind) == progress:
            return report
    return read(None)

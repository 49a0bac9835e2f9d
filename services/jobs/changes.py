"""Which rows a job changes: noted from what SQLAlchemy writes while the job runs, and kept once the
transaction is committed.

A row that a Session wrote goes by its public id. What was written by a statement of its own, such
as an UPDATE of many rows, is only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection, Engine, Result, event
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session

from services import db
from services.models import RowChange

MOST = 100
"""So many different rows are named; the rest are only counted, under `REST`."""
REST = "…"

_OWN_BOOKS = frozenset(
    {"job_run", "job_change", "job_hour", "schedule", "worker", "topic_change", "audit_entry"}
)
"""What every run writes says nothing about this one; every change has its audit line anyway."""

Row = tuple[str, str, RowChange]
"""Table, public id or "", and what happened to it."""


@dataclass
class Changes:
    """The rows that one run has changed so far, and how often each."""

    rows: Counter[Row] = field(default_factory=Counter)
    _waiting: Counter[Row] = field(default_factory=Counter)
    _noted_elsewhere: int = 0

    def note(self, table: str, thing: str, change: RowChange, times: int = 1) -> None:
        """A row was written in a transaction that is still open."""
        if table not in _OWN_BOOKS and times > 0:
            self._waiting[table, thing, change] += times

    def elsewhere(self, step: int) -> None:
        """+1: what is written from here on is noted by somebody who knows more; -1: until here."""
        self._noted_elsewhere += step

    def note_statement(self, table: str, change: RowChange, times: int) -> None:
        """A statement of its own has written so many rows."""
        if not self._noted_elsewhere:
            self.note(table, "", change, times)

    def committed(self) -> None:
        """The transaction is in the books."""
        for row, times in self._waiting.items():
            fits = row in self.rows or len(self.rows) < MOST
            self.rows[row if fits else (REST, "", RowChange.CHANGED)] += times
        self._waiting.clear()
        self._noted_elsewhere = 0

    def rolled_back(self) -> None:
        """Nothing of it happened."""
        self._waiting.clear()
        self._noted_elsewhere = 0


_current: ContextVar[Changes | None] = ContextVar("job_changes", default=None)


@contextmanager
def noted(changes: Changes) -> Iterator[None]:
    """Note what is written inside the `with` block."""
    before = _current.get()
    _current.set(changes)
    try:
        yield
    finally:
        _current.set(before)


@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, _context: Any, _instances: Any) -> None:
    if (changes := _current.get()) is None:
        return
    changes.elsewhere(+1)
    for rows, change in (
        (session.new, RowChange.ADDED),
        (session.dirty, RowChange.CHANGED),
        (session.deleted, RowChange.REMOVED),
    ):
        for row in rows:
            if change is not RowChange.CHANGED or session.is_modified(row):
                thing = str(getattr(row, "public_id", "") or "")
                changes.note(row.__tablename__, thing, change)


@event.listens_for(Session, "after_flush")
def _after_flush(_session: Session, _context: Any) -> None:
    if (changes := _current.get()) is not None:
        changes.elsewhere(-1)


@event.listens_for(Session, "do_orm_execute")
def _many(state: ORMExecuteState) -> Result[Any] | None:
    """An UPDATE or DELETE of many rows: only its result knows how many they were, on SQLite."""
    changes = _current.get()
    if changes is None or not (state.is_update or state.is_delete):
        return None
    changes.elsewhere(+1)
    result: Any = state.invoke_statement()
    changes.elsewhere(-1)
    change = RowChange.CHANGED if state.is_update else RowChange.REMOVED
    changes.note(str(cast("Any", state.statement).table.name), "", change, result.rowcount)
    return result


@event.listens_for(Session, "after_commit")
def _after_commit(session: Session) -> None:
    if (changes := _current.get()) is not None and not session.in_nested_transaction():
        changes.committed()


@event.listens_for(Session, "after_rollback")
def _after_rollback(_session: Session) -> None:
    if (changes := _current.get()) is not None:
        changes.rolled_back()


@event.listens_for(Engine, "after_cursor_execute")
def _after_statement(
    _connection: Connection,
    cursor: Any,
    _statement: str,
    _parameters: Any,
    context: Any,
    _executemany: bool,
) -> None:
    if (changes := _current.get()) is None or context is None:
        return
    if context.isinsert and context.compiled.effective_returning:
        return  # whether it wrote anything is known to who reads the answer: `db.on_inserted`
    change = _kind_of(context)
    written = getattr(getattr(context.compiled, "statement", None), "table", None)
    if change is not None and written is not None:
        changes.note_statement(str(written.name), change, max(0, cursor.rowcount))


def _inserted(table: str, thing: str) -> None:
    if (changes := _current.get()) is not None:
        changes.note(table, thing, RowChange.ADDED)


db.on_inserted(_inserted)


def _kind_of(context: Any) -> RowChange | None:
    if context.isinsert:
        return RowChange.ADDED
    if context.isupdate:
        return RowChange.CHANGED
    return RowChange.REMOVED if context.isdelete else None

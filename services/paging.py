"""Lists in parts. The next part begins after the last row shown, never at a number of rows, so
that rows which come or go meanwhile are neither skipped nor repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, literal, tuple_
from sqlmodel import Session, col, select

from services.errors import InvalidInput
from services.models.base import BigId, UtcDateTime

T = TypeVar("T")

MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One part of a list: its rows, what to ask the next part with (None: the end), and how many
    rows there are in all (None where it is not counted)."""

    rows: tuple[T, ...]
    next: str | None
    total: int | None = None


def bounded(limit: int) -> int:
    """How many rows a caller gets: at least one, at most `MOST_ROWS`."""
    return max(1, min(limit, MOST_ROWS))


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """Of `limit + 1` fetched rows those to show, and whether more follow."""
    return rows[:limit], len(rows) > limit


def older_than(
    db: Session,
    model: Any,
    before: str | None,
    *,
    at: str = "created_at",
    among: Sequence[ColumnElement[bool]] = (),
) -> list[ColumnElement[bool]]:
    """The condition for rows that come after the row `before` (a public id), newest first.

    The row is looked up among those the reader may see, so that a cursor tells nothing; one
    indexed query when given.

    Raises:
        InvalidInput: there is no such row.
    """
    if not before:
        return []
    instant_column, id_column = getattr(model, at), model.id
    found: tuple[datetime, int] | None = db.exec(
        select(instant_column, id_column).where(col(model.public_id) == before, *among)
    ).one_or_none()
    if found is None:
        raise InvalidInput("before", "This list has changed. Please start again from its top.")
    place = tuple_(literal(found[0], UtcDateTime()), literal(found[1], BigId))
    return [tuple_(instant_column, id_column) < place]


def pattern(query: str) -> str:
    """A LIKE pattern that finds `query` anywhere, with its own wildcards taken literally.

    Use it with `escape="\\"`.
    """
    plain = " ".join(query.split())[:80]
    for special in ("\\", "%", "_"):
        plain = plain.replace(special, "\\" + special)
    return f"%{plain}%"

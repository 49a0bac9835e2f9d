"""Lists in parts. The next part begins after the last row shown, never at a number of rows, so
that rows which come or go meanwhile are neither skipped nor repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy
from sqlalchemy import ColumnElement, UnaryExpression, literal, tuple_
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


Columns = Mapping[str, Sequence[Any]]
"""What a list may be sorted by: the name in the address, and the columns behind it."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """What a list is sorted by. The keys are never NULL, and the last one is unique, so that every
    row has exactly one place."""

    keys: tuple[ColumnElement[Any], ...]
    descending: bool

    def order(self) -> list[UnaryExpression[Any]]:
        """For ORDER BY."""
        return [key.desc() if self.descending else key.asc() for key in self.keys]


def sorting(asked: str, columns: Columns, *, default: str, unique: Any) -> Sorting:
    """By the column `asked` for, such as `name`, or `-name` for the last ones first.

    Raises:
        InvalidInput: the list has no such column to sort by.
    """
    chosen = asked or default
    keys = columns.get(chosen.removeprefix("-"))
    if keys is None:
        raise InvalidInput("sort", "This list cannot be sorted by that.")
    return Sorting((*keys, unique), chosen.startswith("-"))


def beyond(
    db: Session,
    source: Any,
    public_id: Any,
    before: str | None,
    *,
    by: Sorting,
    among: Sequence[ColumnElement[bool]] = (),
) -> list[ColumnElement[bool]]:
    """The condition for what comes after the row `before` (a public id) in the order `by`.

    `source` is the table, or the join of tables, that the keys are columns of. The row is looked
    up `among` those the reader may see, so that a cursor tells nothing.

    Raises:
        InvalidInput: there is no such row.
    """
    if not before:
        return []
    keys: Any = sqlalchemy.select(*by.keys).select_from(source)
    found = db.exec(keys.where(col(public_id) == before, *among)).one_or_none()
    if found is None:
        raise InvalidInput("before", "This list has changed. Please start again from its top.")
    place = tuple_(*(literal(value, key.type) for value, key in zip(found, by.keys, strict=True)))
    here = tuple_(*by.keys)
    return [here < place if by.descending else here > place]


def pattern(query: str) -> str:
    """A LIKE pattern that finds `query` anywhere, with its own wildcards taken literally.

    Use it with `escape="\\"`.
    """
    plain = " ".join(query.split())[:80]
    for special in ("\\", "%", "_"):
        plain = plain.replace(special, "\\" + special)
    return f"%{plain}%"

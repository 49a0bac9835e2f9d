"""Pieces of SQL that both databases understand: whole seconds, and spans of time as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Executable,
    FromClause,
    Select,
    UnaryExpression,
    cast,
    extract,
    func,
    select,
    text,
)
from sqlalchemy.sql.operators import custom_op
from sqlmodel import Session, col

from services.models.base import UtcDateTime

Rows: TypeAlias = Select[*tuple[Any, ...]]


def pick(*columns: Any) -> Rows:
    """A select of columns whose types are only known when it runs."""
    return select(*columns)


def fetch(db: Session, statement: Executable) -> list[tuple[Any, ...]]:
    """All rows of a statement, as plain tuples."""
    return [tuple(row) for row in db.connection().execute(statement)]


def epoch(db: Session, instant: Any) -> ColumnElement[int]:
    """The whole seconds since 1970 of an instant; a fraction is cut off, the same on both."""
    if db.get_bind().dialect.name == "sqlite":
        # Without its fraction: strftime would round it to milliseconds.
        return cast(func.strftime("%s", func.substr(instant, 1, 19)), BigInteger)
    return cast(func.floor(extract("epoch", instant)), BigInteger)


def whole(expression: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """A sum as an integer: PostgreSQL makes numeric of a sum of bigints, and nothing NULL."""
    return cast(func.coalesce(expression, 0), BigInteger).label(name)


def unindexed(db: Session, column: Any) -> ColumnElement[Any]:
    """A column to compare with, where rows are found by something else: SQLite would now and then
    make an index for it, for this one statement, by reading the whole table."""
    plain: Any = col(column)
    if db.get_bind().dialect.name != "sqlite":
        return plain
    return UnaryExpression(plain, operator=custom_op("+"), type_=plain.type)


def day_spans(db: Session, rows: Sequence[tuple[date, date, date]]) -> FromClause:
    """A table of (bucket, first, last): days, both included."""
    return _spans(db, "day_span", rows, {"bucket": Date, "first": Date, "last": Date})


def instant_spans(db: Session, rows: Sequence[tuple[date, datetime, datetime]]) -> FromClause:
    """A table of (bucket, begins, ends): instants, the end not included."""
    types = {"bucket": Date, "begins": UtcDateTime, "ends": UtcDateTime}
    return _spans(db, "instant_span", rows, types)


def second_spans(db: Session, rows: Sequence[tuple[date, int]]) -> FromClause:
    """A table of (bucket, begins): where each bucket begins, in whole seconds."""
    return _spans(db, "second_span", rows, {"bucket": Date, "begins": BigInteger})


_POSTGRES: dict[type[Any], str] = {
    Date: "CAST(value ->> {n} AS date)",
    UtcDateTime: "(CAST(value ->> {n} AS timestamp) AT TIME ZONE 'UTC')",
    BigInteger: "CAST(value ->> {n} AS bigint)",
}


def _spans(
    db: Session, name: str, rows: Sequence[tuple[Any, ...]], types: dict[str, type[Any]]
) -> FromClause:
    """A table from a parameter: SQLAlchemy compiles the statement once, not for every list."""
    given = json.dumps([[_written(value) for value in row] for row in rows])
    if db.get_bind().dialect.name == "sqlite":
        columns = [f"json_extract(value, '$[{n}]') AS \"{c}\"" for n, c in enumerate(types)]
        source, values = f"json_each(:{name})", {name: given}
    else:
        columns = [
            f'{_POSTGRES[kind].format(n=n)} AS "{c}"' for n, (c, kind) in enumerate(types.items())
        ]
        # The limit cuts nothing off: it tells the planner how few they are. It would take them for
        # a hundred, and read all orders to have them at hand.
        source = f"jsonb_array_elements(CAST(:{name} AS jsonb)) LIMIT :{name}_count"
        values = {name: given, f"{name}_count": len(rows)}
    table = text(f"SELECT {', '.join(columns)} FROM {source}").bindparams(**values)  # noqa: S608
    return table.columns(**types).cte(name)


def _written(value: date | int) -> str | int:
    """A value as JSON holds it: instants as SQLite stores them, which PostgreSQL reads too."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.isoformat() if isinstance(value, date) else value

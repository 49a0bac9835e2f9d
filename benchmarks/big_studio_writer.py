"""Writes many rows past the ORM: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

Row = dict[str, Any]
TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
CACHE_KIB = 256 * 1024


class Writer:
    """Writes in the caller's transaction. Rows are our own: nothing is escaped or checked."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection()
        self._driver: Any = self._connection.connection.driver_connection
        self._is_sqlite = session.get_bind().dialect.name == "sqlite"
        self._numbered: list[str] = []

    def say(self, statement: str) -> None:
        """Run one statement without parameters."""
        self._connection.execute(text(statement))

    def rows(self, table: str, rows: Iterable[Row]) -> None:
        """Write at least one row; every row has the same columns, in the same order."""
        following = iter(rows)
        first = next(following)
        every = chain([first], following)
        names = ", ".join(f'"{column}"' for column in first)
        if "id" in first:
            self._numbered.append(table)
        if self._is_sqlite:
            marks = ", ".join("?" * len(first))
            self._driver.executemany(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})',
                ([_plain(value) for value in row.values()] for row in every),
            )
            return
        with self._driver.cursor() as cursor:
            # For this transaction: millions of rows take longer than the product lets a query take.
            cursor.execute("SET LOCAL statement_timeout = 0")
            with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                for row in every:
                    copy.write_row(tuple(row.values()))

    @contextmanager
    def without_triggers(self) -> Iterator[Writer]:
        """No trigger fires inside, nor does PostgreSQL look up foreign keys; all are as before at
        the end, and on PostgreSQL the next ids follow those that were written."""
        if self._is_sqlite:
            triggers = self._connection.execute(text(TRIGGERS)).all()
            for name, _ in triggers:
                self.say(f"DROP TRIGGER {name}")
            with self._room_for_indexes():
                yield self
            for _, definition in triggers:
                self._connection.exec_driver_sql(definition)
            return
        self.say("SET LOCAL session_replication_role = replica")
        yield self
        self.say("SET LOCAL session_replication_role = origin")
        for table in self._numbered:
            self.say(
                f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), "
                f'(SELECT max(id) FROM "{table}"))'
            )

    @contextmanager
    def _room_for_indexes(self) -> Iterator[None]:
        """SQLite's 2 MB of cache hold no such index: each row would read and write pages."""
        usual = self._connection.execute(text("PRAGMA cache_size")).scalar_one()
        self.say(f"PRAGMA cache_size = {-CACHE_KIB}")
        yield
        self.say(f"PRAGMA cache_size = {usual}")


def _plain(value: Any) -> Any:
    """Instants as SQLite stores them."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value

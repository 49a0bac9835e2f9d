"""The database of the settings, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sqlalchemy import create_engine, inspect, pool, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from mentorships.backup.sqlite import SqliteDatabase
from services import models as models  # registers the tables


class Database(Protocol):
    """What a backup asks of a database. Errors: `BackupError`."""

    kind: str

    @property
    def server(self) -> str: ...

    def snapshot(self, target: Path, keep_files: Callable[[], None]) -> str: ...

    def prepare(self, staged: Path) -> None: ...

    def refuse_while_used(self) -> None: ...

    def replace(self, staged: Path) -> None: ...

    def finish(self) -> None: ...


def database_of(url: str) -> Database:
    """The adapter for a database's address."""
    if url.startswith("sqlite"):
        return SqliteDatabase(url)
    from mentorships.backup.postgres import PostgresDatabase

    return PostgresDatabase(url)


def holds_rows(url: str) -> bool:
    """Whether any table of ours has a row, or cannot even be read."""
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        return False
    engine = create_engine(url, poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            there = set(inspect(connection).get_table_names())
            return any(
                connection.execute(select(table.c[0]).limit(1)).first() is not None
                for name, table in SQLModel.metadata.tables.items()
                if name in there
            )
    except SQLAlchemyError:
        return True
    finally:
        engine.dispose()

"""Runs the migrations on the database of the settings, or on the one the caller names.

A caller (tests, `make run`) may pass an address in `config.attributes["url"]`.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection, DateTime, create_engine, event, pool, text
from sqlmodel import SQLModel

from alembic import context
from services import models as models  # registers the tables
from services.config import settings
from services.models.base import UtcDateTime

MIGRATION_LOCK = 0x6D656E746F72
"""Hosts that start together migrate one after the other; the second finds nothing left to do. On
SQLite the write lock does the same."""
LOCK_SECONDS = 120


def _render(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Migrations name plain types, so that they do not change when ours do."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return f"sa.{DateTime(timezone=True)!r}"
    return False


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Huey keeps its own tables in the same PostgreSQL database."""
    return not (kind == "table" and name is not None and name.startswith("huey_"))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=_render,
        include_name=_is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


def _run_on_sqlite(connection: Connection) -> None:
    """Batch mode copies tables: without care it deletes child rows by cascade, drops triggers."""
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    triggers = _triggers(connection)
    _run(connection)
    tables = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    kept = _triggers(connection)
    for name, (table, ddl) in triggers.items():
        if name not in kept and table in tables and not _dropped_on_purpose(name):
            connection.exec_driver_sql(ddl)
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"the migration broke {len(broken)} foreign keys: {broken[:3]}")
    connection.exec_driver_sql("COMMIT")


def _triggers(connection: Connection) -> dict[str, tuple[str, str]]:
    rows = connection.exec_driver_sql(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
    )
    return {name: (table, ddl) for name, table, ddl in rows}


def _dropped_on_purpose(name: str) -> bool:
    """A migration that removes a trigger says so in `config.attributes["dropped_triggers"]`."""
    return name in context.config.attributes.get("dropped_triggers", set())


def main() -> None:
    if context.is_offline_mode():
        raise RuntimeError("offline SQL is not supported: run the migration on the database")
    # Migrations read no settings of their own.
    context.config.attributes["mentor_share_percent"] = settings().mentor_share_percent
    url: str = context.config.attributes.get("url") or settings().database_url
    if url.startswith("sqlite") and not context.config.attributes.get("url"):
        settings().data_dir.mkdir(parents=True, exist_ok=True)
    waits = {"timeout": LOCK_SECONDS} if url.startswith("sqlite") else {}
    engine = create_engine(url, poolclass=pool.NullPool, connect_args=waits)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _speak_for_ourselves)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            _run_on_sqlite(connection.execution_options(isolation_level="AUTOCOMMIT"))
        else:
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            _run(connection)
            connection.commit()
    engine.dispose()


def _speak_for_ourselves(connection: Any, _entry: Any) -> None:
    connection.isolation_level = None


main()

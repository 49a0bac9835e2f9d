"""The database: reachable, sound, with this version's tables, and what waits in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, func, pool, select
from sqlmodel import col

from mentorships import migrations
from mentorships.backup import BackupError, postgres
from mentorships.doctor.findings import Finding, right, skipped, wrong
from mentorships.migrations import DatabaseAway
from services import clock, db, outages
from services.config import settings
from services.models import InboxEvent, InboxStatus, OutboxMessage, OutboxStatus

MOST_APART_SECONDS = 5
OLDEST_POSTGRES = 140_000
LATE = timedelta(minutes=10)
UPGRADE = "Run `.venv/bin/alembic upgrade head` (make run does it by itself)."


def answers() -> Iterator[Finding]:
    """It can be opened, and is sound."""
    chosen = settings()
    if chosen.is_sqlite and not Path(chosen.database_url.removeprefix("sqlite:///")).exists():
        yield wrong("database", "there is none yet", UPGRADE)
        return
    engine = create_engine(
        chosen.database_url,
        poolclass=pool.NullPool,
        connect_args={"timeout": 5} if chosen.is_sqlite else {"connect_timeout": 5},
    )
    try:
        with engine.connect() as connection:
            yield from (_sqlite if chosen.is_sqlite else _postgres)(connection)
    except Exception as error:  # the drivers' errors have no common base
        where = "the file in DATABASE_URL or DATA_DIR" if chosen.is_sqlite else "DATABASE_URL"
        yield wrong(
            "database",
            f"does not answer ({outages.reason(error)})",
            f"Check {where}, and that the database is there and running.",
        )
    finally:
        engine.dispose()


def _said(connection: Connection, question: str) -> Any:
    return connection.exec_driver_sql(question).scalar()


def _sqlite(connection: Connection) -> Iterator[Finding]:
    sound = _said(connection, "PRAGMA quick_check(1)")
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if sound != "ok" or broken:
        seen = f"damaged ({sound})" if broken is None else f"rows of {broken[0]} point nowhere"
        yield wrong("database", seen, "Stop the product and restore the last good backup.")
        return
    version = _said(connection, "SELECT sqlite_version()")
    journal = _said(connection, "PRAGMA journal_mode")
    yield right("database", f"SQLite {version}, sound, journal {journal}")


def _postgres(connection: Connection) -> Iterator[Finding]:
    version = _said(connection, "SHOW server_version")
    encoding = _said(connection, "SHOW server_encoding")
    if int(_said(connection, "SHOW server_version_num")) < OLDEST_POSTGRES:
        yield wrong("database", f"PostgreSQL {version} is too old", "Update it to 14 or newer.")
    elif encoding != "UTF8":
        yield wrong(
            "database",
            f"PostgreSQL {version} stores {encoding}: not every name fits",
            "Create the database anew with ENCODING 'UTF8' and restore a backup into it.",
        )
    else:
        yield right("database", f"PostgreSQL {version}, {encoding}")
    yield from backup_tools(int(_said(connection, "SHOW server_version_num")) // 10_000)
    apart = abs((_said(connection, "SELECT clock_timestamp()") - datetime.now(UTC)).total_seconds())
    if apart > MOST_APART_SECONDS:
        yield wrong(
            "database clock",
            f"{apart:.0f} seconds from this machine's",
            "Run NTP on both machines.",
        )
    else:
        yield right("database clock", f"{apart:.1f} seconds from this machine's")


def backup_tools(server: int) -> Iterator[Finding]:
    """The programs that back up a server of this major version are installed here."""
    try:
        tools = postgres.tools_for(server)
    except BackupError as error:
        need, _, advice = str(error).rpartition(": ")
        yield wrong("backup tools", need, f"{advice[0].upper()}{advice[1:]}")
    else:
        yield right("backup tools", f"pg_dump {tools.major} in {tools.folder}")


def migrated() -> Iterator[Finding]:
    """It has exactly this version's tables."""
    try:
        there = migrations.current()
    except DatabaseAway as error:
        yield wrong("migrations", f"cannot be read ({error})", "See the database above.")
        return
    if there == migrations.head():
        yield right("migrations", f"at {', '.join(sorted(there))}, the newest")
    elif there <= migrations.known():
        behind = ", ".join(sorted(there)) or "none at all"
        yield wrong("migrations", f"behind ({behind})", UPGRADE)
    else:
        yield wrong(
            "migrations",
            f"of a newer version ({', '.join(sorted(there))})",
            "Run the version of the product that made them, or restore an older backup.",
        )


def left_behind() -> Iterator[Finding]:
    """Webhooks and messages that the worker has given up, or has not come to."""
    if not _is_migrated():
        yield skipped("waiting work", "needs this version's tables")
        return
    with db.reading() as session:
        failed = _count(session, InboxEvent, col(InboxEvent.status) == InboxStatus.FAILED)
        dead = _count(session, OutboxMessage, col(OutboxMessage.status) == OutboxStatus.DEAD)
        late = _count(
            session,
            OutboxMessage,
            col(OutboxMessage.status).in_([OutboxStatus.DUE, OutboxStatus.FAILED])
            & (col(OutboxMessage.due_at) < clock.utc_now() - LATE),
        )
    if failed:
        yield wrong("webhooks", f"{failed} failed", "See the admin's page of jobs for the reasons.")
    else:
        yield right("webhooks", "none has failed")
    if dead:
        advice = "Put the cause right, then run `python -m mentorships.cli retry`."
        yield wrong("messages", f"{dead} could not be sent", advice)
    elif late:
        yield wrong("messages", f"{late} wait for more than ten minutes", "See the worker below.")
    else:
        yield right("messages", "none is dead or late")


def _is_migrated() -> bool:
    try:
        return migrations.at_head()
    except DatabaseAway:
        return False


def _count(session: Any, table: Any, condition: Any) -> int:
    return int(
        session.execute(select(func.count()).select_from(table).where(condition)).scalar_one()
    )

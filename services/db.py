"""The database: one engine per process, and the two ways to open a transaction.

`transaction()` writes, `reading()` reads. On SQLite a write begins with BEGIN IMMEDIATE behind a
lock of this process (waiting in the process is ten times faster than SQLite's busy-waiting), so
what a write transaction has read stays true until its commit.

Nothing waits for ever: connecting, waiting for a lock, and a statement each have an end. A database
that does not answer is `DatabaseUnavailable`, and the next transaction simply tries again.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    any_,
    create_engine,
    event,
    func,
    literal,
    make_url,
    select,
)
from sqlalchemy import exc as driver
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel, col

from services import models as models  # registers the tables
from services import outages
from services.config import settings
from services.errors import DatabaseUnavailable

SQLITE_BUSY_MS = 15_000
POOL_WAIT_SECONDS = 30
CONNECT_SECONDS = 5
POSTGRES_LIMITS = {
    "statement_timeout": "60s",
    "lock_timeout": "15s",
    # A transaction that waits for its own process is a bug: it must not keep its locks for ever.
    "idle_in_transaction_session_timeout": "60s",
}
POSTGRES_ALIVE: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    # A server that vanished without a word is noticed after about ten seconds.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How every connection of ours to PostgreSQL is kept alive, the job queue's as well."""

_AWAY = (
    *(driver.OperationalError, driver.InterfaceError, driver.TimeoutError),
    driver.InternalError,  # a server that became a replica
)

_engine: Engine | None = None
_engine_lock = threading.Lock()
_this_thread = threading.local()


class Turn:
    """Lets one thread in after another; who waits for so many seconds in vain is told."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """Raises DatabaseUnavailable: it did not become our turn."""
        if not self._lock.acquire(timeout=self._seconds):
            raise DatabaseUnavailable(f"another writer did not end within {self._seconds:g} s")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_sqlite_writer = Turn(SQLITE_BUSY_MS / 1000)


def make_engine(url: str) -> Engine:
    """An engine with the product's settings for `url` (sqlite:/// or postgresql+psycopg://).

    It opens at most twice DATABASE_POOL_SIZE connections to PostgreSQL.
    """
    size = settings().database_pool_size
    if make_url(url).get_backend_name() != "sqlite":
        limits = " ".join(f"-c {name}={value}" for name, value in POSTGRES_LIMITS.items())
        return create_engine(
            url,
            pool_size=size,
            max_overflow=size,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_pre_ping=True,
            connect_args={
                **POSTGRES_ALIVE,
                "options": limits,
                "application_name": application_name(),
            },
            hide_parameters=True,  # they are people's data, and errors go to the log
        )
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=64,
        pool_timeout=POOL_WAIT_SECONDS,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def application_name() -> str:
    """How PostgreSQL shows this process: `mentorships-<process>@<host>`, in its 63 characters."""
    return f"mentorships-{os.getpid()}@{socket.gethostname()}"[:63]


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.create_function("lower", 1, _lower, deterministic=True)
    for pragma in (
        f"busy_timeout = {SQLITE_BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _lower(text: str | None) -> str | None:
    """SQLite's own `lower` knows ASCII only: a search for özil would not find Özil."""
    return text.lower() if isinstance(text, str) else text


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def engine() -> Engine:
    """The engine of this process, made from DATABASE_URL at first use."""
    global _engine
    if _engine is None:
        with _engine_lock:
            if _engine is None:
                if settings().is_sqlite:
                    settings().data_dir.mkdir(parents=True, exist_ok=True)
                _engine = make_engine(settings().database_url)
    return _engine


def configure(url: str) -> None:
    """Use another database from now on (tests, restore)."""
    global _engine
    dispose()
    _engine = make_engine(url)


def dispose(*, close: bool = True) -> None:
    """Forget the engine; `close=False` in a forked child, which must not close its parent's."""
    global _engine
    if _engine is not None:
        _engine.dispose(close=close)
    _engine = None


@contextmanager
def transaction() -> Iterator[Session]:
    """A write transaction: commits at the end, rolls back on any error.

    Raises:
        RuntimeError: another one is open in this thread; on SQLite it would wait for itself.
        DatabaseUnavailable: it does not answer. Whether a commit arrived is then unknown.
    """
    bound = engine()
    if getattr(_this_thread, "writes", False):
        raise RuntimeError("this thread has a transaction open: pass its session on")
    if rehearsed := _rehearsed():
        with Session(rehearsed, **_REHEARSED) as session, session.begin():
            yield session
        return
    _this_thread.writes = True
    try:
        with _said_plainly(), _sqlite_writer if _is_sqlite(bound) else nullcontext():
            writer = bound.execution_options(writes=True)
            with Session(writer, expire_on_commit=False) as session, session.begin():
                yield session
    finally:
        _this_thread.writes = False


@contextmanager
def reading() -> Iterator[Session]:
    """A transaction that only reads, and never waits for writers.

    Raises:
        DatabaseUnavailable: it does not answer.
    """
    if rehearsed := _rehearsed():
        with Session(rehearsed, autoflush=False, **_REHEARSED) as session:
            yield session
        return
    with _said_plainly(), Session(engine(), expire_on_commit=False, autoflush=False) as session:
        yield session  # closing ends the transaction and leaves the rows that were read usable


_REHEARSED: dict[str, Any] = {
    "expire_on_commit": False,
    "join_transaction_mode": "create_savepoint",
}


@contextmanager
def rehearsal() -> Iterator[None]:
    """Everything that this thread writes inside is taken back in the end: its transactions are
    savepoints of one that never commits. It locks like any other, so no vendor is called inside.

    Raises:
        RuntimeError: this thread has a transaction open, or rehearses already.
        DatabaseUnavailable: it does not answer.
    """
    if getattr(_this_thread, "writes", False) or _rehearsed():
        raise RuntimeError("this thread has a transaction open: it cannot rehearse")
    bound = engine()
    writer = bound.execution_options(writes=True)
    with (
        _said_plainly(),
        _sqlite_writer if _is_sqlite(bound) else nullcontext(),
        writer.connect() as connection,
    ):
        whole = connection.begin()
        _this_thread.rehearsed = connection
        try:
            yield
        finally:
            _this_thread.rehearsed = None
            whole.rollback()


def _rehearsed() -> Connection | None:
    return getattr(_this_thread, "rehearsed", None)


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        if outages.away(error) != "database":  # SQLite says "no such column" by the same class
            raise
        first_line = str(error).partition("\n")[0]  # the rest is SQL
        raise DatabaseUnavailable(first_line[:300]) from error


def _is_sqlite(bound: Engine) -> bool:
    return bound.dialect.name == "sqlite"


def among(session: Session, column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """`column IN ids` for hundreds of ids: one parameter, where each of an IN list's is written
    into the statement anew, and counts towards SQLite's limit."""
    if session.get_bind().dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(ids))).table_valued("value")
        return col(column).in_(select(listed.c.value))
    return col(column) == any_(literal(list(ids), postgresql.ARRAY(BigInteger)))


def insert_or_ignore(session: Session, row: SQLModel) -> bool:
    """Insert `row` unless a unique constraint already holds it; True when it was inserted.

    Unlike a caught IntegrityError this leaves the transaction usable on PostgreSQL.
    """
    table = type(row).__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    values = row.model_dump(exclude={"id"})
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    written = insert(table).values(values).on_conflict_do_nothing()
    statement = written.returning(*table.primary_key.columns)
    inserted = session.connection().execute(statement).first() is not None
    if inserted and _noted is not None:
        _noted(table.name, str(values.get("public_id") or ""))
    return inserted


_noted: Callable[[str, str], None] | None = None


def on_inserted(note: Callable[[str, str], None]) -> None:
    """Tell `note` the table and the public id ("" without one) of each row that `insert_or_ignore`
    writes: no event of SQLAlchemy's tells whether it did."""
    global _noted
    _noted = note


def insert_all_or_ignore(
    session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]
) -> int:
    """Insert the rows that no unique constraint holds already, by one statement; how many."""
    statement = _inserting(cast(Any, table), session.get_bind().dialect.name)
    return len(session.connection().execute(statement, rows).all())


@lru_cache
def _inserting(table: Any, dialect: str) -> Executable:
    """Made once, since making it costs as much as running it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table.__table__).on_conflict_do_nothing().returning(table.__table__.c.id)

"""A database that does not answer is a sentence, soon, and forgotten when it answers again."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select, text

from services import db, locking
from services.config import settings
from services.errors import DatabaseUnavailable
from services.ids import UserId
from services.models import User
from state.guard import explain
from tests.support.people import make_user
from tests.support.ports import free_ports

SENTENCE = "The studio cannot reach its database right now. Please try again in a minute."


def somebody() -> list[User]:
    with db.reading() as session:
        return list(session.exec(select(User)).all())


@pytest.mark.one_database("sqlite")
def test_a_folder_that_is_gone_is_told_and_the_next_read_after_its_return_works(
    database: str, tmp_path: Path
) -> None:
    make_user()
    db.dispose()
    kept = tmp_path / "kept.db"
    shutil.move(tmp_path / "app.db", kept)
    (tmp_path / "app.db").mkdir()  # cannot be opened as a file

    with pytest.raises(DatabaseUnavailable, match="cannot reach its database") as told:
        somebody()

    assert explain(told.value) == (SENTENCE, "warning")
    assert "unable to open" in told.value.reason
    (tmp_path / "app.db").rmdir()
    shutil.move(kept, tmp_path / "app.db")
    assert len(somebody()) == 1


@pytest.mark.one_database("sqlite")
def test_a_database_that_became_read_only_refuses_changes_in_words_and_still_reads(
    database: str,
) -> None:
    make_user()
    with pytest.raises(DatabaseUnavailable), db.transaction() as session:
        session.connection().exec_driver_sql("PRAGMA query_only = ON")
        session.add(User(email="b@example.com", name="B", password_hash="x"))
    assert len(somebody()) == 1


@pytest.mark.one_database("postgres")
def test_a_server_that_nobody_runs_is_told_without_its_password(database: str) -> None:
    (port,) = free_ports(1)
    db.configure(f"postgresql+psycopg://studio:hidden-word@127.0.0.1:{port}/studio")
    with pytest.raises(DatabaseUnavailable) as told:
        somebody()
    assert explain(told.value) == (SENTENCE, "warning")
    assert "hidden-word" not in told.value.reason
    db.configure(database)
    assert somebody() == []


@pytest.mark.one_database("postgres")
def test_connections_that_the_server_closed_are_replaced_unseen(database: str) -> None:
    make_user()
    with db.reading() as session:
        mine = session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with psycopg.connect(database.replace("postgresql+psycopg", "postgresql")) as operator:
        operator.execute("SELECT pg_terminate_backend(%s)", [mine])
    assert len(somebody()) == 1


@pytest.mark.one_database("postgres")
def test_every_connection_ends_what_takes_too_long(database: str) -> None:
    with db.reading() as session:
        limits = {
            name: session.exec(text(f"SHOW {name}")).scalar_one()  # pyright: ignore
            for name in db.POSTGRES_LIMITS
        }
    assert limits == {
        "statement_timeout": "1min",
        "lock_timeout": "15s",
        "idle_in_transaction_session_timeout": "1min",
    }


@pytest.mark.one_database("postgres")
def test_who_waits_too_long_for_a_lock_is_told_and_holds_nothing_up(database: str) -> None:
    user = make_user()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with db.transaction() as session:
            locking.lock(session, users=[user])
            held.set()
            assert done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    try:
        with pytest.raises(DatabaseUnavailable, match="database"):
            rename(user, lock_timeout="50ms")
    finally:
        done.set()
        holder.join(30)
    rename(user, lock_timeout="15s")


@pytest.mark.one_database("sqlite")
def test_a_wrong_name_of_a_column_is_a_mistake_and_no_outage(database: str) -> None:
    with pytest.raises(OperationalError, match="no such column"), db.reading() as session:
        session.exec(text("SELECT nobody FROM topic_change"))  # pyright: ignore


@pytest.mark.one_database("sqlite")
def test_a_statement_that_was_interrupted_is_an_outage(database: str) -> None:
    with pytest.raises(DatabaseUnavailable) as told, db.reading() as session:
        raw = session.connection().connection.dbapi_connection
        assert raw
        raw.create_function("stop", 0, raw.interrupt)  # pyright: ignore
        session.exec(text("SELECT stop() UNION ALL SELECT stop() ORDER BY 1")).all()  # pyright: ignore
    assert "interrupted" in told.value.reason


@pytest.mark.one_database("postgres")
def test_a_server_that_became_a_replica_is_away_for_who_writes(database: str) -> None:
    with pytest.raises(DatabaseUnavailable) as told, db.transaction() as session:
        session.connection().exec_driver_sql("SET TRANSACTION READ ONLY")
        session.add(User(email="b@example.com", name="B", password_hash="x"))
    assert "read-only" in told.value.reason


def test_who_waits_in_vain_for_its_turn_to_write_is_told_and_the_next_one_writes() -> None:
    turn = db.Turn(0.01)
    with turn, pytest.raises(DatabaseUnavailable) as told, turn:
        raise AssertionError("two at once")
    assert "another writer" in told.value.reason
    with turn:
        pass


def rename(user: UserId, *, lock_timeout: str) -> None:
    """Change the account, with less patience than usual."""
    with db.transaction() as session:
        session.connection().exec_driver_sql(f"SET LOCAL lock_timeout = '{lock_timeout}'")
        locking.lock(session, users=[user])
        session.get_one(User, user).name = "Other Name"


@pytest.mark.one_database("postgres")
def test_a_process_opens_no_more_connections_than_its_settings_allow(database: str) -> None:
    size = settings().database_pool_size
    connections = [db.engine().connect() for _ in range(2 * size)]
    try:
        assert db.engine().pool.checkedout() == 2 * size  # pyright: ignore
        assert db.engine().pool.size() == size  # pyright: ignore
    finally:
        for each in connections:
            each.close()

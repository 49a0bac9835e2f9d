"""How SQLite finds recordings and their files: by the indexes that are there, in their order."""

from __future__ import annotations

import pytest

from services import analytics, costs, db
from services.audit import SYSTEM, Actor
from services.ids import UserId
from services.storage import checking, moving, overview
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording
from tests.services.recordings import left, stores
from tests.services.rows import counted_reading

OF_ONE = "recording_file.recording_id = ?"
ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.one_database("sqlite")]


def steps(statements: list[str]) -> list[str]:
    """The steps by which SQLite would run them."""
    with db.reading() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        return [
            row[3]
            for said in statements
            for row in driver.execute(f"EXPLAIN QUERY PLAN {said}", [None] * said.count("?"))
        ]


def sorts_or_scans(statements: list[str]) -> list[str]:
    """Whole tables that are read, and orders that are made: both grow with the years. One
    recording's own files may be put in order."""
    return [
        step
        for step in steps([said for said in statements if _reads_many(said)])
        if (step.startswith(("SCAN recording", "SCAN recording_file")) and "USING" not in step)
        or step == "USE TEMP B-TREE FOR ORDER BY"
    ]


def _reads_many(said: str) -> bool:
    return said.startswith("SELECT") and "recording" in said and OF_ONE not in said


def test_the_page_of_stores_reads_no_table_whole() -> None:
    a_file(a_recording(a_held_session(a_pair())))
    with counted_reading() as (session, statements):
        overview.list_stores(session, actor=ADMIN)
    assert len(statements) == 4
    assert sorts_or_scans(statements) == []


def test_the_nightly_check_reads_no_table_whole() -> None:
    recording = a_recording(a_held_session(a_pair()))
    a_file(recording)
    left(recording, "late.mp4", b"film")
    with counted_reading() as (_, statements):
        checking.check()
    assert sorts_or_scans(statements) == []


def test_a_move_reads_no_table_whole() -> None:
    a_file(a_recording(a_held_session(a_pair())))
    with stores(vault="vault"), counted_reading() as (_, statements):
        moving.move(actor=SYSTEM, to="vault", store="local")
        moving.underway(to="vault")
    assert sorts_or_scans(statements) == []


def test_the_forecast_of_costs_finds_each_day_by_an_index_and_sorts_nothing() -> None:
    a_recording(a_held_session(a_pair()))
    with counted_reading() as (session, statements):
        costs.get_costs(session, actor=ADMIN, period=analytics.period())
    parts = ("recording.keep_until", "mentoring_session.status IN")
    ahead = steps([said for said in statements if any(part in said for part in parts)])
    assert "USE TEMP B-TREE FOR GROUP BY" not in ahead
    found = [step.split(" (")[0] for step in ahead if step.startswith("SEARCH")]
    assert found == [
        *["SEARCH recording USING INDEX ix_recording_keep_until"] * 2,
        "SEARCH mentoring_session USING COVERING INDEX ix_mentoring_session_status_starts_at",
    ]

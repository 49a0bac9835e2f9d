"""The big studio of the dashboards' benchmark is one that the product could have written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import exists, func, select, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel, col

from benchmarks.big_studio import NOW, Size, fill
from services import db
from services.ids import MentorId
from services.models import CapacityEvent, Order, Pack, ReportChange, User

SIZE = Size(orders=40, mentors=4, mentees=40, days=60)
GUARDS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgrelid, tgname, tgenabled FROM pg_trigger ORDER BY oid",
}


def _guards() -> list[tuple[object, ...]]:
    with db.reading() as session:
        question = GUARDS[session.get_bind().dialect.name]
        return [tuple(row) for row in session.connection().execute(text(question))]


def _marks() -> int:
    with db.reading() as session:
        return session.connection().execute(select(func.count(col(ReportChange.id)))).scalar_one()


@pytest.mark.usefixtures("database")
def test_every_trigger_is_as_it_was_before_the_studio_was_filled() -> None:
    before = _guards()
    fill(SIZE)
    assert _guards() == before
    assert _marks() == 0
    later = CapacityEvent(mentor_id=MentorId(1), capacity=7, at=NOW - timedelta(days=9))
    with db.transaction() as session:
        session.add(later)
    assert _marks() == 1
    with (
        pytest.raises(DatabaseError, match="append-only"),
        db.transaction() as session,
    ):
        session.connection().execute(text("UPDATE seat_event SET reason = 'another'"))


@pytest.mark.usefixtures("database")
def test_what_is_filled_in_is_whole_and_new_rows_come_after_it() -> None:
    fill(SIZE)
    with db.reading() as session:
        for table in SQLModel.metadata.sorted_tables:
            for key in table.foreign_keys:
                other = key.column.table.alias()
                lost = key.parent.is_not(None) & ~exists().where(
                    other.c[key.column.name] == key.parent
                )
                orphans = session.connection().execute(
                    select(func.count()).select_from(table).where(lost)
                )
                assert orphans.scalar_one() == 0, key
        for counted in (Order, Pack):
            found = session.connection().execute(select(func.count(col(counted.id))))
            assert found.scalar_one() == SIZE.orders
    with db.transaction() as session:
        newcomer = User(email="new@example.com", name="New", password_hash="x")
        session.add(newcomer)
        session.flush()
        assert newcomer.id == SIZE.mentors + SIZE.mentees + 1

"""How SQLite finds the rows of a report: by the indexes that are there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from sqlmodel import SQLModel

from services import analytics, clock, db
from services.analytics import Period
from services.audit import Actor
from services.ids import UserId
from tests.services.rows import a_mentor, a_user, an_offer, an_order, counted_reading
from tests.services.sales import paid

ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
YEAR = Period(date(2025, 4, 15), date(2026, 3, 31))
TABLES = "|".join(SQLModel.metadata.tables)


def _steps(statements: list[str]) -> list[str]:
    """The steps by which SQLite would run the statements. It looks at no parameter for that."""
    with db.reading() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        return [
            row[3]
            for said in statements
            for row in driver.execute(f"EXPLAIN QUERY PLAN {said}", [None] * said.count("?"))
        ]


@pytest.mark.one_database("sqlite")
@pytest.mark.parametrize("rolled_up", [True, False])
@pytest.mark.parametrize("narrowed", ["", "mentor", "offer", "provider"])
@pytest.mark.usefixtures("database")
def test_no_report_makes_an_index_of_its_own_over_a_table(narrowed: str, rolled_up: bool) -> None:
    with clock.at(NOW):
        mentor = a_mentor()
        offer = an_offer(mentor, 10_000)
        paid(an_order(a_user("Bea"), offer), NOW)
        if rolled_up:
            analytics.roll_up()
        which = {"mentor": mentor.slug, "offer": offer.public_id, "provider": "stripe"}
        chosen = {narrowed: which[narrowed]} if narrowed else {}
        with counted_reading() as (session, statements):
            analytics.get_revenue(session, actor=ADMIN, period=YEAR, **chosen)
            if narrowed in {"", "mentor"}:
                analytics.get_seats(session, actor=ADMIN, period=YEAR, **chosen)
        steps = _steps(statements)
    assert any("posting" in step for step in steps)
    made = rf"SEARCH ({TABLES})(_\d+)? USING AUTOMATIC"  # of what it just worked out, it may
    assert not [step for step in steps if re.match(made, step)]

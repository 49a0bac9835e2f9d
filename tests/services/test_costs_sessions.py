"""What each session costs, one by one and in lists; and prices that are taken back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from services import analytics, clock, costs, db
from services.analytics import Period
from services.audit import Actor
from services.costs import NewPrice
from services.errors import InvalidInput, NotAllowed, NotFound
from services.ids import UserId
from services.models import AuditEntry, Price
from tests.services.recorded import GB, a_held_session, recorded, some_pack
from tests.services.rows import VISITOR, acting, an_admin, counted_reading

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    """The same instant in every test."""
    with clock.at(NOW):
        yield


def listed(most: int = 100) -> tuple[costs.SessionLine, ...]:
    """The sessions of March by the plan's prices."""
    with db.reading() as session:
        return costs.list_sessions(session, actor=ADMIN, period=MARCH, preset="plan", most=most)


def test_every_recorded_session_of_a_period_is_listed_with_its_own_cost() -> None:
    pack = some_pack("Mina Mentor")
    first = a_held_session(pack, NOW - 10 * DAY)
    second = a_held_session(pack, NOW - 5 * DAY)
    a_held_session(pack, NOW - 4 * DAY)
    earlier = a_held_session(pack, NOW - 40 * DAY)
    recorded(first, seconds=1_800, stays=DAY)
    recorded(second, size=2 * GB, sent=GB)
    recorded(earlier)
    lines = listed()
    assert [line.session for line in lines] == [first.public_id, second.public_id]
    assert [line.mentor_name for line in lines] == ["Mina Mentor"] * 2
    with db.reading() as session:
        alone = costs.get_session_cost(
            session, actor=ADMIN, session=second.public_id, preset="plan"
        )
    assert lines[1].cost == alone
    assert lines[0].cost.cost.recording.micros == 30 * 990


def test_the_costs_of_some_sessions_are_two_queries_however_many_they_are() -> None:
    pack = some_pack()
    held = [a_held_session(pack, NOW - n * DAY) for n in range(1, 6)]
    for one in held[:4]:
        recorded(one)
    names = {one.public_id for one in held}
    with counted_reading() as (session, statements):
        found = costs.list_session_costs(session, actor=ADMIN, sessions=names, preset="plan")
    assert len(statements) == 2
    assert set(found) == {one.public_id for one in held[:4]}, "one has used nothing"
    assert {one.cost.recording.micros for one in found.values()} == {60 * 990}


def test_the_file_of_sessions_says_what_was_measured_and_what_each_kind_cost() -> None:
    recorded(a_held_session(some_pack("=Mina()"), NOW - 2 * DAY), size=2 * GB, sent=GB)
    text = analytics.csv_of(costs.sessions_frame(listed()))
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["recorded (seconds)"], row["stored now (bytes)"]) == ("3600", str(2 * GB))
    assert (row["mentor"], row["currency"]) == ("'=Mina()", "USD")
    assert row["recording"] == "0.059400"
    assert row["download"] == "0.010000"
    assert row["without a price"] == ""


def test_more_sessions_than_anybody_reads_are_refused_in_words() -> None:
    pack = some_pack()
    recorded(a_held_session(pack, NOW - DAY))
    assert len(listed(most=1)) == 1
    recorded(a_held_session(pack, NOW - 2 * DAY))
    with pytest.raises(InvalidInput, match="choose a shorter period"):
        listed(most=1)


def test_a_price_that_is_taken_back_counts_no_more_and_what_stood_before_does() -> None:
    recorded(a_held_session(some_pack(), NOW - DAY), size=0)
    actor = acting(an_admin())
    asked = {"preset": "plan", "component": "recording", "place": "", "valid_from": "2026-03-01"}
    with db.transaction() as session:
        new = NewPrice("plan", "recording", "5", "2026-03-01")
        costs.set_price(session, actor=actor, new=new)
    assert listed()[0].cost.cost.recording.micros == 60 * 5_000
    with db.transaction() as session:
        costs.remove_price(session, actor=actor, **asked)
    assert listed()[0].cost.cost.recording.micros == 60 * 990
    with db.transaction() as session:
        assert session.exec(select(Price)).all() == []
        gone = session.exec(select(AuditEntry).where(AuditEntry.action == "price.removed")).one()
        assert gone.before["micros"] == 5_000
        with pytest.raises(NotFound):
            costs.remove_price(session, actor=actor, **asked)


def test_nobody_but_an_admin_sees_the_costs_of_sessions_or_takes_a_price_back() -> None:
    with db.transaction() as session:
        with pytest.raises(NotAllowed):
            costs.list_sessions(session, actor=VISITOR, period=MARCH)
        with pytest.raises(NotAllowed):
            costs.list_session_costs(session, actor=VISITOR, sessions=["ses_1"])
        with pytest.raises(NotAllowed):
            costs.remove_price(
                session,
                actor=VISITOR,
                preset="plan",
                component="cdn",
                place="",
                valid_from="2026-01-01",
            )

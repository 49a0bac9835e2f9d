"""Two people, or a person and the clock, at once: one outcome, and the credit moves once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from services import booking, clock, db, sessions
from services.errors import OutOfDate
from services.models import OutboxMessage, Pack, SessionStatus
from tests.chaos import crowd
from tests.services.meetings import HOUR, Together, at, entries, session_of, together
from tests.services.rows import acting, an_admin
from tests.support.studio import BEGINNING, stored

START = at(2)
END = START + HOUR
DECIDE_BY = END + timedelta(hours=72)
S = SessionStatus
Result = TypeVar("Result")


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield together()


@pytest.fixture
def session(pair: Together) -> str:
    """A session that is over and unresolved."""
    [booked] = pair.book(START)
    with clock.at(END):
        sessions.advance_due()
    return booked


def at_once(moment: datetime, *calls: Callable[[], Result]) -> list[Result | Exception]:
    """All calls together, each in a thread whose clock stands at `moment`."""

    def there(call: Callable[[], Result]) -> Callable[[], Result]:
        def run() -> Result:
            with clock.at(moment):
                return call()

        return run

    return crowd.together([there(call) for call in calls])


def settled_once(session: str) -> str:
    """The name of the one thing that happened to the reserved credit."""
    [reserved, settled] = entries()
    assert reserved[0] == "reserve"
    [pack] = stored(Pack)
    assert pack.reserved == 0
    assert pack.left == (3 if settled[0] == "consume" else 4)
    used = session_of(session).status in {S.COMPLETED, S.MENTEE_NO_SHOW}
    assert used is (settled[0] == "consume")
    outcomes = [row for row in stored(OutboxMessage) if row.data["template"] == "session_outcome"]
    assert len(outcomes) == 2, "one mail each"
    return settled[0]


def test_two_who_decide_at_once_make_one_outcome(pair: Together, session: str) -> None:
    def mentor() -> SessionStatus:
        return sessions.decide(actor=pair.owner, session=session, outcome=S.MENTOR_NO_SHOW)

    def mentee() -> SessionStatus:
        return sessions.decide(actor=pair.actor, session=session, outcome=S.COMPLETED)

    results = at_once(END + HOUR, mentor, mentee, mentor, mentee)
    assert all(isinstance(each, OutOfDate | SessionStatus) for each in results)
    assert len({each for each in results if isinstance(each, SessionStatus)}) == 1
    settled_once(session)


def test_a_decision_and_the_end_of_its_time_make_one_outcome(pair: Together, session: str) -> None:
    def mentor() -> object:
        return sessions.decide(actor=pair.owner, session=session, outcome=S.COMPLETED)

    results = at_once(DECIDE_BY, mentor, sessions.advance_due, sessions.advance_due)
    assert all(isinstance(each, OutOfDate | SessionStatus | int) for each in results)
    settled_once(session)


def test_two_sweeps_end_a_session_once(pair: Together) -> None:
    [booked] = pair.book(START)
    with clock.at(START):
        for actor in (pair.actor, pair.owner):
            sessions.join(actor=actor, session=booked)
    results = at_once(END, *[sessions.advance_due] * 4)
    assert sorted(str(each) for each in results) == ["0", "0", "0", "1"]
    assert settled_once(booked) == "consume"


def test_a_cancellation_and_the_start_agree_on_one_of_them(pair: Together) -> None:
    [booked] = pair.book(START)

    def canceled() -> object:
        return booking.cancel(actor=pair.owner, session=booked, sequence=0, reason="I am ill")

    at_once(START, canceled, sessions.advance_due)
    with clock.at(END):
        sessions.advance_due()
    assert session_of(booked).status is S.CANCELED
    assert [name for name, _ in entries()] == ["reserve", "return"]


def test_two_admins_settle_one_objection_once(pair: Together, session: str) -> None:
    with clock.at(END):
        sessions.decide(actor=pair.owner, session=session, outcome=S.COMPLETED)
        sessions.object_to(actor=pair.actor, session=session, text="Not so")
    with db.reading() as reading:
        found = sessions.get_session(reading, actor=pair.actor, session=session).objection
    assert found is not None
    admins = [acting(an_admin(name)) for name in ("Ada Admin", "Adam Admin")]

    def settle(number: int) -> Callable[[], object]:
        return lambda: sessions.settle_objection(
            actor=admins[number], objection=found.public_id, uphold=number == 0, answer="Decided"
        )

    results = at_once(END + HOUR, settle(0), settle(1))
    assert sum(isinstance(each, OutOfDate) for each in results) == 1
    kinds = [name for name, _ in entries()]
    back = session_of(session).status is S.CANCELED
    assert kinds == ["reserve", "consume", "return"] if back else ["reserve", "consume"]

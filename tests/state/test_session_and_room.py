"""What the page of a session says of what happened in its room."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from services import booking, clock, db, sessions, video
from services.audit import Actor
from state.session_faces import outcome
from state.session_times import Rights, rights
from tests.services.meetings import HOUR, Together, at, together
from tests.support.studio import BEGINNING

START = at(2)
END = START + HOUR
MINUTE = timedelta(minutes=1)


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield together()


@pytest.fixture
def session(pair: Together) -> str:
    """One booked session of the pair."""
    [booked] = pair.book(START)
    return booked


def is_in_the_room(actor: Actor, session: str, since: datetime, until: datetime) -> None:
    """One enters, stays, and leaves."""
    with clock.at(since):
        video.enter(actor=actor, session=session)
    with clock.at(until):
        video.leave(actor=actor, session=session)


def may(actor: Actor, session: str, when: datetime) -> Rights:
    with clock.at(when), db.reading() as reading:
        view = sessions.get_session(reading, actor=actor, session=session)
        return rights(view, "UTC", when)


def test_who_came_one_after_the_other_reads_that_nothing_shows_a_session(
    pair: Together, session: str
) -> None:
    is_in_the_room(pair.actor, session, START, START + 12 * MINUTE)
    is_in_the_room(pair.owner, session, START + 45 * MINUTE, END - MINUTE)
    with clock.at(END):
        sessions.advance_due()
        with db.reading() as reading:
            view = sessions.get_session(reading, actor=pair.actor, session=session)
        shown = outcome(view, "UTC")
    assert shown.words.startswith("Both came, but nothing shows that the session was held. If")


def test_after_the_end_there_is_a_way_back_into_the_room_for_who_was_there(
    pair: Together, session: str
) -> None:
    is_in_the_room(pair.actor, session, START, END - MINUTE)
    with clock.at(END):
        sessions.advance_due()
    mine = may(pair.actor, session, END + 14 * MINUTE)
    assert (mine.joins, mine.room_href) == (True, f"/sessions/{session}/room")
    assert mine.join_note.startswith("The session is over. You can go back into its room until ")
    for actor, when in ((pair.actor, END + 15 * MINUTE), (pair.owner, END + MINUTE)):
        others = may(actor, session, when)
        assert (others.joins, others.room_href, others.join_note) == (False, "", "")


def test_nobody_goes_back_to_what_only_the_link_or_a_canceled_session_was(
    pair: Together, session: str
) -> None:
    with clock.at(START):
        sessions.join(actor=pair.actor, session=session)
        video.enter(actor=pair.owner, session=session)
    assert not may(pair.actor, session, END).joins
    assert may(pair.owner, session, END).joins
    with clock.at(END - MINUTE):
        booking.cancel(actor=pair.owner, session=session, sequence=0, reason="A train")
    assert not may(pair.owner, session, END).joins

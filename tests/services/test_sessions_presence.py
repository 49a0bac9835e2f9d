"""Entering a session, and what its two people write about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from services import booking, clock, db, sessions
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.models import Availability, SessionJoin, SessionNote, SessionStatus
from tests.services.meetings import HOUR, Together, at, session_of, together
from tests.services.rows import a_user, acting, an_admin
from tests.support.studio import BEGINNING, stored

START = at(2)
END = START + HOUR
S = SessionStatus


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


def test_joining_opens_15_minutes_before_and_closes_with_the_end(
    pair: Together, session: str
) -> None:
    with db.transaction() as tx:
        tx.get_one(Availability, pair.mentor.id).meeting_link = "https://meet.example.com/mina"
    for moment in (START - timedelta(minutes=15, seconds=1), END):
        with clock.at(moment), pytest.raises(Conflict):
            sessions.join(actor=pair.actor, session=session)
    with clock.at(START - timedelta(minutes=15)):
        link = sessions.join(actor=pair.actor, session=session)
        assert link == "https://meet.example.com/mina"
        sessions.join(actor=pair.actor, session=session)  # a double click
        assert len(stored(SessionJoin)) == 1
    with clock.at(END - timedelta(seconds=1)):
        sessions.join(actor=pair.actor, session=session)
        assert len(stored(SessionJoin)) == 2
        with pytest.raises(NotAllowed):
            sessions.join(actor=acting(an_admin()), session=session)
        with pytest.raises(NotFound):
            sessions.join(actor=acting(a_user("Sven Stranger")), session=session)


def test_a_canceled_session_cannot_be_joined(pair: Together, session: str) -> None:
    booking.cancel(actor=pair.actor, session=session, sequence=0)
    with clock.at(START), pytest.raises(Conflict):
        sessions.join(actor=pair.actor, session=session)


@pytest.mark.parametrize("moved_to", [at(3), START + HOUR / 2])
def test_who_joined_before_a_session_moved_has_not_joined_the_moved_one(
    pair: Together, session: str, moved_to: datetime
) -> None:
    with clock.at(START - timedelta(minutes=10)):
        for actor in (pair.actor, pair.owner):
            sessions.join(actor=actor, session=session)
        booking.reschedule(
            actor=pair.owner, session=session, sequence=0, starts_at=moved_to, reason="A train"
        )
    with clock.at(moved_to + HOUR):
        sessions.advance_due()
    assert session_of(session).status is S.UNRESOLVED
    with db.reading() as reading:
        view = sessions.get_session(reading, actor=pair.actor, session=session)
    assert (view.mentee_joined_at, view.mentor_joined_at) == (None, None)


def test_goals_are_the_mentees_until_the_outcome_is_known(pair: Together, session: str) -> None:
    sessions.set_goals(actor=pair.actor, session=session, text=" Learn\r\nto listen ")
    assert session_of(session).goals == "Learn\nto listen"
    with pytest.raises(NotAllowed):
        sessions.set_goals(actor=pair.owner, session=session, text="Mine")
    with pytest.raises(InvalidInput):
        sessions.set_goals(actor=pair.actor, session=session, text="x" * 2001)
    booking.cancel(actor=pair.actor, session=session, sequence=0)
    with pytest.raises(Conflict):
        sessions.set_goals(actor=pair.actor, session=session, text="Too late")


def test_each_has_one_shared_note_and_one_of_their_own(pair: Together, session: str) -> None:
    for actor, words in ((pair.actor, "Nora"), (pair.owner, "Mina")):
        for shared in (True, False):
            sessions.save_note(actor=actor, session=session, shared=shared, body=words)
    sessions.save_note(actor=pair.actor, session=session, shared=True, body="Nora again")
    sessions.save_note(actor=pair.owner, session=session, shared=False, body="")
    sessions.save_note(actor=pair.owner, session=session, shared=False, body="  ")
    kept = {(note.author_id, note.shared): note.body for note in stored(SessionNote)}
    mentee, mentor = pair.mentee.id, pair.mentor.user_id
    assert kept == {
        (mentee, True): "Nora again",
        (mentee, False): "Nora",
        (mentor, True): "Mina",
    }
    with pytest.raises(NotAllowed):
        sessions.save_note(actor=acting(an_admin()), session=session, shared=True, body="Hm")

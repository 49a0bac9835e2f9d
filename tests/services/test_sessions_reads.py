"""Sessions as people read them: who sees what, in which order, with how many queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from services import booking, clock, db, sessions
from services.audit import Actor
from services.errors import InvalidInput, NotAllowed, NotFound, SignInNeeded
from services.models import Availability, ObjectionStatus, SessionStatus
from services.sessions import SessionView, Side
from tests.services.meetings import HOUR, Together, at, audited, together
from tests.services.rows import VISITOR, a_user, acting, an_admin, counted_reading
from tests.support.studio import BEGINNING

START = at(2)
S = SessionStatus
List = Callable[..., Any]


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield together()


def shown(actor: Actor, session: str) -> SessionView:
    with db.reading() as reading:
        return sessions.get_session(reading, actor=actor, session=session)


def starts(listed: List, actor: Actor, **asked: Any) -> list[str]:
    """The public ids that a list shows, all its parts together."""
    found: list[str] = []
    before = None
    while True:
        with db.reading() as reading:
            part = listed(reading, actor=actor, before=before, limit=2, **asked)
        found += [row.public_id for row in part.rows]
        assert part.total is None or part.total >= len(found)
        before = part.next
        if before is None:
            return found


def test_a_session_tells_each_of_the_two_what_is_theirs(pair: Together) -> None:
    [booked] = pair.book(START)
    sessions.set_goals(actor=pair.actor, session=booked, text="Learn to listen")
    for actor, words in ((pair.actor, "Nora"), (pair.owner, "Mina")):
        sessions.save_note(actor=actor, session=booked, shared=True, body=f"{words}, shared")
        sessions.save_note(actor=actor, session=booked, shared=False, body=f"{words}, private")
    booking.propose(actor=pair.owner, session=booked, sequence=0, starts_at=at(5), reason="A train")
    with db.transaction() as tx:
        tx.get_one(Availability, pair.mentor.id).meeting_link = "https://meet.example.com/mina"
    mine, theirs, admins = (
        shown(actor, booked) for actor in (pair.actor, pair.owner, acting(an_admin()))
    )
    assert [view.side for view in (mine, theirs, admins)] == [Side.MENTEE, Side.MENTOR, Side.ADMIN]
    assert (mine.goals, mine.row.has_link) == ("Learn to listen", True)
    assert mine.change_until == START - timedelta(hours=24)
    assert mine.joins_open_at == START - timedelta(minutes=15)
    assert mine.proposal is not None
    assert (mine.proposal.by_name, mine.proposal.starts_at) == ("Mina Mentor", at(5))
    assert mine.row.proposed_by_mentor is True
    notes = {
        name: sorted(note.body for note in view.notes)
        for name, view in (("mine", mine), ("theirs", theirs), ("admins", admins))
    }
    assert notes == {
        "mine": ["Mina, shared", "Nora, private", "Nora, shared"],
        "theirs": ["Mina, private", "Mina, shared", "Nora, shared"],
        "admins": ["Mina, shared", "Nora, shared"],
    }
    assert [bool(view.row.mentee_email) for view in (mine, theirs, admins)] == [False, False, True]


def test_a_strangers_session_is_not_there(pair: Together) -> None:
    [booked] = pair.book(START)
    for actor in (acting(a_user("Sven Stranger")), VISITOR):
        with pytest.raises(NotFound):
            shown(actor, booked)
    with pytest.raises(NotFound):
        shown(pair.actor, "ses_unknown")


def test_the_history_says_who_did_what_and_why(pair: Together) -> None:
    [booked] = pair.book(START)
    booking.reschedule(
        actor=pair.owner, session=booked, sequence=0, starts_at=at(3), reason="A train"
    )
    sessions.save_note(actor=pair.owner, session=booked, shared=False, body="Tired of trains")
    with clock.at(at(3)):
        sessions.join(actor=pair.actor, session=booked)
    with clock.at(at(3) + HOUR):
        sessions.advance_due()
        sessions.decide(actor=pair.actor, session=booked, outcome=S.MENTOR_NO_SHOW, note="Nobody")
    assert {"session.note_saved", "session.joined"} <= set(audited(booked))
    with clock.at(at(7)):
        sessions.advance_due()
    view = shown(pair.actor, booked)
    assert [(line.action, line.by_name) for line in view.history] == [
        ("session.booked", "Nora Novak"),
        ("session.moved", "Mina Mentor"),
        ("session.unresolved", ""),
        ("session.objected", "Nora Novak"),
        ("session.mentor_no_show", ""),
        ("session.objection_upheld", ""),
    ]
    moved = view.history[1]
    assert (moved.before, moved.after, moved.reason) == (START, at(3), "A train")
    assert view.credit_back is True
    assert view.objection is not None
    assert view.objection.status is ObjectionStatus.UPHELD


def test_lists_show_ones_own_in_their_order(pair: Together) -> None:
    other = together(pair.mentor, "Otto Other")
    first, second, third = pair.book(at(2), at(3), at(9))
    [others] = other.book(at(2, 15))
    booking.cancel(actor=pair.actor, session=second, sequence=0)
    with clock.at(at(2, 16)):
        sessions.advance_due()
        mentor = pair.owner
        mine, mentors = sessions.list_mine, sessions.list_mentors
        assert starts(mine, pair.actor, when="upcoming") == [first, third]
        assert starts(mine, pair.actor, when="past") == [second]
        assert starts(mine, pair.actor) == [third, second, first]
        assert starts(mine, other.actor) == [others]
        assert starts(mentors, mentor, when="upcoming") == [first, others, third]
        assert starts(mentors, mentor, when="decide") == [first, others]
        assert starts(mine, mentor) == []
        everything = starts(sessions.list_all, acting(an_admin()))
        assert everything == [others, first, third, second]


def test_admins_read_first_what_nobody_has_decided_in_either_order(pair: Together) -> None:
    booked = pair.book(at(2), at(3), at(4), at(9))
    with clock.at(at(4, 15)):
        sessions.advance_due()
        sessions.decide(actor=pair.owner, session=booked[2], outcome=S.COMPLETED)
        first, second, done, ahead = booked
        admin = acting(an_admin())
        assert starts(sessions.list_all, admin) == [second, first, ahead, done]
        assert starts(sessions.list_all, admin, sort="starts") == [first, second, done, ahead]
        with pytest.raises(InvalidInput), db.reading() as reading:
            sessions.list_all(reading, actor=admin, query="nobody", before=done)


def test_admins_find_sessions_by_name_and_by_what_waits(pair: Together) -> None:
    admin = acting(an_admin())
    other = together(pair.mentor, "Otto Other")
    [first], [second] = pair.book(at(2)), other.book(at(2, 15))
    with clock.at(at(2, 16)):
        sessions.advance_due()
        sessions.object_to(actor=pair.actor, session=first, text="Nobody came")

    def found(**asked: Any) -> list[str]:
        return starts(sessions.list_all, admin, **asked)

    assert found(query="otto") == [second]
    assert found(query="Mina") == [second, first]
    assert found(query=first) == [first]
    assert found(query="nora.novak@example.com") == [first]
    assert found(query="%") == []
    assert found(status="objection") == [first]
    assert found(status="unresolved", sort="starts") == [first, second]
    assert found(status="completed") == []
    for wrong in ({"status": "done"}, {"sort": "name"}):
        with pytest.raises(InvalidInput):
            found(**wrong)


def test_lists_are_for_those_whose_they_are(pair: Together) -> None:
    with db.reading() as reading:
        for call, actor, error in (
            (sessions.list_mine, VISITOR, SignInNeeded),
            (sessions.list_mentors, VISITOR, SignInNeeded),
            (sessions.list_mentors, pair.actor, NotFound),
            (sessions.list_all, pair.owner, NotAllowed),
        ):
            with pytest.raises(error):
                call(reading, actor=actor)
        with pytest.raises(InvalidInput):
            sessions.list_mine(reading, actor=pair.actor, before="ses_unknown")
        with pytest.raises(InvalidInput):
            sessions.list_mine(reading, actor=pair.actor, when="soon")  # pyright: ignore


def test_more_sessions_take_no_more_queries(pair: Together) -> None:
    def count(read: Callable[[Session], object]) -> int:
        with counted_reading() as (reading, statements):
            read(reading)
            return len(statements)

    [booked] = pair.book(START)

    def read_list(reading: Session) -> object:
        return sessions.list_mentors(reading, actor=pair.owner)

    def read_one(reading: Session) -> object:
        return sessions.get_session(reading, actor=pair.owner, session=booked)

    before = count(read_list), count(read_one)
    pair.book(at(3), at(4), at(5))
    sessions.save_note(actor=pair.owner, session=booked, shared=True, body="Once more")
    assert (count(read_list), count(read_one)) == before

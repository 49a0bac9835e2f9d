"""What the bell says when a session changes: to each of the two people, in their own zone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import col, select

from services import booking, clock, db, sessions
from services.models import Notification, Objection, Proposal, SessionStatus, User
from tests.services.meetings import Together, at, together
from tests.services.rows import acting, an_admin
from tests.support.studio import BEGINNING, stored

START = at(2)


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database, the mentor in Tokyo; the clock stands still."""
    with clock.at(BEGINNING):
        found = together()
        with db.transaction() as tx:
            tx.get_one(User, found.mentor.user_id).time_zone = "Asia/Tokyo"
        yield found


def told(user_id: int) -> Notification:
    """What this person was told last."""
    own = select(Notification).where(col(Notification.user_id) == user_id)
    with db.reading() as session:
        return session.exec(own.order_by(col(Notification.id).desc()).limit(1)).one()


def mentee(pair: Together) -> Notification:
    return told(pair.mentee.id)


def mentor(pair: Together) -> Notification:
    return told(pair.mentor.user_id)


def test_a_booking_is_told_to_both_and_rings_at_the_other_alone(pair: Together) -> None:
    [booked] = pair.book(START)
    own, others = mentee(pair), mentor(pair)
    assert own.title == "Session with Mina Mentor booked" and own.read_at is not None
    assert others.title == "Session with Nora Novak booked" and others.read_at is None
    assert own.body == "Wednesday 4 March 2026, 12:00 to 13:00 (UTC)"
    assert others.body == "Wednesday 4 March 2026, 21:00 to 22:00 (Asia/Tokyo)"
    assert own.href == others.href == f"/sessions/{booked}"


def test_several_sessions_that_were_booked_together_are_one_line(pair: Together) -> None:
    pair.book(START, at(3))
    assert mentor(pair).title == "2 sessions with Nora Novak booked"
    assert mentor(pair).body.startswith("The first: Wednesday 4 March")
    assert (mentee(pair).href, mentor(pair).href) == ("/sessions", "/mentor/sessions")
    assert len(stored(Notification)) == 2


def test_a_move_and_a_cancellation_say_when(pair: Together) -> None:
    [booked] = pair.book(START)
    booking.reschedule(actor=pair.actor, session=booked, sequence=0, starts_at=at(3))
    assert mentor(pair).title == "Moved: your session with Nora Novak"
    assert mentor(pair).body == "Now Thursday 5 March 2026, 21:00 to 22:00 (Asia/Tokyo)"
    booking.cancel(actor=pair.owner, session=booked, sequence=1, reason="I am ill")
    assert mentee(pair).title == "Canceled: your session with Mina Mentor"
    assert mentee(pair).read_at is None
    assert "counts as used" not in mentee(pair).body


def test_a_session_that_was_canceled_too_late_says_that_it_is_used(pair: Together) -> None:
    [booked] = pair.book(START)
    with clock.at(at(2, 11)):
        booking.cancel(actor=pair.actor, session=booked, sequence=0, late_ok=True)
    assert mentor(pair).body.endswith("The session counts as used.")


def test_a_proposal_and_its_answer_name_who_did_it(pair: Together) -> None:
    [booked] = pair.book(START)
    booking.propose(actor=pair.owner, session=booked, sequence=0, starts_at=at(4), reason="A clash")
    assert mentee(pair).title == "Mina Mentor proposes another time"
    assert mentee(pair).body.startswith("Friday 6 March 2026, 12:00")
    [proposal] = stored(Proposal)
    booking.answer(actor=pair.actor, proposal=proposal.public_id, accept=False)
    assert mentor(pair).title == "Nora Novak declined the proposed time"
    assert mentor(pair).body.startswith("The session stays: Wednesday 4 March")


def test_a_proposal_that_is_taken_back_says_so(pair: Together) -> None:
    [booked] = pair.book(START)
    booking.propose(actor=pair.owner, session=booked, sequence=0, starts_at=at(4), reason="A clash")
    [proposal] = stored(Proposal)
    booking.withdraw(actor=pair.owner, proposal=proposal.public_id)
    assert mentee(pair).title == "Mina Mentor takes the proposed time back"


def test_an_outcome_and_an_objection_are_told_from_each_ones_side(pair: Together) -> None:
    [booked] = pair.book(START)
    with clock.at(at(2, 14)):
        sessions.advance_due()
        assert mentee(pair).title == "What happened in your session with Mina Mentor?"
        assert "Please tell us until" in mentor(pair).body
        missed = SessionStatus.MENTEE_NO_SHOW
        sessions.decide(actor=pair.owner, session=booked, outcome=missed, note="Nobody came")
        assert mentee(pair).title == "Your session with Mina Mentor counts as missed"
        assert mentor(pair).title == "Nora Novak did not come"
        sessions.object_to(actor=pair.actor, session=booked, text="I was there all the time.")
        assert mentor(pair).title == "Nora Novak objects: your session"
        [objection] = stored(Objection)
        boss = acting(an_admin())
        sessions.settle_objection(
            actor=boss, objection=objection.public_id, uphold=True, answer="You are right."
        )
        assert mentee(pair).title == "Your objection is accepted"
        assert mentor(pair).title == "Nora Novak's objection is accepted"

"""The mentee objects, an admin answers; the credit follows, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import booking, clock, db, sessions
from services.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    OutOfDate,
    TooLate,
)
from services.models import Objection, ObjectionStatus, PackStatus, SessionStatus, User
from tests.services.meetings import (
    DAY,
    HOUR,
    Together,
    at,
    audited,
    everything,
    mails,
    refused,
    session_of,
    together,
)
from tests.services.rows import a_user, acting, an_admin
from tests.support.studio import BEGINNING, stored

START = at(2)
END = START + HOUR
S = SessionStatus
NOT_SO = "My mentor was not there."


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


def decided(pair: Together, session: str, outcome: SessionStatus = S.COMPLETED) -> None:
    """The mentor says so, as it ends."""
    with clock.at(END):
        sessions.decide(actor=pair.owner, session=session, outcome=outcome, note="So it was.")


def the_objection() -> Objection:
    [row] = stored(Objection)
    return row


def test_the_mentee_objects_for_seven_days_to_the_second(pair: Together, session: str) -> None:
    decided(pair, session)
    with clock.at(END + 7 * DAY + timedelta(seconds=1)), pytest.raises(TooLate):
        sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)
    with clock.at(END + 7 * DAY):
        sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)
        before = everything()
        sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)  # a double click
        assert everything() == before
        with pytest.raises(Conflict):
            sessions.object_to(actor=pair.actor, session=session, text="And another thing")
    assert (the_objection().outcome, the_objection().status) == (S.COMPLETED, ObjectionStatus.OPEN)
    assert pair.now() == (PackStatus.ACTIVE, 3, 0)


@pytest.mark.parametrize("uphold", [True, False])
def test_an_admin_answers_an_objection_once(pair: Together, session: str, uphold: bool) -> None:
    admin = an_admin()
    decided(pair, session, S.MENTEE_NO_SHOW)
    with clock.at(END + DAY):
        sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)
        found = the_objection().public_id
        with pytest.raises(NotAllowed):
            sessions.settle_objection(
                actor=pair.owner, objection=found, uphold=False, answer="I was there"
            )
        with pytest.raises(InvalidInput):
            sessions.settle_objection(
                actor=acting(admin), objection=found, uphold=uphold, answer=""
            )
    with clock.at(END + 40 * DAY):
        for _ in range(2):  # a double click
            sessions.settle_objection(
                actor=acting(admin), objection=found, uphold=uphold, answer="We asked both."
            )
        with pytest.raises(OutOfDate):
            sessions.settle_objection(
                actor=acting(admin), objection=found, uphold=not uphold, answer="Or not"
            )
    row = the_objection()
    assert (row.decided_by, row.answer) == (admin.id, "We asked both.")
    if uphold:
        assert (row.status, session_of(session).status) == (ObjectionStatus.UPHELD, S.CANCELED)
        assert pair.now() == (PackStatus.ACTIVE, 4, 0)
        assert pair.expires_at() == END + 54 * DAY
    else:
        assert (row.status, session_of(session).status) == (
            ObjectionStatus.DENIED,
            S.MENTEE_NO_SHOW,
        )
        assert pair.now()[1] == 3
    told = [name for name, _ in mails() if name == "session_objection_settled"]
    assert len(told) == 2


def test_the_mentees_word_that_the_mentor_did_not_come_stands_if_nobody_says_otherwise(
    pair: Together, session: str
) -> None:
    with clock.at(END + HOUR):
        with pytest.raises(InvalidInput):
            sessions.decide(actor=pair.actor, session=session, outcome=S.MENTOR_NO_SHOW)
        said = sessions.decide(
            actor=pair.actor, session=session, outcome=S.MENTOR_NO_SHOW, note=NOT_SO
        )
    assert said is session_of(session).status is S.UNRESOLVED
    assert (the_objection().outcome, the_objection().body) == (S.UNRESOLVED, NOT_SO)
    with clock.at(END + timedelta(hours=72)):
        sessions.advance_due()
    assert session_of(session).status is S.MENTOR_NO_SHOW
    assert the_objection().status is ObjectionStatus.UPHELD
    assert pair.now() == (PackStatus.ACTIVE, 4, 0)


def test_an_objection_is_not_turned_down_before_anybody_has_said_what_happened(
    pair: Together, session: str
) -> None:
    admin = acting(an_admin())
    with clock.at(END + HOUR):
        sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)
        found = the_objection().public_id
        refusal = refused(
            Conflict,
            lambda: sessions.settle_objection(
                actor=admin, objection=found, uphold=False, answer="The mentor came."
            ),
        )
        assert "Say that instead" in refusal.message
        sessions.decide(actor=admin, session=session, outcome=S.COMPLETED, note="It did.")
    assert the_objection().status is ObjectionStatus.DENIED


def test_an_admin_who_is_the_mentee_does_not_decide_their_own_case(
    pair: Together, session: str
) -> None:
    with db.transaction() as tx:
        person = tx.get_one(User, pair.mentee.id)
        person.is_admin = True
    own, other = acting(person), acting(an_admin())
    with clock.at(END + HOUR):
        sessions.decide(actor=own, session=session, outcome=S.MENTOR_NO_SHOW, note=NOT_SO)
        assert session_of(session).status is S.UNRESOLVED
        found = the_objection().public_id
        refused(
            NotAllowed,
            lambda: sessions.settle_objection(
                actor=own, objection=found, uphold=True, answer="I say so."
            ),
        )
        sessions.decide(actor=other, session=session, outcome=S.COMPLETED, note="It did.")
        refused(
            NotAllowed,
            lambda: sessions.decide(
                actor=own, session=session, outcome=S.CANCELED, note="I say so."
            ),
        )


def test_the_mentors_word_against_it_leaves_the_objection_to_an_admin(
    pair: Together, session: str
) -> None:
    with clock.at(END + HOUR):
        sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)
        sessions.decide(actor=pair.owner, session=session, outcome=S.COMPLETED)
        assert the_objection().status is ObjectionStatus.OPEN
        sessions.settle_objection(
            actor=acting(an_admin()),
            objection=the_objection().public_id,
            uphold=True,
            answer="The log says so.",
        )
    assert session_of(session).status is S.MENTOR_NO_SHOW
    assert pair.now() == (PackStatus.ACTIVE, 4, 0)


def test_a_mentor_who_agrees_and_an_admin_who_decides_settle_the_objection(
    pair: Together, session: str
) -> None:
    other = together(pair.mentor, "Otto Other")
    [second] = other.book(START + 2 * HOUR)
    with clock.at(START + 3 * HOUR):
        sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)
        sessions.decide(actor=pair.owner, session=session, outcome=S.MENTOR_NO_SHOW)
        sessions.object_to(actor=other.actor, session=second, text=NOT_SO)
        sessions.decide(
            actor=acting(an_admin()), session=second, outcome=S.COMPLETED, note="It did."
        )
    assert [row.status for row in stored(Objection)] == [
        ObjectionStatus.UPHELD,
        ObjectionStatus.DENIED,
    ]


def test_an_objection_can_be_taken_back_but_not_made_again(pair: Together, session: str) -> None:
    decided(pair, session)
    with clock.at(END + DAY):
        sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)
        found = the_objection().public_id
        with pytest.raises(NotFound):
            sessions.withdraw_objection(actor=pair.owner, objection=found)
        for _ in range(2):
            sessions.withdraw_objection(actor=pair.actor, objection=found)
        with pytest.raises(Conflict):
            sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)
        with pytest.raises(OutOfDate):
            sessions.settle_objection(
                actor=acting(an_admin()), objection=found, uphold=True, answer="Yes"
            )
    assert audited(session)[-1] == "session.objection_withdrawn"


def test_there_is_nothing_to_object_to_where_no_credit_was_used(
    pair: Together, session: str
) -> None:
    [later] = pair.book(at(9))
    with clock.at(END):
        for actor, error in (
            (pair.owner, NotAllowed),
            (acting(an_admin()), NotAllowed),
            (acting(a_user("Sven Stranger")), NotFound),
        ):
            with pytest.raises(error):
                sessions.object_to(actor=actor, session=session, text=NOT_SO)
        with pytest.raises(Conflict):
            sessions.object_to(actor=pair.actor, session=later, text=NOT_SO)
        booking.cancel(actor=pair.actor, session=later, sequence=0)
        with pytest.raises(Conflict):
            sessions.object_to(actor=pair.actor, session=later, text=NOT_SO)
    decided(pair, session, S.MENTOR_NO_SHOW)
    with clock.at(END), pytest.raises(Conflict):
        sessions.object_to(actor=pair.actor, session=session, text=NOT_SO)
    assert stored(Objection) == []


def test_a_late_cancellation_can_be_objected_to(pair: Together) -> None:
    [booked] = pair.book(START + 4 * HOUR)
    with clock.at(START):
        booking.cancel(actor=pair.actor, session=booked, sequence=0, late_ok=True)
    with clock.at(START + DAY):
        sessions.object_to(actor=pair.actor, session=booked, text="I was in hospital.")
        sessions.settle_objection(
            actor=acting(an_admin()),
            objection=the_objection().public_id,
            uphold=True,
            answer="Get well soon.",
        )
    row = session_of(booked)
    assert (row.status, row.late) == (S.CANCELED, False)
    assert pair.now() == (PackStatus.ACTIVE, 4, 0)

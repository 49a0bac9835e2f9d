"""What becomes of a session: it begins, people come or not, it ends, and somebody says how."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import booking, clock, db, packs, sessions
from services.audit import Actor
from services.errors import (
    AppError,
    Conflict,
    InvalidInput,
    NoCredit,
    NotFound,
    OutOfDate,
)
from services.models import (
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
    SessionStatus,
)
from tests.services.meetings import (
    DAY,
    HOUR,
    Together,
    at,
    audited,
    entries,
    everything,
    mails,
    occupied,
    session_of,
    together,
)
from tests.services.rows import a_session, a_user, acting, an_admin
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


def joined(session: str, *actors: Actor) -> None:
    """They press the button, at the start."""
    with clock.at(START):
        for actor in actors:
            sessions.join(actor=actor, session=session)


def unresolved(session: str, *actors: Actor) -> None:
    """The session is over, after so many have joined."""
    joined(session, *actors)
    with clock.at(END):
        sessions.advance_due()
    assert session_of(session).status is S.UNRESOLVED


def test_a_session_is_in_progress_from_its_start_on(pair: Together, session: str) -> None:
    with clock.at(START - timedelta(seconds=1)):
        assert sessions.advance_due() == 0
    with clock.at(START):
        assert sessions.advance_due() == 1
        assert session_of(session).status is S.IN_PROGRESS
        assert sessions.advance_due() == 0
    assert len(occupied()) == 2


def test_both_joins_complete_a_session_and_use_its_credit(pair: Together, session: str) -> None:
    joined(session, pair.actor, pair.owner)
    with clock.at(END):
        assert sessions.advance_due() == 1
        assert sessions.advance_due() == 0
    row = session_of(session)
    assert (row.status, row.outcome_by) == (S.COMPLETED, None)
    assert row.object_until == END + 7 * DAY
    assert pair.now() == (PackStatus.ACTIVE, 3, 0)
    assert entries() == [("reserve", -1), ("consume", -1)]
    assert occupied() == []


@pytest.mark.parametrize("who", ["nobody", "mentee", "mentor"])
def test_less_than_both_joins_decides_nothing(pair: Together, session: str, who: str) -> None:
    actors = {"nobody": [], "mentee": [pair.actor], "mentor": [pair.owner]}[who]
    unresolved(session, *actors)
    assert session_of(session).decide_by == END + timedelta(hours=72)
    assert pair.now() == (PackStatus.ACTIVE, 4, 1)
    assert occupied() == []
    assert stored(Seat)[0].status is SeatStatus.ACTIVE


def test_the_last_credit_keeps_the_seat_while_its_session_is_unresolved(database: str) -> None:
    with clock.at(BEGINNING):
        pair = together(left=1)
        [session] = pair.book(START)
    unresolved(session)
    assert stored(Seat)[0].status is SeatStatus.ACTIVE
    with clock.at(END + HOUR):
        sessions.decide(actor=pair.owner, session=session, outcome=S.COMPLETED)
    assert pair.now() == (PackStatus.DEPLETED, 0, 0)
    [seat] = stored(Seat)
    assert (seat.status, seat.grace_ends_at) == (SeatStatus.GRACE, END + 73 * HOUR)


@pytest.mark.parametrize(
    ("outcome", "left", "kind"),
    [
        (S.COMPLETED, 3, "consume"),
        (S.MENTEE_NO_SHOW, 3, "consume"),
        (S.MENTOR_NO_SHOW, 4, "return"),
        (S.CANCELED, 4, "return"),
    ],
)
def test_the_mentor_says_what_happened_and_the_credit_follows(
    pair: Together, session: str, outcome: SessionStatus, left: int, kind: str
) -> None:
    unresolved(session)
    with clock.at(END + HOUR):
        said = sessions.decide(
            actor=pair.owner, session=session, outcome=outcome, note="We talked."
        )
    row = session_of(session)
    assert said is row.status is outcome
    assert (row.decide_by, row.outcome_by) == (None, pair.mentor.user_id)
    assert (row.object_until is not None) is (kind == "consume")
    assert pair.now() == (PackStatus.ACTIVE, left, 0)
    assert [name for name, _ in entries()] == ["reserve", kind]
    assert audited(session)[-1] == f"session.{outcome.name.lower()}"


def test_a_credit_that_comes_back_makes_the_pack_good_for_two_more_weeks(database: str) -> None:
    with clock.at(BEGINNING):
        pair = together(expires_at=END + HOUR)
        [session] = pair.book(START)
    unresolved(session)
    with clock.at(END + 2 * DAY):  # the pack has ended meanwhile
        sessions.decide(actor=pair.owner, session=session, outcome=S.MENTOR_NO_SHOW)
    assert pair.expires_at() == END + 16 * DAY
    assert pair.now()[0] is PackStatus.ACTIVE


@pytest.mark.parametrize("how", ["missed", "canceled"])
def test_a_pack_that_is_good_for_longer_says_so_once(database: str, how: str) -> None:
    now = clock.utc_now()  # the clock runs, so that no two looks at it are the same
    pair = together(reserved=1, expires_at=now - HOUR)
    packs.expire_due()
    if how == "missed":
        row = a_session(pair.pack, now - DAY, status=S.UNRESOLVED, decide_by=now + DAY)
        sessions.decide(actor=pair.owner, session=row.public_id, outcome=S.MENTOR_NO_SHOW)
    else:
        row = a_session(pair.pack, now + DAY)
        booking.cancel(actor=pair.owner, session=row.public_id, sequence=0, reason="A train")
    assert pair.now() == (PackStatus.ACTIVE, 1, 0)
    assert audited(pair.pack.public_id).count("pack.extended") == 1


def test_nobody_decides_in_72_hours_and_the_credit_comes_back(pair: Together, session: str) -> None:
    unresolved(session, pair.owner)
    with clock.at(END + timedelta(hours=72, seconds=-1)):
        assert sessions.advance_due() == 0
    with clock.at(END + timedelta(hours=72)):
        assert sessions.advance_due() == 1
    row = session_of(session)
    assert (row.status, row.canceled_by) == (S.CANCELED, None)
    assert "Nobody said" in row.cancel_reason
    assert pair.now() == (PackStatus.ACTIVE, 4, 0)


def test_after_an_outage_people_still_get_a_day_to_decide(pair: Together, session: str) -> None:
    with clock.at(END + 10 * DAY):
        sessions.advance_due()
        row = session_of(session)
        assert (row.status, row.decide_by) == (S.UNRESOLVED, END + 11 * DAY)


def test_the_mentee_may_say_that_it_took_place(pair: Together, session: str) -> None:
    unresolved(session)
    with clock.at(END):
        sessions.decide(actor=pair.actor, session=session, outcome=S.COMPLETED)
    assert session_of(session).status is S.COMPLETED


def test_a_session_that_is_over_can_be_decided_before_the_sweep_noticed(
    pair: Together, session: str
) -> None:
    with clock.at(END):
        sessions.decide(actor=pair.owner, session=session, outcome=S.COMPLETED)
    assert (session_of(session).status, occupied()) == (S.COMPLETED, [])
    assert pair.now() == (PackStatus.ACTIVE, 3, 0)


def test_a_refused_decision_says_why_and_changes_nothing(pair: Together, session: str) -> None:
    admin = acting(an_admin())
    stranger = acting(a_user("Sven Stranger"))

    def refused(
        error: type[AppError], actor: Actor, outcome: SessionStatus, note: str = ""
    ) -> None:
        before = everything()
        with pytest.raises(error):
            sessions.decide(actor=actor, session=session, outcome=outcome, note=note)
        assert everything() == before

    with clock.at(END - HOUR / 2):
        refused(Conflict, pair.owner, S.COMPLETED)  # not over
        refused(Conflict, admin, S.COMPLETED, "I say so")
    unresolved(session)
    with clock.at(END):
        refused(NotFound, stranger, S.COMPLETED)
        refused(InvalidInput, pair.owner, S.SCHEDULED)
        refused(InvalidInput, pair.owner, S.CANCELED)  # without a reason
        refused(InvalidInput, admin, S.COMPLETED)
        refused(InvalidInput, pair.owner, S.COMPLETED, "x" * 301)
        with pytest.raises(OutOfDate):
            sessions.decide(actor=pair.owner, session=session, outcome=S.COMPLETED, sequence=7)
        sessions.decide(actor=pair.owner, session=session, outcome=S.COMPLETED)
        refused(OutOfDate, pair.owner, S.MENTEE_NO_SHOW)
        refused(OutOfDate, pair.actor, S.MENTOR_NO_SHOW, "They did not come.")
        refused(Conflict, admin, S.COMPLETED, "It did")
        before = everything()
        sessions.decide(actor=pair.owner, session=session, outcome=S.COMPLETED)  # a double click
        assert everything() == before


def test_an_admin_turns_an_outcome_around_as_often_as_needed(pair: Together, session: str) -> None:
    admin = acting(an_admin())
    unresolved(session)
    with clock.at(END):
        sessions.decide(actor=pair.owner, session=session, outcome=S.MENTEE_NO_SHOW)
    left: list[tuple[SessionStatus, int]] = []
    for number, outcome in enumerate(
        [S.CANCELED, S.COMPLETED, S.MENTOR_NO_SHOW, S.MENTEE_NO_SHOW], start=1
    ):
        with clock.at(END + number * DAY):
            sessions.decide(actor=admin, session=session, outcome=outcome, note="They agreed.")
        left.append((session_of(session).status, pair.now()[1]))
        assert pair.now()[2] == 0
    assert left == [
        (S.CANCELED, 4),
        (S.COMPLETED, 3),
        (S.MENTOR_NO_SHOW, 4),
        (S.MENTEE_NO_SHOW, 3),
    ]
    assert sum(amount for name, amount in entries() if name in {"return", "consume"}) == -1


def test_a_credit_that_was_booked_again_cannot_be_used_after_all(database: str) -> None:
    admin = acting(an_admin())
    with clock.at(BEGINNING):
        pair = together(left=1)
        [session] = pair.book(START)
    unresolved(session)
    with clock.at(END):
        sessions.decide(actor=pair.owner, session=session, outcome=S.MENTOR_NO_SHOW)
        pair.book(at(6))
        before = everything()
        with pytest.raises(NoCredit):
            sessions.decide(actor=admin, session=session, outcome=S.COMPLETED, note="It did")
        assert everything() == before


def test_a_late_cancellation_can_be_forgiven_by_an_admin(pair: Together, session: str) -> None:
    admin = acting(an_admin())
    with clock.at(START - HOUR):
        booking.cancel(actor=pair.actor, session=session, sequence=0, late_ok=True)
        assert pair.now() == (PackStatus.ACTIVE, 3, 0)
        with pytest.raises(InvalidInput):
            sessions.decide(actor=admin, session=session, outcome=S.COMPLETED, note="Never was")
        sessions.decide(actor=admin, session=session, outcome=S.CANCELED, note="They were ill.")
    row = session_of(session)
    assert (row.status, row.late, row.cancel_reason) == (S.CANCELED, False, "They were ill.")
    assert pair.now() == (PackStatus.ACTIVE, 4, 0)


def test_a_testimonial_is_asked_for_after_the_last_but_one_and_the_last(database: str) -> None:
    with clock.at(BEGINNING):
        pair = together(total=3, left=3)
        booked = pair.book(at(2), at(3), at(4))
    asked: list[int] = []
    for number, session in enumerate(booked, start=2):
        with clock.at(at(number) + HOUR):
            sessions.decide(actor=pair.owner, session=session, outcome=S.COMPLETED)
        asked.append(mails().count(("testimonial_asked", pair.mentee.id)))
    assert asked == [0, 1, 2]


def test_a_testimonial_is_asked_for_also_when_the_last_sessions_are_missed(database: str) -> None:
    with clock.at(BEGINNING):
        pair = together(total=3, left=3)
        first, second, third = pair.book(at(2), at(3), at(4))
    asked: list[int] = []
    for number, session in enumerate([first, second], start=2):
        outcome = S.COMPLETED if session == first else S.MENTEE_NO_SHOW
        with clock.at(at(number) + HOUR):
            sessions.decide(actor=pair.owner, session=session, outcome=outcome)
        asked.append(mails().count(("testimonial_asked", pair.mentee.id)))
    with clock.at(at(4) - HOUR):
        booking.cancel(actor=pair.actor, session=third, sequence=0, late_ok=True)
    asked.append(mails().count(("testimonial_asked", pair.mentee.id)))
    assert asked == [0, 1, 2]


def test_no_testimonial_is_asked_for_where_no_session_was_held(database: str) -> None:
    with clock.at(BEGINNING):
        pair = together(total=1, left=1)
        [session] = pair.book(START)
    with clock.at(END):
        sessions.decide(actor=pair.owner, session=session, outcome=S.MENTEE_NO_SHOW)
    assert ("testimonial_asked", pair.mentee.id) not in mails()


def test_a_session_that_cannot_be_settled_keeps_nobody_else_waiting(pair: Together) -> None:
    with clock.at(BEGINNING):
        other = together(pair.mentor, "Otto Other")
        [broken], [fine] = pair.book(START), other.book(START + 2 * HOUR)
    unresolved(broken)
    with clock.at(START + 3 * HOUR):
        sessions.advance_due()
    with db.transaction() as tx:
        tx.get_one(Pack, pair.pack.id).reserved = 0  # nothing can be given back
    with clock.at(START + 4 * DAY):
        sessions.advance_due()
    assert session_of(broken).status is S.UNRESOLVED
    assert session_of(fine).status is S.CANCELED

"""The dashboards of mentees and mentors: what they show, and at what cost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import clock, db, mentee_home, mentor_home
from services.errors import NotAllowed
from services.mentee_home import NextStepKind
from services.models import (
    CreditEntry,
    CreditKind,
    PackStatus,
    Proposal,
    SeatStatus,
    SessionStatus,
    User,
)
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_session,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    an_offer,
    an_order,
    counted_reading,
    onboarded,
    saved,
)

pytestmark = pytest.mark.usefixtures("database")


def home_of(user: User) -> mentee_home.MenteeHome:
    with db.reading() as session:
        return mentee_home.get_home(session, actor=acting(user))


def test_mentees_first_step_is_the_most_urgent_one() -> None:
    unverified = a_user("Una Unverified", email_verified_at=None)
    mentee, mentor = a_user(), a_mentor()
    offer = an_offer(mentor)

    assert home_of(unverified).next_step.kind is NextStepKind.VERIFY_EMAIL
    assert home_of(mentee).next_step.kind is NextStepKind.FIND_MENTOR

    order = an_order(mentee, offer)
    step = home_of(mentee).next_step
    assert (step.kind, step.order, step.until) == (
        NextStepKind.FINISH_CHECKOUT,
        order.public_id,
        order.expires_at,
    )


def test_renewal_is_urgent_when_one_session_is_left_and_most_of_all_in_grace() -> None:
    mentee = a_user()
    plenty, short = a_mentor("Pablo Plenty"), a_mentor("Sara Short")
    a_pack(a_seat(mentee, plenty), left=3, reserved=3)
    assert home_of(mentee).next_step.kind is NextStepKind.MEET

    a_pack(a_seat(mentee, short), left=1, reserved=1)
    step = home_of(mentee).next_step
    assert (step.kind, step.mentor_slug, step.left) == (NextStepKind.RENEW, "sara-short", 1)

    seat = a_seat(mentee, a_mentor("Greta Grace"), SeatStatus.GRACE)
    step = home_of(mentee).next_step
    assert (step.mentor_slug, step.until) == ("greta-grace", seat.grace_ends_at)


def test_what_can_be_booked_comes_after_the_first_questions_and_names_the_session() -> None:
    mentee, mentor = a_user(), a_mentor()
    seat = a_seat(mentee, mentor)
    ends = clock.utc_now() + timedelta(days=20)
    first = a_pack(seat, left=2, reserved=1, expires_at=ends)
    saved(CreditEntry(pack_id=first.id, kind=CreditKind.CONSUME, amount=-2))
    a_pack(seat, left=4)
    assert home_of(mentee).next_step.kind is NextStepKind.ONBOARD

    step = home_of(onboarded(mentee)).next_step

    assert (step.kind, step.mentor_slug) == (NextStepKind.BOOK, mentor.slug)
    assert (step.left, step.until) == (5, ends), "of both packs; the one that ends first pays"
    assert step.number == 4, "two took place, one is booked"


def test_a_session_that_can_be_joined_comes_before_everything_else() -> None:
    mentee, mentor = onboarded(a_user()), a_mentor()
    pack = a_pack(a_seat(mentee, mentor), left=4, reserved=2)
    start = clock.utc_now() + timedelta(hours=30)
    later = a_session(pack, start + timedelta(days=2))
    soon = a_session(pack, start)
    an_order(mentee, an_offer(a_mentor("Otto Other")))

    with clock.at(start - timedelta(minutes=16)):
        home = home_of(mentee)
    assert home.next_step.kind is NextStepKind.FINISH_CHECKOUT
    assert [one.public_id for one in home.sessions] == [soon.public_id, later.public_id]

    with clock.at(start - timedelta(minutes=15)):
        step = home_of(mentee).next_step
    assert (step.kind, step.session, step.at) == (NextStepKind.JOIN, soon.public_id, start)

    with clock.at(soon.ends_at):
        assert home_of(mentee).next_step.kind is not NextStepKind.JOIN


def test_a_time_that_the_mentor_proposes_waits_for_an_answer_and_ones_own_does_not() -> None:
    mentee, mentor = onboarded(a_user()), a_mentor()
    pack = a_pack(a_seat(mentee, mentor), left=4, reserved=1)
    start = clock.utc_now() + timedelta(days=3)
    session = a_session(pack, start)
    other = start + timedelta(days=1)
    proposal = Proposal(
        session_id=session.id,
        by_id=mentee.id,
        by_mentor=False,
        sequence=0,
        starts_at=other,
        ends_at=other + timedelta(hours=1),
    )
    saved(proposal)
    assert home_of(mentee).next_step.kind is NextStepKind.BOOK

    with db.transaction() as work:
        row = work.get_one(Proposal, proposal.id)
        row.by_id, row.by_mentor = mentor.user_id, True

    step = home_of(mentee).next_step
    assert (step.kind, step.session) == (NextStepKind.ANSWER, session.public_id)
    assert (step.at, step.other_at) == (start, other)


def test_a_credit_that_came_back_after_an_objection_is_not_a_session_that_took_place() -> None:
    mentee, mentor = a_user(), a_mentor()
    pack = a_pack(a_seat(mentee, mentor), left=4)
    start = clock.utc_now() - timedelta(days=3)
    session = a_session(pack, start, status=SessionStatus.MENTOR_NO_SHOW)
    for kind, amount in ((CreditKind.CONSUME, -1), (CreditKind.RETURN, 1)):
        saved(CreditEntry(pack_id=pack.id, kind=kind, amount=amount, session_id=session.id))

    (together,) = home_of(mentee).together

    assert [(one.used, one.left, one.lost) for one in together.packs] == [(0, 4, 0)]


def test_home_counts_usable_packs_and_tells_used_from_lost() -> None:
    mentee, mentor = a_user(), a_mentor()
    seat = a_seat(mentee, mentor)
    active = a_pack(seat, left=3, reserved=1)
    saved(CreditEntry(pack_id=active.id, kind=CreditKind.CONSUME, amount=-1))
    over = a_pack(seat, left=0, status=PackStatus.EXPIRED, expires_at=clock.utc_now())
    saved(CreditEntry(pack_id=over.id, kind=CreditKind.CONSUME, amount=-1))
    saved(CreditEntry(pack_id=over.id, kind=CreditKind.EXPIRE, amount=-3))
    a_pack(seat, left=4, expires_at=clock.utc_now() - timedelta(minutes=1))

    (together,) = home_of(mentee).together

    assert together.left == 3, "a pack past its end counts no more, even before the sweep"
    shown = {pack.public_id: (pack.used, pack.left, pack.lost) for pack in together.packs}
    assert shown[active.public_id] == (1, 3, 0)
    assert shown[over.public_id] == (1, 0, 3)


def test_home_costs_the_same_number_of_queries_however_much_there_is() -> None:
    mentee = a_user()
    counts: set[int] = set()
    for number in range(4):
        mentor = a_mentor(f"Mentor {number}")
        a_pack(a_seat(mentee, mentor))
        an_order(mentee, an_offer(mentor))
        with counted_reading() as (session, statements):
            mentee_home.get_home(session, actor=acting(mentee))
        counts.add(len(statements))

    assert counts == {9}


def test_mentor_sees_seats_by_state_and_by_how_many_they_are_over() -> None:
    mentor = a_mentor(capacity=2)
    for number, status in enumerate(
        (
            SeatStatus.ACTIVE,
            SeatStatus.ACTIVE,
            SeatStatus.GRACE,
            SeatStatus.HELD,
            SeatStatus.RELEASED,
        )
    ):
        a_seat(a_user(f"Person {number}"), mentor, status)

    with db.reading() as session:
        seats = mentor_home.get_home(session, actor=acting_mentor(mentor)).seats

    assert (seats.active, seats.grace, seats.held) == (2, 1, 1)
    assert (seats.used, seats.free, seats.over_by) == (4, 0, 2)


def test_mentor_lists_own_mentees_with_their_balance_and_nobody_who_is_still_paying() -> None:
    mentor, other = a_mentor(), a_mentor("Otto Other")
    mentee = a_user("Nora Novak")
    seat = a_seat(mentee, mentor)
    ends = clock.utc_now() + timedelta(days=10)
    a_pack(seat, left=2, expires_at=ends)
    a_pack(seat, left=4, expires_at=ends + timedelta(days=45))
    a_pack(seat, left=0, status=PackStatus.DEPLETED)
    a_seat(a_user("Paula Paying"), mentor, SeatStatus.HELD)
    a_pack(a_seat(mentee, other), left=4)

    with counted_reading() as (session, statements):
        part = mentor_home.list_mentees(session, actor=acting_mentor(mentor))

    (row,) = part.rows
    assert (row.name, row.left, row.total, row.expires_at) == ("Nora Novak", 6, 8, ends)
    assert (row.seat_status, row.since) == (SeatStatus.ACTIVE, seat.created_at)
    assert len(statements) == 3 + 1, "three of the list, one of this test's actor"


def test_who_is_no_mentor_has_no_mentor_dashboard() -> None:
    actor = acting(an_admin())
    with db.reading() as session:
        for read in (mentor_home.get_home, mentor_home.list_mentees):
            with pytest.raises(NotAllowed):
                read(session, actor=actor)

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
    SeatStatus,
    User,
)
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    an_offer,
    an_order,
    counted_reading,
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
    a_pack(a_seat(mentee, plenty), left=3)
    assert home_of(mentee).next_step.kind is NextStepKind.MEET

    a_pack(a_seat(mentee, short), left=1)
    step = home_of(mentee).next_step
    assert (step.kind, step.mentor_slug, step.left) == (NextStepKind.RENEW, "sara-short", 1)

    seat = a_seat(mentee, a_mentor("Greta Grace"), SeatStatus.GRACE)
    step = home_of(mentee).next_step
    assert (step.mentor_slug, step.until) == ("greta-grace", seat.grace_ends_at)


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

    assert counts == {5}


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

"""Waiting for a place: joining, the order of the line, leaving it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import administration, catalogue, clock, db, seats, waitlist
from services.audit import Actor
from services.config import settings
from services.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    SignInNeeded,
    VerificationNeeded,
)
from services.models import (
    AuditEntry,
    Mentor,
    SeatStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from services.money import Money
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_offer,
    counted_reading,
)
from tests.services.waiting import S, told, waiting
from tests.support.studio import BEGINNING, stored


@pytest.fixture(autouse=True)
def stands_still(database: str) -> Iterator[None]:
    """Each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield


def join(actor: Actor, mentor: Mentor) -> str:
    with db.transaction() as session:
        return waitlist.join(session, actor=actor, mentor=mentor.slug)


def test_people_wait_in_the_order_in_which_they_came() -> None:
    line = waiting("Anna", "Ben", "Cleo")
    assert [line.position(name) for name in ("Anna", "Ben", "Cleo")] == [1, 2, 3]
    assert {entry.joined_at for entry in stored(WaitlistEntry)} == {BEGINNING}
    assert [each.action for each in stored(AuditEntry)].count("waitlist.joined") == 3


def test_joining_twice_keeps_the_first_place() -> None:
    line = waiting("Anna", "Ben")
    line.joins("Anna")
    assert len(stored(WaitlistEntry)) == 2
    assert line.position("Anna") == 1


def test_whoever_joins_after_a_clock_went_back_stands_at_the_end() -> None:
    line = waiting("Anna")
    with clock.at(BEGINNING - timedelta(seconds=3)):
        line.joins("Ben")
    assert (line.position("Anna"), line.position("Ben")) == (1, 2)


def test_a_closed_mentor_has_a_waitlist_too() -> None:
    line = waiting("Anna", capacity=0)
    assert line.position("Anna") == 1


def test_nobody_waits_where_a_seat_can_be_bought() -> None:
    mentor = a_mentor(capacity=1)
    an_offer(mentor)
    with pytest.raises(Conflict, match="free seat"):
        join(acting(a_user()), mentor)


def test_a_free_place_of_a_mentor_who_sells_nothing_can_be_waited_for() -> None:
    mentor, mentee = a_mentor(capacity=1), a_user()
    join(acting(mentee), mentor)
    assert [entry.status for entry in stored(WaitlistEntry)] == [S.WAITING]
    with db.transaction() as session:
        an = catalogue.create_offer(
            session,
            actor=acting_mentor(mentor),
            slug=mentor.slug,
            title="Four sessions",
            sessions=4,
            price=Money(12_000, "EUR"),
            validity_days=45,
        )
    assert an.active
    assert [entry.status for entry in stored(WaitlistEntry)] == [S.OFFERED]


def test_who_may_not_wait_is_told_why() -> None:
    line = waiting()
    mentor, seated, held = line.mentor, a_user("Sam Seated"), a_user("Hana Held")
    a_seat(seated, mentor)
    a_seat(held, mentor, SeatStatus.HELD)
    refused: list[tuple[Actor, type[Exception], str]] = [
        (Actor("visitor"), SignInNeeded, "sign in"),
        (acting(a_user("Una Verified", email_verified_at=None)), VerificationNeeded, "confirm"),
        (acting_mentor(mentor), NotAllowed, "yourself"),
        (acting(seated), Conflict, "You have a seat"),
        (acting(held), Conflict, "finish your checkout"),
    ]
    for actor, error, words in refused:
        with pytest.raises(error, match=words):
            join(actor, mentor)
    assert stored(WaitlistEntry) == []


def test_a_mentor_whom_nobody_can_see_has_no_waitlist() -> None:
    unlisted = a_mentor("Ulla Unlisted", capacity=0, listed=False)
    suspended = a_mentor("Sara Suspended", capacity=0, suspended_at=clock.utc_now())
    with pytest.raises(NotFound):
        join(acting(a_user()), unlisted)
    with pytest.raises(Conflict, match="cannot hold sessions"):
        join(acting(a_user("Other One")), suspended)


def test_an_account_waits_for_so_many_mentors_and_no_more() -> None:
    mentee = a_user()
    most = settings().waitlists_per_account
    for number in range(most):
        join(acting(mentee), a_mentor(f"Mentor {number}", capacity=0))
    with pytest.raises(Conflict, match="Leave one"):
        join(acting(mentee), a_mentor("One More", capacity=0))


def test_leaving_lets_the_others_move_up() -> None:
    line = waiting("Anna", "Ben", "Cleo")
    line.does(waitlist.leave, "Ben")
    line.does(waitlist.leave, "Ben")
    assert (line.position("Anna"), line.position("Cleo")) == (1, 2)
    assert line.own("Ben") == ()
    line.joins("Ben")
    assert line.position("Ben") == 3


def test_somebody_elses_place_is_not_mine_to_leave() -> None:
    line = waiting("Anna", "Ben")
    stranger = line.actor("Ben")
    for work in (waitlist.leave, waitlist.decline):
        with pytest.raises(NotFound), db.transaction() as session:
            work(session, actor=stranger, entry=line.entry("Anna").public_id)
        with pytest.raises(NotFound), db.transaction() as session:
            work(session, actor=line.admin, entry=line.entry("Anna").public_id)
    assert line.entry("Anna").status is S.WAITING


def test_the_page_sells_only_when_nobody_waits() -> None:
    line = waiting("Anna", capacity=1)
    with db.transaction() as session:
        mentor = session.get_one(Mentor, line.mentor.id)
        mentor.capacity = 2  # past the service, which would offer the place at once
        session.flush()
        assert seats.has_room(session, mentor)
        assert not seats.has_place(session, mentor)
    with db.reading() as session:
        page = catalogue.get_mentor(session, line.mentor.slug, actor=acting(a_user("New Comer")))
        assert (page.seats_free, page.can_buy, page.can_wait, page.waiting) == (0, False, True, 1)
        assert catalogue.list_mentors(session, with_seat=True).rows == ()
        [card] = catalogue.list_mentors(session).rows
        assert (card.seats_free, card.waited_for) == (0, True)


def test_a_suspended_account_in_line_keeps_nobody_else_from_buying() -> None:
    line = waiting("Anna")
    with db.transaction() as session:
        public_id = line.people["Anna"].public_id
        administration.suspend_user(session, actor=line.admin, user=public_id, reason="A fight")
    line.frees()
    assert line.entry("Anna").status is S.WAITING
    line.people["Ben"] = a_user("Ben Buys")
    with db.reading() as session:
        mentor = session.get_one(Mentor, line.mentor.id)
        assert seats.has_place(session, mentor)
        page = catalogue.get_mentor(session, mentor.slug, actor=line.actor("Ben"))
        assert (page.seats_free, page.can_buy, page.can_wait) == (1, True, False)
        [card] = catalogue.list_mentors(session, with_seat=True).rows
        assert card.seats_free == page.seats_free


def test_where_no_pack_is_on_sale_the_page_leads_to_the_line() -> None:
    mentor = a_mentor()
    with db.reading() as session:
        page = catalogue.get_mentor(session, mentor.slug, actor=acting(a_user("Ben Buys")))
    assert (page.seats_free, page.can_buy, page.can_wait) == (mentor.capacity, False, True)


def test_what_one_sees_of_ones_places_takes_the_same_queries_however_many() -> None:
    line = waiting("Anna")

    def queries() -> int:
        with counted_reading() as (session, statements):
            waitlist.list_own(session, actor=line.actor("Anna"))
            return len(statements)

    few = queries()
    for number in range(5):
        join(line.actor("Anna"), a_mentor(f"Mentor {number}", capacity=0))
    assert queries() == few == 1
    assert len(line.own("Anna")) == 6


def test_admins_see_the_lines_and_why_each_stands_where() -> None:
    line = waiting("Anna", "Ben", capacity=2)
    line.decides(waitlist.put_first, "Ben", reason="A promise")
    line.frees()
    with db.reading() as session:
        [row] = waitlist.list_lines(session, actor=line.admin).rows
        seen = waitlist.get_line(session, actor=line.admin, mentor=line.mentor.slug)
    assert (row.waiting, row.offered, row.taken, row.capacity) == (1, 1, 2, 2)
    ben, anna = seen.places
    assert (ben.status, ben.reason, ben.position) == (WaitlistStatus.OFFERED, "A promise", 0)
    assert (anna.status, anna.position, anna.is_first) == (WaitlistStatus.WAITING, 1, False)
    assert [one.name for one in seen.grace] == ["Owner 1"]


def test_the_lines_are_for_admins_alone() -> None:
    line = waiting("Anna")
    for actor in (line.actor("Anna"), acting_mentor(line.mentor)):
        with db.reading() as session:
            with pytest.raises(NotAllowed):
                waitlist.list_lines(session, actor=actor)
            with pytest.raises(NotAllowed):
                waitlist.get_line(session, actor=actor, mentor=line.mentor.slug)


def test_the_line_of_a_mentor_takes_the_same_queries_however_long_it_is() -> None:
    line = waiting("Anna")

    def queries() -> int:
        with counted_reading() as (session, statements):
            waitlist.get_line(session, actor=line.admin, mentor=line.mentor.slug)
            waitlist.list_lines(session, actor=line.admin)
            return len(statements)

    few = queries()
    line.joins(*(f"Person{number}" for number in range(8)))
    assert queries() == few <= 9


def test_a_pack_that_is_used_up_is_no_reason_to_stand_first() -> None:
    line = waiting("Anna")
    seat = a_seat(line.people["Anna"], line.mentor, SeatStatus.RELEASED)
    pack = a_pack(seat, left=0)
    with pytest.raises(Conflict, match="no sessions left"), db.transaction() as session:
        waitlist.join_first(session, actor=line.actor("Anna"), pack=pack.public_id)
    assert told("waitlist_place_back") == []

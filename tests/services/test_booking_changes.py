"""Moving, canceling and proposing: who may until when, and what becomes of credit and pack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from services import booking, clock, db, packs
from services.audit import Actor
from services.errors import (
    InvalidInput,
    NoCredit,
    NotFound,
    OutOfDate,
    SlotNotOffered,
    SlotTaken,
    TooLate,
)
from services.models import (
    MentoringSession,
    PackStatus,
    Seat,
    SeatStatus,
    SessionStatus,
)
from tests.services.meetings import (
    DAY,
    HOUR,
    Together,
    a_bookable_mentor,
    at,
    audited,
    entries,
    everything,
    mails,
    occupied,
    refused,
    session_of,
    together,
)
from tests.services.rows import a_user, acting, an_admin
from tests.support.studio import BEGINNING, stored

SECOND = timedelta(seconds=1)
LIMIT = at(3) - DAY
"""The last moment at which a mentee may change the session of these tests."""


@pytest.fixture(autouse=True)
def still(database: str) -> Iterator[None]:
    with clock.at(BEGINNING):
        yield


def move(
    actor: Actor, session: str, to: datetime, sequence: int = 0, reason: str = ""
) -> Callable[[], None]:
    return lambda: booking.reschedule(
        actor=actor, session=session, sequence=sequence, starts_at=to, reason=reason
    )


def cancel(
    actor: Actor, session: str, sequence: int = 0, *, reason: str = "", late_ok: bool = False
) -> Callable[[], bool]:
    return lambda: booking.cancel(
        actor=actor, session=session, sequence=sequence, reason=reason, late_ok=late_ok
    )


@pytest.fixture
def two() -> Together:
    return together(a_bookable_mentor(buffer_minutes=15))


@pytest.fixture
def booked(two: Together) -> str:
    """A session at noon of the third day, UTC."""
    (session,) = two.book(at(3))
    return session


# Moving


def test_a_mentee_moves_a_session_and_the_credit_stays_reserved(two: Together, booked: str) -> None:
    move(two.actor, booked, at(5))()
    row = session_of(booked)
    assert (row.starts_at, row.ends_at, row.sequence) == (at(5), at(5) + HOUR, 1)
    assert occupied() == [
        (at(5), at(5) + HOUR, False),
        (at(5), at(5) + timedelta(minutes=75), True),
    ]
    assert (two.now(), entries()) == ((PackStatus.ACTIVE, 4, 1), [("reserve", -1)])
    assert audited(booked) == ["session.booked", "session.moved"]
    assert ("session_moved", two.mentor.user_id) in mails()


def test_a_session_may_move_into_its_own_time(two: Together, booked: str) -> None:
    move(two.actor, booked, at(3, 12, 30))()
    assert session_of(booked).starts_at == at(3, 12, 30)


def test_a_used_link_moves_nothing_again(two: Together, booked: str) -> None:
    move(two.actor, booked, at(5))()
    refused(OutOfDate, move(two.actor, booked, at(7)))
    refused(OutOfDate, cancel(two.actor, booked))
    move(two.actor, booked, at(5))()  # a double click
    assert session_of(booked).sequence == 1
    move(two.actor, booked, at(7), sequence=1)()
    refused(OutOfDate, move(two.actor, booked, at(5)))


def test_a_mentee_may_move_until_the_limit_to_the_second(two: Together, booked: str) -> None:
    with clock.at(LIMIT + SECOND):
        refused(TooLate, move(two.actor, booked, at(9)))
    with clock.at(LIMIT):
        move(two.actor, booked, at(9))()


def test_a_mentee_moves_only_to_what_is_offered_and_before_the_packs_end() -> None:
    two = together(a_bookable_mentor(hours=(8, 18)), expires_at=at(10))
    other = together(two.mentor, "Omar Other")
    (booked,) = two.book(at(3))
    other.book(at(5))
    refused(SlotTaken, move(two.actor, booked, at(5, 12, 30)))
    refused(SlotNotOffered, move(two.actor, booked, at(5, 19)))
    refused(SlotNotOffered, move(two.actor, booked, at(0, 17)))
    refused(InvalidInput, move(two.actor, booked, BEGINNING - DAY))
    refused(InvalidInput, move(two.actor, booked, at(3)))
    refused(InvalidInput, move(two.actor, booked, at(5).replace(tzinfo=None)))
    refused(NoCredit, move(two.actor, booked, at(10, 12, 30)))
    move(two.actor, booked, at(10))()
    assert two.expires_at() == at(10)


def test_a_mentor_moves_at_any_time_with_a_reason_and_the_pack_is_good_for_longer() -> None:
    two = together(a_bookable_mentor(hours=(8, 18)), expires_at=at(4))
    (booked,) = two.book(at(3))
    with clock.at(at(3) - HOUR):
        refused(InvalidInput, move(two.owner, booked, at(5, 20), reason="no"))
        move(two.owner, booked, at(5, 20), reason="I am ill")()
        assert two.expires_at() == clock.utc_now() + 14 * DAY
    assert session_of(booked).starts_at == at(5, 20)
    assert two.now() == (PackStatus.ACTIVE, 4, 1)
    assert "pack.extended" in audited(two.pack.public_id)


def test_a_pack_is_good_at_least_until_the_time_that_the_mentor_chose(two: Together) -> None:
    (booked,) = two.book(at(3))
    move(two.owner, booked, at(60), reason="A long journey")()
    assert two.expires_at() == at(60)


def test_a_mentors_move_still_finds_no_room_where_somebody_is(two: Together, booked: str) -> None:
    other = together(two.mentor, "Omar Other")
    other.book(at(5))
    refused(SlotTaken, move(two.owner, booked, at(5, 12, 30), reason="I am ill"))
    refused(SlotTaken, move(two.owner, booked, at(5, 13), reason="I am ill"))  # the buffer


def test_nobody_moves_what_has_begun(two: Together, booked: str) -> None:
    with clock.at(at(3)):
        refused(TooLate, move(two.owner, booked, at(9), reason="I am ill"))
        refused(TooLate, move(two.actor, booked, at(9)))


def test_a_stranger_finds_no_session(two: Together, booked: str) -> None:
    stranger = acting(a_user("Stella Stranger"))
    refused(NotFound, move(stranger, booked, at(5)))
    refused(NotFound, cancel(stranger, booked))
    refused(NotFound, cancel(stranger, "ses_nothing"))


def test_an_admin_moves_and_cancels_with_a_reason(two: Together, booked: str) -> None:
    admin = acting(an_admin())
    move(admin, booked, at(5, 3), reason="Both asked for it")()
    cancel(admin, booked, 1, reason="Both asked for it")()
    assert session_of(booked).status is SessionStatus.CANCELED


def test_an_admin_who_is_the_mentee_is_bound_like_any_mentee() -> None:
    admin = an_admin()
    two = together(mentee=admin)
    (booked,) = booking.book_for(
        actor=two.owner,
        mentor=two.mentor.slug,
        mentee=admin.public_id,
        starts=[at(1, 9)],
        reason="We agreed",
    )
    refused(TooLate, cancel(two.actor, booked, reason="I want it back"))


# Canceling


def test_a_timely_cancellation_returns_the_credit(two: Together, booked: str) -> None:
    with clock.at(LIMIT):
        assert cancel(two.actor, booked)() is False
    row = session_of(booked)
    assert (row.status, row.late, row.sequence) == (SessionStatus.CANCELED, False, 1)
    assert row.canceled_by == two.mentee.id
    assert (two.now(), occupied()) == ((PackStatus.ACTIVE, 4, 0), [])
    assert entries() == [("reserve", -1), ("return", 1)]
    assert audited(booked) == ["session.booked", "session.canceled"]
    assert ("session_canceled", two.mentor.user_id) in mails()


def test_a_second_after_the_limit_canceling_uses_the_credit_if_the_mentee_says_so(
    two: Together, booked: str
) -> None:
    with clock.at(LIMIT + SECOND):
        error = refused(TooLate, cancel(two.actor, booked))
        assert "no-show" in error.message
        assert cancel(two.actor, booked, late_ok=True)() is True
    row = session_of(booked)
    assert (row.status, row.late) == (SessionStatus.MENTEE_NO_SHOW, True)
    assert row.object_until == LIMIT + SECOND + 7 * DAY
    assert (two.now(), occupied()) == ((PackStatus.ACTIVE, 3, 0), [])
    assert entries() == [("reserve", -1), ("consume", -1)]


def test_a_late_cancellation_of_the_last_session_lets_the_seat_go_to_grace() -> None:
    two = together(left=1)
    (booked,) = two.book(at(3))
    with clock.at(LIMIT + HOUR):
        cancel(two.actor, booked, late_ok=True)()
    assert two.now() == (PackStatus.DEPLETED, 0, 0)
    assert [seat.status for seat in stored(Seat)] == [SeatStatus.GRACE]


def test_canceling_twice_is_canceling_once(two: Together, booked: str) -> None:
    cancel(two.actor, booked)()
    once = everything()
    assert cancel(two.actor, booked)() is False
    assert everything() == once
    refused(OutOfDate, cancel(two.actor, booked, 1))
    refused(OutOfDate, cancel(two.owner, booked, 0, reason="I am ill"))
    refused(OutOfDate, move(two.actor, booked, at(5), 1))


def test_a_canceled_time_can_be_booked_again_by_anybody(two: Together, booked: str) -> None:
    cancel(two.actor, booked)()
    together(two.mentor, "Omar Other").book(at(3))


def test_a_mentee_cannot_cancel_what_has_begun(two: Together, booked: str) -> None:
    with clock.at(at(3)):
        refused(TooLate, cancel(two.actor, booked, late_ok=True))


def test_a_mentor_cancels_until_the_end_with_a_reason_and_the_pack_is_good_for_longer() -> None:
    two = together(expires_at=at(4))
    (booked,) = two.book(at(3))
    with clock.at(at(3) + timedelta(minutes=30)):
        refused(InvalidInput, cancel(two.owner, booked))
        assert cancel(two.owner, booked, reason="I am ill")() is False
        assert two.expires_at() == clock.utc_now() + 14 * DAY
    assert two.now() == (PackStatus.ACTIVE, 4, 0)
    assert session_of(booked).cancel_reason == "I am ill"


def test_a_mentor_does_not_cancel_what_is_over(two: Together, booked: str) -> None:
    with clock.at(at(3) + HOUR):
        refused(TooLate, cancel(two.owner, booked, reason="I am ill"))


def test_a_mentors_cancellation_wakes_a_pack_that_is_over() -> None:
    two = together(left=2, expires_at=at(3, 12, 10))
    (booked,) = two.book(at(3))
    with clock.at(at(3, 12, 20)):
        packs.expire_due()
        assert two.now() == (PackStatus.EXPIRED, 1, 1)
        assert [seat.status for seat in stored(Seat)] == [SeatStatus.ACTIVE]  # its session lives
        cancel(two.owner, booked, reason="I am ill")()
        assert two.now() == (PackStatus.ACTIVE, 1, 0)
        assert two.expires_at() == at(3, 12, 20) + 14 * DAY
        two.book(at(9))


def test_the_studio_calls_a_session_off_once(two: Together, booked: str) -> None:
    for _ in range(2):
        with db.transaction() as session:
            row = session.get_one(MentoringSession, session_of(booked).id)
            booking.call_off(session, actor=two.owner, session=row, reason="The mentor left")
    assert session_of(booked).status is SessionStatus.CANCELED
    assert entries() == [("reserve", -1), ("return", 1)]

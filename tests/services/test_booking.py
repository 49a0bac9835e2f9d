"""Booking: what it takes, what it changes, and what is refused without changing anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from services import booking, clock, db
from services.booking import Obstacle
from services.errors import (
    AppError,
    Conflict,
    InvalidInput,
    NoCredit,
    NotFound,
    SignInNeeded,
    SlotNotOffered,
    SlotTaken,
    VerificationNeeded,
)
from services.models import (
    PackStatus,
    SeatStatus,
    SessionStatus,
    TopicChange,
    User,
)
from tests.services.meetings import (
    DAY,
    HOUR,
    a_bookable_mentor,
    at,
    audited,
    entries,
    mails,
    occupied,
    refused,
    session_of,
    together,
)
from tests.services.rows import (
    VISITOR,
    a_pack,
    a_seat,
    a_user,
    acting,
    onboarded,
)
from tests.support.studio import BEGINNING, stored


@pytest.fixture(autouse=True)
def still(database: str) -> Iterator[None]:
    with clock.at(BEGINNING):
        yield


def test_a_booking_reserves_a_credit_and_takes_both_peoples_time() -> None:
    two = together(a_bookable_mentor(buffer_minutes=15))
    (booked,) = two.book(at(3))
    row = session_of(booked)
    assert (row.starts_at, row.ends_at) == (at(3), at(3) + HOUR)
    assert (row.status, row.sequence) == (SessionStatus.SCHEDULED, 0)
    assert (row.mentee_id, row.mentor_user_id) == (two.mentee.id, two.mentor.user_id)
    assert occupied() == [
        (at(3), at(3) + HOUR, False),
        (at(3), at(3) + timedelta(minutes=75), True),
    ]
    assert two.now() == (PackStatus.ACTIVE, 4, 1)
    assert entries() == [("reserve", -1)]
    assert audited(booked) == ["session.booked"]
    assert mails() == sorted(
        ("session_booked", user) for user in (two.mentee.id, two.mentor.user_id)
    )


def test_open_pages_of_both_people_are_told_of_a_booking() -> None:
    two = together()
    (booked,) = two.book(at(3))
    told = {row.topic for row in stored(TopicChange)}
    mentor = two.mentor.id
    assert told >= {
        "sessions",
        f"sessions:{mentor}",
        f"availability:{mentor}",
        f"mentee:{two.mentee.id}",
        f"session:{session_of(booked).id}",
    }


def test_all_sessions_of_a_pack_are_booked_at_once() -> None:
    two = together()
    starts = [at(3), at(5), at(7), at(10)]
    booked = two.book(*reversed(starts))
    assert [session_of(each).starts_at for each in booked] == starts
    assert two.now() == (PackStatus.ACTIVE, 4, 4)
    assert len(mails()) == 2


def test_one_time_that_cannot_be_had_books_none() -> None:
    two = together()
    other = together(two.mentor, "Omar Other")
    other.book(at(5))
    refused(SlotTaken, lambda: two.book(at(3), at(5), at(7)))


def test_the_same_request_again_gives_the_same_sessions() -> None:
    two = together()
    booked = two.book(at(3), at(5))
    assert two.book(at(3), at(5)) == booked
    assert two.now() == (PackStatus.ACTIVE, 4, 2)
    refused(SlotNotOffered, lambda: two.book(at(3), at(7)))


def test_a_mentor_has_one_session_at_a_time_and_their_buffer() -> None:
    mentor = a_bookable_mentor(buffer_minutes=30)
    first, second = together(mentor), together(mentor, "Omar Other")
    first.book(at(3, 12))
    for start in (at(3, 12), at(3, 11, 30), at(3, 12, 30), at(3, 13), at(3, 11)):
        refused(SlotTaken, lambda start=start: second.book(start))
    second.book(at(3, 13, 30), at(3, 10, 30))


def test_a_mentee_has_one_session_at_a_time_with_whomever() -> None:
    two = together()
    elsewhere = together(a_bookable_mentor("Otto Other"), mentee=two.mentee)
    two.book(at(3, 12))
    refused(SlotNotOffered, lambda: elsewhere.book(at(3, 12, 30)))
    elsewhere.book(at(3, 13))


def test_a_mentor_who_is_a_mentee_elsewhere_is_one_person() -> None:
    mentor = a_bookable_mentor()
    with db.reading() as session:
        person = session.get_one(User, mentor.user_id)
    learning = together(a_bookable_mentor("Otto Other"), mentee=onboarded(person))
    learning.book(at(3))
    taught = together(mentor, "Omar Other")
    refused(SlotTaken, lambda: taught.book(at(3)))
    taught.book(at(4))
    refused(SlotNotOffered, lambda: learning.book(at(4)))


def test_the_pack_that_expires_first_pays() -> None:
    two = together(left=1, expires_at=BEGINNING + 40 * DAY)
    sooner = a_pack(two.seat, left=1, expires_at=BEGINNING + 20 * DAY)
    never = a_pack(two.seat, left=2, expires_at=None)
    booked = two.book(at(3), at(5), at(7), at(9))
    paid = [session_of(each).pack_id for each in booked]
    assert paid == [sooner.id, two.pack.id, never.id, never.id]


def test_each_session_starts_by_the_end_of_the_pack_that_pays_for_it() -> None:
    two = together(left=1, expires_at=at(4))
    later = a_pack(two.seat, left=1, expires_at=at(8))
    booked = two.book(at(3), at(8))
    assert [session_of(each).pack_id for each in booked] == [two.pack.id, later.id]


def test_a_session_may_start_at_the_last_moment_of_the_pack_and_not_later() -> None:
    two = together(expires_at=at(5))
    error = refused(NoCredit, lambda: two.book(at(3), at(5, 12, 30)))
    assert "7 March 2026, 12:00 (UTC)" in error.message
    two.book(at(5))


def test_more_times_than_credits_are_refused() -> None:
    two = together(left=2, reserved=1)
    error = refused(NoCredit, lambda: two.book(at(3), at(5)))
    assert "1 session left" in error.message
    two.book(at(3))


@pytest.mark.parametrize(
    ("pack", "obstacle"),
    [
        ({"left": 0, "status": PackStatus.DEPLETED}, Obstacle.NO_CREDITS),
        ({"left": 2, "reserved": 2}, Obstacle.NO_CREDITS),
        ({"status": PackStatus.FROZEN}, Obstacle.NO_CREDITS),
        ({"status": PackStatus.EXPIRED, "left": 0, "expires_at": at(-1)}, Obstacle.EXPIRED),
        ({"expires_at": BEGINNING}, Obstacle.EXPIRED),
    ],
)
def test_a_pack_that_cannot_pay_is_refused_and_says_why(
    pack: dict[str, object], obstacle: Obstacle
) -> None:
    two = together(**pack)  # pyright: ignore[reportArgumentType]  # its fields
    error = refused(NoCredit, lambda: two.book(at(3)))
    with db.reading() as session:
        choice = booking.get_choice(session, actor=two.actor, mentor=two.mentor.slug)
    assert (choice.obstacle, choice.why_not) == (obstacle, error.message)
    assert choice.available == 0


def test_somebody_elses_pack_and_a_pack_with_another_mentor_pay_nothing() -> None:
    two, elsewhere = together(), a_bookable_mentor("Otto Other")
    stranger = acting(onboarded(a_user("Stella Stranger")))
    for actor, mentor in ((stranger, two.mentor), (two.actor, elsewhere)):
        refused(
            NoCredit,
            lambda actor=actor, mentor=mentor: booking.book(
                actor=actor, mentor=mentor.slug, starts=[at(3)]
            ),
        )


def test_onboarding_comes_before_the_first_booking() -> None:
    mentor = a_bookable_mentor()
    two = together(mentor, mentee=a_user())
    error = refused(Conflict, lambda: two.book(at(3)))
    assert error.code == "onboarding"
    onboarded(two.mentee)
    two.book(at(3))


def test_a_booking_needs_an_active_seat() -> None:
    mentor, mentee = a_bookable_mentor(), onboarded(a_user())
    a_pack(a_seat(mentee, mentor, SeatStatus.RELEASED))
    error = refused(
        Conflict, lambda: booking.book(actor=acting(mentee), mentor=mentor.slug, starts=[at(3)])
    )
    assert error.code == "no_seat"


def test_who_books_is_signed_in_and_has_a_confirmed_address() -> None:
    two = together(mentee=onboarded(a_user(email_verified_at=None)))
    refused(VerificationNeeded, lambda: two.book(at(3)))
    refused(
        SignInNeeded, lambda: booking.book(actor=VISITOR, mentor=two.mentor.slug, starts=[at(3)])
    )


TAMPERED: list[tuple[type[AppError], list[datetime]]] = [
    (InvalidInput, []),
    (InvalidInput, [at(3), at(3)]),
    (InvalidInput, [at(3).replace(tzinfo=None)]),
    (InvalidInput, [at(3), at(3, 12, 30)]),
    (SlotNotOffered, [BEGINNING - DAY]),
    (SlotNotOffered, [BEGINNING]),
    (SlotNotOffered, [at(1, 9, 30)]),
    (SlotNotOffered, [at(3, 12, 7)]),
    (SlotNotOffered, [at(3) + timedelta(seconds=1)]),
    (SlotNotOffered, [at(3) + timedelta(microseconds=1)]),
    (SlotNotOffered, [at(36)]),
    (SlotNotOffered, [at(8, 18)]),
]


@pytest.mark.parametrize(("error", "starts"), TAMPERED)
def test_a_time_that_was_tampered_with_is_refused(
    error: type[AppError], starts: list[datetime]
) -> None:
    two = together(a_bookable_mentor(hours=(8, 18)))
    refused(error, lambda: two.book(*starts))


def test_the_notice_is_kept_to_the_second() -> None:
    two = together()
    refused(SlotNotOffered, lambda: two.book(at(1, 9, 30)))
    two.book(at(1, 10))


def test_a_mentor_who_does_not_exist_or_is_oneself_cannot_be_booked() -> None:
    two = together()
    refused(NotFound, lambda: booking.book(actor=two.actor, mentor="nobody", starts=[at(3)]))
    refused(Conflict, lambda: booking.book(actor=two.owner, mentor=two.mentor.slug, starts=[at(3)]))


def test_a_suspended_mentor_cannot_be_booked() -> None:
    two = together()
    with db.transaction() as session:
        two.mentor.suspended_at = clock.utc_now()
        session.add(two.mentor)
    refused(SlotNotOffered, lambda: two.book(at(3)))
    with db.reading() as session:
        choice = booking.get_choice(session, actor=two.actor, mentor=two.mentor.slug)
    assert choice.obstacle is Obstacle.CLOSED


def test_the_length_of_a_session_is_the_mentors() -> None:
    two = together(a_bookable_mentor(session_minutes=45))
    (booked,) = two.book(at(3))
    assert session_of(booked).ends_at == at(3, 12, 45)

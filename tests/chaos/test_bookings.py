"""Many bookings of one person's time at once, as mentor and as mentee, of different lengths; beside
controls that overlap when a guard is off."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from sqlmodel import col, select

from services import booking, db, locking
from services.audit import Actor
from services.errors import DatabaseUnavailable, SlotTaken
from services.models import (
    CreditEntry,
    CreditKind,
    MentoringSession,
    OccupiedTime,
    Pack,
    SessionStatus,
    User,
)
from tests.chaos.appointments import (
    LENGTHS,
    any_start,
    assert_true,
    booking_call,
    lengths_change,
    no_lock,
    overlaps,
    remove_guard,
    start_of,
    unexpected,
    unguarded,
)
from tests.chaos.crowd import refusals, succeeded, together
from tests.chaos.test_kills import FULL, OTHER_KILLS, kill_everywhere
from tests.chaos.till import Till
from tests.chaos.workers import Report, Workers
from tests.services.meetings import Together, a_bookable_mentor
from tests.services.meetings import together as a_pair
from tests.services.rows import a_user, onboarded
from tests.support.studio import stored

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

CROWD = 200 if FULL else 24


@pytest.fixture(autouse=True)
def seeded(database: str) -> None:
    random.seed(4)


@pytest.mark.parametrize("guarded", [False, True], ids=["no guard", "the constraint alone"])
def test_without_the_guard_sessions_overlap_and_with_the_constraint_alone_none_does(
    monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The control: the same check, the same writing, but no lock in between."""
    monkeypatch.setattr(locking, "lock", no_lock)
    mentor = a_bookable_mentor()
    mentees = [a_pair(mentor, f"Mentee {number}") for number in range(12)]
    starts = [start_of(number % 3 / 2) for number in range(12)]
    if not guarded:
        remove_guard()

    results = unguarded(mentor, mentees, starts)

    if guarded:
        # Without the lock, PostgreSQL may also end one of two who wait for each other.
        assert overlaps() == 0
        assert set(refusals(results)) <= {SlotTaken.__name__, DatabaseUnavailable.__name__}
        assert 1 <= len(succeeded(results)) <= 2  # 12:00 and 13:00, or 12:30
    else:
        assert refusals(results) == []
        assert overlaps() > 0


def test_of_ten_requests_for_one_slot_one_succeeds() -> None:
    mentor = a_bookable_mentor()
    mentees = [a_pair(mentor, f"Mentee {number}") for number in range(10)]

    results = together([booking_call(two, start_of()) for two in mentees])

    assert refusals(results) == [SlotTaken.__name__] * 9
    assert_true(booked=1)


def test_ten_clicks_of_one_mentee_book_once() -> None:
    two = a_pair()
    starts = [start_of(0), start_of(24), start_of(48)]

    def book() -> tuple[str, ...]:
        return booking.book(actor=two.actor, mentor=two.mentor.slug, starts=starts)

    results = together([book] * 10)

    assert refusals(results) == []
    assert len(set(succeeded(results))) == 1
    assert_true(booked=3)


def test_one_credit_books_one_session_however_many_are_asked_for_together() -> None:
    two = a_pair(left=1)

    results = together([booking_call(two, start_of(24 * day)) for day in range(10)])

    assert refusals(results) == ["NoCredit"] * 9
    assert_true(booked=1)


def test_a_mentors_sessions_never_overlap_when_a_crowd_books_while_their_length_changes() -> None:
    mentor = a_bookable_mentor(buffer_minutes=15)
    mentees = [a_pair(mentor, f"Mentee {number}") for number in range(CROWD)]
    calls = [booking_call(two, any_start()) for two in mentees]
    calls += [lengths_change(mentor) for _ in range(CROWD // 8)]
    random.shuffle(calls)

    results = together(calls)

    assert unexpected(results) == []
    booked = sum(succeeded(results))
    assert 2 <= booked <= 16
    assert_true(booked)


def learning_of(mentee: User) -> list[Together]:
    """Packs with a mentor for each length of a session."""
    mentors = [a_bookable_mentor(f"Mentor {each}", session_minutes=each) for each in LENGTHS]
    return [a_pair(mentor, mentee=mentee, left=100) for mentor in mentors]


def test_a_mentees_sessions_never_overlap_when_they_book_many_mentors_together() -> None:
    mentee = onboarded(a_user())
    pairs = learning_of(mentee)

    results = together([booking_call(random.choice(pairs), any_start()) for _ in range(CROWD)])

    # The same time with the same mentor again is the same session: counted here, booked once.
    assert unexpected(results) == []
    assert len(succeeded(results)) >= 2
    assert_true(booked=len(stored(MentoringSession)))


def test_a_person_in_both_roles_is_never_in_two_sessions_moves_and_holds_at_once() -> None:
    mentor = a_bookable_mentor("Both Sides")
    with db.reading() as session:
        person = onboarded(session.get_one(User, mentor.user_id))
    learning = learning_of(person)
    taught = [a_pair(mentor, f"Mentee {number}") for number in range(CROWD // 2)]
    moved = [two.book(start_of(24 + hour))[0] for hour, two in enumerate(taught[:6])]

    def hold(two: Together) -> Callable[[], int]:
        starts = [any_start()]
        return lambda: booking.hold(actor=two.actor, mentor=two.mentor.slug, starts=starts) and 0

    def move(actor: Actor, session: str) -> Callable[[], int]:
        start = any_start()
        return lambda: (
            booking.reschedule(actor=actor, session=session, sequence=0, starts_at=start) or 0
        )

    calls = [booking_call(random.choice(learning), any_start()) for _ in range(CROWD // 2)]
    calls += [booking_call(two, any_start()) for two in taught[6:]]
    calls += [hold(two) for two in taught[6:]]
    calls += [move(two.actor, each) for two, each in zip(taught[:6], moved, strict=True)]
    random.shuffle(calls)
    results = together(calls)

    assert unexpected(results) == []
    assert len(succeeded(results)) >= 2
    assert_true(booked=len(stored(MentoringSession)))


def test_a_session_that_both_change_at_once_changes_once() -> None:
    two = a_pair()
    (session,) = two.book(start_of(48))

    def cancel(actor: Actor) -> Callable[[], object]:
        return lambda: booking.cancel(actor=actor, session=session, sequence=0, reason="No time")

    def move(hours: float) -> Callable[[], object]:
        return lambda: booking.reschedule(
            actor=two.actor, session=session, sequence=0, starts_at=start_of(hours)
        )

    results = together([cancel(two.actor), cancel(two.owner), move(72), move(73), move(74)])

    assert refusals(results) == ["OutOfDate"] * 4
    (row,) = stored(MentoringSession)
    assert row.sequence == 1
    assert_true(booked=1) if row.status is SessionStatus.SCHEDULED else assert_returned()


def assert_returned() -> None:
    """The credit came back once, and nobody's time is taken."""
    kinds = [row.kind for row in stored(CreditEntry)]
    assert kinds == [CreditKind.RESERVE, CreditKind.RETURN]
    assert stored(OccupiedTime) == []
    assert [pack.reserved for pack in stored(Pack)] == [0]


# Several processes, and processes that die


def task(two: Together, *starts: datetime) -> dict[str, Any]:
    """What a worker is asked to book."""
    return {
        "job": "book",
        "user": two.mentee.id,
        "mentor": two.mentor.slug,
        "starts": [start.isoformat() for start in starts],
    }


def test_of_eight_processes_that_book_one_slot_one_succeeds(till: Till, workers: Workers) -> None:
    mentor = a_bookable_mentor()
    mentees = [a_pair(mentor, f"Mentee {number}") for number in range(8)]

    reports = workers.run_together([task(two, start_of()) for two in mentees])

    assert all(report.ended for report in reports)
    refused = [report.error.partition(":")[0] for report in reports if report.error]
    assert refused == [SlotTaken.__name__] * 7
    assert_true(booked=1)


def test_a_booking_killed_anywhere_is_whole_or_nothing_and_the_same_when_clicked_again(
    till: Till, workers: Workers
) -> None:
    names = count(1)

    def one(point: int, when: str) -> Report:
        two = a_pair(a_bookable_mentor(f"Mentor {next(names)}"), f"Mentee {next(names)}")
        starts = [start_of(0), start_of(24)]
        report = workers.run(kill_at=point, **task(two, *starts))
        written = sessions_of(two)
        assert len(written) in {0, 2}, when
        again = booking.book(actor=two.actor, mentor=two.mentor.slug, starts=starts)
        assert sessions_of(two) == list(again), when
        assert written in ([], list(again)), when
        assert_true(booked=len(stored(MentoringSession)))
        return report

    two = a_pair()
    dry = workers.run(**task(two, start_of(0), start_of(24)))
    kill_everywhere(dry, OTHER_KILLS // 2, one, vendor=None)


def sessions_of(two: Together) -> list[str]:
    """The sessions of a mentee, in the order of time."""
    with db.reading() as session:
        of_mentee = select(col(MentoringSession.public_id)).where(
            col(MentoringSession.mentee_id) == two.mentee.id
        )
        return list(session.exec(of_mentee.order_by(col(MentoringSession.starts_at))).all())

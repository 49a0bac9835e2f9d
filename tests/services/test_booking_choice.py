"""What a mentee may choose, and what mentors and admins book for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from services import booking, clock, db
from services.booking import Obstacle
from services.errors import (
    InvalidInput,
    NoCredit,
    NotFound,
    SlotNotOffered,
    SlotTaken,
)
from services.models import (
    CreditEntry,
    MentoringSession,
    PackStatus,
    SeatStatus,
)
from tests.services.meetings import (
    HOUR,
    Together,
    a_bookable_mentor,
    at,
    audited,
    refused,
    together,
)
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_admin,
)
from tests.support.studio import BEGINNING, stored


@pytest.fixture(autouse=True)
def still(database: str) -> Iterator[None]:
    with clock.at(BEGINNING):
        yield


# What may be chosen


def test_the_choice_names_packs_credits_and_the_mentors_zone() -> None:
    two = together(a_bookable_mentor(zone="Asia/Kathmandu"), left=3, reserved=1)
    with db.reading() as session:
        choice = booking.get_choice(session, actor=two.actor, mentor=two.mentor.slug)
    assert (choice.mentor_name, choice.mentor_zone) == ("Mina Mentor", "Asia/Kathmandu")
    assert (choice.available, choice.seat) == (2, SeatStatus.ACTIVE)
    assert [pack.available for pack in choice.packs] == [2]
    assert (choice.obstacle, choice.why_not, choice.held) == (Obstacle.NONE, "", ())


def test_a_mentor_without_rules_shows_the_accounts_zone() -> None:
    mentor, mentee = a_mentor(), a_user()
    with db.reading() as session:
        choice = booking.get_choice(session, actor=acting(mentee), mentor=mentor.slug)
        with pytest.raises(NotFound):
            booking.get_choice(session, actor=acting(mentee), mentor="nobody")
    assert (choice.mentor_zone, choice.session_minutes) == ("UTC", 60)
    assert choice.obstacle is Obstacle.NO_PACK


# Booking for a mentee


def booked_for(two: Together, *starts: datetime, reason: str = "We agreed by phone") -> object:
    return booking.book_for(
        actor=two.owner,
        mentor=two.mentor.slug,
        mentee=two.mentee.public_id,
        starts=starts,
        reason=reason,
    )


def test_a_mentor_books_outside_of_the_hours_with_a_reason_that_is_kept() -> None:
    two = together(a_bookable_mentor(hours=(8, 10)), mentee=a_user())
    booked_for(two, at(0, 11))
    (row,) = stored(MentoringSession)
    assert row.starts_at == at(0, 11)
    assert two.now() == (PackStatus.ACTIVE, 4, 1)
    assert audited(row.public_id) == ["session.booked"]


def test_a_mentors_override_still_needs_a_credit_a_reason_and_free_time() -> None:
    two = together(left=1)
    refused(InvalidInput, lambda: booked_for(two, at(3), reason="  x "))
    refused(NoCredit, lambda: booked_for(two, at(3), at(4)))
    refused(SlotNotOffered, lambda: booked_for(two, BEGINNING - HOUR))
    other = together(two.mentor, "Omar Other")
    other.book(at(3))
    refused(SlotTaken, lambda: booked_for(two, at(3, 12, 30)))


def test_a_refusal_names_whoever_has_no_time_to_whoever_reads_it() -> None:
    two = together()
    elsewhere = a_bookable_mentor("Otto Other")
    a_pack(a_seat(two.mentee, elsewhere))
    booking.book(actor=two.actor, mentor=elsewhere.slug, starts=[at(3)])
    error = refused(SlotNotOffered, lambda: booked_for(two, at(4), at(3)))
    assert "Nora Novak has something else at that time" in error.message


def test_only_the_mentor_and_admins_book_for_others() -> None:
    two, stranger = together(), a_bookable_mentor("Otto Other")
    for actor in (two.actor, acting_mentor(stranger)):
        refused(
            NotFound,
            lambda actor=actor: booking.book_for(
                actor=actor,
                mentor=two.mentor.slug,
                mentee=two.mentee.public_id,
                starts=[at(3)],
                reason="We agreed",
            ),
        )
    booking.book_for(
        actor=acting(an_admin()),
        mentor=two.mentor.slug,
        mentee=two.mentee.public_id,
        starts=[at(3)],
        reason="We agreed",
    )
    assert len(stored(CreditEntry)) == 1

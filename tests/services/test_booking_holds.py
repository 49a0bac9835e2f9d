"""Slot holds: five minutes for one mentee, who alone can use them, and which end by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import booking, clock, db
from services.errors import InvalidInput, NoCredit, SlotNotOffered, SlotTaken
from services.models import PackStatus, SlotHold, SlotHoldStatus, TopicChange
from tests.services.meetings import (
    HOUR,
    Together,
    a_bookable_mentor,
    at,
    everything,
    occupied,
    together,
)
from tests.support.studio import BEGINNING, stored

MINUTES = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def still(database: str) -> Iterator[None]:
    with clock.at(BEGINNING):
        yield


def held(two: Together, *starts: object) -> booking.HoldView:
    return booking.hold(actor=two.actor, mentor=two.mentor.slug, starts=starts)  # pyright: ignore[reportArgumentType]


def statuses() -> list[SlotHoldStatus]:
    return [row.status for row in stored(SlotHold)]


def test_what_one_mentee_holds_nobody_else_can_book_or_hold() -> None:
    two = together(a_bookable_mentor(buffer_minutes=15))
    other = together(two.mentor, "Omar Other")
    view = held(two, at(3), at(5))
    assert (view.holds, view.until) == ((at(3), at(5)), BEGINNING + MINUTES)
    assert (at(3), at(3) + HOUR, False) in occupied()
    before = everything()
    for start in (at(3), at(3, 13), at(5, 11, 30)):
        with pytest.raises(SlotTaken):
            other.book(start)
        with pytest.raises(SlotTaken):
            held(other, start)
    assert everything() == before
    assert two.now() == (PackStatus.ACTIVE, 4, 0)


def test_the_holder_books_what_is_held() -> None:
    two = together()
    held(two, at(3), at(5))
    two.book(at(3), at(5))
    assert statuses() == [SlotHoldStatus.USED] * 2
    assert len(occupied()) == 4
    assert two.now() == (PackStatus.ACTIVE, 4, 2)


def test_a_mentees_own_hold_is_not_in_the_way_of_their_own_booking() -> None:
    two = together()
    elsewhere = together(a_bookable_mentor("Otto Other"), mentee=two.mentee)
    held(two, at(3))
    elsewhere.book(at(3, 12, 30))
    assert len(occupied()) == 2


def test_the_next_hold_replaces_the_last_one_also_with_another_mentor() -> None:
    two = together()
    elsewhere = together(a_bookable_mentor("Otto Other"), mentee=two.mentee)
    other = together(two.mentor, "Omar Other")
    held(two, at(3), at(5))
    held(elsewhere, at(3))
    assert statuses() == [SlotHoldStatus.LAPSED] * 2 + [SlotHoldStatus.HELD]
    other.book(at(3), at(5))


def test_a_hold_that_cannot_be_had_leaves_the_last_one() -> None:
    two, other = together(), None
    other = together(two.mentor, "Omar Other")
    other.book(at(5))
    held(two, at(3))
    with pytest.raises(SlotTaken):
        held(two, at(4), at(5))
    assert statuses() == [SlotHoldStatus.HELD]
    with pytest.raises(SlotTaken):
        other.book(at(3))


def test_a_hold_blocks_until_its_minutes_are_over_and_not_a_second_longer() -> None:
    two = together()
    other = together(two.mentor, "Omar Other")
    held(two, at(3))
    with clock.at(BEGINNING + MINUTES - timedelta(seconds=1)), pytest.raises(SlotTaken):
        other.book(at(3))
    with clock.at(BEGINNING + MINUTES):
        other.book(at(3))  # nobody has swept
    assert statuses() == [SlotHoldStatus.LAPSED]
    with clock.at(BEGINNING + MINUTES), pytest.raises(SlotTaken):
        two.book(at(3))


def test_a_hold_that_is_over_can_still_be_booked_if_nobody_was_faster() -> None:
    two = together()
    held(two, at(3))
    with clock.at(BEGINNING + 2 * MINUTES):
        two.book(at(3))
    assert two.now() == (PackStatus.ACTIVE, 4, 1)


def test_the_sweep_ends_what_is_over_and_tells_open_pages() -> None:
    two = together()
    other = together(two.mentor, "Omar Other")
    held(two, at(3), at(5))
    with clock.at(BEGINNING + timedelta(minutes=3)):
        held(other, at(7))
    with clock.at(BEGINNING + MINUTES):
        before = len(stored(TopicChange))
        assert booking.lapse_due() == 2
        assert booking.lapse_due() == 0
    assert statuses() == [SlotHoldStatus.LAPSED] * 2 + [SlotHoldStatus.HELD]
    assert len(occupied()) == 2
    assert f"availability:{two.mentor.id}" in {row.topic for row in stored(TopicChange)[before:]}


def test_giving_a_hold_back_touches_nobody_elses() -> None:
    two = together()
    other = together(two.mentor, "Omar Other")
    held(two, at(3))
    held(other, at(5))
    booking.release_hold(actor=two.actor)
    booking.release_hold(actor=two.actor)
    assert statuses() == [SlotHoldStatus.LAPSED, SlotHoldStatus.HELD]
    two.book(at(3))


def test_a_hold_needs_what_a_booking_needs() -> None:
    two = together(left=2)
    for error, starts in (
        (NoCredit, [at(3), at(4), at(5)]),
        (SlotNotOffered, [at(0, 11)]),
        (InvalidInput, [at(3), at(3, 12, 30)]),
    ):
        with pytest.raises(error):
            held(two, *starts)
    assert stored(SlotHold) == []


def test_the_choice_shows_what_is_held_and_until_when() -> None:
    two = together()
    held(two, at(3), at(5))
    with db.reading() as session:
        choice = booking.get_choice(session, actor=two.actor, mentor=two.mentor.slug)
    assert (choice.held, choice.held_until) == ((at(3), at(5)), BEGINNING + MINUTES)
    with clock.at(BEGINNING + MINUTES), db.reading() as session:
        choice = booking.get_choice(session, actor=two.actor, mentor=two.mentor.slug)
    assert (choice.held, choice.held_until) == ((), None)

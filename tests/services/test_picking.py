"""What the slot picker shows: the times of a week that somebody may book, or move a session to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import update

from services import booking, clock, db, picking
from services.booking import Obstacle
from services.errors import NotFound
from services.models import (
    Availability,
    Mentor,
    MentoringSession,
    Pack,
    SessionStatus,
    TimeOff,
    User,
)
from services.sessions.views import Side
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_session,
    a_user,
    acting,
    an_admin,
    onboarded,
    open_hours,
)

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def monday_morning(database: str) -> Iterator[None]:
    with clock.at(MONDAY + timedelta(hours=8)):
        yield


def a_pair() -> tuple[User, Mentor]:
    """A mentee who may book, and a mentor with two hours every Wednesday."""
    mentee, mentor = onboarded(a_user()), a_mentor()
    open_hours(mentor, hours=(9, 11), days=[2])
    return mentee, mentor


def week_of(mentee: User, mentor: Mentor, starts: datetime = MONDAY) -> picking.PickerWeek:
    with db.reading() as session:
        return picking.get_week(
            session, actor=acting(mentee), mentor=mentor.slug, starts=starts, ends=starts + WEEK
        )


def moving(person: User, session: MentoringSession) -> picking.MovingWeek:
    with db.reading() as reading:
        return picking.get_moving_week(
            reading,
            actor=acting(person),
            session=session.public_id,
            starts=MONDAY,
            ends=MONDAY + WEEK,
        )


def hours_of(week: picking.PickerWeek | picking.MovingWeek) -> list[str]:
    return [f"{slot.starts_at:%a %H:%M}" for slot in week.slots]


def test_a_week_has_its_times_and_one_without_any_names_the_next() -> None:
    mentee, mentor = a_pair()
    a_pack(a_seat(mentee, mentor))

    assert hours_of(week_of(mentee, mentor)) == ["Wed 09:00", "Wed 09:30", "Wed 10:00"]

    with clock.at(MONDAY + timedelta(days=3)):
        over = week_of(mentee, mentor)
    assert (over.slots, over.next_free) == ((), MONDAY + timedelta(days=9, hours=9))


def test_a_first_time_that_is_far_ahead_is_named_as_far_as_the_packs_reach() -> None:
    mentee, mentor = a_pair()
    a_pack(a_seat(mentee, mentor))
    far = MONDAY + timedelta(days=303, hours=9)
    with db.transaction() as tx:
        tx.get_one(Availability, mentor.id).horizon_days = 365
        tx.add(
            TimeOff(
                mentor_id=mentor.id,
                first_day=MONDAY.date(),
                last_day=(far - timedelta(days=7)).date(),
            )
        )

    assert week_of(mentee, mentor).next_free == far
    with db.transaction() as tx:
        tx.exec(update(Pack).values(expires_at=far - timedelta(hours=1)))
    assert week_of(mentee, mentor).next_free is None


def test_times_that_no_pack_reaches_are_left_out_and_the_last_pack_counts() -> None:
    mentee, mentor = a_pair()
    seat = a_seat(mentee, mentor)
    a_pack(seat, expires_at=MONDAY + timedelta(days=2, hours=9, minutes=30))

    assert hours_of(week_of(mentee, mentor)) == ["Wed 09:00", "Wed 09:30"]
    next_week = week_of(mentee, mentor, MONDAY + WEEK)
    assert (next_week.slots, next_week.next_free) == ((), None)

    a_pack(seat, left=1, expires_at=MONDAY + timedelta(days=30))
    assert len(week_of(mentee, mentor, MONDAY + WEEK).slots) == 3
    a_pack(seat, left=1, reserved=1)
    assert week_of(mentee, mentor, MONDAY + 5 * WEEK).slots == (), "that one is booked already"


def test_nothing_is_offered_while_something_stands_against_booking() -> None:
    mentee, mentor = a_user(), a_mentor()
    open_hours(mentor)
    a_pack(a_seat(mentee, mentor))

    week = week_of(mentee, mentor)

    assert week.choice.obstacle is Obstacle.ONBOARDING
    assert (week.slots, week.next_free) == ((), None)


def test_what_is_held_stays_choosable_for_oneself_and_for_nobody_else() -> None:
    mentee, mentor = a_pair()
    other = onboarded(a_user("Otto Other"))
    for person in (mentee, other):
        a_pack(a_seat(person, mentor))
    nine = MONDAY + timedelta(days=2, hours=9)
    booking.hold(actor=acting(mentee), mentor=mentor.slug, starts=[nine])

    mine = week_of(mentee, mentor)
    assert mine.choice.held == (nine,)
    assert hours_of(mine) == ["Wed 09:00", "Wed 09:30", "Wed 10:00"]
    assert hours_of(week_of(other, mentor)) == ["Wed 10:00"]

    wanted = [nine, nine + timedelta(hours=1), nine + timedelta(days=1)]
    with db.reading() as session:
        for person, free in ((mentee, {nine, wanted[1]}), (other, {wanted[1]})):
            found = picking.list_free(
                session, actor=acting(person), mentor=mentor.slug, starts=wanted
            )
            assert found == free


def test_a_session_that_is_moved_does_not_stand_in_its_own_way() -> None:
    mentee, mentor = a_pair()
    end = MONDAY + timedelta(days=2, hours=9, minutes=30)
    pack = a_pack(a_seat(mentee, mentor), reserved=1, expires_at=end)
    session = a_session(pack, MONDAY + timedelta(days=2, hours=9))

    seen: dict[Side, list[str]] = {}
    with db.reading() as reading:
        own = reading.get_one(User, mentor.user_id)
    for person in (mentee, own, an_admin()):
        week = moving(person, session)
        seen[week.side] = hours_of(week)
        assert (week.open, week.sequence) == (True, 0)
        assert week.change_until == session.starts_at - timedelta(hours=24)

    assert seen[Side.MENTEE] == ["Wed 09:30"], "09:00 is where it is, 10:00 after the pack's end"
    assert seen[Side.MENTOR] == seen[Side.ADMIN] == ["Wed 09:30", "Wed 10:00"]


def test_a_session_to_be_moved_keeps_its_length_though_the_mentors_has_changed() -> None:
    mentee, mentor = a_pair()
    pack = a_pack(a_seat(mentee, mentor), reserved=1)
    session = a_session(pack, MONDAY + timedelta(days=2, hours=9))
    with db.transaction() as tx:
        tx.get_one(Availability, mentor.id).session_minutes = 120

    week = moving(mentee, session)
    assert hours_of(week) == ["Wed 09:30", "Wed 10:00"]
    assert {slot.ends_at - slot.starts_at for slot in week.slots} == {timedelta(hours=1)}


def test_a_session_that_has_begun_or_ended_offers_nothing_and_a_foreign_one_is_not_found() -> None:
    mentee, mentor = a_pair()
    pack = a_pack(a_seat(mentee, mentor), reserved=1)
    session = a_session(
        pack,
        MONDAY + timedelta(days=2, hours=9),
        status=SessionStatus.CANCELED,
        canceled_at=clock.utc_now(),
    )
    stranger = a_user("Sina Stranger")

    week = moving(mentee, session)
    assert (week.open, week.slots, week.next_free) == (False, (), None)
    with pytest.raises(NotFound):
        moving(stranger, session)

"""What a mentor offers, to whom, and why a time is refused: read from the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services import availability, clock, db
from services.errors import NotFound, SlotNotOffered, SlotTaken
from services.models import (
    Availability,
    BusyTime,
    CalendarConnection,
    ConnectedCalendar,
    ConnectionStatus,
    DateOverride,
    Mentor,
    OccupiedTime,
    Pack,
    SlotHold,
    TimeOff,
    User,
    UserStatus,
    WeeklyHours,
)
from services.slots import Why
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_session,
    a_user,
    acting,
    acting_mentor,
    counted_reading,
    saved,
)

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NINE, TEN, ELEVEN = (MONDAY + hours * HOUR for hours in (9, 10, 11))


@pytest.fixture(autouse=True)
def at_midnight() -> Iterator[None]:
    with clock.at(MONDAY):
        yield


def an_open_mentor(name: str = "Mina Mentor", **numbers: Any) -> Mentor:
    """Every day from 09:00 to 12:00 UTC, without notice."""
    mentor = a_mentor(name)
    values: dict[str, Any] = {
        "time_zone": "UTC",
        "session_minutes": 60,
        "buffer_minutes": 0,
        "notice_minutes": 0,
        "horizon_days": 30,
    }
    saved(Availability(mentor_id=mentor.id, **values | numbers))
    for weekday in range(7):
        saved(WeeklyHours(mentor_id=mentor.id, weekday=weekday, start_minute=540, end_minute=720))
    return mentor


def a_pack_with(mentor: Mentor, name: str = "Nora Novak") -> Pack:
    return a_pack(a_seat(a_user(name), mentor))


def a_slot_hold(mentee: User, mentor: Mentor, starts_at: datetime, *, minutes: int = 5) -> SlotHold:
    hold = saved(
        SlotHold(
            mentee_id=mentee.id,
            mentor_id=mentor.id,
            starts_at=starts_at,
            ends_at=starts_at + HOUR,
            held_until=clock.utc_now() + minutes * MINUTE,
        )
    )
    for person, mentor_side in ((mentee.id, False), (mentor.user_id, True)):
        saved(
            OccupiedTime(
                person_id=person,
                hold_id=hold.id,
                mentor_side=mentor_side,
                starts_at=hold.starts_at,
                ends_at=hold.ends_at,
            )
        )
    return hold


def a_calendar(
    user_id: Any, *spans: tuple[datetime, datetime], busy: bool = True, **fields: Any
) -> None:
    connection = saved(CalendarConnection(user_id=user_id, **fields))
    calendar = saved(
        ConnectedCalendar(
            connection_id=connection.id, external_id="primary", busy=busy, read_at=clock.utc_now()
        )
    )
    for starts, ends in spans:
        saved(BusyTime(calendar_id=calendar.id, user_id=user_id, starts_at=starts, ends_at=ends))


def times(mentor: Mentor, *, mentee: User | None = None, days: int = 1, **more: Any) -> list[str]:
    """The starts of the next days."""
    with db.reading() as session:
        found = availability.offered(
            session,
            mentor_id=mentor.id,
            mentee_id=mentee.id if mentee else None,
            starts=clock.utc_now(),
            ends=clock.utc_now() + days * DAY,
            **more,
        )
    return [f"{slot.starts_at:%H:%M}" for slot in found]


def check(mentor: Mentor, mentee: User, start: datetime, **more: Any) -> availability.Offered:
    with db.transaction() as session:
        row = session.get_one(Mentor, mentor.id)
        return availability.check_offered(
            session, mentor=row, mentee_id=mentee.id, starts_at=start, **more
        )


FREE = ["09:00", "09:30", "10:00", "10:30", "11:00"]


def test_hours_less_sessions_and_what_others_hold_are_offered(database: str) -> None:
    mentor = an_open_mentor()
    assert times(mentor) == FREE
    a_session(a_pack_with(mentor), NINE)
    assert times(mentor) == ["10:00", "10:30", "11:00"]
    a_slot_hold(a_user("Ben Novak"), mentor, ELEVEN)
    assert times(mentor) == ["10:00"]


def test_a_mentor_without_rules_offers_nothing(database: str) -> None:
    assert times(a_mentor()) == []


def test_what_one_holds_does_not_stand_in_ones_own_way_and_lapsed_holds_in_nobodys(
    database: str,
) -> None:
    mentor, mentee, other = an_open_mentor(), a_user(), a_user("Ben Novak")
    a_slot_hold(mentee, mentor, NINE)
    assert times(mentor, mentee=mentee) == FREE
    assert times(mentor, mentee=other) == FREE[2:]
    with clock.at(MONDAY + 6 * MINUTE):
        assert times(mentor, mentee=other) == FREE


def test_the_buffer_of_todays_rules_counts_once_and_an_older_longer_one_is_kept(
    database: str,
) -> None:
    mentor = an_open_mentor(buffer_minutes=30)
    a_session(a_pack_with(mentor), NINE, buffer=30)
    assert times(mentor) == ["10:30", "11:00"]
    older = an_open_mentor("Olga Older")
    a_session(a_pack_with(older, "Ben Novak"), NINE, buffer=30)
    assert times(older) == ["10:30", "11:00"]


def test_a_person_is_busy_in_both_roles(database: str) -> None:
    mentor, other = an_open_mentor(), an_open_mentor("Olga Other")
    mentee = a_user("Ben Novak")
    with db.reading() as session:
        mentors_user = session.get_one(User, mentor.user_id)
    a_session(a_pack(a_seat(mentors_user, other)), NINE)
    assert times(mentor, mentee=mentee) == FREE[2:]
    a_session(a_pack(a_seat(mentee, other)), ELEVEN)
    assert times(mentor, mentee=mentee) == ["10:00"]
    assert times(mentor) == FREE[2:]


def test_the_session_that_is_being_moved_leaves_its_time_free_also_in_the_calendar(
    database: str,
) -> None:
    mentor = an_open_mentor()
    session = a_session(a_pack_with(mentor), TEN)
    a_calendar(mentor.user_id, (NINE, NINE + 30 * MINUTE), (TEN, ELEVEN))
    assert times(mentor) == ["11:00"]
    assert times(mentor, moving=session.id) == FREE[1:]


def test_chosen_calendars_of_both_people_take_time_and_others_do_not(database: str) -> None:
    mentor, mentee, relaxed = an_open_mentor(), a_user(), a_user("Rosa Relaxed")
    a_calendar(mentor.user_id, (NINE, TEN))
    a_calendar(mentee.id, (TEN, TEN + 30 * MINUTE))
    a_calendar(relaxed.id, (TEN, TEN + 30 * MINUTE), busy=False)
    assert times(mentor, mentee=mentee) == ["10:30", "11:00"]
    assert times(mentor, mentee=relaxed) == ["10:00", "10:30", "11:00"]


def test_suspended_mentors_and_broken_calendars_offer_nothing(database: str) -> None:
    suspended, broken, gone = (an_open_mentor(f"Mentor {name}") for name in ("Su", "Br", "Go"))
    a_calendar(broken.user_id, status=ConnectionStatus.BROKEN, broken_at=MONDAY)
    with db.transaction() as session:
        session.get_one(Mentor, suspended.id).suspended_at = MONDAY
        session.get_one(User, gone.user_id).status = UserStatus.SUSPENDED
    for mentor in (suspended, broken, gone):
        assert times(mentor) == []
        with pytest.raises(SlotNotOffered, match="takes no bookings"):
            check(mentor, a_user(f"Mentee of {mentor.slug}"), NINE)
    with db.reading() as session:
        ids = [suspended.id, broken.id, gone.id, an_open_mentor("Olga Open").id]
        assert set(availability.off_sale(session, ids)) == set(ids[:3])
        assert availability.next_free(session, ids) == {**dict.fromkeys(ids[:3]), ids[3]: NINE}


def test_time_off_and_dates_of_their_own_are_kept(database: str) -> None:
    mentor = an_open_mentor()
    saved(TimeOff(mentor_id=mentor.id, starts_at=NINE, ends_at=TEN))
    saved(TimeOff(mentor_id=mentor.id, first_day=date(2026, 6, 2), last_day=date(2026, 6, 3)))
    saved(DateOverride(mentor_id=mentor.id, day=date(2026, 6, 4)))
    for start in (600, 840):
        saved(
            DateOverride(
                mentor_id=mentor.id, day=date(2026, 6, 5), start_minute=start, end_minute=start + 60
            )
        )
    assert times(mentor, days=5) == ["10:00", "10:30", "11:00", "10:00", "14:00"]


def test_a_checked_time_comes_with_what_the_mentors_buffer_takes(database: str) -> None:
    mentor, mentee = an_open_mentor(buffer_minutes=15), a_user()
    checked = check(mentor, mentee, NINE)
    assert checked == availability.Offered(NINE, TEN, TEN + 15 * MINUTE)
    in_tokyo = NINE.astimezone(ZoneInfo("Asia/Tokyo"))
    assert check(mentor, mentee, in_tokyo) == checked


def test_a_tampered_start_is_refused_with_a_reason(database: str) -> None:
    mentor, mentee = an_open_mentor(notice_minutes=240), a_user()
    for start, words in (
        (MONDAY - HOUR, "over already"),
        (MONDAY + 3 * HOUR, "at least 4 hours ahead"),
        (NINE + 32 * DAY, "at most 30 days ahead"),
        (NINE + 3000 * DAY, "too far ahead"),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "too far ahead"),
        (NINE.replace(tzinfo=None), "too far ahead"),
        (NINE + MINUTE, "no session starts at that minute"),
        (NINE + timedelta(microseconds=1), "no session starts at that minute"),
        (MONDAY + 15 * HOUR, "Mina Mentor is not available then"),
    ):
        with pytest.raises(SlotNotOffered, match=words) as refused:
            check(mentor, mentee, start)
        assert refused.value.starts_at == start


def test_a_time_that_somebody_else_has_is_taken_and_ones_own_is_ones_own(database: str) -> None:
    mentor, mentee = an_open_mentor(), a_user("Ben Novak")
    a_session(a_pack_with(mentor), NINE)
    with pytest.raises(SlotTaken):
        check(mentor, mentee, NINE)
    other = an_open_mentor("Olga Other")
    a_session(a_pack(a_seat(mentee, other)), TEN)
    with pytest.raises(SlotNotOffered, match="Ben Novak has something else"):
        check(mentor, mentee, TEN)


def test_an_override_counts_only_sessions_holds_and_the_past(database: str) -> None:
    mentor, mentee = an_open_mentor(buffer_minutes=30, notice_minutes=2880), a_user("Ben Novak")
    night = MONDAY + 22 * HOUR + 7 * MINUTE
    a_calendar(mentor.user_id, (night, night + HOUR))
    assert check(mentor, mentee, night, ignoring_rules=True).starts_at == night
    a_session(a_pack_with(mentor), NINE, buffer=30)
    for start in (NINE, TEN + 29 * MINUTE):
        with pytest.raises(SlotTaken):
            check(mentor, mentee, start, ignoring_rules=True)
    assert check(mentor, mentee, TEN + 30 * MINUTE, ignoring_rules=True)
    with pytest.raises(SlotNotOffered, match="over already"):
        check(mentor, mentee, MONDAY - MINUTE, ignoring_rules=True)


def test_what_is_offered_can_be_booked_and_nothing_else(database: str) -> None:
    """Both answers come from the same rows; they must never differ."""
    mentor, mentee = an_open_mentor(buffer_minutes=10), a_user("Ben Novak")
    a_session(a_pack_with(mentor), NINE + DAY, buffer=10)
    a_calendar(mentee.id, (ELEVEN + DAY + 30 * MINUTE, ELEVEN + DAY + 35 * MINUTE))
    with db.reading() as session:
        found = availability.offered(
            session, mentor_id=mentor.id, mentee_id=mentee.id, starts=MONDAY, ends=MONDAY + 2 * DAY
        )
    offered = {slot.starts_at for slot in found}
    assert {start.date() for start in offered} == {MONDAY.date(), MONDAY.date() + DAY}
    for minutes in range(1440 + 480, 1440 + 780, 15):
        start = MONDAY + minutes * MINUTE
        try:
            bookable = check(mentor, mentee, start).starts_at == start
        except (SlotTaken, SlotNotOffered):
            bookable = False
        assert bookable == (start in offered), start


def test_mentor_and_admin_are_told_why_and_others_are_not(database: str) -> None:
    mentor = an_open_mentor()
    a_session(a_pack_with(mentor), NINE)
    a_calendar(mentor.user_id, (NINE, TEN))
    for actor in (acting_mentor(mentor), acting(a_user("Ada Admin", is_admin=True))):
        with db.reading() as session:
            told = availability.why_offered(
                session, actor=actor, mentor=mentor.slug, starts_at=NINE
            )
        assert not told.offered
        assert [reason.why for reason in told.reasons] == [Why.MENTOR_BUSY] * 2
        assert told.sentences == (
            "There is a session from Monday, 1 June 2026, 09:00 to 10:00 (UTC).",
            "There is an entry of the connected calendar "
            "from Monday, 1 June 2026, 09:00 to 10:00 (UTC).",
        )
    with db.reading() as session, pytest.raises(NotFound):
        availability.why_offered(
            session, actor=acting(a_user("Eve Else")), mentor=mentor.slug, starts_at=NINE
        )


def test_every_reason_has_a_sentence(database: str) -> None:
    mentor = an_open_mentor(notice_minutes=600, buffer_minutes=10)
    saved(TimeOff(mentor_id=mentor.id, first_day=date(2026, 6, 3), last_day=date(2026, 6, 3)))
    saved(TimeOff(mentor_id=mentor.id, starts_at=NINE + 3 * DAY, ends_at=TEN + 4 * DAY))
    saved(DateOverride(mentor_id=mentor.id, day=date(2026, 6, 10)))
    a_session(a_pack_with(mentor), NINE + DAY, buffer=10)

    def told(start: datetime) -> str:
        with db.reading() as session:
            found = availability.why_offered(
                session, actor=acting_mentor(mentor), mentor=mentor.slug, starts_at=start
            )
        assert found.offered == (found.reasons[0].why is Why.OFFERED)
        return " ".join(found.sentences)

    assert "over already" in told(MONDAY - DAY)
    assert "at least 10 hours ahead: now from Monday, 1 June 2026, 10:00 (UTC)" in told(NINE)
    assert "at most 30 days ahead: now until Wednesday, 1 July 2026" in told(NINE + 31 * DAY)
    assert "Tuesday, 2 June 2026" in told(MONDAY + DAY)
    assert "30 minutes apart" in told(TEN + DAY + 17 * MINUTE)
    assert told(TEN + DAY) == (
        "It is less than 10 minutes (the buffer) away from "
        "a session from Tuesday, 2 June 2026, 09:00 to 10:00 (UTC)."
    )
    assert told(NINE + 2 * DAY) == "There is time off on Wednesday, 3 June 2026."
    assert "09:00 to Friday, 5 June 2026, 10:00 (UTC)" in told(NINE + 3 * DAY)
    assert "closed by a date of its own" in told(NINE + 9 * DAY)
    assert told(ELEVEN + DAY) == "Nothing stands against it: this time is offered."


def test_queries_do_not_grow_with_mentors_sessions_and_entries(database: str) -> None:
    counts: list[tuple[int, int]] = []
    mentors = [an_open_mentor()]
    mentee = a_user("Ben Novak")
    for run in range(2):
        with counted_reading() as (session, statements):
            found = availability.next_free(session, [mentor.id for mentor in mentors])
            assert all(found.values())
            several = len(statements)
            availability.offered(
                session,
                mentor_id=mentors[0].id,
                mentee_id=mentee.id,
                starts=MONDAY,
                ends=MONDAY + 30 * DAY,
            )
            counts.append((several, len(statements) - several))
        for number in range(3):
            mentors.append(an_open_mentor(f"Mentor {run} {number}"))
            a_session(
                a_pack_with(mentors[0], f"Mentee {run} {number}"),
                NINE + (number + 2 + 3 * run) * DAY,
            )
            saved(TimeOff(mentor_id=mentors[-1].id, starts_at=NINE, ends_at=TEN))
    assert counts == [(7, 7), (7, 7)]


def test_the_next_free_slot_is_found_also_beyond_the_first_days(database: str) -> None:
    soon, late, never = an_open_mentor(), an_open_mentor("Lara Late"), a_mentor("Nils Never")
    saved(TimeOff(mentor_id=late.id, first_day=date(2026, 6, 1), last_day=date(2026, 6, 20)))
    with db.reading() as session:
        found = availability.next_free(session, [soon.id, late.id, never.id])
        assert found == {soon.id: NINE, late.id: NINE + 20 * DAY, never.id: None}
        assert availability.next_free(session, []) == {}

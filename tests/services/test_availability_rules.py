"""What a mentor may choose, and what becomes of the sessions that are booked already."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from services import availability, clock, db
from services.availability import DayHours, RulesInput, Window
from services.config import settings
from services.errors import InvalidInput, NotFound
from services.models import AuditEntry, DateOverride, OccupiedTime, TimeOff, TopicChange
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_session,
    a_user,
    acting,
    acting_mentor,
    an_admin,
)
from tests.support.studio import stored

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MORNING = (Window(540, 720),)
RULES = RulesInput(
    time_zone="Europe/Berlin",
    weekly=(MORNING,) * 5 + ((),) * 2,
    overrides=(DayHours(date(2026, 6, 3)), DayHours(date(2026, 6, 6), (Window(600, 660),))),
    session_minutes=60,
    buffer_minutes=15,
    notice_minutes=0,
    horizon_days=14,
    meeting_link="https://meet.example.com/mina",
)


@pytest.fixture(autouse=True)
def at_midnight() -> Iterator[None]:
    with clock.at(MONDAY):
        yield


def read(mentor: Any) -> availability.RulesView:
    with db.reading() as session:
        return availability.get_rules(session, actor=acting_mentor(mentor), mentor=mentor.slug)


def save(mentor: Any, rules: RulesInput = RULES) -> None:
    availability.save_rules(actor=acting_mentor(mentor), mentor=mentor.slug, rules=rules)


def test_a_mentor_without_rules_has_the_studios_numbers_and_no_hours(database: str) -> None:
    view = read(a_mentor())
    assert view.rules.weekly == ((),) * 7
    assert view.rules.time_zone == "UTC"
    assert view.rules.session_minutes == settings().session_minutes
    assert view.rules.notice_minutes == settings().notice_hours * 60
    assert (view.off_sale, view.time_off) == ("", ())


def test_rules_come_back_as_they_were_saved(database: str) -> None:
    mentor = a_mentor()
    save(mentor)
    assert read(mentor).rules == RULES
    other = replace(RULES, overrides=(), weekly=((Window(0, 1440),),) * 7, time_zone="Asia/Kolkata")
    save(mentor, other)
    assert read(mentor).rules == other
    assert stored(DateOverride) == []


def test_saving_is_audited_and_published_once_and_the_link_stays_out(database: str) -> None:
    mentor = a_mentor()
    save(mentor)
    save(mentor)
    [entry] = [e for e in stored(AuditEntry) if e.action == "availability.changed"]
    assert entry.thing == mentor.public_id
    assert entry.after["buffer_minutes"] == 15
    assert "meet.example.com" not in str(entry.after)
    said = [change.topic for change in stored(TopicChange)]
    assert said.count(f"availability:{mentor.id}") == 1


def test_windows_that_overlap_or_touch_are_joined(database: str) -> None:
    mentor = a_mentor()
    messy = (Window(600, 720), Window(540, 610), Window(720, 780), Window(900, 960))
    save(mentor, replace(RULES, weekly=(messy,) + ((),) * 6))
    assert read(mentor).rules.weekly[0] == (Window(540, 780), Window(900, 960))


def test_dates_that_are_over_are_left_as_they_were(database: str) -> None:
    mentor = a_mentor()
    with clock.at(MONDAY - 10 * DAY):
        save(mentor, replace(RULES, overrides=(DayHours(date(2026, 5, 25)),)))
    save(mentor, replace(RULES, overrides=(DayHours(date(2026, 5, 1), MORNING),)))
    assert read(mentor).rules.overrides == ()
    assert [row.day for row in stored(DateOverride)] == [date(2026, 5, 25)]


def test_what_cannot_be_is_refused_by_its_field_and_nothing_changes(database: str) -> None:
    mentor = a_mentor()
    save(mentor)
    many = tuple(Window(start, start + 10) for start in range(0, 13 * 20, 20))
    refused: list[tuple[str, dict[str, Any]]] = [
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("time_zone", {"time_zone": "../etc/passwd"}),
        ("session_minutes", {"session_minutes": 14}),
        ("session_minutes", {"session_minutes": 481}),
        ("buffer_minutes", {"buffer_minutes": 61}),
        ("buffer_minutes", {"buffer_minutes": -1}),
        ("notice_minutes", {"notice_minutes": 43_201}),
        ("horizon_days", {"horizon_days": 0}),
        ("horizon_days", {"horizon_days": 366}),
        ("weekly", {"weekly": ((),) * 6}),
        ("weekly.2", {"weekly": ((), (), (Window(600, 600),), (), (), (), ())}),
        ("weekly.6", {"weekly": ((),) * 6 + ((Window(600, 1441),),)}),
        ("weekly.6", {"weekly": ((),) * 6 + ((Window(-1, 60),),)}),
        ("weekly.0", {"weekly": (many,) + ((),) * 6}),
        ("overrides.2026-06-09", {"overrides": (DayHours(date(2026, 6, 9)),) * 2}),
        ("overrides.2029-01-01", {"overrides": (DayHours(date(2029, 1, 1)),)}),
        (
            "overrides",
            {"overrides": tuple(DayHours((MONDAY + n * DAY).date()) for n in range(367))},
        ),
        ("meeting_link", {"meeting_link": "http://meet.example.com"}),
        ("meeting_link", {"meeting_link": "javascript:alert(1)"}),
        ("meeting_link", {"meeting_link": "https://user@meet.example.com/"}),
        ("meeting_link", {"meeting_link": "https://meet.example.com:99999/"}),
        ("meeting_link", {"meeting_link": "https://meet.example.com/" + "x" * 500}),
    ]
    for field, values in refused:
        with pytest.raises(InvalidInput) as error:
            save(mentor, replace(RULES, **values))
        assert error.value.field == field
    assert read(mentor).rules == RULES


def test_only_the_mentor_and_admins_read_and_change_rules(database: str) -> None:
    mentor, other = a_mentor(), a_mentor("Olga Other")
    availability.save_rules(actor=acting(an_admin()), mentor=mentor.slug, rules=RULES)
    assert read(mentor).rules == RULES
    for actor in (acting_mentor(other), acting(a_user())):
        with pytest.raises(NotFound):
            availability.save_rules(actor=actor, mentor=mentor.slug, rules=RULES)
        with pytest.raises(NotFound):
            availability.add_time_off(actor=actor, mentor=mentor.slug, first_day=date(2026, 6, 9))
        with db.reading() as session:
            for ask in (availability.get_rules, availability.collisions):
                with pytest.raises(NotFound):
                    ask(session, actor=actor, mentor=mentor.slug)
            with pytest.raises(NotFound):
                availability.preview(
                    session,
                    actor=actor,
                    mentor=mentor.slug,
                    rules=RULES,
                    first_day=date(2026, 6, 1),
                )


def test_a_shorter_buffer_frees_time_and_a_longer_one_takes_none_back(database: str) -> None:
    mentor = a_mentor()
    save(mentor)
    a_session(a_pack(a_seat(a_user(), mentor)), MONDAY + 8 * HOUR, buffer=15)

    def minutes_after() -> dict[bool, timedelta]:
        return {row.mentor_side: row.ends_at - MONDAY - 9 * HOUR for row in stored(OccupiedTime)}

    assert minutes_after() == {True: 15 * MINUTE, False: 0 * MINUTE}
    save(mentor, replace(RULES, buffer_minutes=60))
    assert minutes_after() == {True: 15 * MINUTE, False: 0 * MINUTE}
    save(mentor, replace(RULES, buffer_minutes=5))
    assert minutes_after() == {True: 5 * MINUTE, False: 0 * MINUTE}


def test_two_who_save_at_once_leave_the_rules_of_one_of_them(database: str) -> None:
    mentor = a_mentor()
    dateless = replace(RULES, overrides=())  # threads see the real clock
    several = [
        replace(dateless, buffer_minutes=minutes, weekly=((Window(60 * minutes, 1440),),) * 7)
        for minutes in range(1, 7)
    ]
    threads = [threading.Thread(target=save, args=(mentor, rules)) for rules in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(mentor).rules in several


def test_time_off_is_added_listed_and_taken_back(database: str) -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    days = availability.add_time_off(
        actor=actor,
        mentor=mentor.slug,
        first_day=date(2026, 6, 9),
        last_day=date(2026, 6, 12),
        note=" Holidays ",
    )
    hours = availability.add_time_off(
        actor=actor, mentor=mentor.slug, starts_at=MONDAY + HOUR, ends_at=MONDAY + 2 * HOUR
    )
    assert [(view.public_id, view.note) for view in read(mentor).time_off] == [
        (hours, ""),
        (days, "Holidays"),
    ]
    for _ in range(2):
        availability.remove_time_off(actor=actor, mentor=mentor.slug, time_off=hours)
    assert [row.public_id for row in stored(TimeOff)] == [days]
    other = a_mentor("Olga Other")
    availability.remove_time_off(actor=acting_mentor(other), mentor=other.slug, time_off=days)
    assert [row.public_id for row in stored(TimeOff)] == [days]
    told = [entry.action for entry in stored(AuditEntry)]
    assert told == ["availability.time_off_added"] * 2 + ["availability.time_off_removed"]


def test_time_off_that_cannot_be_is_refused_by_its_field(database: str) -> None:
    mentor = a_mentor()
    refused: list[tuple[str, dict[str, Any]]] = [
        ("first_day", {}),
        ("first_day", {"last_day": date(2026, 6, 9)}),
        ("last_day", {"first_day": date(2026, 6, 9), "last_day": date(2026, 6, 8)}),
        ("last_day", {"first_day": date(2026, 5, 1)}),
        ("last_day", {"first_day": date(2030, 5, 1)}),
        ("last_day", {"first_day": date(2026, 6, 2), "last_day": date(2027, 12, 31)}),
        ("starts_at", {"ends_at": MONDAY + HOUR}),
        ("starts_at", {"starts_at": datetime(2026, 6, 2), "ends_at": MONDAY + 2 * DAY}),  # noqa: DTZ001  # what is refused
        ("ends_at", {"starts_at": MONDAY + HOUR}),
        ("ends_at", {"starts_at": MONDAY + HOUR, "ends_at": MONDAY + HOUR}),
        ("ends_at", {"starts_at": MONDAY - 2 * HOUR, "ends_at": MONDAY - HOUR}),
        ("ends_at", {"starts_at": MONDAY, "ends_at": MONDAY + 900 * DAY}),
        (
            "first_day",
            {"first_day": date(2026, 6, 9), "starts_at": MONDAY, "ends_at": MONDAY + HOUR},
        ),
        ("note", {"first_day": date(2026, 6, 9), "note": "x" * 201}),
    ]
    for field, values in refused:
        with pytest.raises(InvalidInput) as error:
            availability.add_time_off(actor=acting_mentor(mentor), mentor=mentor.slug, **values)
        assert error.value.field == field
    assert stored(TimeOff) == []


def test_a_preview_shows_what_saving_leads_to_and_stores_nothing(database: str) -> None:
    mentor = a_mentor()
    a_session(a_pack(a_seat(a_user(), mentor)), MONDAY + 7 * HOUR)
    actor = acting_mentor(mentor)
    availability.add_time_off(actor=actor, mentor=mentor.slug, first_day=date(2026, 6, 4))
    with db.reading() as session:
        shown = availability.preview(
            session, actor=actor, mentor=mentor.slug, rules=RULES, first_day=MONDAY.date(), days=7
        )
    assert read(mentor).rules.weekly == ((),) * 7
    save(mentor)
    with db.reading() as session:
        offered = availability.offered(
            session,
            mentor_id=mentor.id,
            mentee_id=None,
            starts=MONDAY - 2 * HOUR,
            ends=MONDAY - 2 * HOUR + 7 * DAY,
        )
    assert shown == offered
    assert {slot.starts_at.date().day for slot in shown} == {1, 2, 5, 6}
    with db.reading() as session, pytest.raises(InvalidInput) as error:
        availability.preview(
            session,
            actor=actor,
            mentor=mentor.slug,
            rules=replace(RULES, session_minutes=0),
            first_day=MONDAY.date(),
        )
    assert error.value.field == "session_minutes"


def test_booked_sessions_that_do_not_fit_any_more_are_listed_and_stay(database: str) -> None:
    mentor, mentee = a_mentor(), a_user()
    save(mentor)
    pack = a_pack(a_seat(mentee, mentor))
    fits = a_session(pack, MONDAY + 8 * HOUR + 10 * MINUTE)  # between the grid, yet inside
    off = a_session(pack, MONDAY + 8 * DAY + 8 * HOUR)
    actor = acting_mentor(mentor)

    def listed(rules: RulesInput | None = None) -> list[str]:
        with db.reading() as session:
            found = availability.collisions(session, actor=actor, mentor=mentor.slug, rules=rules)
        assert all(one.mentee_name == mentee.name and one.why for one in found)
        return [one.session for one in found]

    assert listed() == []
    availability.add_time_off(actor=actor, mentor=mentor.slug, first_day=date(2026, 6, 9))
    assert listed() == [off.public_id]
    afternoons = replace(RULES, weekly=((Window(840, 1000),),) * 7)
    assert listed(afternoons) == [fits.public_id, off.public_id]
    with db.reading() as session:
        live = session.exec(select(OccupiedTime.session_id).order_by(col(OccupiedTime.id))).all()
    assert len(live) == 4


def test_a_wall_clock_time_becomes_the_first_instant_that_shows_it() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert availability.instant_of("Europe/Berlin", date(2026, 6, 1), 540).hour == 7
    assert availability.instant_of("Europe/Berlin", spring, 150).hour == 1  # 03:30, 02:30 is not
    assert availability.instant_of("Europe/Berlin", autumn, 150).hour == 0  # the first 02:30
    end = availability.instant_of("Europe/Berlin", spring, 1440)
    assert end == availability.instant_of("Europe/Berlin", date(2026, 3, 30), 0)

"""Times to choose from, in the words of whoever chooses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from services import clock
from services.slots import Slot
from state import slots
from state.dashboard import ordinal
from state.picks import book_label
from state.slots import Reader

BERLIN, KOLKATA = "Europe/Berlin", "Asia/Kolkata"
NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)
"""A Saturday; in Berlin it is 22:30, in Auckland Sunday morning."""
MONDAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with clock.at(NOW):
        yield


def slot(instant: datetime) -> Slot:
    return Slot(instant, instant + timedelta(hours=1))


def utc(day: int, hour: int, minute: int = 0) -> Slot:
    return slot(datetime(2026, 11, day, hour, minute, tzinfo=UTC))


@pytest.mark.parametrize(
    ("named", "week"),
    [
        ("2026-11-23", MONDAY),
        ("2026-11-29", MONDAY),
        ("", date(2026, 11, 16)),
        ("2026-11-10", date(2026, 11, 16)),
        ("2099-01-01", date(2026, 11, 16)),
        ("next week", date(2026, 11, 16)),
    ],
)
def test_an_address_names_a_week_from_now_on_or_else_it_is_this_one(named: str, week: date) -> None:
    assert slots.week_of(named, BERLIN) == week


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-11-23T10:00", "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00"],
)
def test_what_is_no_instant_that_every_clock_can_show_is_none(text: str) -> None:
    assert slots.instant_of(text) is None


def test_a_week_begins_at_local_midnight_on_both_sides_of_a_change_of_clocks() -> None:
    starts, ends = slots.span(date(2026, 10, 19), BERLIN)
    assert (starts.hour, ends.hour) == (22, 23)
    assert ends - starts == timedelta(days=7, hours=1)


def test_there_is_no_way_to_a_week_that_is_over() -> None:
    earlier, later = slots.around("/book/mira", date(2026, 11, 16), BERLIN)
    assert (earlier, later) == ("", "/book/mira?week=2026-11-23")
    earlier, _ = slots.around("/sessions/ses_1/move", MONDAY, BERLIN, sequence="2")
    assert earlier == "/sessions/ses_1/move?sequence=2&week=2026-11-16"


@pytest.mark.parametrize(
    ("week", "title"),
    [
        (MONDAY, "23 to 29 November 2026"),
        (date(2026, 11, 30), "30 November to 6 December 2026"),
        (date(2026, 12, 28), "28 December 2026 to 3 January 2027"),
    ],
)
def test_the_title_of_a_week_says_no_more_than_it_must(week: date, title: str) -> None:
    assert slots.title_of(week) == title


def test_days_say_how_many_times_they_have_and_whether_one_of_them_is_chosen() -> None:
    offered = [utc(24, 9), utc(24, 10), utc(26, 23, 30)]
    days = slots.days_of(MONDAY, offered, BERLIN, [offered[0].starts_at])
    assert [day.free for day in days] == [False, True, False, False, True, False, False]
    assert days[0].label == "Monday 23 November, no free time"
    assert days[1].label == "Tuesday 24 November, 2 free times, one of them chosen"
    assert days[4].label == "Friday 27 November, 1 free time", "00:30 in Berlin"


def test_the_first_day_with_a_time_is_shown_unless_another_one_is_wanted() -> None:
    offered = [utc(24, 9), utc(26, 9)]
    assert slots.day_to_show("", offered, BERLIN) == "2026-11-24"
    assert slots.day_to_show("2026-11-26", offered, BERLIN) == "2026-11-26"
    assert slots.day_to_show("2026-11-25", offered, BERLIN) == "2026-11-24"
    assert slots.day_to_show("2026-11-24", [], BERLIN) == ""


def test_a_day_is_divided_by_the_clock_of_the_reader_with_the_other_time_beside() -> None:
    offered = [utc(24, 10, 30), utc(24, 11), utc(24, 17), utc(25, 9)]
    reader = Reader(BERLIN, KOLKATA, "Mira")
    parts = slots.parts_of("2026-11-24", offered, reader, [offered[1].starts_at])
    assert [(part.name, [one.time for one in part.slots]) for part in parts] == [
        ("Morning", ["11:30"]),
        ("Afternoon", ["12:00"]),
        ("Evening", ["18:00"]),
    ]
    assert [part.slots[0].theirs for part in parts] == ["16:00", "16:30", "22:30"]
    assert parts[1].slots[0].chosen
    assert parts[0].slots[0].label == "11:30, Tuesday 24 November, 16:00 for Mira"


def test_the_same_clock_needs_no_second_time_and_another_day_is_named() -> None:
    late, berlin = datetime(2026, 11, 24, 22, tzinfo=UTC), Reader(BERLIN, "Europe/Paris", "Mira")
    (part,) = slots.parts_of("2026-11-24", [slot(late)], berlin, [])
    assert slots.zone_beside([part], berlin) == ""
    far = Reader(BERLIN, KOLKATA, "Mira")
    assert slots.zone_beside(slots.parts_of("2026-11-24", [slot(late)], far, []), far) == KOLKATA
    assert slots.theirs(late, Reader(BERLIN, "Europe/Paris", "Mira")) == ""
    assert slots.theirs(late, Reader(BERLIN, KOLKATA, "Mira")) == "Wed 03:30"


def test_an_hour_that_the_clock_shows_twice_is_told_apart() -> None:
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    offered = [slot(twice), slot(twice + timedelta(hours=1))]
    (part,) = slots.parts_of("2026-10-25", offered, Reader(BERLIN, BERLIN, ""), [])
    assert [one.time for one in part.slots] == ["02:30 CEST", "02:30 CET"]


def test_the_same_time_next_week_is_the_same_on_the_clock() -> None:
    before = datetime(2026, 10, 20, 8, tzinfo=UTC)
    after = slots.weeks_after(before, 1, BERLIN)
    assert after - before == timedelta(days=7, hours=1)
    assert slots.local(after, BERLIN).hour == slots.local(before, BERLIN).hour == 10


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-11-24T10:00", "9" * 60])
def test_what_is_no_instant_is_none(text: str) -> None:
    assert slots.instant_of(text) is None


def test_an_instant_in_any_offset_is_the_same_instant() -> None:
    assert slots.instant_of("2026-11-24T10:00:00+01:00") == utc(24, 9).starts_at


def test_a_next_free_time_names_its_zone_and_none_has_no_words() -> None:
    face = slots.free_face(utc(24, 9).starts_at, BERLIN)
    assert face.words == "Tue 24 Nov, 10:00 (Europe/Berlin)"
    assert slots.free_face(None, BERLIN).iso == ""


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "first"), (4, "fourth"), (9, "9th"), (11, "11th"), (22, "22nd"), (103, "103rd")],
)
def test_sessions_are_counted_in_words(number: int, word: str) -> None:
    assert ordinal(number) == word


def test_the_button_says_what_it_books() -> None:
    assert [book_label(number) for number in (0, 1, 4)] == [
        "",
        "Book this session",
        "Book these 4 sessions",
    ]

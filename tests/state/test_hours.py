"""A mentor's hours while they are edited: what is typed, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.availability import DayHours
from services.errors import InvalidInput
from services.slots import Slot, Window
from state import hours
from state.hours import DayRow, Keys

EMPTY: tuple[tuple[Window, ...], ...] = ((),) * 7
WORKING = (Window(540, 720), Window(780, 1440))
TYPED = {
    "session_minutes": "60",
    "buffer_minutes": "0",
    "notice_hours": "24",
    "horizon_days": "30",
}


def monday(*windows: Window, keys: Keys | None = None) -> DayRow:
    return hours.week_rows((windows, *EMPTY[1:]), keys or Keys())[0]


def test_a_week_comes_back_from_its_fields_as_it_was_stored() -> None:
    weekly = (WORKING, (), (Window(0, 1440),), *EMPTY[3:])
    rows = hours.week_rows(weekly, Keys())
    assert rows[0].windows[1].ends == "00:00", "a field has no 24:00"
    rules = hours.rules_of(rows, TYPED, "Asia/Kolkata", "", ())
    assert rules.weekly == weekly
    assert (rules.time_zone, rules.notice_minutes) == ("Asia/Kolkata", 1440)


@pytest.mark.parametrize(
    ("starts", "ends"),
    [("", "17:00"), ("09:00", ""), ("9", "10"), ("24:00", "25:00"), ("09:60", "10:00")],
)
def test_a_time_that_is_none_is_refused_at_its_day(starts: str, ends: str) -> None:
    day = hours.with_window(monday(), keys := Keys())
    day = hours.with_time(day, keys.last, starts=starts, ends=ends)
    with pytest.raises(InvalidInput) as refused:
        hours.windows_of(day)
    assert refused.value.field == "weekly.0"


@pytest.mark.parametrize(("starts", "ends"), [("17:00", "09:00"), ("09:00", "09:00")])
def test_hours_that_end_before_they_begin_are_refused(starts: str, ends: str) -> None:
    with pytest.raises(InvalidInput, match="must end after"):
        hours.window_of(starts, ends, field="day")


def test_more_hours_begin_after_those_there_are_and_stay_inside_the_day() -> None:
    keys = Keys()
    day = monday(keys=keys)
    found: list[tuple[str, str]] = []
    for _ in range(2):
        day = hours.with_window(day, keys)
        found.append((day.windows[-1].starts, day.windows[-1].ends))
    assert found == [("09:00", "17:00"), ("18:00", "20:00")]
    late = hours.with_window(monday(Window(600, 1430)), keys)
    assert hours.windows_of(late)[-1] == Window(1380, 1440)


def test_no_two_rows_share_a_key_so_that_a_browser_never_takes_one_for_another() -> None:
    keys = Keys()
    week = hours.week_rows((WORKING, *EMPTY[1:]), keys)
    copied = hours.with_hours_of(week[1], week[0], keys)
    more = hours.with_window(copied, keys)
    given = [row.key for day in (*week, more) for row in day.windows]
    assert len(given) == len(set(given)) == 5
    assert hours.windows_of(copied) == WORKING
    fewer = hours.without_window(more, more.windows[0].key)
    assert [row.key for row in fewer.windows] == [row.key for row in more.windows[1:]]


def test_a_date_closes_gets_hours_and_more_of_them_and_dates_are_in_order() -> None:
    eve, day = date(2026, 12, 24), date(2026, 12, 25)
    dates = hours.with_date((), day, None)
    dates = hours.with_date(dates, eve, Window(600, 720))
    dates = hours.with_date(dates, eve, Window(840, 1440))
    assert dates == (DayHours(eve, (Window(600, 720), Window(840, 1440))), DayHours(day, ()))
    assert [hours.date_row(one).hours for one in dates] == [
        "10:00 to 12:00, 14:00 to 24:00",
        "closed",
    ]
    assert hours.with_date(dates, eve, None)[0] == DayHours(eve, ())


@pytest.mark.parametrize("typed", ["", "soon", "0001-01-01", "9999-12-31"])
def test_a_date_that_is_none_or_out_of_reach_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="Choose a date"):
        hours.day_of(typed, field="day")


@pytest.mark.parametrize(
    ("typed", "minutes"), [("24", 1440), ("1.5", 90), ("0,25", 15), ("0", 0), ("720", 43_200)]
)
def test_a_notice_is_typed_in_hours(typed: str, minutes: int) -> None:
    rows = hours.week_rows(EMPTY, Keys())
    rules = hours.rules_of(rows, TYPED | {"notice_hours": typed}, "UTC", "", ())
    assert rules.notice_minutes == minutes
    shown = TYPED | {"notice_hours": hours.hours_of(minutes)}
    assert hours.rules_of(rows, shown, "UTC", "", ()).notice_minutes == minutes


@pytest.mark.parametrize(
    ("name", "typed", "field"),
    [
        ("notice_hours", "-1", "notice_minutes"),
        ("notice_hours", "721", "notice_minutes"),
        ("notice_hours", "nan", "notice_minutes"),
        ("session_minutes", "", "session_minutes"),
        ("buffer_minutes", "1e3", "buffer_minutes"),
        ("horizon_days", "٣٠", "horizon_days"),
        ("horizon_days", "99999999999999", "horizon_days"),
    ],
)
def test_a_number_that_is_none_is_refused_at_its_field(name: str, typed: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        hours.rules_of(hours.week_rows(EMPTY, Keys()), TYPED | {name: typed}, "UTC", "", ())
    assert refused.value.field == field


def test_slots_stand_under_the_dates_of_the_zone_they_are_seen_from() -> None:
    late = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    slots = tuple(Slot(at, at + timedelta(hours=1)) for at in (late, late + timedelta(hours=1)))
    days = [date(2026, 3, 2), date(2026, 3, 3)]
    in_london = hours.preview_days(slots, days, "Europe/London")
    in_kolkata = hours.preview_days(slots, days, "Asia/Kolkata")
    assert [day.times for day in in_london] == [["20:00", "21:00"], []]
    assert [day.times for day in in_kolkata] == [[], ["01:30", "02:30"]]
    assert in_kolkata[1].name == "Tue 3 Mar"

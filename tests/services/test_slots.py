"""The slot function against a slow and obvious reference, and the rules one by one."""

from __future__ import annotations

import ast
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mentorships.launch import ROOT
from services.slots import (
    Busy,
    BusyKind,
    Reason,
    Rules,
    Slot,
    Span,
    Taken,
    Why,
    Window,
    first_slot,
    merged,
    slots,
    why,
)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CLOSED: tuple[Window, ...] = ()
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


def week(*windows: Window) -> tuple[tuple[Window, ...], ...]:
    return (windows,) * 7


def starts(rules: Rules, *, now: datetime = MONDAY, days: int = 1, **more: Taken) -> list[str]:
    """The starts of the next days, as the mentor's wall clock shows them."""
    found = slots(rules, now=now, since=now, until=now + days * DAY, **more)
    zone = ZoneInfo(rules.zone)
    return [f"{slot.starts_at.astimezone(zone):%H:%M}" for slot in found]


def open_rules(zone: str = "UTC", **more: object) -> Rules:
    """09:00 to 12:00 every day, without notice."""
    values: dict[str, object] = {"weekly": week(Window(540, 720)), "notice_minutes": 0, **more}
    return Rules(zone=zone, **values)  # type: ignore[arg-type]  # each test names what it changes


# The reference: every minute is asked on its own, through the zone database.


def _is_open(rules: Rules, minute: datetime) -> bool:
    shown = minute.astimezone(ZoneInfo(rules.zone))
    if any(first <= shown.date() <= last for first, last in rules.days_off):
        return False
    windows = rules.overrides.get(shown.date(), rules.weekly[shown.weekday()])
    return any(start <= shown.hour * 60 + shown.minute < end for start, end in windows)


def _is_on_the_grid(rules: Rules, minute: datetime) -> bool:
    shown = minute.astimezone(ZoneInfo(rules.zone))
    of_day = shown.hour * 60 + shown.minute
    windows = rules.overrides.get(shown.date(), rules.weekly[shown.weekday()])
    return any(s <= of_day < e and (of_day - s) % rules.step_minutes == 0 for s, e in windows)


def _is_taken(rules: Rules, minute: datetime, taken: Taken) -> bool:
    """Whether something takes part of this minute, a mentor's buffer included."""
    buffer = rules.buffer_minutes * MINUTE
    spans = [(b.starts_at - buffer, b.ends_at + buffer) for b in taken.mentor]
    spans += [(one[0], one[1]) for one in (*taken.mentee, *rules.time_off)]
    return any(start < minute + MINUTE and end > minute for start, end in spans)


def reference(
    rules: Rules, now: datetime, since: datetime, until: datetime, taken: Taken
) -> list[Slot]:
    length = rules.session_minutes * MINUTE
    zone = ZoneInfo(rules.zone)
    last_day = now.astimezone(zone).date() + rules.horizon_days * DAY
    minute, found = since, list[Slot]()
    usable: dict[datetime, bool] = {}
    while minute < until:
        in_time = minute >= now + rules.notice_minutes * MINUTE
        near = minute.astimezone(zone).date() <= last_day
        if in_time and near and _is_on_the_grid(rules, minute):
            for offset in range(rules.session_minutes):
                one = minute + offset * MINUTE
                if one not in usable:
                    usable[one] = _is_open(rules, one) and not _is_taken(rules, one, taken)
            if all(usable[minute + offset * MINUTE] for offset in range(rules.session_minutes)):
                found.append(Slot(minute, minute + length))
        minute += MINUTE
    return found


# What hypothesis makes: three days around a change of clocks, in zones of every kind.

CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00", "2026-10-25T01:00"),
    "America/New_York": ("2026-03-08T07:00", "2026-11-01T06:00"),
    "America/Havana": ("2026-03-08T05:00", "2026-11-01T05:00"),  # at midnight
    "America/Santiago": ("2026-09-06T04:00", "2026-04-05T03:00"),  # at midnight, in the south
    "America/Nuuk": ("2026-03-29T01:00", "2026-10-25T01:00"),  # back to the date before
    "Australia/Lord_Howe": ("2026-10-03T15:30", "2026-04-04T15:00"),  # by half an hour
    "Pacific/Chatham": ("2026-09-26T14:00", "2026-04-04T14:00"),
    "Pacific/Apia": ("2011-12-30T10:00", "2012-03-31T14:00"),  # skipped a date
    "Asia/Kolkata": ("2026-06-01T00:00", "2026-12-01T00:00"),
    "Asia/Calcutta": ("2026-06-01T00:00", "2026-12-01T00:00"),
    "Asia/Kathmandu": ("2026-06-01T00:00", "2026-12-01T00:00"),
    "Europe/Kiev": ("2026-03-29T01:00", "2026-10-25T01:00"),
}


@some.composite
def a_window(draw: some.DrawFn) -> Window:
    start = draw(some.integers(0, 1439))
    return Window(start, draw(some.integers(start + 1, 1440)))


def a_day() -> some.SearchStrategy[tuple[Window, ...]]:
    whole = some.just((Window(0, 1440),))
    return some.one_of(whole, some.lists(a_window(), max_size=3).map(merged))


@some.composite
def a_situation(draw: some.DrawFn) -> tuple[Rules, datetime, datetime, datetime, Taken]:
    zone = draw(some.sampled_from(sorted(CHANGES)))
    change = datetime.fromisoformat(draw(some.sampled_from(CHANGES[zone]))).replace(tzinfo=UTC)
    since = change - draw(some.integers(0, 1440)) * MINUTE
    until = since + draw(some.integers(1, 2 * 1440)) * MINUTE
    day = since.astimezone(ZoneInfo(zone)).date()
    instant = some.integers(-120, 3000).map(lambda minutes: since + minutes * MINUTE)
    length = some.integers(1, 300)
    span = some.tuples(instant, length).map(lambda s: Span(s[0], s[0] + s[1] * MINUTE))
    spans = some.lists(span, max_size=4)
    busy = spans.map(lambda many: tuple(Busy(*one) for one in many))
    near = some.integers(0, 3).map(lambda days: day + days * DAY)
    rules = Rules(
        zone=zone,
        weekly=tuple(draw(some.tuples(*[a_day()] * 7))),
        overrides=draw(some.dictionaries(near, a_day(), max_size=2)),
        days_off=tuple(draw(some.lists(near.map(lambda one: (one, one)), max_size=1))),
        time_off=tuple(draw(spans)[:1]),
        session_minutes=draw(some.sampled_from([15, 45, 60, 90])),
        step_minutes=draw(some.sampled_from([15, 20, 30, 60])),
        buffer_minutes=draw(some.sampled_from([0, 0, 7, 60])),
        notice_minutes=draw(some.sampled_from([0, 60, 1440])),
        horizon_days=draw(some.sampled_from([0, 1, 30])),
    )
    now = since - draw(some.integers(-300, 2000)) * MINUTE
    return rules, now, since, until, Taken(draw(busy), draw(busy))


@settings(max_examples=100, deadline=None)
@given(a_situation())
def test_slots_are_what_asking_minute_by_minute_finds(
    situation: tuple[Rules, datetime, datetime, datetime, Taken],
) -> None:
    rules, now, since, until, taken = situation
    expected = reference(rules, now, since, until, taken)
    assert slots(rules, now=now, since=since, until=until, taken=taken) == expected
    first = first_slot(rules, now=now, since=since, until=until, taken=taken)
    assert first == (expected[0] if expected else None)


@settings(max_examples=40, deadline=None)
@given(a_situation())
def test_a_start_is_explained_as_offered_exactly_when_it_is(
    situation: tuple[Rules, datetime, datetime, datetime, Taken],
) -> None:
    rules, now, since, until, taken = situation
    offered = {s.starts_at for s in slots(rules, now=now, since=since, until=until, taken=taken)}
    for minutes in range(0, (until - since) // MINUTE, 5):
        start = since + minutes * MINUTE
        told = why(rules, start, now=now, taken=taken)
        assert (told == (Reason(Why.OFFERED),)) == (start in offered), (start, told)


# The rules, one by one.


def test_starts_lie_on_the_grid_from_the_start_of_each_window() -> None:
    rules = open_rules(weekly=week(Window(550, 680), Window(840, 900)))
    assert starts(rules) == ["09:10", "09:40", "10:10", "14:00"]


def test_windows_that_meet_at_midnight_carry_a_session_across_it() -> None:
    late, early = Window(1380, 1440), Window(0, 60)
    rules = open_rules(weekly=((late,), (early,), *[CLOSED] * 5))
    assert starts(rules, days=3) == ["23:00", "23:30", "00:00"]
    apart = open_rules(weekly=((late,), (Window(15, 60),), *[CLOSED] * 5))
    assert starts(apart, days=3) == ["23:00"]


def test_nine_stays_nine_across_the_change_of_clocks() -> None:
    rules = open_rules("Europe/Berlin", session_minutes=180)
    now = datetime(2026, 3, 28, 0, 0, tzinfo=UTC)
    found = slots(rules, now=now, since=now, until=now + 2 * DAY)
    assert [slot.starts_at.hour for slot in found] == [8, 7]
    assert starts(rules, now=now, days=2) == ["09:00", "09:00"]


def test_an_hour_that_the_clock_skips_is_not_offered_and_one_shown_twice_is_offered_twice() -> None:
    rules = open_rules("Europe/Berlin", weekly=week(Window(60, 240)))
    spring = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    assert starts(rules, now=spring) == ["01:00", "01:30", "03:00"]
    autumn = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    assert starts(rules, now=autumn) == [
        *("01:00", "01:30"),
        *("02:00", "02:30"),
        *("02:00", "02:30"),
        "03:00",
    ]
    found = slots(rules, now=autumn, since=autumn, until=autumn + DAY)
    assert len({slot.starts_at for slot in found}) == 7
    assert all(slot.ends_at - slot.starts_at == 60 * MINUTE for slot in found)


def test_an_override_replaces_the_weekday_and_an_empty_one_closes_it() -> None:
    overrides = {date(2026, 6, 1): (Window(600, 660),), date(2026, 6, 2): CLOSED}
    assert starts(open_rules(overrides=overrides), days=2) == ["10:00"]


def test_all_day_time_off_is_a_date_of_the_mentor_not_of_utc() -> None:
    rules = open_rules("Pacific/Auckland", days_off=((date(2026, 6, 2), date(2026, 6, 3)),))
    found = slots(rules, now=MONDAY, since=MONDAY, until=MONDAY + 3 * DAY)
    zone = ZoneInfo("Pacific/Auckland")
    assert {slot.starts_at.astimezone(zone).date() for slot in found} == {date(2026, 6, 4)}


def test_the_buffer_is_kept_on_both_sides_of_a_mentors_time_and_not_of_the_mentees() -> None:
    busy = (Busy(MONDAY.replace(hour=10), MONDAY.replace(hour=10, minute=30)),)
    rules = open_rules(step_minutes=15, session_minutes=30, buffer_minutes=15)
    mentor = starts(rules, taken=Taken(mentor=busy))
    assert mentor == ["09:00", "09:15", "10:45", "11:00", "11:15", "11:30"]
    mentee = starts(rules, taken=Taken(mentee=busy))
    assert mentee == ["09:00", "09:15", "09:30", "10:30", "10:45", "11:00", "11:15", "11:30"]


def test_notice_counts_to_the_second_and_the_horizon_in_the_mentors_dates() -> None:
    rules = open_rules("Asia/Tokyo", notice_minutes=60, horizon_days=1)
    eight = datetime(2026, 6, 1, 23, 0, tzinfo=UTC)  # Tuesday, 08:00 in Tokyo
    assert starts(rules, now=eight, days=9) == ["09:00", "09:30", "10:00", "10:30", "11:00"] * 2
    later = eight + timedelta(microseconds=1)
    assert starts(rules, now=later, days=9)[0] == "09:30"


def test_a_tampered_start_is_never_offered() -> None:
    rules = open_rules()
    for start in (MONDAY.replace(hour=9, second=1), MONDAY.replace(hour=9, microsecond=1)):
        assert [reason.why for reason in why(rules, start, now=MONDAY)] == [Why.OFF_GRID]
        assert not slots(rules, now=MONDAY, since=start, until=start + MINUTE)
    assert why(rules, MONDAY.replace(hour=9), now=MONDAY) == (Reason(Why.OFFERED),)


def test_every_reason_is_told_with_what_is_in_the_way() -> None:
    now = MONDAY.replace(hour=12)
    nine, ten = MONDAY.replace(hour=9), MONDAY.replace(hour=10)
    call = Busy(ten + 4 * DAY, ten + 4 * DAY + 30 * MINUTE, BusyKind.CALENDAR)
    rules = open_rules(
        overrides={date(2026, 6, 2): CLOSED},
        days_off=((date(2026, 6, 3), date(2026, 6, 3)),),
        time_off=(Span(nine + 3 * DAY, ten + 3 * DAY),),
        buffer_minutes=15,
        notice_minutes=1440,
        horizon_days=5,
    )

    def told(start: datetime, taken: Taken | None = None) -> list[Why]:
        return [reason.why for reason in why(rules, start, now=now, taken=taken)]

    assert told(nine) == [Why.PAST]
    assert told(nine + DAY) == [Why.NOTICE, Why.DAY_CLOSED]
    assert told(nine + 2 * DAY) == [Why.TIME_OFF]
    assert told(nine + 3 * DAY) == [Why.TIME_OFF]
    assert told(ten + 4 * DAY + 90 * MINUTE) == [Why.OUTSIDE_HOURS]
    assert told(nine + 6 * DAY) == [Why.HORIZON]
    day = nine + 4 * DAY
    taken = Taken((call,))
    assert told(day + 30 * MINUTE, taken) == [Why.MENTOR_BUSY]
    assert told(day, taken) == [Why.BUFFER]
    assert told(day + 90 * MINUTE, taken) == [Why.BUFFER]
    assert told(day + 30 * MINUTE, Taken(mentee=(call,))) == [Why.MENTEE_BUSY]
    [reason] = why(rules, day, now=now, taken=taken)
    assert (reason.starts_at, reason.kind) == (ten + 4 * DAY, BusyKind.CALENDAR)


@pytest.mark.parametrize(
    "values",
    [
        {"weekly": (CLOSED,) * 6},
        {"weekly": week(Window(600, 540))},
        {"weekly": week(Window(540, 600), Window(600, 660))},
        {"overrides": {date(2026, 6, 1): (Window(0, 1441),)}},
        {"step_minutes": 0},
        {"buffer_minutes": -1},
    ],
)
def test_rules_that_contradict_themselves_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"windows|week|step|buffer"):
        open_rules(**values)


def test_merging_windows_keeps_their_minutes() -> None:
    found = merged([Window(600, 660), Window(540, 600), Window(30, 60), Window(40, 50)])
    assert found == (Window(30, 60), Window(540, 660))


def test_the_slots_know_no_database_no_settings_and_no_clock() -> None:
    modules = sorted((ROOT / "services" / "slots").glob("*.py"))
    assert len(modules) > 3
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ImportFrom):
                top = str(node.module).partition(".")[0]
                assert str(node.module).startswith("services.slots.") or (
                    node.level == 0 and top in sys.stdlib_module_names
                ), f"{module.name} imports {node.module}"
            assert not isinstance(node, ast.Import)

"""What use costs, without a database: whole numbers, free parts, and sums that add up."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from services.costs.amounts import Cost, parsed, shown
from services.costs.forecasting import Ahead, Typical, expected, guessed, learned
from services.costs.presets import CURRENCY, LIST, PLAN, PRESETS
from services.costs.pricing import (
    GB,
    GB_MONTH,
    LEAST_DAYS,
    RECORDER,
    Book,
    DayCost,
    DayUse,
    Kept,
    Recorded,
    Sent,
    Terms,
    TypicalMonth,
    days_cost,
    half_up,
    missing_byte_hours,
    month_cost,
    spread,
    use_cost,
)
from services.models import Component

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
DAY = timedelta(days=1)
KINDS = {"archive": "b2", "cold": "wasabi", "local": "local"}
PLANNED = Book(CURRENCY, PRESETS[PLAN], KINDS)
LISTED = Book(CURRENCY, PRESETS[LIST], KINDS)
ALWAYS = date(2000, 1, 1)


def total(costs: tuple[DayCost, ...]) -> int:
    return sum(cost.micros or 0 for cost in costs)


def book(*terms: Terms) -> Book:
    return Book("USD", terms)


def terms(micros: int, *, free_per_day: int = 0, free_per_month: int = 0) -> Terms:
    free = {"free_per_day": free_per_day, "free_per_month": free_per_month}
    return replace(Terms(Component.STORAGE, "", micros, ALWAYS), **free)


def test_a_hundred_hours_of_a_gigabyte_kept_for_thirty_days_cost_what_the_plan_says() -> None:
    uses = [
        use
        for n in range(100)
        for use in (
            Recorded(f"rec_{n}", 3_600, NOW),
            Kept(f"fil_{n}", "archive", GB, NOW, NOW + 30 * DAY),
        )
    ]
    micros = [use_cost(use, PLANNED, now=NOW + 40 * DAY) or 0 for use in uses]
    assert (sum(micros[::2]), sum(micros[1::2])) == (5_940_000, 500_000)
    assert shown(Cost(sum(micros), "USD")) == "US$6.44"
    month = TypicalMonth(recorded_seconds=100 * 3_600, arrived_bytes=100 * GB)
    costs = month_cost(month, PLANNED, on=FIRST, place="archive", retention_days=30)
    assert sum(micros or 0 for micros in costs.values()) == 6_440_000


def test_a_month_of_days_costs_the_same_as_the_plan_says() -> None:
    recorded = [
        DayUse(FIRST + n * DAY, RECORDER, recorded_seconds=100 * 3_600 // 30) for n in range(30)
    ]
    stored = [DayUse(FIRST + n * DAY, "archive", byte_hours=100 * GB * 24) for n in range(30)]
    assert total(days_cost([*recorded, *stored], PLANNED, through=LAST)) == 6_440_000


def test_ten_gigabytes_of_each_day_are_sent_for_nothing() -> None:
    uses = [
        DayUse(FIRST, "archive", downloaded_bytes=9 * GB),
        DayUse(FIRST + DAY, "archive", downloaded_bytes=15 * GB),
    ]
    assert [cost.micros for cost in days_cost(uses, PLANNED, through=LAST)] == [0, 50_000]


def test_ten_terabytes_of_each_month_are_delivered_for_nothing_and_the_next_month_begins_anew() -> (
    None
):
    uses = [
        DayUse(day, "archive", delivered_bytes=6_000 * GB)
        for day in (FIRST, FIRST + DAY, LAST + DAY)
    ]
    assert [cost.micros for cost in days_cost(uses, PLANNED, through=LAST + DAY)] == [
        0,
        2_000 * 90_000,
        0,
    ]


def test_a_multiple_of_what_is_stored_is_sent_for_nothing() -> None:
    uses = [DayUse(FIRST + n * DAY, "archive", byte_hours=100 * GB * 24) for n in range(30)]
    uses.append(DayUse(LAST, "other", downloaded_bytes=GB))
    uses[0] = DayUse(FIRST, "archive", byte_hours=100 * GB * 24, downloaded_bytes=310 * GB)
    costs = days_cost(uses, LISTED, through=LAST)
    sent = {c.place: c.micros for c in costs if c.component is Component.DOWNLOAD}
    assert sent == {"archive": 10 * 10_000, "other": None}, "and nobody knows the other's price"


def test_the_first_ten_gigabytes_of_backblaze_lie_there_for_nothing() -> None:
    uses = [DayUse(FIRST + n * DAY, "archive", byte_hours=30 * GB * 24) for n in range(30)]
    assert total(days_cost(uses, LISTED, through=LAST)) == 20 * 6_000


def test_a_price_counts_from_its_day_on_and_a_stores_own_before_its_kinds() -> None:
    later = Terms(Component.STORAGE, "", 8_000, FIRST + DAY)
    of_kind = Terms(Component.STORAGE, "b2", 6_000, ALWAYS)
    own = Terms(Component.STORAGE, "archive", 1_000, FIRST + 2 * DAY)
    prices = Book("USD", (terms(5_000), later, of_kind, own), KINDS)
    found = [prices.on(FIRST + n * DAY, Component.STORAGE, "archive") for n in range(3)]
    assert [each.micros for each in found if each] == [6_000, 6_000, 1_000]
    found = [prices.on(FIRST + n * DAY, Component.STORAGE, "local") for n in range(2)]
    assert [each.micros for each in found if each] == [5_000, 8_000]
    assert prices.on(FIRST, Component.CDN, "archive") is None


def test_of_two_prices_from_the_same_day_on_the_one_entered_by_an_admin_counts() -> None:
    found = book(terms(5_000), terms(4_000)).on(FIRST, Component.STORAGE, "b2")
    assert found and found.micros == 4_000


def test_a_file_whose_price_changes_while_it_lies_there_costs_both() -> None:
    prices = book(terms(6_000), Terms(Component.STORAGE, "", 12_000, FIRST + 15 * DAY))
    kept = Kept("fil_1", "archive", GB, NOW, NOW + 30 * DAY)
    assert use_cost(kept, prices, now=NOW + 99 * DAY) == 9_000


def test_a_file_that_leaves_early_is_charged_for_the_stores_least_time() -> None:
    kept = Kept("fil_1", "cold", GB, NOW, NOW + 30 * DAY)
    assert missing_byte_hours(kept) == 60 * 24 * GB
    assert missing_byte_hours(replace(kept, until=NOW + 90 * DAY)) == 0
    assert use_cost(kept, LISTED, now=NOW) == 3 * 7_990
    assert use_cost(replace(kept, store="archive"), LISTED, now=NOW) == 6_000
    month = TypicalMonth(recorded_seconds=0, arrived_bytes=1_000 * GB)
    cold = month_cost(month, LISTED, on=FIRST, place="wasabi", retention_days=14)
    assert cold[Component.STORAGE] == 3_000 * 7_990


def test_the_only_least_time_that_a_store_charges_is_the_one_that_is_measured() -> None:
    every = {terms.minimum_days for preset in PRESETS.values() for terms in preset}
    assert every == {0, LEAST_DAYS}


def test_a_little_at_wasabi_costs_as_much_as_its_least_terabyte() -> None:
    month = TypicalMonth(recorded_seconds=0, arrived_bytes=100 * GB)
    cold = month_cost(month, LISTED, on=FIRST, place="wasabi", retention_days=30)
    assert cold[Component.STORAGE] == 7_990_000, "US$7.99, not 2.40"
    days = [DayUse(FIRST + n * DAY, "cold", byte_hours=GB * 24) for n in range(30)]
    assert total(days_cost(days, LISTED, through=LAST)) == 7_990_000
    nothing = TypicalMonth(recorded_seconds=0, arrived_bytes=0)
    none = month_cost(nothing, LISTED, on=FIRST, place="wasabi", retention_days=30)
    assert none[Component.STORAGE] == 0


def test_what_went_early_costs_the_same_by_day_as_by_itself_under_each_preset() -> None:
    kept = Kept("rec_1", "cold", 2_000 * GB, NOW, NOW + 30 * DAY)
    days = [DayUse(FIRST + n * DAY, "cold", byte_hours=kept.bytes * 24) for n in range(30)]
    gone = DayUse(LAST + DAY, "cold", early_byte_hours=missing_byte_hours(kept))
    for prices, whole in ((PLANNED, 2_000 * 5_000), (LISTED, 3 * 2_000 * 7_990)):
        assert total(days_cost([*days, gone], prices, through=LAST + DAY)) == whole
        assert use_cost(kept, prices, now=NOW) == whole


def test_two_cameras_of_the_room_are_recorded_at_the_price_of_full_hd() -> None:
    picture = re.search(
        r"PICTURE = \{ width: \{ ideal: (\d+) \}, height: \{ ideal: (\d+) \} \}",
        Path("assets/room_devices.jsx").read_text("utf-8"),
    )
    assert picture
    together = 2 * int(picture[1]) * int(picture[2])
    assert 1280 * 720 < together <= 1920 * 1080, "the class that the list preset charges"
    hour = [DayUse(FIRST, RECORDER, recorded_seconds=10_060 * 60)]
    assert total(days_cost(hour, LISTED, through=LAST)) == 809_400


def test_a_file_that_is_still_there_costs_up_to_now() -> None:
    kept = Kept("fil_1", "archive", GB, NOW)
    assert use_cost(kept, PLANNED, now=NOW + 15 * DAY) == 2_500
    assert use_cost(Sent("get_1", "archive", 2 * GB, NOW), PLANNED, now=NOW) == 20_000
    assert use_cost(Sent("get_2", "archive", GB, NOW, by_cdn=True), PLANNED, now=NOW) == 90_000


def test_nothing_is_made_up_where_there_is_no_price() -> None:
    uses = [DayUse(FIRST, "unknown", byte_hours=GB_MONTH)]
    assert [cost.micros for cost in days_cost(uses, LISTED, through=LAST)] == [None]
    assert use_cost(Kept("fil_1", "unknown", GB, NOW), LISTED, now=NOW + DAY) is None


amounts = st.integers(min_value=0, max_value=10**15)
prices = st.integers(min_value=0, max_value=10**7)


@given(st.lists(st.tuples(st.integers(0, 89), amounts), max_size=40), prices, amounts, amounts)
def test_the_days_add_up_to_the_months_exact_cost_and_never_fall_below_zero(
    used: list[tuple[int, int]], price: int, per_day: int, per_month: int
) -> None:
    by_day = {FIRST + n * DAY: units for n, units in used}
    uses = [DayUse(day, "s", byte_hours=units) for day, units in by_day.items()]
    prices = book(terms(price, free_per_day=per_day, free_per_month=per_month))
    costs = days_cost(uses, prices, through=FIRST + 90 * DAY)
    assert all(cost.micros is not None and cost.micros >= 0 for cost in costs)
    months = {day.replace(day=1) for day in by_day}
    for month in months:
        charged = sum(
            max(0, units - per_day) for day, units in by_day.items() if day.replace(day=1) == month
        )
        own = [cost.micros or 0 for cost in costs if cost.day.replace(day=1) == month]
        assert sum(own) == half_up(max(0, charged - per_month) * price, GB_MONTH)


@given(st.dictionaries(st.integers(), amounts, max_size=30), amounts)
def test_what_is_spread_adds_up_and_nobody_pays_for_what_others_used(
    weights: dict[int, int], micros: int
) -> None:
    micros = micros if any(weights.values()) else 0
    parts = spread(micros, weights)
    assert sum(parts.values()) == micros
    whole = sum(weights.values())
    for key, part in parts.items():
        assert part >= 0
        assert abs(part * whole - micros * weights[key]) <= whole, "at most a millionth away"


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(1, 50)), max_size=20), st.integers(1, 60))
def test_each_booked_session_lies_there_for_its_retention(
    booked: list[tuple[int, int]], retention: int
) -> None:
    by_day = {FIRST + n * DAY: sessions for n, sessions in booked if n + retention <= 90}
    ahead = Ahead(
        today=FIRST,
        days=91,
        retention_days=retention,
        store="archive",
        typical=Typical(1_000, 3_600, GB, GB, 0),
        booked=by_day,
        stored={},
        leaving={},
    )
    days = expected(ahead)
    sessions = sum(by_day.values())
    assert sum(use.byte_hours for use in days) == sessions * GB * retention * 24
    assert sum(use.recorded_seconds for use in days) == sessions * 3_600
    assert all(use.stored_bytes >= 0 for use in days)


def test_what_lies_there_leaves_after_its_retention_and_what_was_extended_stays() -> None:
    ahead = Ahead(
        today=FIRST,
        days=10,
        retention_days=30,
        store="archive",
        typical=guessed(60),
        booked={},
        stored={"archive": 5 * GB, "old": 2 * GB},
        leaving={"archive": {FIRST + 3 * DAY: 4 * GB}, "old": {FIRST + DAY: 9 * GB}},
    )
    last = {use.place: use.stored_bytes for use in expected(ahead) if use.day == FIRST + 10 * DAY}
    assert last == {"archive": GB, "old": 0}


def test_what_sessions_used_lately_is_learned_and_nothing_from_nothing() -> None:
    assert learned(held=0, recordings=0, seconds=0, arrived=0, downloaded=0, delivered=0) is None
    found = learned(
        held=8, recordings=4, seconds=12_000, arrived=4 * GB, downloaded=GB, delivered=0
    )
    assert found == Typical(500, 3_000, GB, GB // 4, 0, measured=4)


def test_small_amounts_are_shown_to_the_hundredth_of_a_cent_and_prices_are_read() -> None:
    assert shown(Cost(59_400, "USD")) == "US$0.0594"
    assert shown(Cost(0, "USD")) == "US$0.00"
    assert (parsed("0,005", field="price"), parsed(" 5.99 ", field="price")) == (5_000, 5_990_000)

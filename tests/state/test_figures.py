"""The charts as data: what is drawn, that it adds up, and that its words say the same."""

from __future__ import annotations

import json
import re
from datetime import date
from math import dist

import pytest

from mentorships.launch import ROOT
from services.analytics import Earning, RevenueLine, RevenueMonth, SeatsPoint, Taking
from services.money import Money
from state import figure_words, figures
from state.reporting import MOST_ROWS, days_in_words, more_in_the_file

TOKENS = ROOT / "assets" / "styles" / "tokens.css"
SERIES = ("chart-1", "chart-2", "chart-3")


def taking(paid: int, refunded: int = 0, currency: str = "EUR") -> Taking:
    net = Money(paid - refunded, currency)
    return Taking(Money(paid, currency), Money(refunded, currency), net, 1, 1 if refunded else 0)


def earning(held: int = 0, expired: int = 0, currency: str = "EUR") -> Earning:
    nothing = Money(0, currency)
    return Earning(
        total=Money(held + expired, currency),
        held=Money(held, currency),
        expired=Money(expired, currency),
        share=nothing,
        fees=nothing,
        disputed=nothing,
    )


def month(number: int, paid: int, refunded: int = 0, *, complete: bool = True) -> RevenueMonth:
    return RevenueMonth(date(2026, number, 1), taking(paid, refunded), complete, earning())


def earned_month(number: int, held: int, expired: int, *, complete: bool = True) -> RevenueMonth:
    return RevenueMonth(date(2026, number, 1), taking(0), complete, earning(held, expired))


def line(key: str, label: str, paid: int) -> RevenueLine:
    return RevenueLine(key=key, label=label, taking=taking(paid), earning=earning())


def point(day: date, active: float, free: float, *, days: int = 30) -> SeatsPoint:
    capacity = active + 1.5 + free
    return SeatsPoint(day, days, capacity, active, grace=1.0, held=0.5, free=free, over=0.0)


def heights(figure: figures.Figure, series: int) -> list[float]:
    return figure["data"][series]["y"]


def test_a_months_two_bars_are_what_stayed_and_what_went_back() -> None:
    figure = figures.net_by_month([month(1, 120_00), month(2, 240_50, 60_00)])
    assert heights(figure, 0) == [120.0, 180.5]
    assert heights(figure, 1) == [0.0, 60.0]
    assert figure["data"][1]["customdata"] == ["€0.00", "€60.00"]


def test_a_month_that_gave_back_more_than_it_took_reaches_below_zero_by_the_difference() -> None:
    figure = figures.net_by_month([month(1, 100_00, 250_00)])
    assert heights(figure, 0) == [-150.0]
    assert heights(figure, 1) == [100.0], "above zero is what was paid, all of it given back"
    assert figure["data"][1]["customdata"] == ["€250.00"], "hovering tells the true amount"


def test_a_months_earned_bars_are_what_was_held_and_what_expired() -> None:
    figure = figures.earned_by_month([earned_month(1, 90_00, 0), earned_month(2, -10_00, 30_00)])
    assert [one["name"] for one in figure["data"]] == ["Held", "Expired"]
    assert (heights(figure, 0), heights(figure, 1)) == ([90.0, -10.0], [0.0, 30.0])
    assert figure["data"][0]["customdata"] == ["€90.00", "-€10.00"]
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["Held", "Expired"]


def test_a_sentence_says_what_the_chart_of_earned_revenue_shows() -> None:
    months = [earned_month(10, 900_00, 50_00), earned_month(11, 40_00, 10_00, complete=False)]
    assert figure_words.earned_in_words(months) == (
        "Earned revenue by month: the highest is €950 in October 2026; November 2026, shown in "
        "part, has €50, €40 of it by sessions that were held."
    )


def test_a_currency_without_cents_is_drawn_in_whole_units() -> None:
    yen = RevenueMonth(date(2026, 1, 1), taking(12_000, 0, "JPY"), True, earning(currency="JPY"))
    figure = figures.net_by_month([yen])
    assert heights(figure, 0) == [12_000.0]
    assert figure["data"][0]["customdata"] == ["JP¥12,000"]


def test_the_running_month_is_paler_than_a_whole_one() -> None:
    figure = figures.net_by_month([month(1, 100_00), month(2, 100_00, complete=False)])
    whole, running = figure["data"][0]["marker"]["opacity"]
    assert running < whole == 1


def test_series_are_named_at_the_edge_only_when_there_are_two_to_tell_apart() -> None:
    alone = figures.net_by_month([month(1, 100_00)])
    assert alone["layout"]["annotations"] == []
    both = figures.net_by_month([month(1, 100_00, 20_00), month(2, 1_00)])
    net, back = both["layout"]["annotations"]
    assert (net["text"], back["text"]) == ("Net", "Refunded")
    assert back["y"] - net["y"] >= 10.0, "a tenth of the height apart, so that both can be read"


def test_two_lines_of_the_same_name_are_two_bars() -> None:
    figure = figures.net_by_line(
        [line("off_1", "Four sessions", 200_00), line("off_2", "Four sessions", 100_00)]
    )
    bars = figure["data"][0]
    assert bars["y"] == [0, 1]
    assert bars["x"] == [200.0, 100.0]
    names = [note["text"] for note in figure["layout"]["annotations"]]
    assert names == ["Four sessions", "Four sessions"]


def test_a_name_is_never_read_as_markup() -> None:
    figure = figures.net_by_line([line("m", '<a href="https://evil.example">x</a>', 100_00)])
    drawn = json.dumps(figure)
    assert "<a " not in drawn
    assert "&lt;a" in drawn


def test_a_chart_by_name_shows_ten_and_is_as_high_as_it_needs_to_be() -> None:
    many = [line(str(n), f"Mentor {n}", 1_000_00 - n) for n in range(30)]
    figure = figures.net_by_line(many)
    assert len(figure["data"][0]["x"]) == figures.MOST_LINES
    few = figures.net_by_line(many[:2])
    assert few["layout"]["height"] < figure["layout"]["height"]


def test_seats_are_stacked_up_to_the_capacity_in_the_order_that_the_colours_follow() -> None:
    figure = figures.seats_over_time([point(date(2026, 1, 1), 6.25, 2.25)], "month")
    assert [one["name"] for one in figure["data"]] == [
        "Active",
        "Grace",
        "Held",
        "Free",
        "Capacity",
    ]
    *stacked, capacity = figure["data"]
    assert sum(one["y"][0] for one in stacked) == capacity["y"][0] == 10.0
    assert figure["data"][0]["customdata"] == ["6.2"]


@pytest.mark.parametrize("bucket", ["day", "week", "month"])
def test_every_chart_over_time_begins_at_zero_and_has_nothing_to_click(bucket: str) -> None:
    figures_shown = [
        figures.net_by_month([month(1, 100_00)]),
        figures.seats_over_time([point(date(2026, 1, 5), 4, 4)], bucket),
    ]
    for figure in figures_shown:
        layout = figure["layout"]
        assert layout["yaxis"]["rangemode"] == "tozero"
        assert layout["xaxis"]["fixedrange"] and layout["yaxis"]["fixedrange"]
        assert not layout["showlegend"]
        assert json.loads(json.dumps(figure)) == figure, (
            "plain data: it goes to the browser as it is"
        )


def test_a_sentence_says_what_the_chart_of_months_shows() -> None:
    words = figure_words.net_in_words(
        [month(9, 900_00), month(10, 500_00, 100_00), month(11, 50_00, complete=False)]
    )
    assert words == (
        "Net revenue by month: the highest is €900 in September 2026; the latest whole month, "
        "October 2026, has €400; November 2026, shown in part, has €50."
    )


def test_a_sentence_says_what_the_chart_by_name_shows() -> None:
    lines = [line("a", "Mina", 90_00), line("b", "Otto", 10_00)]
    words = figure_words.lines_in_words("mentor", lines)
    assert words == "Net revenue by mentor: the most is €90, Mina; the least is €10, Otto, of 2."


def test_a_sentence_says_what_the_chart_of_seats_shows() -> None:
    points = [point(date(2026, 1, 5), 8, 0.5, days=7), point(date(2026, 1, 12), 4, 4.5, days=7)]
    assert figure_words.seats_in_words(points, "week") == (
        "Seats over time, as averages for each week: the most in use was 9.5 of 10 (week of "
        "5 January 2026); the latest week has 5.5 of 10: 4 active, 1 in grace, 0.5 held, 4.5 free."
    )


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 11, 1), date(2026, 11, 22), "1 to 22 November 2026"),
        (date(2026, 2, 3), date(2026, 11, 22), "3 February to 22 November 2026"),
        (date(2025, 12, 1), date(2026, 11, 22), "1 December 2025 to 22 November 2026"),
        (date(2026, 11, 22), date(2026, 11, 22), "22 November 2026"),
    ],
)
def test_a_span_of_days_is_said_once_and_not_twice(first: date, last: date, words: str) -> None:
    assert days_in_words(first, last) == words


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_colours_of_series_can_be_seen_on_both_grounds(mode: str) -> None:
    colours = palette(mode)
    for name in (*SERIES, "chart-4"):
        for ground in ("surface", "surface-raised"):
            assert contrast(colours[name], colours[ground]) >= 3.0, f"{name} on {ground}"


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("eyes", ["usual", "deuteranopia", "protanopia", "tritanopia"])
def test_series_are_told_apart_whatever_colours_the_eyes_see(mode: str, eyes: str) -> None:
    colours = {name: seen(palette(mode)[name], eyes) for name in SERIES}
    for one, other in ((a, b) for a in SERIES for b in SERIES if a < b):
        apart = dist(colours[one], colours[other])
        assert apart >= FAR_ENOUGH, f"{one} and {other} are {apart:.0f} apart"


FAR_ENOUGH = 25
"""The distance in CIELAB, where 2 can just be told apart side by side."""

# How much red, green and blue light three kinds of eyes tell apart (Machado and others, 2009).
EYES = {
    "usual": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def palette(mode: str) -> dict[str, str]:
    light, dark = TOKENS.read_text().split(".dark {")
    parts = (light, dark) if mode == "dark" else (light,)
    return dict(pair for part in parts for pair in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))


def seen(colour: str, eyes: str) -> tuple[float, float, float]:
    light = linear(colour)
    return lab([sum(a * b for a, b in zip(row, light, strict=True)) for row in EYES[eyes]])


def lab(light: list[float]) -> tuple[float, float, float]:
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    x, y, z = (
        root(sum(a * max(b, 0.0) for a, b in zip(row, light, strict=True)) / white)
        for row, white in zip(to_xyz, (0.9505, 1.0, 1.089), strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def root(part: float) -> float:
    return part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116


def contrast(one: str, other: str) -> float:
    weights = (0.2126, 0.7152, 0.0722)
    bright = [sum(w * v for w, v in zip(weights, linear(c), strict=True)) for c in (one, other)]
    return (max(bright) + 0.05) / (min(bright) + 0.05)


def linear(colour: str) -> tuple[float, ...]:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)


def test_a_long_table_ends_and_says_how_many_more_are_in_the_file() -> None:
    assert more_in_the_file(MOST_ROWS) == ""
    assert more_in_the_file(MOST_ROWS + 3) == "3 more in the file."

"""What the cost dashboard draws and writes, from a report alone."""

from __future__ import annotations

import json
from datetime import date

from services.costs import Cost, CostPoint, Parts, PriceLine
from services.costs.presets import CURRENCY, LIST, PRESETS
from state import cost_figures
from state.cost_rows import point_row, price_row

GB = 10**9


def parts(recording: int, storage: int = 0, download: int = 0, cdn: int = 0) -> Parts:
    return Parts(*(Cost(micros, "USD") for micros in (recording, storage, download, cdn)))


def point(day: int, cost: Parts, stored: int = 0, *, expected: bool = False) -> CostPoint:
    return CostPoint(date(2026, 3, day), 1, cost, stored, expected)


POINTS = [
    point(1, parts(5_940_000, 500_000), 100 * GB),
    point(2, parts(990_000, 250_000, 10_000, 90_000), 50 * GB),
]


def test_the_bars_are_what_each_component_cost_and_add_up() -> None:
    figure = cost_figures.costs_over_time(POINTS, "day")
    assert [trace["name"] for trace in figure["data"]] == ["Recording", "Storage", "Sent"]
    assert [trace["y"] for trace in figure["data"]] == [[5.94, 0.99], [0.5, 0.25], [0.0, 0.1]]
    assert figure["data"][0]["customdata"] == ["US$5.94", "US$0.99"]
    json.dumps(figure)


def test_what_is_expected_is_paler_than_what_was() -> None:
    coming = [point(3, parts(0), 10 * GB, expected=True)]
    figure = cost_figures.stored_over_time(POINTS, coming, "day")
    [bars] = figure["data"]
    assert bars["y"] == [100.0, 50.0, 10.0]
    was, _, expected = bars["marker"]["opacity"]
    assert expected < was == 1
    assert bars["customdata"][-1] == "10 GB, expected"


def test_a_sentence_says_what_the_charts_show() -> None:
    assert cost_figures.costs_in_words(POINTS, "day") == (
        "Costs by day: the most is US$6.44 (1 March 2026); the latest, 2 March 2026, has US$1.34: "
        "US$0.99 for recording, US$0.25 for storage, US$0.10 for what was sent."
    )
    assert cost_figures.stored_in_words(POINTS, []) == (
        "Stored over time: 50 GB at the end of the period, 100 GB at the most."
    )


def test_a_row_has_what_its_bar_shows() -> None:
    row = point_row(POINTS[1], "day")
    assert (row.label, row.total, row.sent, row.stored) == (
        "2 March 2026",
        "US$1.34",
        "US$0.10",
        "50 GB",
    )


def test_every_price_of_the_lists_is_shown_with_its_terms() -> None:
    rows = [price_row(PriceLine(terms, CURRENCY, False)) for terms in PRESETS[LIST]]
    by_place = {(row.what, row.place): row for row in rows}
    minutes = by_place["1,000 recorded minutes", "every store"]
    assert (minutes.price, minutes.terms) == ("US$13.49", "10,000 minutes a month free")
    assert "two cameras of 1280×720 together, a shared screen may be dearer" in minutes.note
    storage = by_place["1 GB kept for 30 days", "b2"]
    assert (storage.price, storage.terms, storage.since) == (
        "US$0.006",
        "the first 10 GB free",
        "always",
    )
    assert (
        by_place["1 GB kept for 30 days", "wasabi"].terms == "90 days at least, 1,000 GB at least"
    )
    assert "21 November 2026" in storage.note

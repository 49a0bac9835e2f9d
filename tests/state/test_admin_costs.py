"""The page of costs without a browser: what stands on it, its alarms, and the price book."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from services import clock, db
from services.models import Price
from state.admin_costs import AdminCostsState
from tests.services.recorded import GB, a_held_session, recorded, some_pack
from tests.services.rows import a_session, a_user, an_admin
from tests.support.open_page import OpenPage
from tests.support.servers import environment_of

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HERE = "/admin/costs?prices=plan"


@pytest.fixture(autouse=True)
def at_noon(database: str) -> Iterator[None]:
    """Some day in March, in a studio in UTC."""
    with environment_of({"STUDIO_TIMEZONE": "UTC"}), clock.at(NOW):
        yield


def opened(address: str = HERE) -> OpenPage[AdminCostsState]:
    """The page, before an admin."""
    return OpenPage(AdminCostsState, an_admin(), address)


def test_where_nothing_was_recorded_the_page_says_so() -> None:
    shown = opened().state
    assert (shown.phase, shown.empty, shown.each, shown.alarm) == ("ready", True, "–", "")
    assert (shown.comparison, shown.retentions, shown.comparison_csv) == ([], [], "")


def test_what_is_small_is_not_shown_as_nothing() -> None:
    recorded(a_held_session(some_pack(), NOW - 5 * DAY), size=40_000_000)
    shown = opened().state
    assert shown.stored == "40 MB"
    assert [one.stored for one in shown.stores] == ["40 MB"]


def test_the_figures_stand_above_their_charts_and_the_forecast_has_its_cost() -> None:
    pack = some_pack("Mina Mentor")
    recorded(a_held_session(pack, NOW - 5 * DAY), size=2 * GB)
    a_session(pack, NOW + 3 * DAY)
    shown = opened().state
    assert (shown.recordings, shown.stored, shown.empty) == ("1 recording", "2 GB", False)
    assert shown.ahead.startswith("US$0.0")
    assert "1 booked session, of which 100 % are recorded" in shown.assumed
    assert [(one.label, one.note) for one in shown.mentors.rows] == [("Mina Mentor", "1 recording")]
    assert [(one.name, one.kind) for one in shown.stores] == [("local", "Folder of your own")]
    assert shown.sessions_csv == "/files/reports/costs.csv?prices=plan&by=session"


def test_every_provider_and_retention_is_compared_and_each_cost_says_for_how_long() -> None:
    recorded(a_held_session(some_pack(), NOW - 5 * DAY), size=400 * GB)
    page = opened("/admin/costs?prices=list")
    shown = page.state
    assert not shown.alike
    assert shown.retentions == ["14 days", "30 days", "60 days", "90 days"]
    by_label = {one.label: one for one in shown.comparison}
    assert [one.days for one in by_label["Backblaze B2"].costs] == [
        "14 days: ",
        "30 days: ",
        "60 days: ",
        "90 days: ",
    ]
    of_wasabi = {one.cost for one in by_label["Wasabi"].costs}
    assert len(of_wasabi) == 1, "ninety days are charged at least"
    page.goes_to(HERE)
    assert shown.alike, "the plan knows no providers"


@pytest.mark.parametrize(
    ("budget", "booked", "words"),
    [
        ("1", 0, "March has cost US$1.98, above the budget of US$1.00."),
        ("2", 3, "above the budget of US$2.00"),
        ("9", 3, ""),
    ],
)
def test_a_budget_that_is_or_will_be_exceeded_is_an_alarm_above_all(
    budget: str, booked: int, words: str
) -> None:
    pack = some_pack()
    recorded(a_held_session(pack, NOW - 5 * DAY), seconds=2_000 * 60, size=0)
    for n in range(booked):
        a_session(pack, NOW + (n + 1) * DAY)
    with environment_of({"COST_BUDGET": budget, "COST_PRICES": "plan"}):
        shown = opened().state
    assert words in shown.alarm and bool(words) == bool(shown.alarm)
    assert shown.month_note.endswith(f"of a budget of US${budget}.00")


def test_the_alarm_goes_by_the_prices_of_the_settings_whichever_are_shown() -> None:
    recorded(a_held_session(some_pack(), NOW - 5 * DAY), seconds=2_000 * 60, size=0)
    with environment_of({"COST_BUDGET": "1", "COST_PRICES": "plan"}):
        page = opened()
        alarms = [_totals(page, name) for name in ("plan", "list")]
    words = "March has cost US$1.98, above the budget of US$1.00. Reckoned with the plan's prices."
    assert alarms == [(words, "US$1.98", True), (words, "US$0.00", False)]
    with environment_of({"COST_BUDGET": "1", "COST_PRICES": "list"}):
        alarms = [_totals(page, name) for name in ("plan", "list")]
    assert [alarm for alarm, *_ in alarms] == ["", ""]


def _totals(page: OpenPage[AdminCostsState], prices: str) -> tuple[str, str, bool]:
    """The alarm, this month, and whether the budget stands beside it."""
    page.goes_to(f"/admin/costs?prices={prices}")
    return page.state.alarm, page.state.month, "budget" in page.state.month_note


def test_a_price_is_entered_counts_at_once_and_can_be_taken_back() -> None:
    recorded(a_held_session(some_pack(), NOW - 5 * DAY), size=0)
    page = opened()
    shown = page.state
    assert shown.total == "US$0.0594"
    page.does("begin", True)
    price = {"component": "recording", "price": "2", "valid_from": "2026-03-01", "note": "Invoice"}
    page.does("enter", price | {"price": "-2"})
    assert (shown.entering, shown.wrong_field) == (True, "price")

    page.does("enter", price)
    page.reconnects()
    assert (shown.entering, shown.total) == (False, "US$0.12")
    [own] = [one for one in shown.prices if one.key]
    assert (own.price, own.since, own.note) == ("US$2.00", "from 1 March 2026", "Invoice")

    page.does("remove", own.key)
    page.reconnects()
    assert (shown.total, [one for one in shown.prices if one.key]) == ("US$0.0594", [])


def test_what_nobody_sells_is_no_price_and_changes_nothing() -> None:
    page = opened()
    for key in ("", "recording::2026-03-01", "weather::2026-03-01", "::", "x" * 500):
        page.does("remove", key)
        assert page.state.notice
    with db.reading() as session:
        assert session.exec(select(Price)).all() == []


def test_people_who_are_no_admins_see_nothing_of_the_costs() -> None:
    recorded(a_held_session(some_pack(), NOW - 5 * DAY))
    page = OpenPage(AdminCostsState, a_user("Mia Maler"), HERE)
    assert (page.state.phase, page.state.total, page.state.prices) == ("failed", "", [])

"""An admin looks at the studio's figures: charts, the tables behind them, and files."""

from __future__ import annotations

import csv
import gzip
import io
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, Response, TimeoutError, expect

from pages.layout import PLACES
from services.analytics.periods import add_months, month_of, today
from services.money import Money
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import is_for_everyone
from tests.journeys.people import Person
from tests.journeys.world import Account, Seller, World
from tests.support.servers import LiveApp, environment_of

BARS = ".chart-money .bars:nth-child(1) .point path"
REFUNDED_BARS = ".chart-money .bars:nth-child(2) .point path"
FILL = "element => getComputedStyle(element).fill"
HEIGHTS = "element => element.getBBox().height"
MOST_SCRIPT_BYTES = 700_000


@dataclass(frozen=True)
class Books:
    """One mentor sold two packs of 240 € and gave 60 € of one back; another sells in dollars."""

    ada: Account
    paula: Seller
    dora: Seller


@pytest.fixture(scope="module")
def books(live_app: LiveApp) -> Books:
    """Made once for all tests of this file."""
    world = World(live_app)
    with world.inside():
        paula = world.mentor("Paula Petersen", seats=4)
        orders = [world.bought(world.mentee(name), paula) for name in ("Mia Maler", "Ben Bauer")]
        world.refunded(orders[0], 60_00)
        with environment_of({"STUDIO_CURRENCY": "USD"}):  # as the studio had it once
            dora = world.mentor("Dora Dollar", price=Money(90_00, "USD"))
            world.bought(world.mentee("Uma Ulm"), dora)
        return Books(world.admin(), paula, dora)


@pytest.fixture
def ada(world: World, person: NewPerson, books: Books) -> Person:
    """The admin, signed in."""
    return person(books.ada).is_signed_in()


def test_an_admin_lands_on_the_overview_and_goes_on_from_there(
    world: World, person: NewPerson, books: Books
) -> None:
    ada = person(books.ada).open("/sign-in").signs_in(then="/admin").reads("Overview")
    ada.reads("What needs you").reads("The fullest mentors")
    is_drawn(ada.page, ".chart-money")
    ada.is_told("Net, 1 ")

    ada.follows("Open revenue").is_at("/admin/revenue").reads("Revenue")
    ada.follows("Seats").is_at("/admin/seats").reads("How full is the studio?")
    is_drawn(ada.page, ".chart-seats")


def test_a_chart_its_sentence_its_table_and_its_file_say_the_same(
    ada: Person, books: Books
) -> None:
    ada.open(f"/admin/revenue?mentor={books.paula.slug}").reads("Net revenue by month")
    is_drawn(ada.page, ".chart-money")

    # The two totals, and what is drawn: twelve months, of which only this one is not empty.
    ada.is_told("€420.00").is_told("2 payments").is_told("1 refund")
    net = heights(ada.page.locator(BARS))
    back = heights(ada.page.locator(REFUNDED_BARS))
    assert len(net) == len(back) == 12
    assert [height > 0 for height in net] == [False] * 11 + [True]
    assert back[-1] / net[-1] == pytest.approx(60 / 420, rel=0.1)

    months = opened_table(ada, "Net revenue by month")
    this_month = f"{today():%B %Y}"
    assert len(months) == 12
    assert months[0][0].startswith(this_month)
    assert months[0][1] == "€420.00"
    assert months[0][3].startswith("€60.00")
    chart = ada.page.locator(".chart-money")
    expect(chart).to_have_attribute("aria-label", re.compile(rf"€420 in {this_month}"))

    rows = downloaded(ada, "Net revenue by month")
    assert len(rows) == 12
    assert (rows[-1]["month"], rows[-1]["net"]) == (f"{today():%Y-%m}", "420.00")
    (mentor,) = downloaded(ada, "Which mentors bring it in?")
    assert (mentor["mentor"], mentor["paid"]) == (books.paula.name, "480.00")


def test_the_period_and_the_filters_stand_in_the_address(ada: Person, books: Books) -> None:
    ada.open("/admin/revenue").reads("Net revenue by month")
    ada.follows("This month")
    expect(ada.page).to_have_url(re.compile(rf"first={month_of(today())}$"))
    expect(ada.page.locator(".stat").first).to_contain_text("1 to ")
    assert len(opened_table(ada, "Net revenue by month")) == 1

    opened_table(ada, "Which mentors bring it in?")
    ada.follows(books.paula.name)
    expect(ada.page).to_have_url(re.compile(rf"mentor={books.paula.slug}"))
    ada.is_told("€420.00").is_at("/admin/revenue")
    ada.page.reload()
    ada.is_told("€420.00")

    # The filter is a chip now, and clicking it takes it away.
    chosen = ada.page.get_by_role("group", name="Mentor").get_by_role("link")
    expect(chosen).to_have_attribute("aria-current", "true")
    chosen.click()
    expect(ada.page).not_to_have_url(re.compile("mentor="))
    expect(chosen).to_have_count(0)  # the page has been loaded anew, and its form with it

    first = add_months(today(), -2) + timedelta(days=9)
    ada.fills("From", first.isoformat()).fills("To", today().isoformat()).presses("Show")
    expect(ada.page).to_have_url(re.compile(rf"first={first}&last={today()}"))
    expect(ada.page.locator(".stat").first).to_contain_text(f"{first.day} ")
    assert len(opened_table(ada, "Net revenue by month")) == 3


def test_currencies_stand_apart(ada: Person, books: Books) -> None:
    ada.open("/admin/revenue").reads("Net revenue by month").is_not_told("US$")
    ada.follows("USD")
    expect(ada.page).to_have_url(re.compile("currency=USD"))
    ada.is_told("US$90.00").is_not_told("€")
    is_drawn(ada.page, ".chart-money")
    mentors = opened_table(ada, "Which mentors bring it in?")
    assert [line[0] for line in mentors] == [books.dora.name]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("revenue?first=2026-11-22&last=2026-01-01", "The first day must not be after the last"),
        ("revenue?first=yesterday", "Write days as 2026-01-31."),
        ("revenue?currency=XXX", "The studio has taken no money in XXX."),
        ("revenue?mentor=nobody&offer=off_nothing", "There is no such mentor"),
        ("seats?first=0001-01-01", "Choose days between"),
        ("seats?mentor=nobody", "There is no such mentor"),
    ],
)
def test_nonsense_in_the_address_is_answered_with_a_sentence_and_a_way_back(
    ada: Person, address: str, words: str
) -> None:
    path = "/admin/" + address.partition("?")[0]
    ada.open(f"/admin/{address}").is_told(words)
    expect(ada.page.locator(".chart")).to_have_count(0)
    ada.follows("Show the last 12 months").is_at(path)
    is_drawn(ada.page, ".chart-plot")
    ada.is_not_told(words)


def test_a_query_that_fails_is_shown_as_a_failure_and_never_as_zero(
    ada: Person, world: World
) -> None:
    for path in ("/admin", "/admin/revenue", "/admin/seats"):
        with world.without_table("report_progress"):
            ada.open(path).is_told("This could not be loaded.")
            expect(ada.page.locator(".stat")).to_have_count(0)
            again = ada.page.get_by_role("button", name="Try again", exact=True)
            expect(again).to_be_visible()
        # A change that somebody makes in this moment loads the page anew: then there is no button.
        with suppress(TimeoutError):
            again.click(timeout=5_000)
        is_drawn(ada.page, ".chart-plot")


def test_charts_change_their_colours_with_the_switch(ada: Person) -> None:
    ada.open("/admin").reads("Overview")
    is_drawn(ada.page, ".chart-money")
    bar, word = ada.page.locator(BARS).first, ada.page.locator(".chart-money text").first
    drawn_once = ada.page.locator(".chart-money svg").first.element_handle()
    ada.presses("Light")
    expect(ada.page.locator("html")).not_to_have_class(re.compile(r"\bdark\b"))
    light = bar.evaluate(FILL), word.evaluate(FILL)
    ada.presses("Dark")
    expect(ada.page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    dark = bar.evaluate(FILL), word.evaluate(FILL)
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    assert drawn_once is not None
    assert drawn_once.evaluate("element => element.isConnected"), "it was not drawn again"


@pytest.mark.parametrize("path", ["/admin/revenue", "/admin/seats"])
def test_reports_with_everything_open_have_no_obstacles(ada: Person, path: str) -> None:
    ada.open(path)
    is_drawn(ada.page, ".chart-plot")
    ada.page.evaluate("document.querySelectorAll('details.more').forEach(one => one.open = true)")
    is_for_everyone(ada.page)


def test_the_table_behind_a_chart_and_its_file_are_reached_by_keyboard(ada: Person) -> None:
    ada.open("/admin/seats").reads("How full is the studio?")
    summary = ada.page.get_by_text("Show the table").first
    summary.focus()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("table", name="Seats over time, averages")).to_be_visible()
    summary.focus()
    ada.page.keyboard.press("Tab")
    expect(ada.page.get_by_role("link", name="Download as CSV").first).to_be_focused()


def test_a_phones_bar_has_five_places_and_more_behind_the_last(ada: Person) -> None:
    ada.page.set_viewport_size({"width": 360, "height": 740})
    ada.open("/admin/users").reads("Users")
    bar = ada.page.get_by_role("navigation", name="Admin")
    places = bar.locator(".rail-link").filter(visible=True)
    expect(places).to_have_text(["Overview", "Revenue", "Seats", "Orders", "More"])
    bar.locator("summary").focus()
    ada.page.keyboard.press("Enter")
    expect(places).to_have_count(len(PLACES["admin"]) + 1)
    bar.get_by_role("link", name="Inbox").filter(visible=True).click()
    ada.is_at("/admin/inbox").reads("Inbox")


def test_only_reports_bring_the_library_of_charts_and_it_is_the_small_one(
    ada: Person, world: World
) -> None:
    loaded: list[Response] = []
    ada.page.on("response", lambda answer: loaded.append(answer))

    def scripts_of(path: str, *, chart: str = "") -> dict[str, Response]:
        loaded.clear()
        ada.open(path)
        expect(ada.page.get_by_role("heading", level=1)).to_be_visible()
        if chart:
            is_drawn(ada.page, chart)
        ada.page.wait_for_load_state("networkidle")
        return {one.url.rpartition("/")[2]: one for one in loaded if one.url.endswith(".js")}

    for path in ("/", "/mentors", "/sign-in", "/dashboard", "/admin/orders", "/admin/inbox"):
        scripts = scripts_of(path)
        assert scripts
        assert not [name for name in scripts if "plotly" in name], path
    revenue = scripts_of("/admin/revenue", chart=".chart-money")
    assert [name for name in revenue if "plotly-basic" in name]
    size = sum(len(gzip.compress(one.body())) for one in revenue.values())
    assert size < MOST_SCRIPT_BYTES
    ada.page.context.close()  # the next person is not listened to


def is_drawn(page: Page, chart: str) -> None:
    """Plotly has drawn it, with bars."""
    expect(page.locator(f"{chart} svg.main-svg").first).to_be_visible()
    expect(page.locator(f"{chart} .bars .point path").first).to_be_attached()


def heights(bars: Locator) -> list[float]:
    return [bar.evaluate(HEIGHTS) for bar in bars.all()]


def section(person: Person, heading: str) -> Locator:
    """The part of the report under a heading."""
    title = person.page.get_by_role("heading", name=heading, exact=True)
    return person.page.locator("section.report").filter(has=title)


def opened_table(person: Person, heading: str) -> list[list[str]]:
    """Open the table behind a chart, and read its cells."""
    part = section(person, heading)
    if part.locator("details.more:not([open])").count():
        part.get_by_text("Show the table").click()
    expect(part.locator("tbody tr").first).to_be_visible()
    return [row.locator("td").all_inner_texts() for row in part.locator("tbody tr").all()]


def downloaded(person: Person, heading: str) -> list[dict[str, str]]:
    """Download the file of a part of the report, and read it."""
    file = person.saves(section(person, heading).get_by_role("link", name="Download as CSV"))
    return list(csv.DictReader(io.StringIO(file.text(), newline="")))

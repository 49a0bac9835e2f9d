"""What recordings cost, in a browser: the figures, their files, and the price book."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from playwright.sync_api import expect

from services import clock
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import has_settled, is_for_everyone
from tests.journeys.people import Person
from tests.journeys.world import World
from tests.services.recorded import GB, a_held_session, recorded, some_pack

HERE = "/admin/costs?prices=plan"


def amount(person: Person, name: str) -> str:
    """One of the figures at the top."""
    found = person.page.locator(".stat").filter(has_text=name).locator("dd").first
    return found.inner_text()


def test_an_admin_enters_a_price_and_every_open_page_is_reckoned_with_it(
    world: World, person: NewPerson
) -> None:
    ago = clock.utc_now() - timedelta(days=3)
    recorded(a_held_session(some_pack("Cora Costa"), ago), size=4 * GB)
    ada, bea = (person(world.admin(name)).is_signed_in() for name in ("Ada Admin", "Bea Boss"))
    for each in (ada, bea):
        has_settled(each.open(HERE).reads("What do recordings cost?").page)
    before = amount(bea, "Cost")
    ada.presses("Enter a price").fills("Price in US dollars", "7").fills(
        "Valid from", (ago - timedelta(days=1)).date().isoformat()
    )
    ada.fills("Where it stands (optional)", "The invoice of a journey").presses("Enter the price")
    ada.is_told("The price is entered.").is_told("The invoice of a journey")
    expect(bea.page.locator(".stat").filter(has_text="Cost").first).not_to_contain_text(before)

    line = ada.row("The invoice of a journey")
    line.get_by_role("button", name="Remove").click()
    ada.is_told("The price is gone.")
    expect(bea.page.locator(".stat").filter(has_text="Cost").first).to_contain_text(before)


def test_the_files_have_each_mentor_and_each_session(world: World, person: NewPerson) -> None:
    pack = some_pack("Dora Dauer")
    held = a_held_session(pack, clock.utc_now() - timedelta(days=2))
    recorded(held, seconds=1_800)
    ada = person(world.admin()).is_signed_in().open(HERE)
    whose = ada.page.locator("section.report").filter(
        has=ada.page.get_by_role("heading", name="Whose sessions cost it?")
    )
    expect(whose.get_by_text("Dora Dauer")).to_be_visible()
    by_mentor = ada.saves(whose.get_by_role("link", name="Download as CSV"))
    assert "Dora Dauer" in by_mentor.text()
    by_session = ada.saves(whose.get_by_role("link", name="Every session as CSV"))
    rows = {row["session"]: row for row in csv.DictReader(io.StringIO(by_session.text()))}
    assert (rows[held.public_id]["mentor"], rows[held.public_id]["recording"]) == (
        "Dora Dauer",
        "0.029700",
    )


def test_the_page_of_costs_is_for_everyone_also_while_a_price_is_entered(
    world: World, person: NewPerson
) -> None:
    pack = some_pack("Emil Ernst")
    for days in (2, 40):
        at = clock.utc_now() - timedelta(days=days)
        recorded(a_held_session(pack, at), stays=timedelta(days=30))
    ada = person(world.admin()).is_signed_in().open("/admin/costs?prices=list")
    expect(ada.page.locator(".chart-stored .main-svg").first).to_be_visible()
    ada.presses("Enter a price").fills("Price in US dollars", "much")
    ada.fills("Valid from", "2026-01-01").presses("Enter the price")
    ada.is_told("Write a price such as 0.005.")
    is_for_everyone(ada.page)
    ada.open("/admin/costs?first=2026-12-01&last=2026-01-01")
    ada.is_told("The first day must not be after the last one.")
    is_for_everyone(ada.page)

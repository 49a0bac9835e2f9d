"""A chargeback in browsers: the pack rests, an admin answers, and it goes on or ends."""

from __future__ import annotations

import io
import re
from zipfile import ZipFile

from playwright.sync_api import Locator, expect

from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import is_for_everyone
from tests.journeys.people import Person
from tests.journeys.world import World
from tests.services.invoicing import text_in

NEWS_MS = 30_000
"""What the bank decides reaches an open page by a webhook and the worker."""


def at_the_bank(world: World, order: str, action: str = "", **said: object) -> None:
    """The buyer's bank acts on the order's payment."""
    page = world.order(order).checkout_id
    world.app.sandbox.control(f"stripe/sessions/{page}/dispute{action}", said)


def entry(admin: Person, name: str) -> Locator:
    """The dispute of this buyer on the admin's list."""
    return admin.page.get_by_role("main").locator(".rows > .stack").filter(has_text=name)


def evidence(admin: Person, name: str) -> str:
    """Fetch the evidence by its button; the words of its summary. The page stays as it is."""
    button = entry(admin, name).get_by_role("link", name="Evidence")
    with ZipFile(io.BytesIO(admin.saves(button).body())) as bundle:
        return text_in(bundle.read("summary.pdf"))


def test_a_chargeback_rests_the_pack_until_it_is_won(world: World, person: NewPerson) -> None:
    seller, mentee = world.mentor("Dora Disput"), world.mentee("Mia Streit")
    order = world.bought(mentee, seller)
    mia, ada = person(mentee).is_signed_in(), person(world.admin()).is_signed_in()
    mia.open("/dashboard").is_told("4 of 4 sessions left")
    ada.open("/admin/disputes").reads("Disputes")

    at_the_bank(world, order, kind="chargeback")
    frozen = mia.page.get_by_role("main").get_by_text("frozen", exact=True)
    expect(frozen.first).to_be_visible(timeout=NEWS_MS)  # nobody reloads the page
    mia.in_another_tab().open(f"/book/{seller.slug}").is_told(
        "The pack rests until the bank has settled a dispute."
    )
    waiting = entry(ada, "Mia Streit")
    expect(waiting).to_contain_text("Answer at Stripe, with the evidence, before")
    expect(waiting).to_contain_text("The pack rests, its booked sessions stay.")
    expect(waiting.locator("time").first).to_be_visible()
    is_for_everyone(ada.page)
    words = evidence(ada, "Mia Streit")
    assert order in words
    assert "4 sessions by video with Dora Disput" in words

    at_the_bank(world, order, "/close", outcome="won")
    expect(entry(ada, "Mia Streit")).to_contain_text("The money is back.", timeout=NEWS_MS)
    expect(frozen).to_have_count(0, timeout=NEWS_MS)
    mia.is_told("4 of 4 sessions left")
    mia.opens_mail("Your pack with Dora Disput goes on")


def test_a_lost_chargeback_closes_the_pack_and_says_so(world: World, person: NewPerson) -> None:
    seller, mentee = world.mentor("Dina Disput"), world.mentee("Mara Streit")
    order = world.bought(mentee, seller)
    mara = person(mentee).is_signed_in().open(f"/orders/{order}")
    at_the_bank(world, order, kind="chargeback")
    mara.is_told("The bank is settling a dispute about this payment.")
    at_the_bank(world, order, "/close", outcome="lost")
    badge = mara.page.get_by_role("main").get_by_text("charged back", exact=True)
    expect(badge.first).to_be_visible(timeout=NEWS_MS)
    mara.is_told("Charged back").is_told("€240.00")
    note = mara.page.get_by_role("link", name=re.compile("^Credit note"))
    expect(note.first).to_be_visible()

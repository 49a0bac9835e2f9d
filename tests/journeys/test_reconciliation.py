"""What no webhook told, in browsers: an admin compares now, and sees what differs and where."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from services import checkout
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import is_for_everyone
from tests.journeys.world import World
from tests.services.tills import foreign_page


def test_an_admin_compares_now_and_a_lost_payment_is_usable(
    world: World, person: NewPerson
) -> None:
    seller, mentee = world.mentor("Rena Reuter"), world.mentee("Mia Maler")
    order = checkout.start(actor=world.actor(mentee), offer=seller.offer, provider="stripe").order
    page = world.order(order).checkout_id
    world.app.sandbox.control(f"stripe/sessions/{page}/pay", {"webhooks": "never"})
    stray = foreign_page("stripe", f"ord_lost_{seller.slug}")
    world.app.sandbox.control(f"stripe/sessions/{stray}/pay", {"webhooks": "never"})
    mia, ada = person(mentee).is_signed_in(), person(world.admin()).is_signed_in()

    ada.open("/admin/reconciliation").reads("Reconciliation").presses("Run now")
    expect(ada.page.get_by_text(re.compile(r"\bdifferences? left"))).to_be_visible()
    assert world.packs(mentee) == 1
    mia.open("/dashboard").is_told(seller.name)
    ada.reads("Stripe").is_told("looked at").is_told("It belongs to nothing here.")
    is_for_everyone(ada.page)
    ada.page.set_viewport_size({"width": 1280, "height": 900})
    ada.page.get_by_role("main").get_by_role("link", name="Unmatched money").first.click()
    ada.is_at("/admin/unmatched").reads("To find out")


def test_a_page_that_cannot_be_read_is_not_shown_as_if_all_matched(
    world: World, person: NewPerson
) -> None:
    ada = person(world.admin()).is_signed_in()
    with world.without_table("reconciliation_run"):
        ada.open("/admin/reconciliation").is_told("This could not be loaded.")
    ada.presses("Try again").is_not_told("This could not be loaded.")

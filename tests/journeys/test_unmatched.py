"""Money that fits nothing, in browsers: an admin finds out what it was."""

from __future__ import annotations

from services import checkout, reconciliation
from tests.journeys.conftest import NewPerson
from tests.journeys.world import PRICE, World
from tests.services.tills import foreign_page


def test_stray_money_is_given_to_the_order_that_it_pays(world: World, person: NewPerson) -> None:
    seller, mentee = world.mentor("Ulla Ulm"), world.mentee("Mia Maler")
    order = checkout.start(actor=world.actor(mentee), offer=seller.offer, provider="stripe").order
    stray = foreign_page("stripe", f"ord_lost_{seller.slug}", PRICE)
    world.app.sandbox.control(f"stripe/sessions/{stray}/pay", {"webhooks": "never"})
    mark = next(one["payment_intent"] for one in world.stripe("sessions") if one["id"] == stray)
    mia, ada = person(mentee).is_signed_in(), person(world.admin()).is_signed_in()
    ada.open("/admin/unmatched").reads("Unmatched money")
    reconciliation.reconcile()

    ada.is_told(mark)  # nobody reloads the page
    entry = ada.page.locator(".rows .stack").filter(has_text=mark).first
    entry.get_by_role("button", name="Say what it was").click()
    ada.fills("What it was", "The order was lost.").fills("Order (optional)", "ord_nobody")
    ada.presses("Settle it").is_told("There is no such order.")
    ada.fills("Order (optional)", order).presses("Settle it")
    ada.is_told("Its order's page shows what became of it.").is_told("The order was lost.")
    assert world.packs(mentee) == 1
    mia.open(f"/orders/{order}").is_told("Paid with")
    settled = ada.page.locator(".rows .stack").filter(has_text=mark).first
    settled.get_by_role("link", name="its order").click()
    ada.is_at(f"/admin/orders/{order}")

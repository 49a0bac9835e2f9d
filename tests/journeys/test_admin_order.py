"""One order as an admin sees it: the whole of its story, and more of it while the page is open."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from services import refunds
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import is_for_everyone
from tests.journeys.world import PRICE, World

REFUND_SECONDS = 30
BOUGHT = (
    "Order created",
    "Seat held",
    "Webhook: checkout.session.completed",
    "Payment completed",
    "Order paid",
    "Credits: purchase",
    "Ledger: payment",
    "Invoice issued",
    "Mail: purchase",
)
GIVEN_BACK = ("Refund succeeded", "Ledger: refund", "Credit note issued", "Mail: refunded")


def test_an_order_tells_its_story_and_goes_on_while_an_admin_looks_at_it(
    world: World, person: NewPerson
) -> None:
    seller, mentee, boss = world.mentor("Stella Story"), world.mentee("Mia Maler"), world.admin()
    person(mentee).is_signed_in().buys(seller)
    order = world.orders(mentee)[0].public_id
    ada = person(boss).is_signed_in().open("/admin/orders").looks_up("Search orders", order)
    ada.follows("Four sessions").is_at(f"/admin/orders/{order}").reads("Four sessions")

    for what in BOUGHT:
        expect(ada.row(what).first).to_be_visible()
    ada.is_told("The ledger adds up.").is_told(mentee.email)
    ledger = ada.page.get_by_role("region", name="Ledger")
    expect(ledger).to_contain_text("Deferred€240.00")
    expect(ada.row("Mail: purchase").first).to_contain_text("sent")
    expect(ada.row("Refund succeeded")).to_have_count(0)

    ada.page.evaluate("window.sameDocument = true")
    elsewhere = ada.in_another_tab().open(f"/admin/refunds?order={order}").reads("Start a refund")
    elsewhere.page.get_by_label("What goes back").select_option(label="1 unused session: €60.00")
    elsewhere.presses("Start the refund").is_told("Started. Below you see how it goes on.")
    for what in GIVEN_BACK:
        expect(ada.row(what).first).to_be_visible(timeout=REFUND_SECONDS * 1000)
    expect(ada.row("Mail: refunded").first).to_contain_text("sent")
    expect(ledger).to_contain_text("Deferred€180.00")
    assert ada.page.evaluate("window.sameDocument") is True
    is_for_everyone(ada.page)


def test_a_story_is_narrowed_to_one_kind_by_its_address_and_stays_so(
    world: World, person: NewPerson
) -> None:
    seller, boss = world.mentor("Sten Story"), world.admin()
    order = world.bought(world.mentee("Mia Maler"), seller)
    ada = person(boss).is_signed_in().open(f"/admin/orders/{order}").reads("Story")
    story = ada.page.get_by_role("table", name="Story").locator("tbody tr")

    ada.page.get_by_role("link", name=re.compile(r"^Ledger \(")).click()
    ada.is_at(f"/admin/orders/{order}").is_told("2 entries")
    expect(ada.page).to_have_url(re.compile(r"[?&]only=ledger"))
    expect(story).to_contain_text(["Ledger: ", "Ledger: "])
    expect(story.filter(has_text="Ledger: payment")).to_contain_text("€240.00")
    expect(story.filter(has_text="Ledger: fee")).to_have_count(1)

    world.refunded(order, 1_000)
    world.bought(world.mentee("Max Muster"), seller)  # says that orders have changed
    expect(story.filter(has_text="Ledger: refund").first).to_contain_text("€10.00")
    expect(story.filter(has_text="Order paid")).to_have_count(0)
    ada.page.get_by_role("link", name=re.compile(r"^Ledger \(")).click()
    expect(story.filter(has_text="Order paid")).to_have_count(1)


def test_the_queue_of_refunds_leads_to_the_story_and_nobody_else_reads_it(
    world: World, person: NewPerson
) -> None:
    seller, mentee, boss = world.mentor("Svea Story"), world.mentee("Mia Maler"), world.admin()
    order = world.bought(mentee, seller)
    refunds.request(actor=world.actor(mentee), order=order, amount=PRICE, note="Moving.")
    ada = person(boss).is_signed_in().open("/admin/refunds").reads("Refunds")
    waiting = ada.page.locator(".stack").filter(has_text="Svea Story").last
    waiting.get_by_role("link", name="Four sessions").click()
    ada.is_at(f"/admin/orders/{order}").is_told("Refund requested")
    ada.open("/admin/orders/ord_unknown").reads("There is no such order.")

    mia = person(mentee).is_signed_in().open(f"/admin/orders/{order}")
    mia.is_at("/dashboard").is_told("That page is for admins.")

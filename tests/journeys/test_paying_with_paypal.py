"""Paying with PayPal in a browser: there and back, declined, closed, and changed one's mind."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from services.models import OrderStatus
from tests.journeys.conftest import NewPerson
from tests.journeys.people import Person
from tests.journeys.world import SHOWN_PRICE, Seller, World

PAYPALS_PAGE = re.compile(r"/sandbox/paypal/checkoutnow\?token=(\w+)")


def goes_to_paypal(somebody: Person, seller: Seller) -> str:
    """From the checkout to PayPal's page; its order's id there."""
    somebody.opens_checkout(seller).presses(f"Pay {SHOWN_PRICE} with PayPal")
    return is_at_paypal(somebody)


def is_at_paypal(somebody: Person) -> str:
    expect(somebody.page).to_have_url(PAYPALS_PAGE)
    found = PAYPALS_PAGE.search(somebody.page.url)
    assert found
    return found[1]


def agrees(somebody: Person, instrument: str = "PayPal balance: pays", *, webhook: str) -> None:
    somebody.page.get_by_label(instrument).check()
    somebody.page.get_by_label("The webhook").select_option(webhook)
    somebody.page.get_by_role("button", name=f"Pay {SHOWN_PRICE}").click()


def test_a_pack_is_paid_at_paypal_although_no_webhook_ever_comes(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Paula Pohl"), person(world.mentee("Mia Maler")).is_signed_in()
    goes_to_paypal(mia, seller)
    agrees(mia, webhook="never")
    mia.is_back()
    mia.reads(f"Paid. Your seat with {seller.name} is yours.")
    [order] = world.orders(mia.account)
    assert (order.status, order.provider) == (OrderStatus.PAID, "paypal")


def test_a_declined_card_at_paypal_is_followed_by_another_on_the_same_page(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Quirin Quast"), person(world.mentee("Mia Maler")).is_signed_in()
    page = goes_to_paypal(mia, seller)
    agrees(mia, "A card that is declined when the studio takes the money", webhook="never")
    mia.is_back()
    mia.reads("The payment was declined.").is_told("Nothing was charged. Your seat is held until")
    mia.follows("Try again")
    assert is_at_paypal(mia) == page
    agrees(mia, webhook="now")
    mia.reads(f"Paid. Your seat with {seller.name} is yours.")


def test_one_may_change_ones_mind_and_keeps_the_only_seat(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Rika Roth", seats=1), person(world.mentee("Mia Maler"))
    mia.is_signed_in().opens_checkout(seller).goes_to_pay()
    mia.leaves_stripe().is_back()
    mia.reads("Not paid yet.").follows("Another way to pay").reads("Checkout")
    mia.is_told("You chose Stripe.")
    mia.presses(f"Pay {SHOWN_PRICE} with PayPal")
    is_at_paypal(mia)
    assert world.seats_in_use(seller) == 1
    agrees(mia, webhook="now")
    mia.reads(f"Paid. Your seat with {seller.name} is yours.")
    assert len(world.orders(mia.account)) == 1


def test_who_closes_the_tab_at_paypal_finds_the_pack_later(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Silke Saal"), person(world.mentee("Mia Maler")).is_signed_in()
    goes_to_paypal(mia, seller)
    mia.page.get_by_role("button", name="Pay and close the tab, never to return").click()
    mia.open("/dashboard").is_told(seller.name)
    mia.open("/orders").is_told("paid")
    assert [order.status for order in world.orders(mia.account)] == [OrderStatus.PAID]

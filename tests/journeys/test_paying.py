"""On the way to a payment: declined cards, banks that ask, lost webhooks, impatient people."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from services.models import OrderStatus
from tests.journeys.conftest import NewPerson
from tests.journeys.people import ASKS_THE_BANK, DECLINED
from tests.journeys.world import SHOWN_PRICE, World

ORDER_IS_NOT_PAID = "Not paid yet."


def test_a_declined_card_is_followed_by_one_that_pays_on_the_same_page(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Basil Brandt"), person(world.mentee("Mia Maler")).is_signed_in()

    checkout_id = mia.opens_checkout(seller).goes_to_pay()
    mia.pays(DECLINED).is_told("Your card was declined.")
    assert mia.is_at_stripe() == checkout_id
    mia.pays().reads(f"Paid. Your seat with {seller.name} is yours.")

    assert [order.status for order in world.orders(mia.account)] == [OrderStatus.PAID]


@pytest.mark.several(full=True)
def test_coming_back_with_a_declined_card_one_may_try_again_and_keeps_the_seat(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Clara Coen", seats=1), person(world.mentee("Mia Maler"))
    mia.is_signed_in().opens_checkout(seller)

    checkout_id = mia.goes_to_pay()
    mia.pays(DECLINED).is_told("Your card was declined.")
    mia.leaves_stripe().is_back()
    mia.reads("The payment was declined.").is_told("Nothing was charged. Your seat is held until")
    assert world.seats_in_use(seller) == 1

    mia.follows("Try again")
    assert mia.is_at_stripe() == checkout_id
    mia.pays().reads(f"Paid. Your seat with {seller.name} is yours.")
    assert len(world.orders(mia.account)) == 1


def test_a_bank_that_asks_is_answered_and_the_pack_is_paid(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Dana Dorn"), person(world.mentee("Mia Maler")).is_signed_in()
    mia.opens_checkout(seller).goes_to_pay()

    mia.pays(ASKS_THE_BANK).reads("Your bank asks: is it you?").presses("Fail authentication")
    mia.is_told("We are unable to authenticate your payment method.")
    mia.pays(ASKS_THE_BANK).presses("Complete authentication")

    mia.reads(f"Paid. Your seat with {seller.name} is yours.")


@pytest.mark.several
def test_the_return_page_heals_itself_when_the_webhook_never_comes(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Emil Eder"), person(world.mentee("Mia Maler")).is_signed_in()

    checkout_id = mia.opens_checkout(seller).goes_to_pay()
    mia.pays(webhook="never").is_back()
    mia.reads(f"Paid. Your seat with {seller.name} is yours.")

    assert world.webhooks_about(checkout_id) == []
    assert world.packs(mia.account) == 1


@pytest.mark.several(full=True)
def test_a_webhook_that_comes_twice_makes_one_pack(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Fynn Falk"), person(world.mentee("Mia Maler")).is_signed_in()

    checkout_id = mia.opens_checkout(seller).goes_to_pay()
    mia.pays(webhook="twice").reads(f"Paid. Your seat with {seller.name} is yours.")
    mia.open("/dashboard").is_told("4 of 4 sessions left")

    deliveries = world.deliveries_about(checkout_id)
    assert [delivery["attempts"] for delivery in deliveries] == [1, 1]
    assert len(world.webhooks_about(checkout_id)) == 1
    assert world.packs(mia.account) == 1


@pytest.mark.several(full=True)
def test_a_double_click_on_pay_opens_one_checkout(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Gwen Gall"), person(world.mentee("Mia Maler")).is_signed_in()

    mia.opens_checkout(seller)
    mia.page.get_by_role("button", name=f"Pay {SHOWN_PRICE} with Stripe").dblclick()
    mia.is_at_stripe()

    assert len(world.orders(mia.account)) == 1
    assert len(world.checkouts_of(mia.account)) == 1


@pytest.mark.several(full=True)
def test_a_second_tab_leads_to_the_same_payment(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Hugo Horn"), person(world.mentee("Mia Maler")).is_signed_in()
    tab = mia.in_another_tab().opens_checkout(seller)

    checkout_id = mia.opens_checkout(seller).goes_to_pay()
    assert tab.goes_to_pay() == checkout_id

    tab.pays().reads(f"Paid. Your seat with {seller.name} is yours.")
    mia.page.reload()
    mia.reads("This has been paid").follows("Go on to Mentorships")
    mia.reads(f"Paid. Your seat with {seller.name} is yours.")
    assert len(world.orders(mia.account)) == 1
    assert world.packs(mia.account) == 1


def test_who_comes_back_by_the_back_button_goes_on_with_the_same_payment_or_gives_the_seat_back(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Iris Ilg", seats=1), person(world.mentee("Mia Maler"))
    mia.is_signed_in().opens_checkout(seller)

    checkout_id = mia.goes_to_pay()
    mia.page.go_back()
    mia.reads("Checkout").is_told("Your seat is held until")
    assert mia.goes_to_pay() == checkout_id

    mia.page.go_back()
    mia.reads("Checkout").presses("Cancel this checkout").is_back()
    mia.reads("You ended this checkout.").is_told("Nothing was charged.")
    assert [order.status for order in world.orders(mia.account)] == [OrderStatus.CANCELED]
    assert world.seats_in_use(seller) == 0
    assert [page["status"] for page in world.checkouts_of(mia.account)] == ["expired"]


def test_who_leaves_stripe_sees_what_is_open_and_finishes_from_the_dashboard(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Jonas Jung"), person(world.mentee("Mia Maler")).is_signed_in()

    checkout_id = mia.opens_checkout(seller).goes_to_pay()
    mia.leaves_stripe().is_back()
    mia.reads(ORDER_IS_NOT_PAID).is_told("This page looks again every few seconds.")
    mia.open("/dashboard").reads(f"Finish buying your pack with {seller.name}.")
    mia.follows("Continue").is_back()
    mia.reads(ORDER_IS_NOT_PAID).follows(f"Pay {SHOWN_PRICE} with Stripe")
    assert mia.is_at_stripe() == checkout_id

    mia.pays().reads(f"Paid. Your seat with {seller.name} is yours.")
    expect(mia.page.get_by_role("button", name="Cancel this checkout")).to_have_count(0)

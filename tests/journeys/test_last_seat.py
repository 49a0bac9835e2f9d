"""Two people want a mentor's last seat."""

from __future__ import annotations

import pytest
import stripe
from playwright.sync_api import expect

from services import checkout
from services.models import OrderStatus
from tests.journeys.conftest import NewPerson
from tests.journeys.people import Person
from tests.journeys.world import PRICE, SHOWN_PRICE, World


@pytest.mark.several
def test_the_second_buyer_is_refused_in_words_before_stripe_is_asked(
    world: World, person: NewPerson
) -> None:
    seller = world.mentor("Kaya Klee", seats=1)
    mia = person(world.mentee("Mia Maler")).is_signed_in().opens_checkout(seller)
    ben = person(world.mentee("Ben Bauer")).is_signed_in().opens_checkout(seller)
    expect(ben.page.get_by_role("button", name=f"Pay {SHOWN_PRICE} with Stripe")).to_be_visible()

    mia.goes_to_pay()
    ben.presses(f"Pay {SHOWN_PRICE} with Stripe")

    ben.is_told(f"{seller.name} has no free seat right now. Nothing was charged.")
    ben.is_told(f"All of {seller.name}'s seats are taken at the moment.")
    assert ben.page.url.endswith(f"/checkout/{seller.offer}")
    assert world.orders(ben.account) == []
    assert world.checkouts_of(ben.account) == []
    ben.open("/mentors").searches("Search mentors", seller.name)
    expect(ben.card(seller)).to_contain_text("Full: join the waitlist")


@pytest.mark.several
def test_who_pays_after_the_hold_ended_and_finds_the_seat_sold_gets_everything_back(
    world: World, person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller, ada = world.mentor("Lotte Lang", seats=1), world.admin("Ada Amsel")
    mia = person(world.mentee("Mia Maler")).is_signed_in().opens_checkout(seller)
    checkout_id = mia.goes_to_pay()

    the_hold_ends_while_stripe_does_not_answer(world, mia, checkout_id, monkeypatch)
    assert world.seats_in_use(seller) == 0
    ben = person(world.mentee("Ben Bauer")).is_signed_in()
    ben.buys(seller)

    mia.pays().is_back()
    mia.reads("Sold out and refunded.").is_told(f"All of it, {SHOWN_PRICE}, was sent back to you")
    assert [refund["amount"] for refund in world.refunds_of(checkout_id)] == [PRICE.minor]
    assert world.seats_in_use(seller) == 1

    mia.open("/orders")
    expect(mia.row(seller.name)).to_contain_text("sold out and refunded")
    expect(mia.row(seller.name)).to_contain_text(f"{SHOWN_PRICE} back")
    mia.opens_mail(f"{SHOWN_PRICE} is on its way back to you").is_told("last seat was taken")
    alert = person(ada).opens_mail(f"Please look: {mia.account.name}'s order")
    alert.is_told("A payment came after the last place was gone")


def the_hold_ends_while_stripe_does_not_answer(
    world: World, mia: Person, checkout_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour passes for this order; Stripe could not be asked to end the payment page, so it can
    still be paid, and the seat is released."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.0)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.0)
    asked_with_retries = 3
    world.stripe_fails("GET", f"*/checkout/sessions/{checkout_id}", times=asked_with_retries)
    order = world.orders(mia.account)[0].public_id
    world.move_back(order, minutes=60)
    checkout.sweep()  # the worker's own sweep may have come first: then there is nothing to do
    assert world.order(order).status is OrderStatus.EXPIRED

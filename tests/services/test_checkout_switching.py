"""Changing the provider in mid-checkout: one order, one place, paid once at whichever end."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from jobs.inbox import handle_inbox
from services import checkout, clock
from services.errors import ProviderUnavailable
from services.models import (
    Order,
    OrderStatus,
    Pack,
    Payment,
    Provider,
    Refund,
    RefundReason,
    Seat,
    SeatStatus,
)
from services.providers.payments.registry import payments
from tests.services.paypal import PRICE, captured, is_paid_once, thread
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.studio import Studio, stored


def test_switching_keeps_order_and_place_and_the_old_page_takes_no_money(studio: Studio) -> None:
    buyer, offer = acting(a_user()), an_offer(a_mentor(capacity=1))
    first = checkout.start(actor=buyer, offer=offer.public_id, provider="paypal")
    old_page, seat = studio.checkout_of(first.order), studio.seat(first.order)
    studio.wait(minutes=20)  # less than Stripe's least is left
    second = checkout.start(actor=buyer, offer=offer.public_id, provider="stripe")
    assert second.order == first.order
    row = studio.order(first.order)
    assert (row.provider, row.status) == (Provider.STRIPE, OrderStatus.PENDING)
    assert studio.seat(first.order).id == seat.id
    assert studio.seat(first.order).held_until == row.expires_at
    assert row.expires_at - clock.utc_now() == timedelta(minutes=35)

    studio.approve(first.order, checkout=old_page)
    studio.deliver()
    assert captured(studio) == []
    studio.pay(first.order)
    studio.deliver()
    assert [each.provider for each in stored(Payment)] == [Provider.STRIPE]
    assert len(stored(Pack)) == 1


def test_switching_from_stripe_ends_its_page_first(studio: Studio) -> None:
    buyer, offer = acting(a_user()), an_offer(a_mentor())
    first = checkout.start(actor=buyer, offer=offer.public_id, provider="stripe")
    old_page = studio.checkout_of(first.order)
    checkout.start(actor=buyer, offer=offer.public_id, provider="paypal")
    assert studio.checkout(old_page)["status"] == "expired"
    studio.deliver()  # Stripe tells that its page has expired: that ends nothing
    assert studio.order(first.order).status is OrderStatus.PENDING
    studio.approve(first.order)
    studio.deliver()
    is_paid_once(studio, first.order)


def test_what_was_paid_before_the_switch_counts(studio: Studio) -> None:
    buyer, offer = acting(a_user()), an_offer(a_mentor())
    first = checkout.start(actor=buyer, offer=offer.public_id, provider="stripe")
    studio.pay(first.order)
    studio.lose_webhooks()
    second = checkout.start(actor=buyer, offer=offer.public_id, provider="paypal")
    assert (second.order, second.url) == (first.order, None)
    assert [each.provider for each in stored(Payment)] == [Provider.STRIPE]
    assert studio.paypal_orders() == []


def test_switching_away_works_while_paypal_is_away(studio: Studio) -> None:
    buyer, offer = acting(a_user()), an_offer(a_mentor())
    first = checkout.start(actor=buyer, offer=offer.public_id, provider="paypal")
    with studio.paypal_unreachable():
        second = checkout.start(actor=buyer, offer=offer.public_id, provider="stripe")
    assert second.url
    assert studio.order(first.order).provider is Provider.STRIPE


def test_switching_away_from_stripe_waits_until_stripe_ended_its_page(studio: Studio) -> None:
    buyer, offer = acting(a_user()), an_offer(a_mentor())
    first = checkout.start(actor=buyer, offer=offer.public_id, provider="stripe")
    with studio.stripe_unreachable(), pytest.raises(ProviderUnavailable):
        checkout.start(actor=buyer, offer=offer.public_id, provider="paypal")
    row = studio.order(first.order)
    assert (row.provider, row.status) == (Provider.STRIPE, OrderStatus.PENDING)
    assert studio.seat(first.order).status is SeatStatus.HELD


def test_switching_to_and_fro_makes_one_open_page(studio: Studio) -> None:
    buyer, offer = acting(a_user()), an_offer(a_mentor())
    pages: list[str] = []
    for provider in ("paypal", "stripe", "paypal", "stripe"):
        started = checkout.start(actor=buyer, offer=offer.public_id, provider=provider)
        pages.append(studio.checkout_of(started.order))
    assert len(set(pages)) == 4
    assert len(stored(Order)) == len(stored(Seat)) == 1
    assert [each["status"] for each in studio.checkouts()] == ["open", "expired"]


def test_two_clicks_on_the_other_provider_at_once_lead_to_one_page(studio: Studio) -> None:
    buyer, offer = acting(a_user()), an_offer(a_mentor(capacity=1))
    checkout.start(actor=buyer, offer=offer.public_id, provider="stripe")
    answers: list[checkout.CheckoutStarted] = []

    def click() -> None:
        answers.append(checkout.start(actor=buyer, offer=offer.public_id, provider="paypal"))

    clicks = [thread(click) for _ in range(3)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    [order] = stored(Order)
    assert {each.order for each in answers} == {order.public_id}
    assert {each.url for each in answers} == {order.checkout_url}
    assert (order.status, order.provider) == (OrderStatus.PENDING, Provider.PAYPAL)
    assert [each["status"] for each in studio.checkouts()] == ["expired"]


def _at_both_ends(studio: Studio) -> tuple[str, str]:
    """An order at PayPal, and a page of Stripe's for it whose answer was lost."""
    buyer, offer = acting(a_user()), an_offer(a_mentor())
    order = checkout.start(actor=buyer, offer=offer.public_id, provider="stripe").order
    forgotten = studio.another_page(order, PRICE)
    checkout.start(actor=buyer, offer=offer.public_id, provider="paypal")
    return order, forgotten


@pytest.mark.parametrize("first", ["paypal", "stripe"])
def test_paying_at_both_ends_is_one_pack_and_one_refund(studio: Studio, first: str) -> None:
    order, forgotten = _at_both_ends(studio)
    studio.approve(order)
    payments("paypal").capture(studio.checkout_of(order), order=order)
    studio.pay(order, checkout=forgotten)
    events = sorted(studio.lose_webhooks(), key=lambda each: each.vendor != first)
    for each in events:
        each.receive()
        handle_inbox.call_local()
    studio.send()
    studio.deliver()
    assert len(stored(Pack)) == 1
    assert next(each.provider.value for each in stored(Payment)) == first
    assert {each.provider for each in stored(Payment)} == {Provider.STRIPE, Provider.PAYPAL}
    [refund] = stored(Refund)
    assert (refund.reason, refund.amount_minor) == (RefundReason.PAID_TWICE, PRICE.minor)
    assert refund.provider.value != first
    assert len(studio.refunds()) + len(studio.paypal_refunds()) == 1
    assert studio.order(order).status is OrderStatus.PAID


def test_what_is_paid_at_stripe_first_is_not_taken_at_paypal_at_all(studio: Studio) -> None:
    order, forgotten = _at_both_ends(studio)
    studio.approve(order)
    studio.pay(order, checkout=forgotten)
    studio.deliver()
    assert [each.provider for each in stored(Payment)] == [Provider.STRIPE]
    assert captured(studio) == []
    assert stored(Refund) == []


def test_a_switch_during_the_capture_is_told_how_the_capture_went(studio: Studio) -> None:
    """The capture hangs at PayPal while the buyer turns to Stripe in another tab."""
    buyer, offer = acting(a_user()), an_offer(a_mentor())
    first = checkout.start(actor=buyer, offer=offer.public_id, provider="paypal")
    studio.approve(first.order)
    studio.lose_webhooks()
    studio.fault_capture(first.order, "slow", seconds=4.0)
    order_id = studio.order(first.order).id
    capturing_now = thread(lambda: checkout.settle(order_id))
    capturing_now.start()
    for _ in range(500):
        if studio.order(first.order).capture_until is not None:
            break
        time.sleep(0.01)
    second = checkout.start(actor=buyer, offer=offer.public_id, provider="stripe")
    capturing_now.join()
    assert (second.order, second.url) == (first.order, None)
    is_paid_once(studio, first.order)
    assert studio.checkouts() == []

"""The provider is down, slow to answer or forgetful while a checkout is opened."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import checkout, clock
from services.errors import ProviderUnavailable
from services.models import Order, OrderStatus, ReleaseReason, Seat, SeatStatus
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.studio import Studio, stored

SESSIONS = "/v1/checkout/sessions"
ATTEMPTS_OF_THE_SDK = 3


def _only_order(studio: Studio) -> Order:
    [order] = stored(Order)
    assert studio.seat(order.public_id).status is SeatStatus.HELD
    return order


def test_the_seat_stays_held_while_the_provider_is_unreachable(studio: Studio) -> None:
    offer, buyer = an_offer(a_mentor(capacity=1)), acting(a_user())
    with studio.stripe_unreachable(), pytest.raises(ProviderUnavailable):
        checkout.start(actor=buyer, offer=offer.public_id)
    before = _only_order(studio)

    studio.wait(minutes=4)
    started = checkout.start(actor=buyer, offer=offer.public_id)
    after = _only_order(studio)
    assert started.order == before.public_id
    assert after.expires_at == before.expires_at
    assert [page["expires_at"] for page in studio.checkouts()] == [
        int(before.expires_at.timestamp())
    ]


def test_a_stored_500_is_not_asked_for_again(studio: Studio) -> None:
    """Stripe replays a stored 500 for its key: the next click must use a new one."""
    offer, buyer = an_offer(a_mentor(capacity=1)), acting(a_user())
    studio.fault(SESSIONS, "status", status=500)
    with pytest.raises(ProviderUnavailable) as raised:
        checkout.start(actor=buyer, offer=offer.public_id)
    assert raised.value.answered
    before = _only_order(studio)

    started = checkout.start(actor=buyer, offer=offer.public_id)
    assert started.order == before.public_id
    assert [page["url"] for page in studio.checkouts()] == [started.url]
    assert _only_order(studio).expires_at == before.expires_at


def test_a_stored_500_that_the_sweep_met_is_not_asked_for_again(studio: Studio) -> None:
    offer, buyer = an_offer(a_mentor(capacity=1)), acting(a_user())
    with studio.stripe_unreachable(), pytest.raises(ProviderUnavailable):
        checkout.start(actor=buyer, offer=offer.public_id)
    studio.wait(minutes=2)
    studio.fault(SESSIONS, "status", status=500)
    studio.sweep()
    assert studio.checkouts() == []
    studio.wait(minutes=1)
    studio.sweep()
    assert _only_order(studio).checkout_id == studio.checkouts()[0]["id"]


def test_a_lost_answer_is_found_by_the_sdk_within_one_click(studio: Studio) -> None:
    studio.fault(SESSIONS, "drop_after")
    started = checkout.start(actor=acting(a_user()), offer=an_offer(a_mentor()).public_id)
    assert [page["url"] for page in studio.checkouts()] == [started.url]


@pytest.mark.parametrize("minutes", [1, 20])
def test_a_page_whose_answer_was_lost_is_found_again(studio: Studio, minutes: int) -> None:
    """Also later than Stripe would make a new page: the key still leads to the first one."""
    offer, buyer = an_offer(a_mentor(capacity=1)), acting(a_user())
    studio.fault(SESSIONS, "drop_after", ATTEMPTS_OF_THE_SDK)
    with pytest.raises(ProviderUnavailable) as raised:
        checkout.start(actor=buyer, offer=offer.public_id)
    assert not raised.value.answered
    before = _only_order(studio)
    [page] = studio.checkouts()

    studio.wait(minutes=minutes)
    started = checkout.start(actor=buyer, offer=offer.public_id)
    assert (started.order, started.url) == (before.public_id, page["url"])
    assert _only_order(studio).expires_at == before.expires_at
    assert len(studio.checkouts()) == 1


def test_a_page_whose_answer_was_lost_can_be_paid(studio: Studio) -> None:
    offer, buyer = an_offer(a_mentor()), acting(a_user())
    studio.fault(SESSIONS, "drop_after", ATTEMPTS_OF_THE_SDK)
    with pytest.raises(ProviderUnavailable):
        checkout.start(actor=buyer, offer=offer.public_id)
    order = _only_order(studio).public_id
    studio.pay(order, checkout=studio.checkouts()[0]["id"])
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PAID
    assert studio.seat(order).status is SeatStatus.ACTIVE


def test_a_retry_too_late_for_the_provider_begins_a_new_hold(studio: Studio) -> None:
    """Five minutes into the hold Stripe's 30-minute minimum is under-run: a new order it is."""
    offer, buyer = an_offer(a_mentor(capacity=1)), acting(a_user())
    with studio.stripe_unreachable(), pytest.raises(ProviderUnavailable):
        checkout.start(actor=buyer, offer=offer.public_id)
    studio.wait(minutes=6)
    started = checkout.start(actor=buyer, offer=offer.public_id)

    first, second = stored(Order)
    assert (first.status, second.status) == (OrderStatus.EXPIRED, OrderStatus.PENDING)
    assert started.order == second.public_id
    assert second.expires_at == clock.utc_now() + timedelta(minutes=35)
    assert [seat.status for seat in stored(Seat)] == [SeatStatus.RELEASED, SeatStatus.HELD]


def test_a_checkout_that_never_reached_the_provider_frees_its_place(studio: Studio) -> None:
    offer = an_offer(a_mentor(capacity=1))
    with studio.stripe_unreachable(), pytest.raises(ProviderUnavailable):
        checkout.start(actor=acting(a_user()), offer=offer.public_id)
    order = _only_order(studio).public_id
    studio.wait(minutes=36)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert studio.seat(order).release_reason is ReleaseReason.CHECKOUT_ENDED


def test_giving_back_waits_until_the_provider_has_ended_the_page(studio: Studio) -> None:
    buyer = acting(a_user())
    started = checkout.start(actor=buyer, offer=an_offer(a_mentor()).public_id)
    with studio.stripe_unreachable(), pytest.raises(ProviderUnavailable):
        checkout.give_back(actor=buyer, order=started.order)
    assert _only_order(studio).status is OrderStatus.PENDING
    checkout.give_back(actor=buyer, order=started.order)
    assert studio.seat(started.order).status is SeatStatus.RELEASED

"""Payment methods whose result comes days later, where a setting allows them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services import checkout, clock, db
from services.errors import Conflict
from services.models import (
    Order,
    OrderStatus,
    Pack,
    PackOffer,
    Refund,
    RefundStatus,
    ReleaseReason,
    SeatStatus,
)
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.servers import environment_of
from tests.support.studio import DECLINED, Studio, stored


@pytest.fixture(autouse=True)
def allowed(studio: Studio) -> Iterator[None]:
    """The studio accepts delayed methods."""
    with environment_of({"DELAYED_PAYMENTS": "true"}):
        yield


def _started(name: str = "Nora Novak") -> str:
    offer = an_offer(a_mentor(capacity=1))
    return checkout.start(actor=acting(a_user(name)), offer=offer.public_id).order


def _waiting(studio: Studio) -> str:
    order = _started()
    studio.pay_by_bank(order)
    assert studio.deliver() == ["checkout.session.completed"]
    return order


def test_completed_but_unpaid_activates_nothing_and_keeps_the_place_a_week(
    studio: Studio,
) -> None:
    order = _waiting(studio)
    row, seat = studio.order(order), studio.seat(order)
    assert row.status is OrderStatus.PENDING
    assert row.bank_pending_at is not None
    assert seat.status is SeatStatus.HELD
    assert seat.held_until is not None
    assert (seat.held_until - row.bank_pending_at).days == 7
    assert stored(Pack) == []

    studio.wait(days=6)
    studio.sweep()
    assert studio.seat(order).status is SeatStatus.HELD


def test_the_money_comes_later(studio: Studio) -> None:
    order = _waiting(studio)
    studio.wait(days=2)
    studio.bank_answers(order, succeeded=True)
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PAID
    assert studio.order(order).bank_pending_at is None
    assert studio.seat(order).status is SeatStatus.ACTIVE
    assert len(stored(Pack)) == 1


def test_a_bank_that_refuses_frees_the_place(studio: Studio) -> None:
    order = _waiting(studio)
    studio.wait(days=2)
    studio.bank_answers(order, succeeded=False)
    studio.deliver()
    assert studio.order(order).status is OrderStatus.FAILED
    assert studio.seat(order).release_reason is ReleaseReason.PAYMENT_FAILED
    assert stored(Pack) == []


@pytest.mark.parametrize("succeeded", [True, False])
def test_the_banks_answer_is_found_without_a_webhook(studio: Studio, succeeded: bool) -> None:
    order = _waiting(studio)
    studio.wait(days=1)
    studio.bank_answers(order, succeeded=succeeded)
    studio.lose_webhooks()
    studio.sweep()
    expected = OrderStatus.PAID if succeeded else OrderStatus.FAILED
    assert studio.order(order).status is expected


def test_a_declined_card_before_does_not_make_the_bank_fail(studio: Studio) -> None:
    order = _started()
    with pytest.raises(AssertionError, match="declined"):
        studio.pay(order, card=DECLINED)
    studio.pay_by_bank(order)
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PENDING
    assert studio.order(order).bank_pending_at is not None
    assert studio.seat(order).status is SeatStatus.HELD


def test_events_of_a_delayed_payment_may_come_in_any_order(studio: Studio) -> None:
    order = _started()
    studio.pay_by_bank(order)
    studio.bank_answers(order, succeeded=True)
    lost = studio.lose_webhooks()
    for delivery in [*reversed(lost), *lost]:
        delivery.receive()
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PAID
    assert len(stored(Pack)) == 1


def test_a_bank_that_takes_longer_than_a_week_loses_the_place(studio: Studio) -> None:
    order = _waiting(studio)
    studio.wait(days=7, hours=1)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert studio.seat(order).status is SeatStatus.RELEASED

    another = checkout.start(
        actor=acting(a_user("Swift Second")), offer=_offer_of(studio, order)
    ).order
    studio.bank_answers(order, succeeded=True)
    studio.deliver()
    studio.send()
    assert [refund.status for refund in stored(Refund)] == [RefundStatus.SUCCEEDED]
    assert studio.order(order).status is OrderStatus.REFUNDED
    assert studio.seat(another).status is SeatStatus.HELD


def test_what_waits_for_the_bank_can_neither_be_given_back_nor_bought_again(
    studio: Studio,
) -> None:
    offer, buyer = an_offer(a_mentor(capacity=1)), acting(a_user())
    order = checkout.start(actor=buyer, offer=offer.public_id).order
    studio.pay_by_bank(order)
    studio.deliver()
    studio.wait(minutes=40)
    with pytest.raises(Conflict, match="bank"):
        checkout.give_back(actor=buyer, order=order)
    again = checkout.start(actor=buyer, offer=offer.public_id)
    assert (again.order, again.url) == (order, None)
    assert studio.seat(order).status is SeatStatus.HELD


def _offer_of(studio: Studio, order: str) -> str:
    with db.reading() as session:
        return session.get_one(PackOffer, studio.order(order).offer_id).public_id


def test_a_bank_payment_that_stripe_has_forgotten_does_not_hold_the_place_for_ever(
    studio: Studio,
) -> None:
    order = _waiting(studio)
    with db.transaction() as session:
        session.get_one(Order, studio.order(order).id).checkout_id = "cs_of_another_account"
    studio.wait(days=6)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.PENDING
    assert studio.order(order).check_at > clock.utc_now()
    studio.wait(days=2)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert studio.seat(order).status is SeatStatus.RELEASED

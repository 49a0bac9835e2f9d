"""How a checkout ends: paid, declined, out of time, unreachable; and what is found afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import checkout, clock, db, ratelimits
from services.errors import TooManyAttempts
from services.models import (
    InboxEvent,
    JobRun,
    OrderStatus,
    Pack,
    PackOffer,
    Payment,
    PaymentStatus,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
    ReleaseReason,
    SeatStatus,
)
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import DECLINED, Studio, stored


def _started(name: str = "Nora Novak", capacity: int = 1) -> str:
    offer = an_offer(a_mentor(capacity=capacity))
    return checkout.start(actor=acting(a_user(name)), offer=offer.public_id).order


def _somebody_else_takes_the_place(studio: Studio, order: str) -> str:
    with db.reading() as session:
        offer = session.get_one(PackOffer, studio.order(order).offer_id)
    return checkout.start(actor=acting(a_user("Swift Second")), offer=offer.public_id).order


def _pay_after_the_hold_was_given_up(studio: Studio, order: str) -> None:
    """Paid in the last minute, with Stripe unreachable for us until the hold was over."""
    studio.wait(minutes=34)
    studio.pay(order)
    studio.lose_webhooks()
    with studio.stripe_unreachable():
        studio.wait(minutes=2)
        studio.sweep()
        studio.wait(minutes=15)
        studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert studio.seat(order).status is SeatStatus.RELEASED


def test_a_declined_card_leaves_the_checkout_open_for_another(studio: Studio) -> None:
    order = _started()
    with pytest.raises(AssertionError, match="declined"):
        studio.pay(order, card=DECLINED)
    checkout.settle(studio.order(order).id)
    declined = studio.order(order)
    assert (declined.status, declined.declined_at is None) == (OrderStatus.PENDING, False)
    studio.pay(order)
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PAID
    assert studio.order(order).declined_at is None


def test_a_hold_that_is_over_is_ended_at_the_provider_and_given_back(studio: Studio) -> None:
    """Stripe's clock stays a minute before the end: only our request ends the page."""
    order = _started()
    page = studio.checkout_of(order)
    studio.wait(minutes=34)
    with clock.at(clock.utc_now() + timedelta(minutes=2)):
        assert studio.checkout(page)["status"] == "open"
        studio.sweep()
        assert studio.checkout(page)["status"] == "expired"
        assert studio.order(order).status is OrderStatus.EXPIRED
        assert studio.seat(order).release_reason is ReleaseReason.CHECKOUT_ENDED
        studio.deliver()
        studio.send()
        assert studio.order(order).status is OrderStatus.EXPIRED
        assert studio.mails("nora.novak@example.com") == []


def test_an_abandoned_checkout_frees_its_place_with_the_webhook(studio: Studio) -> None:
    order = _started()
    studio.wait(minutes=35, seconds=1)
    assert studio.deliver() == ["checkout.session.expired"]
    assert studio.seat(order).status is SeatStatus.RELEASED
    _somebody_else_takes_the_place(studio, order)


def test_a_payment_just_before_the_end_is_fulfilled(studio: Studio) -> None:
    order = _started()
    studio.wait(minutes=34, seconds=59)
    studio.pay(order)
    studio.lose_webhooks()
    studio.wait(minutes=1)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.PAID
    assert studio.seat(order).status is SeatStatus.ACTIVE
    assert len(stored(Pack)) == 1


def test_a_lost_webhook_is_found_by_the_sweep_within_five_minutes(studio: Studio) -> None:
    order = _started()
    studio.wait(minutes=3)
    studio.sweep()
    studio.pay(order)
    studio.lose_webhooks()
    for _ in range(5):
        studio.wait(minutes=1)
        studio.sweep()
    assert studio.order(order).status is OrderStatus.PAID
    assert stored(InboxEvent) == []


def test_the_page_one_comes_back_to_heals_itself(studio: Studio) -> None:
    offer, buyer = an_offer(a_mentor()), acting(a_user())
    order = checkout.start(actor=buyer, offer=offer.public_id).order
    checkout.look_again(actor=buyer, order=order)
    assert studio.order(order).status is OrderStatus.PENDING
    studio.pay(order)
    checkout.look_again(actor=buyer, order=order)
    checkout.look_again(actor=buyer, order=order)
    assert studio.order(order).status is OrderStatus.PAID
    assert len(stored(Pack)) == 1


def test_an_unreachable_provider_keeps_the_hold_15_minutes_more(studio: Studio) -> None:
    order = _started()
    expires_at = studio.order(order).expires_at
    with studio.stripe_unreachable():
        studio.wait(minutes=36)
        studio.sweep()
        kept = studio.seat(order)
        assert kept.status is SeatStatus.HELD
        assert kept.held_until is not None
        assert (kept.held_until - expires_at).total_seconds() == 15 * 60
        studio.wait(minutes=13)
        studio.sweep()
        assert studio.seat(order).status is SeatStatus.HELD
        studio.wait(minutes=1)
        studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert studio.seat(order).status is SeatStatus.RELEASED


def test_an_outage_before_the_end_gives_nothing_back(studio: Studio) -> None:
    order = _started()
    with studio.stripe_unreachable():
        for _ in range(10):
            studio.wait(minutes=3)
            studio.sweep()
    assert studio.seat(order).status is SeatStatus.HELD
    studio.pay(order)
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PAID


def test_found_paid_later_gets_the_free_place(studio: Studio) -> None:
    order = _started()
    _pay_after_the_hold_was_given_up(studio, order)
    studio.reconcile()
    studio.reconcile()
    studio.send()
    assert studio.order(order).status is OrderStatus.PAID
    assert studio.seat(order).status is SeatStatus.ACTIVE
    assert len(stored(Pack)) == len(stored(Payment)) == 1
    assert stored(Refund) == []
    assert studio.mails("nora.novak@example.com") == ["Your pack with Mina Mentor is ready"]
    assert [run.result for run in stored(JobRun) if run.kind == "reconcile"] == [
        "repaired 1",
        "repaired 0",
    ]


def test_found_paid_later_without_a_place_goes_back_once(studio: Studio) -> None:
    an_admin()
    order = _started()
    _pay_after_the_hold_was_given_up(studio, order)
    second = _somebody_else_takes_the_place(studio, order)
    for _ in range(3):
        studio.reconcile()
        studio.send()
        studio.deliver()

    [refund], [payment], [at_stripe] = stored(Refund), stored(Payment), studio.refunds()
    assert (refund.source, refund.reason) == (RefundSource.AUTOMATIC, RefundReason.NO_PLACE)
    assert refund.status is RefundStatus.SUCCEEDED
    assert at_stripe["amount"] == refund.amount_minor == payment.amount_minor
    assert (payment.status, payment.refunded_minor) == (PaymentStatus.REFUNDED, 12_000)
    assert studio.order(order).status is OrderStatus.REFUNDED
    assert stored(Pack) == []
    assert studio.seat(second).status is SeatStatus.HELD
    assert studio.mails("nora.novak@example.com") == ["€120.00 is on its way back to you"]
    assert studio.mails("ada.admin@example.com") == [studio.alert(order)]


def test_a_late_payment_uses_the_seat_that_the_buyer_took_meanwhile(studio: Studio) -> None:
    offer, buyer = an_offer(a_mentor(capacity=1)), acting(a_user())
    first = checkout.start(actor=buyer, offer=offer.public_id).order
    _pay_after_the_hold_was_given_up(studio, first)
    second = checkout.start(actor=buyer, offer=offer.public_id).order
    studio.reconcile()
    assert studio.order(first).status is OrderStatus.PAID
    assert studio.seat(first).id == studio.seat(second).id
    assert studio.seat(first).status is SeatStatus.ACTIVE

    studio.wait(minutes=36)  # the second checkout has become a renewal, and ends unpaid
    studio.sweep()
    assert studio.order(second).status is OrderStatus.EXPIRED
    assert studio.seat(first).status is SeatStatus.ACTIVE


def test_one_account_asks_the_provider_only_so_often_and_another_is_not_held_up(
    studio: Studio,
) -> None:
    offer = an_offer(a_mentor())
    nora, otto = acting(a_user("Nora Novak")), acting(a_user("Otto Oster"))
    first = checkout.start(actor=nora, offer=offer.public_id).order
    other = checkout.start(actor=otto, offer=offer.public_id).order
    for _ in range(48):  # two pages that ask every 2.5 seconds, for a minute
        ratelimits.hit(ratelimits.PROVIDER_LOOKS, str(nora.user_id))
    checkout.look_again(actor=nora, order=first)
    with pytest.raises(TooManyAttempts):
        for _ in range(200):
            ratelimits.hit(ratelimits.PROVIDER_LOOKS, str(nora.user_id))
    with pytest.raises(TooManyAttempts, match="wait"):
        checkout.look_again(actor=nora, order=first)
    checkout.look_again(actor=otto, order=other)
    studio.pay(first)
    studio.deliver()
    checkout.look_again(actor=nora, order=first)
    assert studio.order(first).status is OrderStatus.PAID

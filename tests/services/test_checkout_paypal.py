"""Paying with PayPal: approving moves no money, and taking it needs a place."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from jobs.inbox import handle_inbox
from services import checkout, clock, db, reconciliation
from services.checkout import capturing
from services.errors import Conflict
from services.models import (
    AuditEntry,
    Order,
    OrderStatus,
    Pack,
    Payment,
    Provider,
    Seat,
    SeatStatus,
)
from services.orders import Face
from services.providers.payments.base import Checkout, CheckoutState
from services.providers.payments.registry import payments
from tests.services.paypal import PRICE, by_paypal, captured, face, is_paid_once, thread
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.studio import Studio, stored


def test_the_buyer_is_sent_to_paypal_while_the_place_is_held(studio: Studio) -> None:
    started = checkout.start(
        actor=acting(a_user()), offer=an_offer(a_mentor()).public_id, provider="paypal"
    )
    order = studio.order(started.order)
    assert order.provider is Provider.PAYPAL
    assert started.url
    assert studio.checkout_of(started.order) in started.url
    assert studio.seat(started.order).status is SeatStatus.HELD
    [page] = studio.paypal_orders()
    assert (page["custom_id"], page["amount"], page["currency"]) == (
        started.order,
        PRICE.minor,
        "EUR",
    )


def test_approving_alone_takes_no_money_until_we_take_it_once(studio: Studio) -> None:
    order = by_paypal()
    studio.approve(order)
    assert captured(studio) == []
    assert studio.deliver() == ["CHECKOUT.ORDER.APPROVED"]
    payment = is_paid_once(studio, order)
    assert payment.provider_id == captured(studio)[0]
    assert studio.deliver() == ["PAYMENT.CAPTURE.COMPLETED"]
    checkout.settle(studio.order(order).id)
    assert is_paid_once(studio, order).fee_minor


def test_the_page_that_the_buyer_comes_back_to_takes_the_money(studio: Studio) -> None:
    buyer = a_user()
    order = by_paypal(buyer)
    studio.approve(order)
    studio.lose_webhooks()
    checkout.look_again(actor=acting(buyer), order=order)
    is_paid_once(studio, order)


def test_a_buyer_who_never_comes_back_has_the_pack_within_five_minutes(studio: Studio) -> None:
    order = by_paypal()
    studio.approve(order)
    studio.lose_webhooks()
    studio.wait(minutes=3)
    studio.sweep()
    is_paid_once(studio, order)


def test_a_lost_webhook_of_the_capture_loses_nothing(studio: Studio) -> None:
    order = by_paypal()
    studio.approve(order)
    studio.fault_capture(order, "drop_after", times=3)
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PENDING
    studio.lose_webhooks()
    studio.wait(minutes=3)
    studio.sweep()
    is_paid_once(studio, order)
    assert len(captured(studio)) == 1


def test_events_of_a_payment_are_right_in_every_order_and_twice(studio: Studio) -> None:
    """Approved, pending and completed, delivered in all six orders, and again in the same."""
    for number, order_of in enumerate(permutations(range(3))):
        order = by_paypal(a_user(f"Buyer {number}"), a_mentor(f"Mentor {number}"))
        studio.approve(order, "review")
        events = studio.lose_webhooks()
        checkout.settle(studio.order(order).id)
        studio.paypal_answers(order, succeeded=True)
        events += studio.lose_webhooks()
        kinds = [each.type.rsplit(".", 1)[-1] for each in events]
        assert kinds == ["APPROVED", "PENDING", "COMPLETED"]
        for place in (*order_of, *order_of):
            events[place].receive()
            handle_inbox.call_local()
        row = studio.order(order)
        assert row.status is OrderStatus.PAID
        payments_made = [each for each in stored(Payment) if each.order_id == row.id]
        packs = [each for each in stored(Pack) if each.order_id == row.id]
        assert (len(payments_made), len(packs)) == (1, 1)


def test_a_declined_instrument_sends_the_buyer_back_and_another_one_pays(studio: Studio) -> None:
    buyer = a_user()
    order = by_paypal(buyer)
    page = studio.checkout_of(order)
    studio.approve(order, "declined")
    studio.deliver()
    row = studio.order(order)
    assert (row.status, row.checkout_id) == (OrderStatus.PENDING, page)
    assert row.declined_at
    assert row.checkout_url
    assert face(order, acting(buyer)) is Face.DECLINED
    assert stored(Payment) == []

    studio.approve(order)
    studio.deliver()
    is_paid_once(studio, order)


def test_a_declined_instrument_is_not_tried_again_by_itself(studio: Studio) -> None:
    order = by_paypal()
    studio.approve(order, "declined")
    studio.deliver()
    row = studio.order(order)
    seen = Checkout(
        id=row.checkout_id or "",
        state=CheckoutState.APPROVED,
        order=order,
        url=None,
        created_at=clock.utc_now(),
        changed_at=clock.utc_now() - timedelta(seconds=5),
    )
    studio.wait(minutes=1)
    assert capturing.take(row.id, seen, provider=Provider.PAYPAL) is None
    assert studio.order(order).capture_until is None


def test_a_payment_that_paypal_refuses_ends_the_order_and_frees_the_place(studio: Studio) -> None:
    order = by_paypal()
    studio.approve(order, "refused")
    studio.deliver()
    assert studio.order(order).status is OrderStatus.FAILED
    assert studio.seat(order).status is SeatStatus.RELEASED
    assert stored(Payment) == []


def test_a_pending_payment_keeps_the_place_and_tells_that_the_bank_is_waited_for(
    studio: Studio,
) -> None:
    buyer = a_user()
    order = by_paypal(buyer)
    studio.approve(order, "review")
    studio.deliver()
    assert face(order, acting(buyer)) is Face.WAITING
    held_until = studio.seat(order).held_until
    assert held_until
    assert held_until - clock.utc_now() > timedelta(days=6)
    studio.wait(days=2)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.PENDING
    studio.paypal_answers(order, succeeded=True)
    studio.deliver()
    is_paid_once(studio, order)


def test_a_pending_payment_that_is_denied_frees_the_place(studio: Studio) -> None:
    order = by_paypal()
    studio.approve(order, "review")
    studio.deliver()
    studio.paypal_answers(order, succeeded=False)
    studio.deliver()
    assert studio.order(order).status is OrderStatus.FAILED
    assert studio.seat(order).status is SeatStatus.RELEASED


def test_what_was_approved_before_the_time_ran_out_is_taken_by_the_sweep(studio: Studio) -> None:
    order = by_paypal()
    studio.wait(minutes=34)
    studio.approve(order)
    studio.lose_webhooks()
    studio.wait(minutes=2)
    studio.sweep()
    is_paid_once(studio, order)


def _ran_out(studio: Studio, order: str) -> None:
    studio.wait(minutes=36)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert studio.seat(order).status is SeatStatus.RELEASED


def test_who_approves_too_late_gets_a_place_while_one_is_free(studio: Studio) -> None:
    order = by_paypal()
    _ran_out(studio, order)
    studio.approve(order)
    studio.deliver()
    is_paid_once(studio, order)
    assert "order.reopened" in {entry.action for entry in stored(AuditEntry)}


def test_who_approves_too_late_is_not_charged_when_the_place_is_taken(studio: Studio) -> None:
    buyer, mentor = a_user(), a_mentor(capacity=1)
    order = by_paypal(buyer, mentor)
    _ran_out(studio, order)
    checkout.start(actor=acting(a_user("Swift Second")), offer=an_offer(mentor).public_id)
    studio.approve(order)
    studio.deliver()
    checkout.look_again(actor=acting(buyer), order=order)
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert captured(studio) == []
    assert stored(Payment) == []
    assert face(order, acting(buyer)) is Face.TIME_RAN_OUT


def test_who_approves_too_late_is_not_charged_for_what_was_bought_anew_meanwhile(
    studio: Studio,
) -> None:
    buyer, offer = a_user(), an_offer(a_mentor())
    order = checkout.start(actor=acting(buyer), offer=offer.public_id, provider="paypal").order
    _ran_out(studio, order)
    again = checkout.start(actor=acting(buyer), offer=offer.public_id, provider="stripe").order
    studio.pay(again)
    studio.deliver()
    studio.approve(order)
    studio.deliver()
    checkout.look_again(actor=acting(buyer), order=order)
    assert captured(studio) == []
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert [payment.provider for payment in stored(Payment)] == [Provider.STRIPE]
    assert len(stored(Pack)) == 1


def test_who_approves_much_too_late_is_not_charged(studio: Studio) -> None:
    order = by_paypal()
    studio.wait(minutes=36)
    studio.sweep()
    page = studio.checkout_of(order)
    seen = Checkout(page, CheckoutState.APPROVED, order, None, clock.utc_now())
    studio.wait(hours=4)
    row = studio.order(order)
    assert capturing.take(row.id, seen, provider=Provider.PAYPAL) is None
    assert studio.order(order).status is OrderStatus.EXPIRED


def test_a_place_that_was_held_again_is_given_back_when_the_money_does_not_come(
    studio: Studio,
) -> None:
    order = by_paypal()
    _ran_out(studio, order)
    studio.approve(order, "declined")
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PENDING  # for five minutes more
    studio.wait(minutes=6)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert {each.status for each in stored(Seat)} == {SeatStatus.RELEASED}


def test_a_canceled_checkout_is_not_charged_although_the_buyer_approves(studio: Studio) -> None:
    buyer = a_user()
    order = by_paypal(buyer)
    checkout.give_back(actor=acting(buyer), order=order)
    studio.approve(order)
    studio.deliver()
    assert studio.order(order).status is OrderStatus.CANCELED
    assert captured(studio) == []


def test_nobody_cancels_while_the_money_is_being_taken(studio: Studio) -> None:
    buyer = a_user()
    order = by_paypal(buyer)
    with db.transaction() as session:
        row = session.get_one(Order, studio.order(order).id)
        row.capture_until = clock.utc_now() + capturing.LEASE
    with pytest.raises(Conflict, match="being taken"):
        checkout.give_back(actor=acting(buyer), order=order)
    studio.wait(minutes=3)
    checkout.give_back(actor=acting(buyer), order=order)
    assert studio.order(order).status is OrderStatus.CANCELED


def test_two_workers_take_the_money_of_one_approval_once(studio: Studio) -> None:
    order = by_paypal()
    studio.approve(order)
    studio.lose_webhooks()
    order_id = studio.order(order).id
    workers = [thread(lambda: checkout.settle(order_id)) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    checkout.settle(order_id)
    is_paid_once(studio, order)
    assert len(captured(studio)) == 1


def test_a_worker_that_died_while_taking_the_money_is_followed_by_another(studio: Studio) -> None:
    order = by_paypal()
    studio.approve(order)
    studio.lose_webhooks()
    row = studio.order(order)
    page = payments("paypal").get_checkout(studio.checkout_of(order))
    with db.transaction() as session:  # it claimed the capture, and did not come to the end
        session.get_one(Order, row.id).capture_until = clock.utc_now() + capturing.LEASE
    checkout.settle(row.id)
    assert studio.order(order).status is OrderStatus.PENDING
    payments("paypal").capture(page.id, order=order)  # or it did, and its answer was lost
    studio.wait(minutes=3)
    studio.sweep()
    is_paid_once(studio, order)


def test_a_provider_that_cannot_take_the_price_is_not_offered(studio: Studio) -> None:
    buyer, offer = acting(a_user()), an_offer(a_mentor(), 12_000, currency="ISK")
    with db.reading() as session:
        preview = checkout.preview(session, actor=buyer, offer=offer.public_id)
    assert list(preview.providers) == ["stripe"]
    with pytest.raises(Conflict, match="PayPal is not possible"):
        checkout.start(actor=buyer, offer=offer.public_id, provider="paypal")
    assert stored(Order) == []


def test_money_that_came_after_the_order_had_ended_is_found_without_any_webhook(
    studio: Studio,
) -> None:
    order = by_paypal()
    studio.approve(order, "review")
    studio.deliver()
    studio.wait(days=8)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    studio.paypal_answers(order, succeeded=True)
    studio.lose_webhooks()
    studio.wait(minutes=4)
    reconciliation.reconcile(timedelta(days=10))
    is_paid_once(studio, order)

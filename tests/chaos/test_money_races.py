"""Money on its way while others act: sweeps, second thoughts, and two who paid for one place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox
from services import checkout, clock, reconciliation
from services.models import OrderStatus
from tests.chaos import truth
from tests.chaos.crowd import refusals, together
from tests.chaos.shop import Bought, admin, buyers, given_up, open_shop, started
from tests.chaos.till import Till

pytestmark = [pytest.mark.chaos, pytest.mark.alike]


def test_a_seat_given_back_while_its_page_is_paid_is_either_paid_or_given_back(
    till: Till,
) -> None:
    carts = [started(open_shop(), buyer) for buyer in buyers(10)]

    def give_back(cart: Bought) -> None:
        checkout.give_back(actor=cart.buyer.actor, order=cart.order)

    def pay(cart: Bought) -> None:
        till.pay(cart.session)

    together([lambda c=cart, act=act: act(c) for cart in carts for act in (give_back, pay)])
    till.store_events("checkout.session.completed", "checkout.session.expired")
    handle_inbox.call_local()
    send_outbox.call_local()

    for cart in carts:
        (page,) = till.sessions(cart.order)
        if page["payment_status"] == "paid":
            truth.one_pack(cart, till)
        else:
            assert page["status"] == "expired"
            assert [o.status for o in truth.orders(cart.shop)] == [OrderStatus.CANCELED]
            assert truth.packs(cart.shop) == []
            assert truth.taken(cart.shop.mentor_id) == 0
    truth.all_quiet()


def test_sweeps_and_webhooks_at_the_end_of_the_hold_agree(till: Till) -> None:
    carts = [started(open_shop(), buyer) for buyer in buyers(8)]
    for cart in carts[::2]:
        till.pay(cart.session)
    till.store_events("checkout.session.completed")
    end = clock.utc_now() + timedelta(minutes=36)

    def then(job: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            with clock.at(end):
                job()

        return run

    jobs: list[Callable[[], object]] = [checkout.sweep, checkout.sweep, handle_inbox.call_local]
    assert refusals(together([then(job) for job in [*jobs, *jobs]])) == []
    then(send_outbox.call_local)()

    for cart in carts[::2]:
        truth.one_pack(cart, till)
    for cart in carts[1::2]:
        truth.nothing_left(cart.buyer, cart.shop, till)
    truth.all_quiet()


def test_two_who_paid_for_one_last_seat_are_one_pack_and_one_refund(till: Till) -> None:
    owner, pairs = admin(), [two_for_one_seat() for _ in range(5)]
    for late, early in pairs:
        till.pay(late.session)
        till.pay(early.session)
    till.store_events("checkout.session.completed")

    # The late money asks for the place while the early one's hold still keeps it.
    assert refusals(together([handle_inbox.call_local] * 4)) == []
    assert refusals(together([send_outbox.call_local] * 4)) == []
    till.store_events("refund.created", "refund.updated")
    assert refusals(together([handle_inbox.call_local] * 4)) == []
    with clock.at(clock.utc_now() + timedelta(minutes=3)):
        send_outbox.call_local()

    for late, early in pairs:
        truth.one_pack(early, till)
        truth.one_refund(late, till, owner)
        assert truth.taken(early.shop.mentor_id) == 1
    truth.all_quiet()


def test_one_free_place_goes_to_one_of_two_late_payments(till: Till) -> None:
    owner, pairs = admin(), [two_for_one_seat() for _ in range(5)]
    for pair in pairs:
        given_up(pair[1])  # both holds are over, the place is free, and both pay
        for cart in pair:
            till.pay(cart.session)
    till.store_events("checkout.session.completed")

    assert refusals(together([lambda e=event: e() for event in settling(pairs)])) == []
    send_outbox.call_local()
    handle_inbox.call_local()

    for pair in pairs:
        (pack,) = truth.packs(pair[0].shop)
        winner = next(cart for cart in pair if cart.order_id == pack.order_id)
        (loser,) = (cart for cart in pair if cart is not winner)
        truth.one_pack(winner, till)
        truth.one_refund(loser, till, owner)
        assert truth.taken(winner.shop.mentor_id) == 1
    truth.all_quiet()


def two_for_one_seat() -> tuple[Bought, Bought]:
    """One whose hold was given up and may still pay, and the next one who holds the place."""
    shop = open_shop(capacity=1)
    late = started(shop, buyers(1)[0])
    given_up(late)
    return late, started(shop, buyers(1)[0])


def settling(pairs: list[tuple[Bought, Bought]]) -> list[Callable[[], object]]:
    """Everything that may tell of the payments, all at once."""
    orders = [cart.order_id for pair in pairs for cart in pair]
    asked: list[Callable[[], object]] = [lambda o=order: checkout.settle(o) for order in orders]
    return [*asked, handle_inbox.call_local, handle_inbox.call_local, reconciliation.reconcile]

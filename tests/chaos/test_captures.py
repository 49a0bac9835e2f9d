"""SIGKILL between every two steps of taking an approved payment, and buyers and providers that race
for it: in the end PayPal has taken the money once, or not at all."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox
from services import checkout, clock, db, locking, seats
from services.audit import SYSTEM
from services.models import (
    Mentor,
    Order,
    OrderStatus,
    Pack,
    Payment,
    Provider,
    Refund,
    RefundReason,
    RefundStatus,
)
from services.money import Money
from services.providers.payments.base import NewCheckout
from services.providers.payments.registry import payments
from tests.chaos import truth
from tests.chaos.crowd import PATIENCE_SECONDS, refusals, together
from tests.chaos.shop import Bought, Shop, buyers, given_up, open_shop
from tests.chaos.test_kills import clean_up, kill_everywhere
from tests.chaos.till import Till
from tests.chaos.workers import Report, Workers

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

FULL = os.environ.get("CHAOS") == "full"
CAPTURE_KILLS = 6
LATE_KILLS = 60 if FULL else 4
LATE = 6
"""So many buyers whose time ran out, and one place."""
APPROVED = "CHECKOUT.ORDER.APPROVED"
COMPLETED = "PAYMENT.CAPTURE.COMPLETED"


def at_paypal(shop: Shop | None = None) -> Bought:
    """A new buyer stands before PayPal's page."""
    shop, (buyer,) = shop or open_shop(), buyers(1)
    started = checkout.start(actor=buyer.actor, offer=shop.offer, provider="paypal")
    order = order_of(started.order)
    assert order.checkout_id
    return Bought(shop, buyer, order.public_id, order.id, order.checkout_id)


def order_of(public_id: str) -> Order:
    with db.reading() as session:
        return session.exec(select(Order).where(Order.public_id == public_id)).one()


def approved(till: Till) -> Bought:
    """The buyer has agreed, and PayPal's event is in the inbox."""
    bought = at_paypal()
    till.approve(bought.session)
    till.store_events(APPROVED, vendor="paypal")
    return bought


def taken_once(bought: Bought, till: Till, when: str = "") -> None:
    """One pack, one payment, and it is the one that PayPal knows."""
    truth.one_pack(bought, till, when)
    with db.reading() as session:
        [payment] = session.exec(select(Payment).where(Payment.order_id == bought.order_id)).all()
    assert till.captures(bought.order) == [payment.provider_id], when
    assert payment.provider is Provider.PAYPAL, when


def too_late(shop: Shop | None = None) -> Bought:
    """The buyer's time ran out before PayPal's page; the place was given back."""
    bought = at_paypal(shop)
    given_up(bought)
    return bought


def killed_everywhere(
    till: Till,
    workers: Workers,
    before: Callable[[Till], Bought],
    *,
    kills: int,
    more_in_full: bool = True,
) -> None:
    """Whoever dies while the webhook of an approval is handled: the money is taken once."""

    def one(point: int, when: str) -> Report:
        bought = before(till)
        report = workers.run("inbox", kill_at=point)
        till.store_events(COMPLETED, vendor="paypal")  # PayPal tells of it as well
        clean_up()
        taken_once(bought, till, when)
        truth.all_quiet(when)
        return report

    bought = before(till)
    dry = workers.run("inbox")
    taken_once(bought, till)
    till.held(vendor="paypal")
    kill_everywhere(
        dry, kills, one, vendor="POST /paypal/v2/checkout/orders", more_in_full=more_in_full
    )


def test_a_worker_killed_anywhere_in_a_capture_takes_the_money_exactly_once(
    till: Till, workers: Workers
) -> None:
    killed_everywhere(till, workers, approved, kills=CAPTURE_KILLS)


def test_a_worker_killed_anywhere_while_it_holds_a_place_again_takes_the_money_exactly_once(
    till: Till, workers: Workers
) -> None:
    def approved_too_late(till: Till) -> Bought:
        bought = too_late()
        till.approve(bought.session)
        till.store_events(APPROVED, vendor="paypal")
        return bought

    killed_everywhere(till, workers, approved_too_late, kills=LATE_KILLS, more_in_full=False)


def test_webhook_return_and_sweep_together_take_the_money_once(till: Till) -> None:
    for _ in range(20 if FULL else 4):
        bought = approved(till)
        look: list[Callable[[], object]] = [
            handle_inbox.call_local,
            lambda b=bought: checkout.settle(b.order_id),
            lambda b=bought: checkout.look_again(actor=b.buyer.actor, order=b.order),
            lambda b=bought: checkout.start(
                actor=b.buyer.actor, offer=b.shop.offer, provider="paypal"
            ),
        ]
        with ThreadPoolExecutor(len(look)) as threads:
            list(threads.map(lambda ask: ask(), look))
        till.store_events(COMPLETED, vendor="paypal")
        clean_up()
        taken_once(bought, till)


def test_a_switch_that_races_the_capture_leaves_one_payment_or_an_unpaid_page(till: Till) -> None:
    """Whoever is first: the buyer is never charged by both, without anybody giving it back."""
    for _ in range(20 if FULL else 4):
        bought = approved(till)
        with ThreadPoolExecutor(2) as threads:
            taking = threads.submit(handle_inbox.call_local)
            switched = threads.submit(
                checkout.start,
                actor=bought.buyer.actor,
                offer=bought.shop.offer,
                provider="stripe",
            )
            taking.result()
            started = switched.result()
        order = order_of(bought.order)
        if order.status is OrderStatus.PAID:
            # Taken before the click, this order is done, and the click begins to buy another pack.
            assert (started.url is None) is (started.order == bought.order)
            clean_up()
            taken_once(bought, till)
        else:
            assert started.order == bought.order
            assert (order.status, order.provider) == (OrderStatus.PENDING, Provider.STRIPE)
            assert till.captures(bought.order) == []


def test_the_last_place_is_sold_once_when_buyers_of_both_providers_come_together(
    till: Till,
) -> None:
    shop = open_shop(capacity=1)
    crowd = buyers(50 if FULL else 16)

    def click(number: int) -> str:
        provider = ("stripe", "paypal")[number % 2]
        try:
            started = checkout.start(actor=crowd[number].actor, offer=shop.offer, provider=provider)
        except Exception as refused:
            return type(refused).__name__
        return started.order

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(click, range(len(crowd))))
    [won] = [answer for answer in answers if answer.startswith("ord_")]
    assert set(answers) - {won} == {"SeatsSoldOut"}
    assert truth.taken(shop.mentor_id) == 1
    order = order_of(won)
    assert order.checkout_id
    if order.provider is Provider.PAYPAL:
        till.approve(order.checkout_id)
        till.store_events(vendor="paypal")
    else:
        till.pay(order.checkout_id)
        till.store_events()
    handle_inbox.call_local()
    send_outbox.call_local()
    assert order_of(won).status is OrderStatus.PAID
    with db.reading() as session:
        assert not session.exec(select(Refund).where(Refund.order_id == order.id)).all()


def test_without_the_lock_every_late_approval_takes_the_one_place_and_its_money(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the service's own reads and writes, and no lock between them. All count before
    the first one writes."""

    def no_lock(_db: Session, **_rows: object) -> None:
        return None

    monkeypatch.setattr(locking, "lock", no_lock)
    shop = open_shop()
    carts = [too_late(shop) for _ in range(LATE)]
    counted = threading.Barrier(LATE, timeout=PATIENCE_SECONDS)

    def take(cart: Bought) -> bool:
        with db.reading() as session:
            free = seats.has_place(session, session.get_one(Mentor, shop.mentor_id))
        counted.wait()
        if free:
            with db.transaction() as session:
                seats.insert_held(
                    session,
                    actor=SYSTEM,
                    mentee_id=cart.buyer.id,
                    mentor_id=shop.mentor_id,
                    until=clock.utc_now(),
                )
            payments("paypal").capture(cart.session, order=cart.order)
        return free

    for cart in carts:
        till.approve(cart.session)
    assert refusals(together([lambda cart=cart: take(cart) for cart in carts])) == []
    assert truth.taken(shop.mentor_id) == LATE
    assert [len(till.captures(cart.order)) for cart in carts] == [1] * LATE


def test_one_free_place_and_the_money_of_one_are_taken_when_many_approve_too_late(
    till: Till,
) -> None:
    for _ in range(10 if FULL else 2):
        shop = open_shop()
        carts = [too_late(shop) for _ in range(LATE)]
        for cart in carts:
            till.approve(cart.session)
        till.store_events(APPROVED, vendor="paypal")
        looks: list[Callable[[], object]] = [handle_inbox.call_local] * 3
        looks += [lambda cart=cart: checkout.settle(cart.order_id) for cart in carts]
        assert refusals(together(looks)) == []
        till.store_events(COMPLETED, vendor="paypal")
        clean_up()

        [won] = [cart for cart in carts if till.captures(cart.order)]
        taken_once(won, till)
        assert truth.taken(shop.mentor_id) == 1
        ends = Counter(order.status for order in truth.orders(shop))
        assert ends == {OrderStatus.PAID: 1, OrderStatus.EXPIRED: LATE - 1}
    truth.all_quiet()


def test_who_pays_at_both_ends_at_once_has_one_pack_and_gets_the_other_money_back(
    till: Till,
) -> None:
    """The buyer approves at PayPal and pays on a forgotten page of Stripe's; one of them wins, and
    what both have taken differs from what both gave back by one price."""
    paid_at_both = 0
    for number in range(20 if FULL else 6):
        bought = at_paypal()
        forgotten = forgotten_page(bought)
        till.approve(bought.session)
        till.pay(forgotten)
        if number % 2:
            till.slow_capture(bought.session, 0.3)
        till.store_events(APPROVED, vendor="paypal")
        till.store_events()
        looks: list[Callable[[], object]] = [handle_inbox.call_local] * 3
        looks.append(lambda b=bought: checkout.settle(b.order_id))
        assert refusals(together(looks)) == []
        till.store_events(vendor="paypal")
        clean_up()  # sends the refund
        till.store_events(vendor="paypal")
        till.store_events()
        clean_up()

        with db.reading() as session:
            paid = session.exec(select(Payment).where(Payment.order_id == bought.order_id)).all()
            back = session.exec(select(Refund).where(Refund.order_id == bought.order_id)).all()
            packs = session.exec(select(Pack).where(Pack.order_id == bought.order_id)).all()
        assert order_of(bought.order).status is OrderStatus.PAID
        assert len(packs) == 1
        assert len(paid) == 1 + len(till.captures(bought.order))
        assert len(paid) == 1 + len(back)
        assert len(till.refunds(forgotten)) + len(till.paypal_refunds(bought.order)) == len(back)
        assert all(
            (one.reason, one.status) == (RefundReason.PAID_TWICE, RefundStatus.SUCCEEDED)
            for one in back
        )
        paid_at_both += len(back)
    truth.all_quiet()
    assert paid_at_both > 0


def forgotten_page(bought: Bought) -> str:
    """A page at Stripe for the order, whose answer was lost; its id."""
    order = order_of(bought.order)
    new = NewCheckout(
        order=bought.order,
        attempt=99,
        title=order.title,
        description="a page whose answer was lost",
        price=Money(order.amount_minor, order.currency),
        email=bought.buyer.email,
        expires_at=clock.utc_now() + timedelta(hours=1),
        return_url="http://localhost/checkout/return",
    )
    return payments("stripe").create_checkout(new).id

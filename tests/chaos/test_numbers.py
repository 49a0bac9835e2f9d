"""Many payments and many buyers at once: numbers without gaps, codes within their limits. Beside
each race a control shows what the guard is good for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services import checkout, clock, db, discounts, invoices, locking, payments
from services.audit import SYSTEM
from services.discounts import checking
from services.errors import InvalidInput
from services.invoices import issuing
from services.models import (
    DiscountCode,
    DiscountRedemption,
    Invoice,
    InvoiceCounter,
    InvoiceSeries,
    Order,
    Provider,
    Refund,
    User,
)
from services.money import Money
from tests.chaos import truth
from tests.chaos.crowd import PATIENCE_SECONDS, refusals, succeeded, together
from tests.chaos.shop import buyers, open_shop
from tests.chaos.till import Till
from tests.services.invoicing import a_refund_of, sold
from tests.services.rows import a_mentor, a_user, an_admin, an_offer, an_order, saved
from tests.support.studio import stored

pytestmark = [pytest.mark.chaos, pytest.mark.alike, pytest.mark.usefixtures("database")]

PAYMENTS = 100
MENTORS = 10
CROWD = 20


class DiedOnTheWay(Exception):
    """What kills a payment after its invoice was numbered, before the commit."""


def open_orders(number: int) -> list[Order]:
    """So many people's open orders, of ten mentors."""
    offers = [an_offer(a_mentor(f"Mentor {each}", capacity=1_000)) for each in range(MENTORS)]
    return [an_order(a_user(f"Buyer {each}"), offers[each % MENTORS]) for each in range(number)]


def paying(order: Order, *, dies: bool = False) -> Callable[[], None]:
    """The order's payment comes in, as the settlement applies it."""

    def pay() -> None:
        with db.transaction() as session:
            locking.lock(session, mentors=[order.mentor_id], orders=[order.id])
            payments.fulfil(
                session,
                actor=SYSTEM,
                order=session.get_one(Order, order.id),
                provider=Provider.STRIPE,
                payment_id=f"pi_{order.public_id}",
                paid=Money(order.amount_minor, order.currency),
            )
            if dies:
                raise DiedOnTheWay

    return pay


def test_a_hundred_payments_at_once_are_numbered_without_a_gap() -> None:
    orders = open_orders(PAYMENTS)

    results = together([paying(order, dies=each % 4 == 3) for each, order in enumerate(orders)])

    assert refusals(results) == ["DiedOnTheWay"] * (PAYMENTS // 4)
    numbers = sorted(row.number for row in stored(Invoice))
    assert numbers == list(range(1, PAYMENTS * 3 // 4 + 1))
    [counter] = [row for row in counters() if row[0] is InvoiceSeries.INVOICE]
    assert counter[1] == numbers[-1]


def counters() -> list[tuple[InvoiceSeries, int]]:
    with db.reading() as session:
        rows = session.exec(select(InvoiceCounter)).all()
        return [(InvoiceSeries(row.series), row.last) for row in rows]


def test_without_the_counter_everybody_takes_the_same_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: the next number is the highest one and one more, which all have read before the
    first one writes. The unique index is what is left, and refuses their payments."""
    orders = open_orders(CROWD)
    read = threading.Barrier(CROWD, timeout=PATIENCE_SECONDS)
    mine = threading.local()

    def highest_and_one(_db: Session, _series: InvoiceSeries, _year: int) -> int:
        return mine.number

    def pay(order: Order) -> None:
        with db.reading() as session:
            mine.number = session.exec(select(func.coalesce(func.max(Invoice.number), 0))).one() + 1
        read.wait()
        paying(order)()

    monkeypatch.setattr(issuing, "next_number", highest_and_one)
    results = together([lambda order=order: pay(order) for order in orders])

    assert refusals(results) == [IntegrityError.__name__] * (CROWD - 1)
    assert [row.number for row in stored(Invoice)] == [1]


def test_credit_notes_at_once_are_numbered_without_a_gap_and_once_each() -> None:
    orders = [sold() for _ in range(8)]
    refunds = [a_refund_of(order, 1_000) for order in orders]

    def credit(refund: Refund) -> None:
        with db.transaction() as session:
            locking.lock(session, orders=[refund.order_id])
            row = session.get_one(Refund, refund.id)
            invoices.credit(session, actor=SYSTEM, refund=row)

    results = together([lambda refund=refund: credit(refund) for refund in refunds * 4])

    assert refusals(results) == []
    notes = [row for row in stored(Invoice) if row.series is InvoiceSeries.CREDIT_NOTE]
    assert sorted(note.number for note in notes) == list(range(1, 9))
    assert {note.refund_id for note in notes} == {refund.id for refund in refunds}


def a_code(**limits: Any) -> DiscountCode:
    return saved(
        DiscountCode(
            code="SPRING",
            percent=10,
            created_by=an_admin().id,
            starts_at=clock.utc_now() - timedelta(days=1),
            **limits,
        )
    )


def redeeming(order: Order, code: DiscountCode) -> Callable[[], None]:
    """The order's use of the code, as checkout counts it."""

    def redeem() -> None:
        with db.transaction() as session:
            row = session.get_one(DiscountCode, code.id)
            discounts.redeem(session, order=session.get_one(Order, order.id), code=row)

    return redeem


def uses() -> int:
    with db.reading() as session:
        counted = select(func.count(col(DiscountRedemption.id)))
        return session.exec(counted.where(col(DiscountRedemption.released_at).is_(None))).one()


@pytest.mark.parametrize("limit", [1, 5])
def test_twenty_buyers_at_once_use_a_code_as_often_as_it_allows(limit: int) -> None:
    code, orders = a_code(max_total=limit), open_orders(CROWD)

    results = together([redeeming(order, code) for order in orders])

    assert refusals(results) == [InvalidInput.__name__] * (CROWD - limit)
    assert uses() == limit


def test_twenty_checkouts_at_once_sell_one_pack_at_the_codes_last_price(till: Till) -> None:
    shop, code = open_shop(capacity=CROWD), a_code(max_total=1)

    results = together(
        [
            lambda buyer=buyer: checkout.start(actor=buyer.actor, offer=shop.offer, code=code.code)
            for buyer in buyers(CROWD)
        ]
    )

    assert refusals(results) == [InvalidInput.__name__] * (CROWD - 1)
    [order] = truth.orders(shop)
    assert (order.discount_minor, order.amount_minor) == (1_000, 9_000)
    [page] = till.sessions()
    assert page["amount_total"] == 9_000
    assert (truth.taken(shop.mentor_id), uses()) == (1, 1)


def test_twenty_orders_of_one_person_at_once_use_a_code_once() -> None:
    code, nora = a_code(max_per_person=1), a_user()
    orders = [order_of(nora, number) for number in range(CROWD)]

    results = together([redeeming(order, code) for order in orders])

    assert len(succeeded(results)) == 1
    assert uses() == 1


def order_of(buyer: User, number: int) -> Order:
    return an_order(buyer, an_offer(a_mentor(f"Mentor {number}")))


def test_a_use_given_back_while_others_ask_is_given_to_one_of_them() -> None:
    code = a_code(max_total=1)
    first, *others = open_orders(CROWD)
    redeeming(first, code)()

    def give_back() -> None:
        with db.transaction() as session:
            locking.lock(session, orders=[first.id])
            discounts.release(session, session.get_one(Order, first.id))

    together([give_back, *(redeeming(order, code) for order in others)])

    assert uses() <= 1


def test_without_the_lock_all_twenty_use_the_last_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same threads, the service's own reads and writes, but no lock between them
    and a transaction for each. All count before the first one writes."""
    code, orders = a_code(max_total=1), open_orders(CROWD)
    counted = threading.Barrier(CROWD, timeout=PATIENCE_SECONDS)

    def redeem(order: Order) -> None:
        with db.reading() as session:
            _, everybody = checking.uses(session, code, buyer=order.mentee_id)
        counted.wait()
        if everybody < 1:
            saved(DiscountRedemption(code_id=code.id, order_id=order.id, user_id=order.mentee_id))

    results = together([lambda order=order: redeem(order) for order in orders])

    assert refusals(results) == []
    assert uses() == CROWD

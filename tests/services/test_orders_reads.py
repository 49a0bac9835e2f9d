"""Orders as they are read: what they show, to whom, at what cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services import clock, db, orders
from services.errors import InvalidInput, NotFound
from services.models import (
    Dispute,
    OrderStatus,
    Provider,
    RefundReason,
    RefundStatus,
)
from services.money import Money
from services.orders import Face
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_pack,
    a_payment,
    a_refund,
    a_seat,
    a_user,
    acting,
    an_admin,
    an_offer,
    an_order,
    counted_reading,
    saved,
)
from tests.support.filled import an_invoice

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("fields", "face"),
    [
        ({}, Face.OPEN),
        ({"bank_pending_at": clock.utc_now()}, Face.WAITING),
        ({"declined_at": clock.utc_now()}, Face.DECLINED),
        ({"status": OrderStatus.PAID}, Face.PAID),
        ({"status": OrderStatus.EXPIRED}, Face.TIME_RAN_OUT),
        ({"status": OrderStatus.CANCELED}, Face.CANCELED),
        ({"status": OrderStatus.FAILED}, Face.FAILED),
        ({"status": OrderStatus.REFUNDED}, Face.REFUNDED),
        ({"status": OrderStatus.PAID, "declined_at": clock.utc_now()}, Face.PAID),
    ],
)
def test_each_state_of_an_order_has_its_face(fields: dict[str, Any], face: Face) -> None:
    mentee = a_user()
    order = an_order(mentee, an_offer(a_mentor()), **fields)
    with db.reading() as session:
        assert orders.get_order(session, actor=acting(mentee), order=order.public_id).face is face


@pytest.mark.parametrize(
    ("reason", "refund_status", "order_status", "face"),
    [
        (RefundReason.NO_PLACE, RefundStatus.PENDING, OrderStatus.PAID, Face.SOLD_OUT_REFUNDING),
        (RefundReason.NO_PLACE, RefundStatus.FAILED, OrderStatus.PAID, Face.REFUND_STUCK),
        (
            RefundReason.NO_PLACE,
            RefundStatus.SUCCEEDED,
            OrderStatus.REFUNDED,
            Face.SOLD_OUT_REFUNDED,
        ),
        (RefundReason.PAID_TWICE, RefundStatus.PENDING, OrderStatus.PAID, Face.PAID_TWICE_REFUNDED),
    ],
)
def test_automatic_refund_decides_the_face_of_its_order(
    reason: RefundReason, refund_status: RefundStatus, order_status: OrderStatus, face: Face
) -> None:
    mentee = a_user()
    order = an_order(mentee, an_offer(a_mentor()), status=order_status)
    back = order.amount_minor if refund_status is RefundStatus.SUCCEEDED else 0
    payment = a_payment(order, refunded_minor=back)
    a_refund(payment, order, reason, refund_status)

    with db.reading() as session:
        shown = orders.get_order(session, actor=acting(mentee), order=order.public_id)

    assert (shown.face, shown.refunded) == (face, Money(back, "EUR"))


def test_order_shows_the_snapshot_it_was_sold_with_and_its_pack() -> None:
    mentee, mentor = a_user(), a_mentor()
    offer = an_offer(mentor, title="As it was sold")
    order = an_order(mentee, offer, status=OrderStatus.PAID, checkout_url="https://pay.example.com")
    pack = a_pack(a_seat(mentee, mentor), order_id=order.id)
    with db.transaction() as session:
        stored = session.get_one(type(offer), offer.id)
        stored.title, stored.price_minor = "Renamed", 1
        session.add(stored)

    with db.reading() as session:
        shown = orders.get_order(session, actor=acting(mentee), order=order.public_id)

    assert (shown.title, shown.price, shown.pack) == (
        "As it was sold",
        Money(12_000, "EUR"),
        pack.public_id,
    )
    assert shown.checkout_url is None, "nobody is sent to pay what is paid"
    assert shown.mentee_email == ""


def test_foreign_and_unknown_orders_look_the_same() -> None:
    order = an_order(a_user("Olive Owner"), an_offer(a_mentor()))
    other, admin = acting(a_user("Oscar Other")), acting(an_admin())
    for actor, public_id in (
        (other, order.public_id),
        (VISITOR, order.public_id),
        (admin, "ord_x"),
    ):
        with db.reading() as session, pytest.raises(NotFound):
            orders.get_order(session, actor=actor, order=public_id)

    with db.reading() as session:
        shown = orders.get_order(session, actor=admin, order=order.public_id)
    assert shown.mentee_email == "olive.owner@example.com"


def test_own_orders_come_newest_first_in_parts_without_gaps_even_at_one_instant() -> None:
    mentee, offer = a_user(), an_offer(a_mentor())
    an_order(a_user("Somebody Else"), offer)
    now = clock.utc_now()
    expected = [
        an_order(mentee, offer, at=now - timedelta(days=age), status=OrderStatus.PAID).public_id
        for age in (3, 2, 2, 2, 1)
    ][::-1]
    seen: list[str] = []
    before: str | None = None
    while True:
        with db.reading() as session:
            part = orders.list_mine(session, actor=acting(mentee), before=before, limit=2)
        seen += [order.public_id for order in part.rows]
        assert part.total == 5
        before = part.next
        if before is None:
            break

    assert seen == expected


def test_a_place_in_somebody_elses_list_is_refused_like_an_unknown_one() -> None:
    mentee, offer = a_user(), an_offer(a_mentor())
    foreign = an_order(a_user("Somebody Else"), offer).public_id
    for before in (foreign, "ord_unknown"):
        with db.reading() as session, pytest.raises(InvalidInput):
            orders.list_mine(session, actor=acting(mentee), before=before)


def test_list_of_orders_costs_the_same_number_of_queries_however_long_it_is() -> None:
    mentor, admin = a_mentor(), acting(an_admin())
    offer = an_offer(mentor)
    counts: set[int] = set()
    for number in range(6):
        mentee = a_user(f"Person {number}")
        order = an_order(mentee, offer, status=OrderStatus.PAID)
        a_payment(order)
        a_pack(a_seat(mentee, mentor), order_id=order.id)
        with counted_reading() as (session, statements):
            orders.list_all(session, actor=admin)
        counts.add(len(statements))

    assert counts == {6}


def test_admins_find_the_orders_whose_refund_failed_whatever_became_of_them() -> None:
    admin, offer = acting(an_admin()), an_offer(a_mentor())
    found: set[str] = set()
    for number, (status, refund) in enumerate(
        [
            (OrderStatus.PAID, RefundStatus.FAILED),
            (OrderStatus.EXPIRED, RefundStatus.FAILED),
            (OrderStatus.PAID, RefundStatus.SUCCEEDED),
        ]
    ):
        order = an_order(a_user(f"Person {number}"), offer, status=status)
        a_refund(a_payment(order), order, RefundReason.PAID_TWICE, refund)
        if refund is RefundStatus.FAILED:
            found.add(order.public_id)
    an_order(a_user("Nobody Refunded"), offer, status=OrderStatus.PAID)

    with db.reading() as session:
        part = orders.list_all(session, actor=admin, status=orders.REFUND_TROUBLED)

    assert {order.public_id for order in part.rows} == found


def test_admins_find_orders_by_status_by_people_and_by_id() -> None:
    admin, mentor = acting(an_admin()), a_mentor("Mira Mentor")
    offer, other_offer = an_offer(mentor), an_offer(a_mentor("Otto Other"))
    paid = an_order(a_user("Pia Paid"), offer, status=OrderStatus.PAID)
    pending = an_order(a_user("Per Pending"), other_offer)

    def found(**filters: Any) -> set[str]:
        with db.reading() as session:
            return {o.public_id for o in orders.list_all(session, actor=admin, **filters).rows}

    assert found() == {paid.public_id, pending.public_id}
    assert found(status="paid") == {paid.public_id}
    assert found(query="per.pending@") == {pending.public_id}
    assert found(query="mira") == {paid.public_id}
    assert found(query=pending.public_id) == {pending.public_id}
    assert found(query="%") == set()
    with db.reading() as session, pytest.raises(InvalidInput):
        orders.list_all(session, actor=admin, status="lost")


def test_an_order_is_found_by_whatever_a_bank_a_buyer_or_a_provider_quotes() -> None:
    admin, offer = acting(an_admin()), an_offer(a_mentor())
    order = an_order(a_user("Pia Paid"), offer, status=OrderStatus.PAID, checkout_id="cs_1")
    payment = a_payment(order, provider_id="pi_1")
    refund = a_refund(payment, order, RefundReason.PAID_TWICE, RefundStatus.SUCCEEDED)
    dispute = saved(
        Dispute(
            provider=Provider.STRIPE,
            provider_id="dp_1",
            payment_id=payment.id,
            order_id=order.id,
            amount_minor=100,
            currency="EUR",
        )
    )
    invoice = saved(an_invoice(order, label="2026-000123"))
    other = an_order(a_user("Olga Other"), offer, status=OrderStatus.PAID, checkout_id="cs_12")
    a_payment(other, provider_id="pi_12")

    def found(query: str) -> list[str]:
        with db.reading() as session:
            return [o.public_id for o in orders.list_all(session, actor=admin, query=query).rows]

    named = (payment, refund, dispute, invoice)
    quoted = ["cs_1", "pi_1", "dp_1", " 2026-000123 ", *(one.public_id for one in named)]
    assert [found(one) for one in quoted] == [[order.public_id]] * len(quoted)
    assert found("pi_") == []


def test_admins_sort_orders_by_price_within_each_currency_in_parts_without_gaps() -> None:
    admin, mentor, mentee = an_admin(), a_mentor(), a_user()
    for minor, currency in ((300, "EUR"), (100, "USD"), (200, "EUR"), (200, "EUR"), (900, "CHF")):
        offer = an_offer(mentor, price_minor=minor, currency=currency)
        an_order(mentee, offer, status=OrderStatus.PAID)
    seen: list[tuple[str, int]] = []
    before: str | None = None
    while True:
        with db.reading() as session:
            part = orders.list_all(
                session, actor=acting(admin), sort="-price", before=before, limit=2
            )
        seen += [(order.price.currency, order.price.minor) for order in part.rows]
        before = part.next
        if before is None:
            break

    assert seen == [("USD", 100), ("EUR", 300), ("EUR", 200), ("EUR", 200), ("CHF", 900)]

"""Many buyers, one seat: each race through the unchanged services, beside a control that shows
what the guard is good for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services import catalogue, checkout, clock, db, locking, seats
from services.audit import SYSTEM
from services.checkout import CheckoutStarted
from services.ids import MentorId
from services.models import (
    AuditEntry,
    CreditEntry,
    CreditKind,
    Mentor,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Provider,
    Seat,
    SeatStatus,
)
from tests.chaos import truth
from tests.chaos.crowd import PATIENCE_SECONDS, refusals, succeeded, together
from tests.chaos.shop import Bought, Buyer, Shop, buyers, given_up, open_shop, started
from tests.chaos.till import Till
from tests.chaos.workers import Workers

pytestmark = [pytest.mark.chaos, pytest.mark.alike]

CROWD = 50


def starting(shop: Shop, buyer: Buyer, offer: int = 0) -> Callable[[], CheckoutStarted]:
    """One click on buy."""
    return lambda: checkout.start(actor=buyer.actor, offer=shop.offers[offer])


def test_without_the_lock_every_one_of_fifty_buyers_gets_the_last_seat(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same threads, the service's own reads and writes, but no lock between them
    and a transaction for each. All count before the first one writes."""

    def no_lock(_db: Session, **_rows: object) -> None:
        return None

    monkeypatch.setattr(locking, "lock", no_lock)
    shop = open_shop(capacity=1)
    counted = threading.Barrier(CROWD, timeout=PATIENCE_SECONDS)

    def buy(buyer: Buyer) -> bool:
        with db.reading() as session:
            free = seats.has_place(session, session.get_one(Mentor, shop.mentor_id))
        counted.wait()
        if free:
            with db.transaction() as session:
                locking.lock(session, mentors=[shop.mentor_id])
                session.add(unchecked_order(session, shop, buyer))
        return free

    results = together([lambda buyer=buyer: buy(buyer) for buyer in buyers(CROWD)])

    assert refusals(results) == []
    oversold = truth.taken(shop.mentor_id)
    assert oversold > 1
    assert oversold == len(truth.orders(shop, OrderStatus.PENDING)) == CROWD


def test_the_last_seat_is_sold_once_when_fifty_buyers_come_together(till: Till) -> None:
    shop = open_shop(capacity=1)

    results = together([starting(shop, buyer) for buyer in buyers(CROWD)])

    assert refusals(results) == ["SeatsSoldOut"] * (CROWD - 1)
    assert truth.taken(shop.mentor_id) == 1
    (order,) = truth.orders(shop)
    assert order.status is OrderStatus.PENDING
    (page,) = till.sessions()
    assert page["client_reference_id"] == order.public_id
    assert succeeded(results) == [CheckoutStarted(order.public_id, page["url"])]


def test_the_last_seat_is_sold_once_when_eight_processes_sell_it(
    till: Till, workers: Workers
) -> None:
    """A lock of one process guards nothing here: only the database's own does."""
    shop = open_shop(capacity=1)

    reports = workers.run_together(
        [{"job": "start", "user": buyer.id, "offer": shop.offer} for buyer in buyers(8)]
    )

    assert all(report.ended for report in reports)
    refused = [report.error.partition(":")[0] for report in reports if report.error]
    assert refused == ["SeatsSoldOut"] * 7
    assert truth.taken(shop.mentor_id) == len(truth.orders(shop)) == len(till.sessions()) == 1


def test_ten_seats_are_sold_ten_times_when_fifty_buyers_come_together(till: Till) -> None:
    shop = open_shop(capacity=10)

    results = together([starting(shop, buyer) for buyer in buyers(CROWD)])

    assert refusals(results) == ["SeatsSoldOut"] * (CROWD - 10)
    assert truth.taken(shop.mentor_id) == 10
    assert len(truth.orders(shop)) == len(till.sessions()) == 10


def test_twenty_clicks_of_one_buyer_are_one_order_and_one_payment_page(till: Till) -> None:
    shop, (buyer,) = open_shop(), buyers(1)

    results = together([starting(shop, buyer)] * 20)

    assert refusals(results) == []
    order = truth.one_checkout(buyer, shop, till)
    assert set(succeeded(results)) == {CheckoutStarted(order.public_id, order.checkout_url)}
    assert len(truth.orders(shop)) == len(till.sessions()) == 1


def test_two_packs_chosen_together_by_one_buyer_end_as_one_open_checkout(till: Till) -> None:
    shop = open_shop(capacity=10, offers=2)
    crowd = buyers(8)

    results = together([starting(shop, buyer, offer) for buyer in crowd for offer in (0, 1)])

    assert set(refusals(results)) <= {"Conflict"}  # "changed in another tab"
    for buyer in crowd:
        checkout.start(actor=buyer.actor, offer=shop.offers[0])  # the tab that is looked at last
        truth.one_checkout(buyer, shop, till)
    assert truth.taken(shop.mentor_id) == len(crowd)


def test_an_account_holds_three_seats_when_it_clicks_on_ten_mentors_together(till: Till) -> None:
    (buyer,) = buyers(1)
    shops = [open_shop() for _ in range(10)]

    results = together([starting(shop, buyer) for shop in shops])

    assert refusals(results) == ["TooManyCheckouts"] * 7
    assert sum(truth.taken(shop.mentor_id) for shop in shops) == 3
    assert len(till.open_sessions()) == 3


def test_no_seat_is_taken_above_a_capacity_that_is_lowered_while_buyers_come(till: Till) -> None:
    shop = open_shop(capacity=20)

    def lower() -> None:
        with db.transaction() as session:
            catalogue.update_profile(
                session,
                actor=shop.owner,
                slug=shop.slug,
                headline="Few seats",
                bio="",
                skills=[],
                languages=[],
                capacity=5,
            )

    crowd: list[Callable[[], object]] = [starting(shop, buyer) for buyer in buyers(30)]
    results = together([*crowd[:10], lower, *crowd[10:]])

    assert set(refusals(results)) == {"SeatsSoldOut"}
    before, after = seats_around(shop.mentor_id)
    assert before <= 20
    assert after == max(0, 5 - before)
    assert truth.taken(shop.mentor_id) == before + after


@pytest.mark.parametrize("thing", ["seat", "order", "payment", "purchase"])
def test_an_index_refuses_what_a_missing_check_would_let_through(till: Till, thing: str) -> None:
    """The control of the unique indexes: nobody looks first, and still only one row is written."""
    cart = started(open_shop(), buyers(1)[0])
    if thing == "purchase":
        till.pay(cart.session)
        checkout.settle(cart.order_id)
    elif thing == "seat":
        given_up(cart)
    packs = truth.packs(cart.shop)

    def insert() -> None:
        with db.transaction() as session:
            if thing == "seat":
                insert_seat(session, cart.shop, cart.buyer)
            elif thing == "order":
                session.add(order_of(cart.shop, cart.buyer, None))
            elif thing == "payment":
                session.add(payment_of(cart))
            else:
                entry = CreditEntry(pack_id=packs[0].id, kind=CreditKind.PURCHASE, amount=4)
                session.add(entry)

    results = together([insert] * 10)

    written = 1 if thing in {"seat", "payment"} else 0  # of the others there was one already
    assert len(succeeded(results)) == written
    assert refusals(results) == [IntegrityError.__name__] * (10 - written)


def insert_seat(session: Session, shop: Shop, buyer: Buyer) -> Seat:
    """A held seat, whether there is a place or not."""
    until = clock.utc_now() + timedelta(minutes=35)
    return seats.insert_held(
        session, actor=SYSTEM, mentee_id=buyer.id, mentor_id=shop.mentor_id, until=until
    )


def order_of(shop: Shop, buyer: Buyer, seat: Seat | None) -> Order:
    """An open order, unwritten."""
    return Order(
        mentee_id=buyer.id,
        mentor_id=shop.mentor_id,
        offer_id=shop.offer_ids[0],
        seat_id=seat.id if seat else None,
        title="Pack",
        sessions=4,
        list_minor=10_000,
        amount_minor=10_000,
        currency="EUR",
        expires_at=clock.utc_now() + timedelta(minutes=35),
    )


def unchecked_order(session: Session, shop: Shop, buyer: Buyer) -> Order:
    """A seat and an order, as the service writes them after its check."""
    return order_of(shop, buyer, insert_seat(session, shop, buyer))


def payment_of(cart: Bought) -> Payment:
    """The same transaction of the provider, unwritten; a failed one is no money in the books."""
    return Payment(
        order_id=cart.order_id,
        provider=Provider.STRIPE,
        provider_id="pi_the_same",
        amount_minor=10_000,
        currency="EUR",
        status=PaymentStatus.FAILED,
    )


def seats_around(mentor_id: MentorId) -> tuple[int, int]:
    """How many seats were taken before and after the mentor's profile was changed."""
    with db.reading() as session:
        mentor = session.get_one(Mentor, mentor_id)
        changed = session.exec(
            select(AuditEntry.id).where(
                AuditEntry.action == "mentor.changed", AuditEntry.thing == mentor.public_id
            )
        ).one()
        held = session.exec(
            select(AuditEntry.id)
            .join(Seat, col(Seat.public_id) == AuditEntry.thing)
            .where(
                Seat.mentor_id == mentor_id,
                AuditEntry.action == f"seat.{SeatStatus.HELD.value}",
            )
        ).all()
    before = sum(1 for entry in held if entry < changed)
    return before, len(held) - before

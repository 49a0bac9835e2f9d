"""Money that came in becomes one pack, however it is told; money that does not fit becomes none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from sqlmodel import select

from jobs.inbox import handle_inbox
from services import checkout, clock, db, inbox, reconciliation
from services.models import (
    AuditEntry,
    CreditEntry,
    CreditKind,
    InboxEvent,
    InboxStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    Pack,
    PackStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundReason,
    RefundStatus,
    Seat,
    SeatStatus,
    UnmatchedMoney,
)
from services.money import Money
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.servers import environment_of
from tests.support.studio import Delivery, Studio, stored

numbers = count(1)


def _started(name: str = "Nora Novak", mentor: str = "Mina Mentor") -> str:
    offer = an_offer(a_mentor(mentor, capacity=1))
    return checkout.start(actor=acting(a_user(name)), offer=offer.public_id).order


def test_a_payment_becomes_order_payment_pack_seat_and_credits_together(studio: Studio) -> None:
    order = _started()
    studio.pay(order)
    assert studio.deliver() == ["payment_intent.succeeded", "checkout.session.completed"]

    row, seat = studio.order(order), studio.seat(order)
    [payment], [pack], [entry] = stored(Payment), stored(Pack), stored(CreditEntry)
    assert (row.status, row.paid_at) == (OrderStatus.PAID, clock.utc_now())
    assert (payment.status, payment.amount_minor) == (PaymentStatus.COMPLETED, row.amount_minor)
    assert payment.provider_id == studio.checkout(studio.checkout_of(order))["payment_intent"]
    assert (pack.status, pack.total, pack.left, pack.reserved) == (PackStatus.ACTIVE, 4, 4, 0)
    assert (entry.kind, entry.amount, entry.pack_id) == (CreditKind.PURCHASE, 4, pack.id)
    assert (seat.status, seat.held_until) == (SeatStatus.ACTIVE, None)
    assert {"order.paid", "payment.completed", "pack.created", "seat.active"} <= {
        line.action for line in stored(AuditEntry)
    }
    assert {line.actor for line in stored(AuditEntry) if line.action == "order.paid"} == {"stripe"}


def test_the_buyer_hears_of_it_once(studio: Studio) -> None:
    order = _started()
    studio.pay(order)
    studio.deliver()
    studio.sweep()
    studio.reconcile()
    studio.sweep()
    assert studio.mails("nora.novak@example.com") == ["Your pack with Mina Mentor is ready"]


STEPS = ["first", "second", "third", "sweep", "look", "reconcile", "again"]


@pytest.fixture
def delayed(studio: Studio) -> Iterator[Studio]:
    """The studio allows methods that tell of one payment in three events."""
    with environment_of({"DELAYED_PAYMENTS": "true"}):
        yield studio


def _take(studio: Studio, step: str, order: str, events: dict[str, Delivery]) -> None:
    """One of the ways in which we may be told of the payment."""
    if step == "sweep":
        studio.wait(minutes=2)
        checkout.sweep()
    elif step == "look":
        checkout.settle(studio.order(order).id)
    elif step == "reconcile":
        reconciliation.reconcile()
    elif step == "again":
        _handle_again({each.body.decode() for each in events.values()})
    else:
        events[step].receive()
        handle_inbox.call_local()


def _handle_again(payloads: set[str]) -> None:
    """An admin replays what has come so far of these."""
    admin = acting(an_admin(f"Admin {next(numbers)}"))
    for event in stored(InboxEvent):
        if event.payload in payloads:
            inbox.retry(actor=admin, event=event.public_id)
    handle_inbox.call_local()


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=strategies.permutations(STEPS))
def test_told_in_every_order_and_again_it_is_one_pack(delayed: Studio, steps: list[str]) -> None:
    studio = delayed
    order = _started(f"Nora {next(numbers)}", f"Mentor {next(numbers)}")
    studio.pay_by_bank(order)
    studio.bank_answers(order, succeeded=True)
    lost = studio.lose_webhooks()
    assert len(lost) == 3
    events: dict[str, Delivery] = dict(zip(STEPS[:3], lost, strict=True))
    for step in steps:
        _take(studio, step, order, events)

    row = studio.order(order)
    assert row.status is OrderStatus.PAID
    with db.reading() as session:
        packs = session.exec(select(Pack).where(Pack.order_id == row.id)).all()
        payments = session.exec(select(Payment).where(Payment.order_id == row.id)).all()
        entries = session.exec(select(CreditEntry).where(CreditEntry.pack_id == packs[0].id)).all()
    assert len(packs) == len(payments) == len(entries) == 1
    assert stored(Refund) == []


def test_the_same_event_twice_is_one_row(studio: Studio) -> None:
    order = _started()
    studio.pay(order)
    lost = studio.lose_webhooks()
    assert [each.receive() for each in lost] == [True, True]
    assert [each.receive() for each in lost] == [False, False]
    handle_inbox.call_local()
    assert [event.status for event in stored(InboxEvent)] == [
        InboxStatus.IGNORED,
        InboxStatus.HANDLED,
    ]
    assert len(stored(Pack)) == 1


@pytest.mark.parametrize(
    "wrong",
    [Money(11_999, "EUR"), Money(12_001, "EUR"), Money(12_000, "USD")],
    ids=["too little", "too much", "another currency"],
)
def test_money_that_does_not_fit_fulfils_nothing_and_alarms(studio: Studio, wrong: Money) -> None:
    an_admin()
    order = _started()
    studio.pay(order, checkout=studio.another_page(order, wrong))
    studio.deliver()
    for _ in range(3):
        studio.wait(minutes=3)
        studio.sweep()
        studio.reconcile()

    [payment] = stored(Payment)
    assert (payment.amount_minor, payment.currency) == (wrong.minor, wrong.currency)
    assert stored(Pack) == []
    assert stored(Refund) == []
    assert studio.order(order).status is OrderStatus.FAILED
    assert studio.seat(order).status is SeatStatus.RELEASED
    [waiting] = stored(UnmatchedMoney)
    assert waiting.provider_id == payment.provider_id
    assert studio.mails("ada.admin@example.com") == [studio.alert(waiting.public_id)]
    assert studio.mails("nora.novak@example.com") == []


def test_an_order_paid_twice_gets_the_second_payment_back_and_keeps_its_pack(
    studio: Studio,
) -> None:
    an_admin()
    order = _started()
    second = studio.another_page(order, Money(12_000, "EUR"))
    studio.pay(order)
    studio.pay(order, checkout=second)
    for _ in range(2):
        studio.deliver()
        studio.send()

    first_payment, second_payment = stored(Payment)
    [refund] = stored(Refund)
    assert (refund.payment_id, refund.reason) == (second_payment.id, RefundReason.PAID_TWICE)
    assert refund.status is RefundStatus.SUCCEEDED
    assert first_payment.status is PaymentStatus.COMPLETED
    assert second_payment.status is PaymentStatus.REFUNDED
    assert studio.order(order).status is OrderStatus.PAID
    assert studio.seat(order).status is SeatStatus.ACTIVE
    assert [pack.status for pack in stored(Pack)] == [PackStatus.ACTIVE]
    assert studio.mails("nora.novak@example.com") == [
        "Your pack with Mina Mentor is ready",
        "€120.00 is on its way back to you",
    ]


def test_a_failure_in_the_middle_leaves_nothing_half_done(studio: Studio) -> None:
    """The pack's purchase entry cannot be written: order, payment and seat stay as they were."""
    order = _started()
    studio.pay(order)
    with db.transaction() as session:
        row = session.get_one(Order, studio.order(order).id)
        row.sessions = 0  # no pack can be made of it: `total_range` refuses
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PENDING
    assert studio.seat(order).status is SeatStatus.HELD
    assert stored(Payment) == stored(Pack) == []
    assert [m for m in stored(OutboxMessage) if m.data.get("template") == "purchase"] == []

    with db.transaction() as session:
        session.get_one(Order, row.id).sessions = 4
    studio.wait(minutes=1)
    handle_inbox.call_local()
    assert studio.order(order).status is OrderStatus.PAID
    assert len(stored(Pack)) == 1


def test_one_order_that_cannot_be_settled_does_not_stop_the_others(studio: Studio) -> None:
    poison, healthy = _started(), _started("Hanna Healthy", "Hugo Mentor")
    another = _started("Anna Another", "Axel Mentor")
    with db.transaction() as session:
        session.get_one(Order, studio.order(poison).id).sessions = 0
    for order in (healthy, poison):
        studio.pay(order)
    studio.lose_webhooks()
    studio.reconcile()
    assert studio.order(healthy).status is OrderStatus.PAID

    studio.pay(another)
    studio.lose_webhooks()
    studio.wait(minutes=3)
    studio.sweep()
    assert studio.order(another).status is OrderStatus.PAID
    assert studio.order(poison).status is OrderStatus.PENDING
    assert studio.order(poison).check_at > clock.utc_now()
    assert studio.mails("anna.another@example.com") == ["Your pack with Axel Mentor is ready"]


def test_money_that_names_no_order_of_ours_is_ignored(studio: Studio) -> None:
    order = _started()
    with db.transaction() as session:
        session.get_one(Order, studio.order(order).id).public_id = "ord_of_another_shop"
    studio.pay("ord_of_another_shop")
    studio.deliver()
    studio.reconcile()
    assert [event.status for event in stored(InboxEvent)] == [InboxStatus.IGNORED] * 2
    assert stored(Payment) == []
    assert [seat.status for seat in stored(Seat)] == [SeatStatus.HELD]

"""Disputes under fire: workers killed anywhere, a refund and a booking at the same moment, and what
the lock is for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from services import booking, clock, db, disputes, refunds
from services.models import (
    Dispute,
    DisputeStatus,
    Invoice,
    Order,
    OrderStatus,
    PackStatus,
    Payment,
    RefundStatus,
    Seat,
    SeatStatus,
    UnmatchedMoney,
)
from services.money import Money
from services.providers.payments.base import (
    DisputeState,
    ProviderDispute,
    ProviderRefund,
    RefundState,
)
from tests.chaos import truth
from tests.chaos.crowd import PATIENCE_SECONDS, refusals, succeeded, together
from tests.chaos.returns import PRICE, adds_up, agreed, pack_of, refunds_of, usable
from tests.chaos.shop import Bought, admin
from tests.chaos.test_kills import clean_up, kill_everywhere
from tests.chaos.test_refunds import bookable
from tests.chaos.till import Till
from tests.chaos.workers import Report, Workers
from tests.support.studio import stored

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

KILLS = 6
EVENTS = tuple(f"charge.dispute.{each}" for each in ("created", "funds_withdrawn", "closed"))


def payment_of(bought: Bought) -> Payment:
    """The order's payment as it is stored now."""
    with db.reading() as session:
        return session.exec(select(Payment).where(Payment.order_id == bought.order_id)).one()


def dispute_of(bought: Bought) -> Dispute:
    """The order's dispute as it is stored now."""
    with db.reading() as session:
        return session.exec(select(Dispute).where(Dispute.order_id == bought.order_id)).one()


def chargeback(bought: Bought) -> ProviderDispute:
    """A bank has taken all of the payment."""
    payment = payment_of(bought)
    return ProviderDispute(
        id=f"du_{payment.provider_id}",
        payment_id=payment.provider_id,
        amount=Money(PRICE, "EUR"),
        fee=None,
        state=DisputeState.OPEN,
        inquiry=False,
        withdrawn=True,
        reason="fraudulent",
        evidence_due_at=None,
        created_at=clock.utc_now(),
    )


def returned(bought: Bought, refund: str) -> ProviderRefund:
    """The provider has sent all of it back."""
    payment = payment_of(bought)
    return ProviderRefund(
        id=f"re_{payment.provider_id}",
        refund=refund,
        attempt=1,
        payment_id=payment.provider_id,
        amount=Money(PRICE, "EUR"),
        state=RefundState.SUCCEEDED,
        created_at=clock.utc_now(),
    )


def lost_once(bought: Bought, till: Till, when: str = "") -> None:
    """The money is gone exactly once: payment, pack, seat, ledger, credit note, and the buyer knows
    of it."""
    payment, row, pack = payment_of(bought), dispute_of(bought), pack_of(bought)
    assert (row.status, row.withdrawn) == (DisputeStatus.LOST, True), when
    assert (payment.disputed_minor, payment.refunded_minor) == (PRICE, 0), when
    assert (pack.status, pack.left, pack.paused_at) == (PackStatus.REFUNDED, 0, None), when
    with db.reading() as session:
        assert session.get_one(Order, bought.order_id).status is OrderStatus.REFUNDED, when
        assert session.get_one(Seat, pack.seat_id).status is SeatStatus.RELEASED, when
    notes = [one for one in stored(Invoice) if one.dispute_id == row.id]
    assert [one.total_minor for one in notes] == [PRICE], when
    assert len(till.mails(bought.buyer.email, "dispute_lost")) == 1, when
    adds_up(when)


def test_a_worker_killed_anywhere_on_a_lost_dispute_counts_it_once(
    till: Till, workers: Workers
) -> None:
    admin()

    def lose() -> Bought:
        bought = usable(till)
        till.dispute(bought.session, "lost")
        till.store_events(*EVENTS)
        return bought

    def one(point: int, when: str) -> Report:
        bought = lose()
        report = workers.run("inbox", kill_at=point)
        clean_up()
        lost_once(bought, till, when)
        truth.all_quiet(when)
        return report

    bought = lose()
    dry = workers.run("inbox")
    clean_up()
    lost_once(bought, till)
    kill_everywhere(dry, KILLS, one, vendor="GET /stripe/v1/disputes")


def test_a_chargeback_and_the_refund_that_has_left_count_each_euro_once(till: Till) -> None:
    owner = admin()
    bought = [usable(till) for _ in range(5)]
    seen = [(chargeback(one), returned(one, agreed(one, owner))) for one in bought]

    def take(case: ProviderDispute) -> Callable[[], bool]:
        return lambda: disputes.apply_seen(provider="stripe", seen=case)

    def give(done: ProviderRefund) -> Callable[[], bool]:
        return lambda: refunds.apply_seen(provider="stripe", done=done)

    acts = [act for case, done in seen for act in (take(case), give(done)) * 2]
    assert refusals(together(acts)) == []

    for one in bought:
        payment, [refund] = payment_of(one), refunds_of(one)
        waiting = {row.provider_id for row in stored(UnmatchedMoney)} & {
            f"re_{payment.provider_id}",
            f"du_{payment.provider_id}:more",
        }
        if refund.status is RefundStatus.SUCCEEDED:
            assert (payment.refunded_minor, payment.disputed_minor) == (PRICE, 0)
            assert waiting == {f"du_{payment.provider_id}:more"}
        else:
            assert refund.status is RefundStatus.PENDING
            assert (payment.refunded_minor, payment.disputed_minor) == (0, PRICE)
            assert waiting == {f"re_{payment.provider_id}"}
    adds_up()


def test_without_the_lock_one_of_the_two_would_fail_at_the_constraint(till: Till) -> None:
    """The control: the same reads and writes, but nothing between them. Both see all of the money
    before the first one writes; the second webhook would fail, and fail again."""
    bought = usable(till)
    both = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def take(column: str) -> Callable[[], None]:
        def act() -> None:
            payment = payment_of(bought)
            left = payment.amount_minor - payment.refunded_minor - payment.disputed_minor
            both.wait()
            with db.transaction() as session:
                row = session.get_one(Payment, payment.id, with_for_update=True)
                setattr(row, column, getattr(row, column) + left)

        return act

    results = together([take("refunded_minor"), take("disputed_minor")])

    assert refusals(results) == [IntegrityError.__name__]
    payment = payment_of(bought)
    assert payment.refunded_minor + payment.disputed_minor == PRICE
    with db.transaction() as session:  # what was forged is taken back: in the end all adds up
        row = session.get_one(Payment, payment.id)
        row.refunded_minor = row.disputed_minor = 0


def test_a_chargeback_and_bookings_at_once_leave_a_frozen_pack_with_what_was_booked(
    till: Till,
) -> None:
    bought = [bookable(till) for _ in range(3)]
    day = clock.utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)

    def book(one: Bought, number: int) -> Callable[[], object]:
        starts = [day + timedelta(hours=2 * number)]
        return lambda: booking.book(actor=one.buyer.actor, mentor=one.shop.slug, starts=starts)

    acts: list[Callable[[], object]] = []
    for one in bought:
        case = chargeback(one)
        acts += [book(one, 0), book(one, 1)]
        acts.append(lambda c=case: disputes.apply_seen(provider="stripe", seen=c))
    results = together(acts)

    assert set(refusals(results)) <= {"NoCredit"}
    packs = [pack_of(one) for one in bought]
    assert {pack.status for pack in packs} == {PackStatus.FROZEN}
    assert sum(pack.reserved for pack in packs) == len(succeeded(results)) - len(bought)
    adds_up()

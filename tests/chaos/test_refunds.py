"""Refunds under fire: workers killed anywhere, two who act at once, and what the guards are for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox
from services import booking, clock, db, locking, packs, refunds
from services.audit import SYSTEM
from services.models import (
    Mentor,
    MentoringSession,
    Pack,
    PackStatus,
    Payment,
    Refund,
    RefundReason,
    RefundScope,
    RefundSource,
    RefundStatus,
    SessionStatus,
    User,
)
from services.money import Money
from services.providers.payments.base import NewRefund
from services.providers.payments.registry import payments
from services.refunds import amounts
from tests.chaos import truth
from tests.chaos.crowd import PATIENCE_SECONDS, refusals, succeeded, together
from tests.chaos.returns import (
    PRICE,
    adds_up,
    agreed,
    asked,
    deciding,
    given_back,
    pack_of,
    refunds_of,
    usable,
)
from tests.chaos.shop import Bought, Buyer, admin
from tests.chaos.test_kills import clean_up, kill_everywhere
from tests.chaos.till import Till
from tests.chaos.workers import Report, Workers
from tests.services.rows import onboarded, open_hours

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

SENDING_KILLS = 10
OTHER_KILLS = 6
REFUND_EVENTS = ("refund.created", "refund.updated")


def test_a_worker_killed_anywhere_while_it_sends_a_refund_gives_the_money_back_once(
    till: Till, workers: Workers
) -> None:
    owner = admin()

    def one(point: int, when: str) -> Report:
        bought = usable(till)
        agreed(bought, owner)
        report = workers.run("outbox", kill_at=point)
        till.store_events(*REFUND_EVENTS)  # the provider tells of it as well
        clean_up()
        given_back(bought, till, when)
        truth.all_quiet(when)
        return report

    bought = usable(till)
    agreed(bought, owner)
    dry = workers.run("outbox")
    given_back(bought, till)
    till.held()
    kill_everywhere(dry, SENDING_KILLS, one, vendor="POST /stripe/v1/refunds")


def test_a_web_process_killed_anywhere_while_an_admin_agrees_sends_one_refund(
    till: Till, workers: Workers
) -> None:
    owner = admin()

    def one(point: int, when: str) -> Report:
        bought = usable(till)
        refund = asked(bought)
        report = workers.run("decide", kill_at=point, user=owner.id, refund=refund)
        refunds.decide(actor=deciding(owner), refund=refund, approve=True)  # clicked again
        clean_up()
        given_back(bought, till, when)
        return report

    dry = workers.run("decide", user=owner.id, refund=asked(usable(till)))
    kill_everywhere(dry, OTHER_KILLS, one, vendor=None)


def test_a_web_process_killed_anywhere_while_a_mentee_asks_locks_nothing_for_nothing(
    till: Till, workers: Workers
) -> None:
    def one(point: int, when: str) -> Report:
        bought = usable(till)
        more = {"user": bought.buyer.id, "order": bought.order, "minor": PRICE}
        report = workers.run("ask", kill_at=point, **more)
        rows = refunds_of(bought)
        assert (pack_of(bought).locked, len(rows)) in {(0, 0), (4, 1)}, when
        asked(bought)
        assert (pack_of(bought).locked, len(refunds_of(bought))) == (4, 1), when
        return report

    bought = usable(till)
    dry = workers.run("ask", user=bought.buyer.id, order=bought.order, minor=PRICE)
    kill_everywhere(dry, OTHER_KILLS, one, vendor=None)


def test_a_worker_killed_anywhere_on_a_refund_of_the_dashboard_counts_it_once(
    till: Till, workers: Workers
) -> None:
    def one(point: int, when: str) -> Report:
        bought = usable(till)
        till.refund(bought.session)
        till.store_events(*REFUND_EVENTS)
        report = workers.run("inbox", kill_at=point)
        clean_up()
        given_back(bought, till, when)
        return report

    bought = usable(till)
    till.refund(bought.session)
    till.store_events(*REFUND_EVENTS)
    dry = workers.run("inbox")
    send_outbox.call_local()
    given_back(bought, till)
    kill_everywhere(dry, OTHER_KILLS, one, vendor="GET /stripe/v1/refunds")


def test_our_refunds_and_their_webhooks_meet_and_are_one_refund_each(till: Till) -> None:
    """The provider has carried them out; our answer and its webhooks come at the same moment."""
    owner = admin()
    bought = [usable(till) for _ in range(6)]
    waiting = [agreed(one, owner) for one in bought]
    for one, refund in zip(bought, waiting, strict=True):
        make_at_provider(one, refund)
    till.store_events(*REFUND_EVENTS)

    def send(refund: str) -> Callable[[], None]:
        return lambda: refunds.send(refund=refund)

    jobs: list[Callable[[], None]] = [handle_inbox.call_local] * 3
    again = [send(refund) for refund in waiting for _ in range(2)]
    assert refusals(together([*jobs, *again])) == []
    clean_up()

    for one in bought:
        given_back(one, till)


def test_two_admins_who_agree_at_once_send_one_refund(till: Till) -> None:
    bosses = [admin() for _ in range(4)]
    bought = [usable(till) for _ in range(4)]
    waiting = {one.order: asked(one) for one in bought}

    def agree(boss: Buyer, one: Bought) -> Callable[[], None]:
        actor, refund = deciding(boss), waiting[one.order]
        return lambda: refunds.decide(actor=actor, refund=refund, approve=True)

    results = together([agree(boss, one) for one in bought for boss in bosses])

    assert refusals(results) == ["Conflict"] * 12
    clean_up()
    for one in bought:
        given_back(one, till)


def test_an_admin_who_starts_while_the_mentee_asks_and_another_denies_leaves_one_story(
    till: Till,
) -> None:
    bosses = [admin() for _ in range(2)]
    bought = [usable(till) for _ in range(5)]

    def start(one: Bought) -> Callable[[], object]:
        return lambda: refunds.start(
            actor=deciding(bosses[0]), order=one.order, scope=RefundScope.WHOLE
        )

    results = together(
        [act for one in bought for act in (start(one), lambda o=one: asked(o), start(one))]
    )

    assert set(refusals(results)) == {"Conflict"}
    assert len(succeeded(results)) == len(bought)
    for one in bought:
        (row,) = refunds_of(one)
        if row.decided_at is None:
            refunds.decide(
                actor=deciding(bosses[1]), refund=row.public_id, approve=False, note="Not now."
            )
            assert pack_of(one).locked == 0
    clean_up()
    for one in bought:
        (row,) = refunds_of(one)
        if row.status is RefundStatus.SUCCEEDED:
            given_back(one, till)
        else:
            assert (pack_of(one).status, pack_of(one).left) == (PackStatus.ACTIVE, 4)
    adds_up()


def test_a_refund_and_bookings_at_once_never_use_one_credit_twice(till: Till) -> None:
    owner = admin()
    bought = [bookable(till) for _ in range(4)]

    def book(one: Bought, number: int) -> Callable[[], object]:
        day = clock.utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
        starts = [day + timedelta(hours=2 * number)]
        return lambda: booking.book(actor=one.buyer.actor, mentor=one.shop.slug, starts=starts)

    acts: list[Callable[[], object]] = []
    for one in bought:
        acts += [book(one, number) for number in range(3)]
        acts.append(lambda o=one: agreed(o, owner))
    results = together(acts)

    assert set(refusals(results)) <= {"NoCredit", "Conflict"}
    clean_up()
    for one in bought:
        given_back(one, till)
        with db.reading() as session:
            mine = select(MentoringSession.status).where(MentoringSession.mentee_id == one.buyer.id)
            assert set(session.exec(mine).all()) <= {SessionStatus.CANCELED}


def test_a_dispute_and_a_decision_at_once_agree_on_who_was_first(till: Till) -> None:
    owner = admin()
    bought = [usable(till) for _ in range(5)]
    waiting = {one.order: asked(one) for one in bought}

    def freeze(one: Bought) -> None:
        with db.transaction() as tx:
            locking.lock(tx, mentors=[one.shop.mentor_id], orders=[one.order_id])
            pack = tx.exec(select(Pack).where(Pack.order_id == one.order_id)).one()
            packs.pause(tx, actor=SYSTEM, pack=pack)
            pack.status = PackStatus.FROZEN

    def agree(one: Bought) -> None:
        refunds.decide(actor=deciding(owner), refund=waiting[one.order], approve=True)

    results = together([lambda o=one, a=act: a(o) for one in bought for act in (freeze, agree)])

    assert set(refusals(results)) <= {"Conflict"}
    clean_up()
    for one in bought:
        (row,) = refunds_of(one)
        sent = len(till.refunds(one.session))
        assert sent == (1 if row.decided_at else 0)
        assert pack_of(one).paused_at is None or pack_of(one).status is PackStatus.FROZEN
    adds_up()


def test_without_the_lock_two_admins_give_back_more_than_was_paid(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same reads and writes, but no lock between them and a transaction for each.
    Both see what is left before the first one writes."""
    monkeypatch.setattr(locking, "lock", lambda _db, **_rows: None)
    bought = usable(till)
    seen = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def start() -> None:
        with db.reading() as session:
            payment = payment_of(session, bought)
            left = amounts.rest(session, payment)
        seen.wait()
        with db.transaction() as session:
            locking.lock(session, orders=[bought.order_id])
            session.add(decided(bought, payment, left))

    assert refusals(together([start, start])) == []
    assert sum(row.amount_minor for row in refunds_of(bought)) == 2 * PRICE
    with db.reading() as session:
        assert amounts.rest(session, payment_of(session, bought)) == Money(0, "EUR")


@pytest.mark.parametrize("thing", ["request", "credits", "refunded", "provider"])
def test_a_constraint_refuses_what_a_missing_check_would_let_through(
    till: Till, thing: str
) -> None:
    """The control of the constraints: nobody looks first, and still nothing is there twice."""
    bought = usable(till)
    asked(bought)

    def write() -> None:
        with db.transaction() as session:
            payment = payment_of(session, bought)
            pack = session.exec(select(Pack).where(Pack.order_id == bought.order_id)).one()
            match thing:
                case "request":
                    row = decided(bought, payment, Money(PRICE, "EUR"))
                    row.decided_at, row.pack_id = None, pack.id
                    session.add(row)
                case "credits":
                    pack.reserved += 1
                case "refunded":
                    payment.refunded_minor += PRICE + 1
                case _:
                    row = decided(bought, payment, Money(PRICE, "EUR"))
                    row.provider_id = "re_the_same"
                    session.add(row)

    results = together([write] * 5)

    written = 1 if thing == "provider" else 0
    assert len(succeeded(results)) == written
    assert refusals(results) == [IntegrityError.__name__] * (5 - written)


def bookable(till: Till) -> Bought:
    """The same, and the mentor can be booked."""
    bought = usable(till)
    with db.reading() as session:
        mentor = session.get_one(Mentor, bought.shop.mentor_id)
        mentee = session.get_one(User, bought.buyer.id)
    open_hours(mentor)
    onboarded(mentee)
    return bought


def make_at_provider(bought: Bought, refund: str) -> None:
    """The provider has got our request, and nobody has heard its answer yet."""
    with db.reading() as session:
        payment = payment_of(session, bought)
    payments(payment.provider).create_refund(
        NewRefund(
            refund=refund,
            attempt=1,
            payment_id=payment.provider_id,
            amount=Money(PRICE, "EUR"),
        )
    )


def payment_of(session: Session, bought: Bought) -> Payment:
    """The payment of an order."""
    return session.exec(select(Payment).where(Payment.order_id == bought.order_id)).one()


def decided(bought: Bought, payment: Payment, amount: Money) -> Refund:
    """A decided refund, unwritten."""
    return Refund(
        order_id=bought.order_id,
        payment_id=payment.id,
        provider=payment.provider,
        amount_minor=amount.minor,
        currency=amount.currency,
        source=RefundSource.ADMIN,
        reason=RefundReason.GOODWILL,
        decided_at=clock.utc_now(),
    )

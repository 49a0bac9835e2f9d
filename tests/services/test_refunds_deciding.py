"""Admins decide about refunds and start them: the amount is reckoned under the locks, only the
pack's own sessions end, and what is too much needs two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services import checkout, db, packs, refunds, sessions
from services.audit import Actor
from services.errors import AppError, Conflict, InvalidInput, NotAllowed, NotFound
from services.models import (
    MentoringSession,
    OrderStatus,
    OutboxMessage,
    PackStatus,
    RefundReason,
    RefundScope,
    RefundStatus,
    SeatStatus,
    SessionStatus,
)
from services.money import Money
from tests.services.refunding import DAY, Sale, a_sale, euros, freeze
from tests.services.rows import a_user, acting, an_admin, an_offer, saved
from tests.support.studio import BEGINNING, Studio, stored

S, R = RefundScope, RefundStatus
GONE = (PackStatus.REFUNDED, 0, 0, 0)


def start(sale: Sale, scope: RefundScope, *, by: Actor | None = None, **asked: Any) -> str:
    """An admin gives money back."""
    return refunds.start(actor=by or sale.admin, order=sale.order, scope=scope, **asked)


def refused(sale: Sale, error: type[AppError], call: Callable[[], object]) -> str:
    """The call is refused in these words, and neither money nor credits moved."""
    before = (sale.credits(), sale.gone_back(), sale.at_provider(), sale.seat())
    messages = len(stored(OutboxMessage))
    with pytest.raises(error) as caught:
        call()
    sale.studio.send()
    assert (sale.credits(), sale.gone_back(), sale.at_provider(), sale.seat()) == before
    assert len([m for m in stored(OutboxMessage) if m.kind == "refund"]) <= messages
    return caught.value.message


def test_an_approved_refund_goes_back_and_ends_the_pack_and_its_seat(studio: Studio) -> None:
    sale = a_sale(studio)
    [booked] = sale.book(BEGINNING + 3 * DAY)
    refunds.decide(actor=sale.admin, refund=sale.ask(), approve=True, note="Of course.")
    assert sale.credits() == (PackStatus.ACTIVE, 4, 0, 4)
    assert sale.at_provider() == []
    studio.send()
    assert (sale.status(), sale.credits()) == (R.SUCCEEDED, GONE)
    assert (sale.at_provider(), sale.gone_back()) == ([12_000], 12_000)
    assert studio.order(sale.order).status is OrderStatus.REFUNDED
    assert sale.seat() is SeatStatus.RELEASED
    [session] = stored(MentoringSession)
    assert (session.public_id, session.status) == (booked, SessionStatus.CANCELED)
    studio.send()
    for address in ("nora.novak@example.com", "mina.mentor@example.com"):
        assert any(mail.startswith("Canceled: ") for mail in studio.mails(address))
    assert studio.mails("nora.novak@example.com").count("€120.00 is on its way back to you") == 1


def test_nothing_is_sent_before_somebody_has_decided(studio: Studio) -> None:
    sale = a_sale(studio)
    refund = sale.ask()
    refunds.send(refund=refund)
    studio.send()
    assert (sale.at_provider(), sale.status()) == ([], R.REQUESTED)


def test_only_the_refunded_packs_own_sessions_end_and_the_seat_follows_all_packs(
    studio: Studio,
) -> None:
    sale = a_sale(studio, capacity=3)
    [first] = sale.book(BEGINNING + 3 * DAY)
    renewal = an_offer(sale.mentor, 20_000)
    order = checkout.start(actor=sale.buyer, offer=renewal.public_id).order
    studio.pay(order)
    studio.deliver()
    other = Sale(studio, sale.mentor, sale.mentee, order, sale.admin)
    assert len(sale.book(*(BEGINNING + n * DAY for n in range(4, 8)))) == 4
    assert (sale.credits()[2], other.credits()[2]) == (4, 1)
    refunds.decide(actor=sale.admin, refund=sale.ask(), approve=True)
    studio.send()
    ended = {s.public_id for s in stored(MentoringSession) if s.status is SessionStatus.CANCELED}
    assert len(ended) == 4
    assert first in ended
    assert other.credits() == (PackStatus.ACTIVE, 4, 1, 0)
    assert other.seat() is SeatStatus.ACTIVE


def test_the_amount_is_reckoned_again_when_it_is_approved(studio: Studio) -> None:
    sale = a_sale(studio)
    [booked] = sale.book(BEGINNING + 2 * DAY)
    refund = sale.ask()
    studio.wait(days=2, hours=3)
    sessions.decide(
        actor=sale.admin, session=booked, outcome=SessionStatus.COMPLETED, note="It was held."
    )
    assert sale.views()[0].now == euros(9_000)
    refunds.decide(actor=sale.admin, refund=refund, approve=True)
    studio.send()
    assert (sale.at_provider(), sale.credits()) == ([9_000], GONE)
    assert studio.order(sale.order).status is OrderStatus.PAID


def test_the_second_of_two_admins_is_told_and_the_money_goes_once(studio: Studio) -> None:
    sale = a_sale(studio)
    refund, second = sale.ask(), acting(an_admin("Bela Boss"))
    for _ in range(2):
        refunds.decide(actor=sale.admin, refund=refund, approve=True)
    for approve in (True, False):
        with pytest.raises(Conflict, match="decided about this refund already"):
            refunds.decide(actor=second, refund=refund, approve=approve, note="Too late.")
    studio.send()
    assert sale.at_provider() == [12_000]
    assert sale.refund().decided_by == sale.admin.user_id


def test_nobody_decides_about_their_own_money(studio: Studio) -> None:
    sale = a_sale(studio)
    refund = sale.ask()
    sale.mentee.is_admin = True
    saved(sale.mentee)
    for call in (
        lambda: refunds.decide(actor=sale.buyer, refund=refund, approve=True),
        lambda: start(sale, S.WHOLE, by=sale.buyer),
    ):
        assert "your own" in refused(sale, NotAllowed, call)


def test_mentees_and_mentors_start_and_decide_nothing(studio: Studio) -> None:
    sale = a_sale(studio)
    refund = sale.ask()
    for call in (
        lambda: start(sale, S.WHOLE, by=sale.buyer),
        lambda: refunds.decide(actor=sale.buyer, refund=refund, approve=True),
        lambda: refunds.approve_second(actor=sale.buyer, refund=refund, approve=True),
        lambda: refunds.pay_by_hand(actor=sale.buyer, refund=refund, note="In cash."),
        lambda: refunds.restore(actor=sale.buyer, refund=refund, note="Please."),
        lambda: refunds.close_sessions(actor=sale.buyer, refund=refund, sessions=1),
    ):
        refused(sale, NotAllowed, call)


def test_some_unused_sessions_go_back_and_the_pack_goes_on_with_the_others(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    before = sale.pack().expires_at
    kept, last = sale.book(BEGINNING + 3 * DAY, BEGINNING + 4 * DAY)
    start(sale, S.UNUSED, sessions=3)
    studio.send()
    assert (sale.at_provider(), sale.credits()) == ([9_000], (PackStatus.ACTIVE, 1, 1, 0))
    states = {session.public_id: session.status for session in stored(MentoringSession)}
    assert states == {kept: SessionStatus.SCHEDULED, last: SessionStatus.CANCELED}
    assert sale.pack().expires_at == before
    assert sale.seat() is SeatStatus.ACTIVE
    assert studio.order(sale.order).status is OrderStatus.PAID


def test_all_that_is_left_goes_back_with_the_used_sessions_too(studio: Studio) -> None:
    sale = a_sale(studio, price=10_000, count=3)
    sale.hold_session()
    start(sale, S.WHOLE, note="We are sorry.", reason=RefundReason.GOODWILL)
    studio.send()
    assert (sale.at_provider(), sale.credits()) == ([10_000], GONE)
    assert studio.order(sale.order).status is OrderStatus.REFUNDED


def test_an_expired_pack_is_refunded_as_goodwill(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.wait(days=46)
    packs.expire_due()
    start(sale, S.OTHER, amount=euros(3_000), note="For the one you missed.")
    studio.send()
    assert (sale.at_provider(), sale.credits()[0]) == ([3_000], PackStatus.EXPIRED)


def test_never_more_than_was_paid_less_what_went_back(studio: Studio) -> None:
    sale = a_sale(studio)
    start(sale, S.OTHER, amount=euros(2_000), note="The room was cold.")
    studio.send()
    assert (sale.quote().amount, sale.credits()[1]) == (euros(10_000), 4)
    said = refused(
        sale,
        InvalidInput,
        lambda: start(sale, S.OTHER, amount=euros(10_001), note="All of it."),
    )
    assert said == "At most €100.00 can go back."
    refunds.decide(actor=sale.admin, refund=sale.ask(), approve=True)
    studio.send()
    assert (sale.at_provider(), sale.credits()) == ([10_000, 2_000], GONE)
    assert studio.order(sale.order).status is OrderStatus.REFUNDED
    refused(sale, Conflict, lambda: start(sale, S.WHOLE))


def test_amounts_that_cannot_be_are_refused_with_the_reason(studio: Studio) -> None:
    sale = a_sale(studio)
    impossible: list[dict[str, Any]] = [
        {"amount": Money(1_000, "USD"), "note": "Dollars."},
        {"amount": euros(0), "note": "Nothing."},
        {"amount": euros(-5), "note": "Less."},
        {"amount": None, "note": "How much?"},
        {"amount": euros(1_000), "note": ""},
        {"amount": euros(1_000), "note": "Five.", "sessions": 5},
        {"amount": euros(1_000), "note": "Why.", "reason": RefundReason.NO_PLACE},
    ]
    for asked in impossible:
        refused(sale, InvalidInput, lambda a=asked: start(sale, S.OTHER, **a))
    refused(sale, InvalidInput, lambda: start(sale, S.UNUSED, sessions=5))
    refused(sale, InvalidInput, lambda: start(sale, S.UNUSED, sessions=0))
    refused(
        sale,
        NotFound,
        lambda: refunds.start(actor=sale.admin, order="ord_unknown", scope=S.WHOLE),
    )


def test_another_amount_above_the_limit_needs_two_admins(studio: Studio) -> None:
    sale = a_sale(studio, price=60_000)
    second = acting(an_admin("Bela Boss"))
    refund = start(sale, S.OTHER, amount=euros(20_001), note="A hard year.", sessions=1)
    studio.send()
    assert (sale.status(), sale.at_provider()) == (R.REQUESTED, [])
    assert sale.credits() == (PackStatus.ACTIVE, 4, 0, 1)
    assert studio.alert(refund) in studio.mails("bela.boss@example.com")
    said = refused(
        sale,
        NotAllowed,
        lambda: refunds.approve_second(actor=sale.admin, refund=refund, approve=True),
    )
    assert "another admin" in said
    refused(sale, Conflict, lambda: refunds.decide(actor=second, refund=refund, approve=True))
    refunds.approve_second(actor=second, refund=refund, approve=True)
    refunds.approve_second(actor=second, refund=refund, approve=True)
    studio.send()
    assert (sale.at_provider(), sale.credits()) == ([20_001], (PackStatus.ACTIVE, 3, 0, 0))


def test_what_the_sessions_were_paid_needs_one_admin_however_much_it_is(studio: Studio) -> None:
    sale = a_sale(studio, price=60_000)
    refunds.decide(actor=sale.admin, refund=sale.ask(), approve=True)
    studio.send()
    assert sale.at_provider() == [60_000]


def test_the_first_admin_may_take_it_back_before_the_second_answers(studio: Studio) -> None:
    sale = a_sale(studio, price=60_000)
    refund = start(sale, S.OTHER, amount=euros(30_000), note="A hard year.", sessions=2)
    studio.wait(days=1)
    refunds.approve_second(actor=sale.admin, refund=refund, approve=False, note="A mistake.")
    studio.send()
    assert (sale.status(), sale.at_provider()) == (R.DENIED, [])
    assert sale.credits() == (PackStatus.ACTIVE, 4, 0, 0)


def test_one_refund_of_an_order_at_a_time(studio: Studio) -> None:
    sale = a_sale(studio)
    sale.ask()
    said = refused(sale, Conflict, lambda: start(sale, S.WHOLE))
    assert said == "A refund of this order is under way already."


def test_a_dispute_comes_first(studio: Studio) -> None:
    sale = a_sale(studio)
    refund = sale.ask()
    freeze(sale)
    for call in (
        lambda: refunds.decide(actor=sale.admin, refund=refund, approve=True),
        lambda: start(sale, S.WHOLE),
    ):
        refused(sale, Conflict, call)
    refunds.decide(actor=sale.admin, refund=refund, approve=False, note="The bank decides.")
    assert sale.pack().paused_at is not None


def test_an_open_renewal_keeps_the_seat_until_it_is_paid(studio: Studio) -> None:
    sale = a_sale(studio)
    renewal = an_offer(sale.mentor, 20_000)
    order = checkout.start(actor=sale.buyer, offer=renewal.public_id).order
    refunds.decide(actor=sale.admin, refund=sale.ask(), approve=True)
    studio.send()
    assert sale.seat() is SeatStatus.GRACE
    studio.pay(order)
    studio.deliver()
    assert sale.seat() is SeatStatus.ACTIVE


def test_money_that_fitted_no_order_goes_back_when_an_admin_says_so(studio: Studio) -> None:
    sale = a_sale(studio, capacity=3)
    other = checkout.start(
        actor=acting(a_user("Willy Wrong")), offer=an_offer(sale.mentor, 9_000).public_id
    ).order
    page = studio.another_page(other, euros(5_000))
    studio.pay(other, checkout=page)
    studio.deliver()
    assert studio.order(other).status is OrderStatus.FAILED
    refunds.start(actor=sale.admin, order=other, scope=S.WHOLE)
    studio.send()
    assert [refund["amount"] for refund in studio.refunds()] == [5_000]
    assert studio.order(other).status is OrderStatus.REFUNDED


def test_the_queue_says_who_waits_and_what_would_go_back(studio: Studio) -> None:
    sale = a_sale(studio)
    refund = sale.ask("I am moving away.")
    with db.reading() as session:
        queue = refunds.list_queue(session, actor=sale.admin)
        with pytest.raises(NotAllowed):
            refunds.list_queue(session, actor=sale.buyer)
    [waiting] = queue.waiting
    assert (waiting.public_id, waiting.now, waiting.unused) == (refund, euros(12_000), 4)
    assert (waiting.note, waiting.mentee_name) == ("I am moving away.", "Nora Novak")
    assert (queue.troubled, queue.underway, queue.recent) == ((), (), ())

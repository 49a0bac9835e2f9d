"""One rule each: what goes back by which scope, what one admin may give alone, who waits for an
admin, what the buyer reads, and how a request ends when its money went back without it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from services import db, refunds, sessions
from services.clock import utc_now
from services.config import settings
from services.errors import Conflict
from services.models import (
    Order,
    PackStatus,
    Refund,
    RefundReason,
    RefundRemedy,
    RefundScope,
    RefundSource,
    RefundStatus,
    SessionStatus,
)
from services.money import Money
from services.refunds import RefundFace, RefundView, amounts, cases, trouble
from tests.services.disputing import apply, lost
from tests.services.refunding import DAY, HOUR, Sale, a_sale, euros
from tests.services.rows import acting, an_admin
from tests.support.studio import BEGINNING, Studio, stored

S, R = RefundScope, RefundStatus


def start(sale: Sale, scope: RefundScope = S.OTHER, **asked: Any) -> str:
    """One admin gives money back."""
    note = asked.pop("note", "A hard year.")
    return refunds.start(actor=sale.admin, order=sale.order, scope=scope, note=note, **asked)


def as_buyer(sale: Sale) -> tuple[RefundView, ...]:
    """The order's refunds as its buyer reads them."""
    with db.reading() as session:
        return refunds.list_of(session, actor=sale.buyer, order=sale.order)


def test_one_admin_does_not_pass_the_limit_in_pieces(studio: Studio) -> None:
    sale = a_sale(studio, price=100_000)
    start(sale, amount=euros(15_000))
    studio.send()
    start(sale, amount=euros(5_000))
    studio.send()
    assert sale.at_provider() == [5_000, 15_000]
    start(sale, amount=euros(100))
    studio.send()
    assert (sale.status(), sale.refund().needs_second) == (R.REQUESTED, True)
    assert sale.at_provider() == [5_000, 15_000]


def test_what_two_admins_gave_and_what_sessions_were_paid_leave_one_admin_the_limit(
    studio: Studio,
) -> None:
    sale = a_sale(studio, price=200_000)
    second = acting(an_admin("Bela Boss"))
    start(sale, S.UNUSED, sessions=1)
    studio.send()
    refunds.approve_second(actor=second, refund=start(sale, amount=euros(30_000)), approve=True)
    studio.send()
    start(sale, amount=euros(20_000))
    studio.send()
    assert sale.at_provider() == [20_000, 30_000, 50_000]


def test_a_currency_that_the_limit_is_not_in_always_needs_two_admins(studio: Studio) -> None:
    assert settings().studio_currency == "EUR"
    sale = a_sale(studio, price=90_000, currency="JPY")
    start(sale, amount=Money(100, "JPY"))
    assert sale.refund().needs_second
    studio.send()
    assert sale.at_provider() == []


def test_an_amount_that_changed_while_an_admin_looked_is_not_sent(studio: Studio) -> None:
    sale = a_sale(studio)
    [booked] = sale.book(BEGINNING + 2 * DAY)
    refund = sale.ask()
    studio.wait(days=2, hours=3)
    held = SessionStatus.COMPLETED
    sessions.decide(actor=sale.admin, session=booked, outcome=held, note="It was held.")
    with pytest.raises(Conflict, match=r"€90\.00 would go back now"):
        refunds.decide(actor=sale.admin, refund=refund, approve=True, amount=euros(12_000))
    studio.send()
    assert (sale.status(), sale.at_provider()) == (R.REQUESTED, [])
    refunds.decide(actor=sale.admin, refund=refund, approve=True, amount=euros(9_000))
    studio.send()
    assert sale.at_provider() == [9_000]


def test_what_admins_write_to_each_other_is_not_the_buyers_to_read(studio: Studio) -> None:
    sale = a_sale(studio, price=60_000)
    second = acting(an_admin("Bela Boss"))
    refund = start(sale, amount=euros(30_000))
    assert as_buyer(sale) == ()
    assert sale.quote().why_not == "A refund of this order is under way already."
    refunds.approve_second(actor=second, refund=refund, approve=False, note="Looks like fraud.")
    assert as_buyer(sale) == ()
    assert [view.decision_note for view in sale.views()] == ["Looks like fraud."]
    refund = start(sale, amount=euros(30_000), note="For your trouble.")
    refunds.approve_second(actor=second, refund=refund, approve=True, note="He is a friend.")
    [shown] = as_buyer(sale)
    assert (shown.note, shown.decision_note) == ("For your trouble.", "")


@pytest.mark.parametrize("gone", ["at the provider", "by the bank"])
def test_a_request_whose_money_went_back_without_it_ends_and_the_buyer_hears_of_it(
    studio: Studio, gone: str
) -> None:
    sale = a_sale(studio)
    refund = sale.ask()
    if gone == "by the bank":
        apply(lost(sale))
    else:
        studio.refund_in_dashboard(sale.order, 12_000)
        studio.deliver()
    [view] = [one for one in sale.views() if one.public_id == refund]
    by_bank = gone == "by the bank"
    assert view.face is (RefundFace.BY_BANK if by_bank else RefundFace.ELSEWHERE)
    studio.send()
    mails = studio.mails("nora.novak@example.com")
    assert mails.count("Your request for €120.00 is over") == 1
    with db.reading() as session:
        assert not refunds.open_for(session, user_id=sale.mentee.id)
    assert sale.credits()[0] is PackStatus.REFUNDED


def test_the_page_the_queue_and_the_decision_reckon_alike_for_every_scope(studio: Studio) -> None:
    """With sessions that were held, are under way, and are to come."""
    sale = a_sale(studio, price=10_000, count=5)
    sale.hold_session()
    start_of_one = BEGINNING + 4 * DAY
    sale.book(start_of_one, BEGINNING + 6 * DAY)
    studio.wait_until(start_of_one + HOUR / 2)
    quote = sale.quote()
    assert (quote.sessions, quote.amount, quote.most) == (3, euros(6_000), euros(10_000))
    seen: dict[RefundScope, int] = {}
    for scope, sessions_, minor in ((S.UNUSED, 2, 4_000), (S.OTHER, None, 7_000)):
        with db.transaction() as tx:
            case = cases.read(tx, tx.exec(select(Order)).one())
            amount = euros(7_000) if scope is S.OTHER else None
            plan = amounts.plan(tx, case, scope=scope, sessions=sessions_, amount=amount)
            assert case.pack is not None
            row = Refund(
                order_id=case.order.id,
                payment_id=case.paid.id,
                pack_id=case.pack.id,
                provider=case.paid.provider,
                scope=scope,
                sessions=plan.sessions,
                amount_minor=minor,
                currency="EUR",
                source=RefundSource.ADMIN,
                reason=RefundReason.GOODWILL,
                needs_second=True,
                decided_by=sale.admin.user_id,
            )
            tx.add(row)
            tx.flush()
            [waiting] = refunds.list_queue(tx, actor=sale.admin).waiting
            assert waiting.now == plan.amount
            assert waiting.unused == quote.sessions
            seen[scope] = plan.amount.minor
            tx.rollback()
    assert seen == {S.UNUSED: 4_000, S.OTHER: 7_000}


def test_who_needs_an_admin_is_asked_alike_in_the_database_and_of_a_row(studio: Studio) -> None:
    sale = a_sale(studio)
    sale.ask()
    [row] = stored(Refund)
    shapes = [
        {
            "status": status,
            "source": source,
            "decided_at": decided,
            "remedy": remedy,
            "remedied_at": remedy and utc_now(),
            "sessions": number,
        }
        for status in R
        for source in (RefundSource.MENTEE, RefundSource.PROVIDER)
        for decided in (None, utc_now())
        for remedy in (None, RefundRemedy.NOTHING)
        for number in (None, 1)
        if decided or status in {R.REQUESTED, R.CANCELED}
    ]
    rules = (
        (trouble.waits(), trouble.is_waiting),
        (trouble.failed(), trouble.has_failed),
        (trouble.unexplained(), trouble.is_unexplained),
    )
    answers = {True: 0, False: 0}
    for shape in shapes:
        with db.transaction() as tx:
            refund = tx.get_one(Refund, row.id)
            for name, value in shape.items():
                setattr(refund, name, value)
            tx.flush()
            for asked, of_row in rules:
                found = tx.exec(select(Refund.id).where(asked, col(Refund.id) == row.id)).all()
                assert bool(found) is of_row(refund), shape
                answers[bool(found)] += 1
            tx.rollback()
    assert min(answers.values()) > 5

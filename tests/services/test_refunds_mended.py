"""Refunds that end otherwise than they began: sent after they were given up, or sent back."""

from __future__ import annotations

from datetime import datetime

import pytest

from services import checkout, clock, db, refunds, sessions
from services.errors import Conflict, InvalidInput
from services.models import (
    Account,
    OrderStatus,
    OutboxMessage,
    PackStatus,
    Payment,
    Posting,
    Refund,
    RefundReason,
    RefundScope,
    RefundStatus,
    SessionStatus,
    UnmatchedKind,
    UnmatchedMoney,
)
from services.providers.payments.base import ProviderRefund, RefundState
from services.refunds import RefundFace
from tests.services.refunding import DAY, HOUR, Sale, a_sale, euros
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import Studio, stored

GONE = (PackStatus.REFUNDED, 0, 0, 0)
S = RefundState


def soon(days: int = 2) -> datetime:
    """A full hour some days ahead."""
    return clock.utc_now().replace(minute=0, second=0, microsecond=0) + days * DAY + HOUR


def alerts(code: str) -> int:
    """How many mails tell the admins of something."""
    return sum(one.data.get("alert") == code for one in stored(OutboxMessage))


def standing(account: Account) -> int:
    """What stands on an account in all."""
    return sum(
        one.amount_minor * ((one.debit is account) - (one.credit is account))
        for one in stored(Posting)
    )


def told(payment: Payment, state: S, **more: object) -> bool:
    """The provider shows a refund of a whole payment, made in its dashboard."""
    fields: dict[str, object] = {
        "id": "re_dashboard",
        "refund": "",
        "attempt": 0,
        "payment_id": payment.provider_id,
        "amount": euros(payment.amount_minor),
        "state": state,
        "created_at": clock.utc_now(),
    }
    done = ProviderRefund(**(fields | more))  # type: ignore[arg-type]
    return refunds.apply_seen(provider="stripe", done=done)


def given_up(studio: Studio) -> tuple[Sale, str]:
    """The provider carried a refund of four sessions out, and we never heard of it."""
    sale = a_sale(studio)
    refund = sale.ask()
    refunds.decide(actor=sale.admin, refund=refund, approve=True)
    studio.fault("/v1/refunds", "drop_after", 3)
    studio.send()
    studio.lose_webhooks()
    refunds.give_up(refund=refund, reason="no answer")
    assert sale.credits() == (PackStatus.ACTIVE, 4, 0, 0)
    return sale, refund


def test_a_refund_that_was_given_up_and_sent_after_all_calls_off_what_was_booked_since(
    studio: Studio,
) -> None:
    sale, _ = given_up(studio)
    sale.book(soon())
    studio.reconcile()
    assert sale.status() is RefundStatus.SUCCEEDED
    assert sale.credits() == GONE
    assert alerts("refund_beyond_sessions") == 0


def test_a_session_that_has_begun_since_is_told_and_closed_when_it_does_not_take_place(
    studio: Studio,
) -> None:
    sale, _ = given_up(studio)
    [session] = sale.book(soon())
    studio.wait(days=2, hours=3)
    studio.reconcile()
    assert sale.refund().sessions == 3
    assert sale.credits() == (PackStatus.ACTIVE, 1, 1, 0)
    assert alerts("refund_beyond_sessions") == 1
    sessions.decide(
        actor=sale.admin,
        session=session,
        outcome=SessionStatus.MENTOR_NO_SHOW,
        note="Nobody was there.",
    )
    assert sale.credits() == GONE
    assert standing(Account.DEFERRED) == standing(Account.EARNED) == 0


def test_a_request_that_was_made_since_ends_with_the_refund_that_was_sent_after_all(
    studio: Studio,
) -> None:
    sale, _ = given_up(studio)
    again = sale.ask()
    studio.reconcile()
    rows = {row.public_id: row.status for row in stored(Refund)}
    assert rows.pop(again) is RefundStatus.CANCELED
    assert list(rows.values()) == [RefundStatus.SUCCEEDED]
    assert sale.credits() == GONE


def test_what_came_back_canceled_and_is_paid_in_the_dashboard_is_counted_once(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    refund = sale.ask()
    refunds.decide(actor=sale.admin, refund=refund, approve=True)
    studio.send()
    [payment] = stored(Payment)
    sent = {"id": sale.refund().provider_id, "refund": refund, "attempt": 1}
    told(payment, S.CANCELED, **sent)
    assert sale.refund().owed
    told(payment, S.SUCCEEDED)
    [row] = stored(Refund)
    assert (row.status, row.owed, row.provider_id) == (
        RefundStatus.SUCCEEDED,
        False,
        "re_dashboard",
    )
    assert standing(Account.REFUNDS) == 0


def returned_in_mid_session(studio: Studio) -> tuple[Sale, str, str]:
    """All was refunded in the dashboard while a session was under way, and came back."""
    sale = a_sale(studio)
    [session] = sale.book(soon())
    studio.wait_until(soon() + 2 * DAY)
    [payment] = stored(Payment)
    told(payment, S.SUCCEEDED)
    assert sale.credits() == (PackStatus.ACTIVE, 4, 1, 3)
    told(payment, S.FAILED)
    return sale, session, sale.refund().public_id


def test_a_pack_that_a_refund_only_held_can_be_used_when_the_refund_came_back(
    studio: Studio,
) -> None:
    sale, _, _ = returned_in_mid_session(studio)
    assert sale.credits() == (PackStatus.ACTIVE, 4, 1, 0)
    assert sale.pack().paused_at is None
    assert sale.book(soon(3))


def test_what_came_back_and_is_paid_another_way_closes_what_is_unused(studio: Studio) -> None:
    sale, session, refund = returned_in_mid_session(studio)
    refunds.pay_by_hand(actor=sale.admin, refund=refund, note="By bank transfer.")
    assert sale.credits() == (PackStatus.ACTIVE, 1, 1, 0)
    studio.wait(hours=2)
    sessions.decide(
        actor=sale.admin, session=session, outcome=SessionStatus.COMPLETED, note="It was held."
    )
    assert standing(Account.DEFERRED) == standing(Account.REFUNDS) == 0
    assert studio.order(sale.order).status is OrderStatus.REFUNDED


def test_what_came_back_and_is_sent_again_closes_what_is_unused_by_then(studio: Studio) -> None:
    sale, session, refund = returned_in_mid_session(studio)
    studio.wait(hours=2)
    sessions.decide(
        actor=sale.admin, session=session, outcome=SessionStatus.COMPLETED, note="It was held."
    )
    refunds.try_again(actor=sale.admin, refund=refund)
    studio.send()
    assert sale.status() is RefundStatus.SUCCEEDED
    assert sale.credits() == GONE
    assert standing(Account.DEFERRED) == 0


def misfits(studio: Studio, *prices: int) -> str:
    """An order for which other amounts than its price came."""
    an_admin()
    offer = an_offer(a_mentor())
    order = checkout.start(actor=acting(a_user("Nora Novak")), offer=offer.public_id).order
    for attempt, price in enumerate(prices, start=90):
        page = studio.another_page(order, euros(price), attempt=attempt)
        studio.pay(order, checkout=page)
    studio.deliver()
    assert [one.amount_minor for one in stored(Payment)] == [*prices]
    return order


def start_whole(order: str) -> str:
    """An admin gives all of it back."""
    return refunds.start(
        actor=acting(an_admin(f"Ada Admin {len(stored(Refund))}")),
        order=order,
        scope=RefundScope.WHOLE,
        reason=RefundReason.GOODWILL,
    )


def test_money_that_fitted_nothing_and_went_back_in_the_dashboard_is_not_paid_by_hand_too(
    studio: Studio,
) -> None:
    order = misfits(studio, 5_000)
    refund = start_whole(order)
    refunds.give_up(refund=refund, reason="refused")
    told(stored(Payment)[0], S.SUCCEEDED)
    with pytest.raises(Conflict, match="cannot go back any more"):
        refunds.pay_by_hand(
            actor=acting(an_admin("Ben Boss")), refund=refund, note="By bank transfer."
        )
    assert standing(Account.UNMATCHED) == standing(Account.BY_HAND) == 0


def test_every_payment_that_fitted_nothing_can_be_given_back(studio: Studio) -> None:
    order = misfits(studio, 5_000, 6_000)
    for _ in range(2):
        start_whole(order)
        studio.send()
    assert [one.refunded_minor for one in stored(Payment)] == [5_000, 6_000]


def test_sessions_that_cost_nothing_are_refused_in_words(studio: Studio) -> None:
    """Fifty cents for a hundred sessions: the last fifty cost nothing."""
    sale = a_sale(studio, price=50, count=100)
    with pytest.raises(Conflict, match="not paid for"):
        refunds.start(actor=sale.admin, order=sale.order, scope=RefundScope.UNUSED, sessions=1)


def test_all_of_the_money_does_not_go_back_without_the_sessions(studio: Studio) -> None:
    sale = a_sale(studio)

    def start(sessions: int) -> str:
        return refunds.start(
            actor=sale.admin,
            order=sale.order,
            scope=RefundScope.OTHER,
            sessions=sessions,
            amount=euros(12_000),
            note="Sorry about that.",
        )

    with pytest.raises(InvalidInput, match="close all 4"):
        start(0)
    start(4)
    studio.send()
    assert sale.credits() == GONE


def test_a_failed_refund_that_nobody_needs_any_more_leaves_the_queue(studio: Studio) -> None:
    sale, refund = given_up(studio)
    with db.reading() as session:
        [stuck] = refunds.list_queue(session, actor=sale.admin).troubled
    assert (stuck.public_id, stuck.failed, stuck.dismissable) == (refund, True, True)
    with pytest.raises(InvalidInput):
        refunds.dismiss(actor=sale.admin, refund=refund, note="")
    for _ in range(2):
        refunds.dismiss(actor=sale.admin, refund=refund, note="You keep the sessions.")
    with db.reading() as session:
        assert refunds.list_queue(session, actor=sale.admin).troubled == ()
    assert sale.views()[0].face is RefundFace.CLOSED
    with pytest.raises(Conflict):
        refunds.pay_by_hand(actor=sale.admin, refund=refund, note="By bank transfer.")
    studio.reconcile()  # it had gone out after all
    assert (sale.status(), sale.views()[0].face) == (RefundStatus.SUCCEEDED, RefundFace.DONE)


def test_what_the_buyer_has_coming_cannot_be_dismissed(studio: Studio) -> None:
    sale, _, refund = returned_in_mid_session(studio)
    with pytest.raises(Conflict, match="has this money coming"):
        refunds.dismiss(actor=sale.admin, refund=refund, note="Forget it.")


def test_a_dashboard_refund_that_never_went_through_needs_nobody(studio: Studio) -> None:
    sale = a_sale(studio)
    [payment] = stored(Payment)
    told(payment, S.PENDING)
    told(payment, S.FAILED)
    with db.reading() as session:
        assert refunds.list_queue(session, actor=sale.admin).troubled == ()


def test_what_was_paid_another_way_and_had_gone_out_after_all_is_money_too_much(
    studio: Studio,
) -> None:
    sale, refund = given_up(studio)
    refunds.pay_by_hand(actor=sale.admin, refund=refund, note="By bank transfer.")
    studio.reconcile()
    [twice] = stored(UnmatchedMoney)
    assert (twice.kind, twice.amount_minor) == (UnmatchedKind.REFUND, 12_000)
    assert standing(Account.REFUNDS) == 0
    assert sale.credits() == GONE

"""What no webhook told is found by looking, at either provider: repaired, or reported; and nothing
hides anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from services import clock, db, reconciliation, unmatched
from services.checkout import settlement
from services.models import (
    Dispute,
    DisputeStatus,
    Order,
    OrderStatus,
    Pack,
    PackStatus,
    Payment,
    Posting,
    PostingKind,
    Refund,
    RefundStatus,
    SeatStatus,
    UnmatchedMoney,
)
from services.reconciliation import Outcome
from tests.services.comparing import compared, difference, overview, standing, till
from tests.services.rows import a_mentor, acting, an_admin, an_offer
from tests.services.tills import StripeTill, Till
from tests.support.studio import Studio, stored

__all__ = ["till"]


def test_everything_matches_and_the_run_says_so(till: Till) -> None:
    till.bought()
    assert reconciliation.reconcile() == Outcome(checked=1)
    run = standing(till).latest
    assert run is not None
    assert run.matches
    assert (run.checked, run.days) == (1, 3)
    assert overview().found == ()


def test_a_pack_is_usable_within_five_minutes_although_every_webhook_was_lost(till: Till) -> None:
    """The buyer closes the browser after the last step there is for a buyer: what was only
    approved is taken."""
    studio, order = till.studio, till.starts()
    till.agrees(order)
    for minute in range(1, 6):
        studio.lose_webhooks()
        studio.wait(minutes=1)
        studio.sweep()
        if minute == 4:
            studio.reconcile()
    assert studio.order(order).status is OrderStatus.PAID
    assert studio.seat(order).status is SeatStatus.ACTIVE
    assert [pack.status for pack in stored(Pack)] == [PackStatus.ACTIVE]


def test_money_of_an_order_that_was_given_up_is_found_by_its_payment(till: Till) -> None:
    """Nobody looks at the order any more: only the provider's list has it."""
    studio, order = till.studio, till.unheard()
    with db.transaction() as session:
        row = session.get_one(Order, studio.order(order).id)
        row.status, row.ended_at = OrderStatus.EXPIRED, clock.utc_now()
    assert compared() == (1, 0)
    assert studio.order(order).status is OrderStatus.PAID
    assert compared() == (0, 0)
    assert len(stored(Payment)) == len(stored(Pack)) == 1
    [told] = overview().found
    assert (told.provider.value, told.repaired) == (till.vendor, 1)


def test_a_refund_made_in_the_dashboard_without_a_webhook_is_found_once(till: Till) -> None:
    studio, order = till.studio, till.bought()
    till.refunds_in_dashboard(order, 12_000)
    studio.lose_webhooks()
    assert compared() == (1, 0)
    [refund] = stored(Refund)
    assert refund.status is RefundStatus.SUCCEEDED
    assert studio.order(order).status is OrderStatus.REFUNDED
    assert compared() == (0, 0)
    assert len(stored(Refund)) == 1


def test_payments_a_refund_and_a_dispute_that_were_all_lost_are_found_by_one_run(
    till: Till,
) -> None:
    offer = an_offer(a_mentor(capacity=3))
    first, second = till.unheard("Nora Novak", offer), till.unheard("Otto Other", offer)
    till.refunds_in_dashboard(first, 3_000)
    till.disputes(second)
    till.studio.lose_webhooks()
    assert compared() == (4, 0)
    assert compared() == (0, 0)
    assert [each.amount_minor for each in stored(Refund)] == [3_000]
    [dispute] = stored(Dispute)
    assert dispute.withdrawn
    assert {pack.status for pack in stored(Pack)} == {PackStatus.ACTIVE, PackStatus.FROZEN}


def test_a_bank_that_takes_more_than_was_left_differs_until_an_admin_has_settled_it(
    studio: Studio,
) -> None:
    till = StripeTill(studio)
    order = till.bought()
    till.refunds_in_dashboard(order, 3_000)
    till.disputes(order)
    studio.lose_webhooks()
    assert compared() == (1, 1)
    found = difference(till)
    assert (found.kind, found.waits) == ("dispute", True)
    [more] = stored(UnmatchedMoney)
    assert more.amount_minor == 3_000
    unmatched.settle(actor=acting(an_admin()), unmatched=more.public_id, note="Told the bank.")
    assert compared() == (0, 0)


def test_a_bank_that_decides_months_later_is_heard_without_a_webhook(till: Till) -> None:
    studio, order = till.studio, till.bought()
    till.disputes(order)
    studio.lose_webhooks()
    assert compared() == (1, 0)
    studio.wait(days=100)
    till.decides(order, "lost")
    studio.lose_webhooks()
    assert compared() == (1, 0)
    assert [each.status for each in stored(Dispute)] == [DisputeStatus.LOST]
    assert compared() == (0, 0)


def test_a_fee_that_was_unknown_is_learnt_once(till: Till) -> None:
    till.unheard()
    [seen] = till.listed()
    assert seen.fee is not None
    settlement.apply_payment(provider=till.vendor, payment=replace(seen, fee=None))
    assert stored(Payment)[0].fee_minor is None
    assert compared() == (1, 0)
    assert stored(Payment)[0].fee_minor == seen.fee.minor
    assert compared() == (0, 0)
    assert [each.kind for each in stored(Posting)].count(PostingKind.FEE) == 1


def test_an_amount_that_differs_is_told_with_its_order_and_hides_nothing(till: Till) -> None:
    offer = an_offer(a_mentor(capacity=3))
    first = till.bought("Nora Novak", offer)
    till.unheard("Otto Other", offer)
    [payment] = stored(Payment)
    _change(payment, currency="CHF")
    assert compared() == (1, 1)
    found = difference(till)
    assert (found.kind, found.provider_id, found.order) == ("payment", payment.provider_id, first)
    assert found.what.startswith(f"{till.name} says €120.00, here it is CHF120.00.")
    _change(payment, currency="EUR")
    assert compared() == (0, 0)


def test_a_payment_that_the_list_leaves_out_is_asked_for_by_its_id(till: Till) -> None:
    """It was written down later than it was made: the list of the last days does not have it."""
    order = till.unheard()
    [seen] = till.listed()
    till.studio.wait(days=4)
    settlement.apply_payment(provider=till.vendor, payment=seen)
    assert compared() == (0, 0)
    _change(stored(Payment)[0], provider_id="nobody_knows")
    assert compared() == (0, 1)
    found = difference(till)
    assert (found.provider_id, found.order) == ("nobody_knows", order)
    assert f"{till.name} does not know it" in found.what


def test_a_refund_that_the_provider_does_not_know_is_told_with_its_order(
    studio: Studio,
) -> None:
    till = StripeTill(studio)
    order = till.bought()
    till.refunds_in_dashboard(order, 3_000)
    till.studio.lose_webhooks()
    assert compared() == (1, 0)
    [refund] = stored(Refund)
    _change(refund, provider_id="nobody_knows")
    till.studio.wait(days=10)
    assert compared(timedelta(days=90))[1] == 1
    found = difference(till)
    assert (found.kind, found.provider_id, found.order) == ("refund", "nobody_knows", order)


def _change(row: Payment | Refund, **values: object) -> None:
    """Write into a row what no code of ours writes."""
    with db.transaction() as session:
        stored_row = session.get_one(type(row), row.id)
        for name, value in values.items():
            setattr(stored_row, name, value)


def test_money_of_an_order_that_nobody_knows_waits_until_an_admin_says_what_it_was(
    till: Till,
) -> None:
    till.takes_on(till.foreign_page("ord_lost"), "ord_lost")
    till.studio.lose_webhooks()
    assert compared() == compared() == (0, 1)
    found = difference(till)
    assert (found.kind, found.waits, found.order) == ("payment", True, "")
    [entry] = stored(UnmatchedMoney)
    assert (entry.provider.value, entry.amount_minor) == (till.vendor, 12_000)
    unmatched.settle(actor=acting(an_admin()), unmatched=entry.public_id, note="Sent back by hand.")
    assert compared() == (0, 0)


def test_what_somebody_else_sells_by_the_account_is_left_alone(till: Till) -> None:
    till.takes_on(till.foreign_page("another-shop-1"), "another-shop-1")
    till.studio.lose_webhooks()
    assert compared() == (0, 0)
    assert stored(UnmatchedMoney) == stored(Payment) == []

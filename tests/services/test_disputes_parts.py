"""Disputes about a part of the price, and those that end with a part of what they began with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services import clock, disputes, packs, reconciliation, sessions
from services.models import (
    Account,
    Dispute,
    DisputeStatus,
    Invoice,
    OrderStatus,
    PackStatus,
    Payment,
    Posting,
    ReconciliationRun,
    SeatStatus,
    SessionStatus,
    UnmatchedMoney,
)
from services.providers.payments.base import DisputeState, ProviderDispute
from tests.services.refunding import DAY, Sale, a_sale, euros
from tests.support.studio import Studio, stored

LIVE = PackStatus.ACTIVE


def chargeback(sale: Sale, minor: int) -> ProviderDispute:
    """The bank holds so much of the payment."""
    [payment] = stored(Payment)
    assert payment.order_id == sale.studio.order(sale.order).id
    return ProviderDispute(
        id="du_1",
        payment_id=payment.provider_id,
        amount=euros(minor),
        fee=None,
        state=DisputeState.OPEN,
        inquiry=False,
        withdrawn=True,
        reason="general",
        evidence_due_at=clock.utc_now() + 10 * DAY,
        created_at=clock.utc_now(),
    )


def apply(*seen: ProviderDispute) -> None:
    for each in seen:
        assert disputes.apply_seen(provider="stripe", seen=each)


def held_now() -> int:
    """What the provider has now, before its fees, as the ledger says."""
    return sum(
        one.amount_minor * ((one.debit is Account.PROVIDER) - (one.credit is Account.PROVIDER))
        for one in stored(Posting)
        if Account.FEES not in {one.debit, one.credit}
    )


@pytest.mark.parametrize(
    ("lost", "left"), [(1_000, 3), (3_000, 3), (3_001, 2), (4_000, 2), (9_000, 1), (11_999, 0)]
)
def test_a_part_that_is_lost_closes_the_sessions_that_are_not_paid_in_full_any_more(
    studio: Studio, lost: int, left: int
) -> None:
    """Four sessions of €30.00 each."""
    sale = a_sale(studio)
    seen = chargeback(sale, lost)
    apply(seen, replace(seen, state=DisputeState.LOST))
    status = LIVE if left else PackStatus.REFUNDED
    assert sale.credits() == (status, left, 0, 0)
    assert held_now() == 12_000 - lost
    assert studio.order(sale.order).status is OrderStatus.PAID
    assert [one.total_minor for one in stored(Invoice)] == [12_000, lost]


def test_the_last_part_that_is_lost_closes_all_that_is_left(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.refund_in_dashboard(sale.order, 6_000)  # and nobody says for which sessions
    studio.deliver()
    seen = chargeback(sale, 6_000)
    apply(seen, replace(seen, state=DisputeState.LOST))
    assert sale.credits() == (PackStatus.REFUNDED, 0, 0, 0)
    assert studio.order(sale.order).status is OrderStatus.REFUNDED


def test_sessions_that_are_booked_stay_while_enough_others_can_be_closed(studio: Studio) -> None:
    sale = a_sale(studio)
    soon = clock.utc_now().replace(minute=0) + 3 * DAY
    sale.book(soon, soon + DAY, soon + 2 * DAY)
    seen = chargeback(sale, 6_000)
    apply(seen, replace(seen, state=DisputeState.LOST))
    assert sale.credits() == (LIVE, 2, 2, 0)


def test_a_dispute_at_paypal_that_is_lost_in_part_takes_that_part(studio: Studio) -> None:
    sale = a_sale(studio, vendor="paypal")
    studio.dispute(sale.order)
    studio.deliver()
    assert held_now() == 0
    studio.close_dispute(sale.order, "lost", amount=4_000)
    studio.deliver()
    assert held_now() == 8_000
    [row] = stored(Dispute)
    assert (row.status, row.amount_minor, row.withdrawn) == (DisputeStatus.LOST, 4_000, True)
    assert sale.credits() == (LIVE, 2, 0, 0)
    reconciliation.reconcile()
    assert [run.differences for run in stored(ReconciliationRun)] == [[], []]
    assert stored(UnmatchedMoney) == []


def test_another_amount_at_the_provider_after_the_end_is_told(studio: Studio) -> None:
    sale = a_sale(studio, vendor="paypal")
    studio.dispute(sale.order)
    studio.close_dispute(sale.order, "lost", amount=4_000)
    [payment] = stored(Payment)
    early = replace(chargeback(sale, 12_000), id=studio.case(sale.order))
    disputes.apply_seen(provider="paypal", seen=replace(early, state=DisputeState.LOST))
    studio.lose_webhooks()
    reconciliation.reconcile()
    said = [each["what"] for run in stored(ReconciliationRun) for each in run.differences]
    assert said == [
        "PayPal took €40.00, and here it is €120.00. Compare the order with the provider's "
        "dashboard."
    ]
    assert payment.amount_minor == 12_000


def test_what_the_bank_holds_may_grow_and_shrink_until_it_decides(studio: Studio) -> None:
    sale = a_sale(studio)
    seen = chargeback(sale, 5_000)
    for minor in (5_000, 12_000, 5_000, 12_000, 7_000):
        apply(replace(seen, amount=euros(minor)))
        assert held_now() == 12_000 - minor
    apply(replace(seen, state=DisputeState.WON, withdrawn=False))
    assert held_now() == 12_000
    [payment] = stored(Payment)
    assert payment.disputed_minor == 0


def test_a_lost_dispute_that_took_nothing_leaves_what_was_asked_for(studio: Studio) -> None:
    """The provider paid the buyer itself."""
    sale = a_sale(studio)
    sale.ask()
    seen = chargeback(sale, 12_000)
    apply(replace(seen, state=DisputeState.LOST, withdrawn=False))
    assert held_now() == 12_000
    assert sale.refund().settled_at is None
    assert sale.credits() == (LIVE, 4, 0, 4)


def test_the_fee_of_a_dispute_follows_what_the_provider_says(studio: Studio) -> None:
    sale = a_sale(studio)
    seen = chargeback(sale, 12_000)
    for fee in (1_500, 1_500, 3_000, 0, 1_500):
        apply(replace(seen, fee=euros(fee)))
        [row] = stored(Dispute)
        of_dispute = [one for one in stored(Posting) if one.dispute_id == row.id]
        fees = sum(
            one.amount_minor * ((one.debit is Account.FEES) - (one.credit is Account.FEES))
            for one in of_dispute
        )
        assert (row.fee_minor, fees) == (fee, fee)


def in_mid_session(studio: Studio) -> tuple[Sale, str]:
    """A sale, and a session of it that has begun."""
    sale = a_sale(studio)
    [session] = sale.book(clock.utc_now().replace(minute=0) + 3 * DAY)
    studio.wait(days=3, minutes=5)
    return sale, session


def nobody_came(sale: Sale, session: str) -> None:
    sale.studio.wait(hours=2)
    sessions.decide(
        actor=sale.admin,
        session=session,
        outcome=SessionStatus.MENTOR_NO_SHOW,
        note="The mentor was ill.",
    )


def test_a_session_that_comes_back_after_all_was_lost_is_closed(studio: Studio) -> None:
    sale, session = in_mid_session(studio)
    seen = chargeback(sale, 12_000)
    apply(seen, replace(seen, state=DisputeState.LOST))
    assert sale.credits() == (LIVE, 1, 1, 0)
    nobody_came(sale, session)
    assert sale.credits() == (PackStatus.REFUNDED, 0, 0, 0)
    assert sale.seat() is SeatStatus.RELEASED


def test_a_session_of_an_ended_pack_that_comes_back_during_a_dispute_waits_for_its_end(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    studio.wait(days=43)
    [session] = sale.book(clock.utc_now().replace(minute=0) + 2 * DAY)
    studio.wait(days=2, minutes=5)
    packs.expire_due()
    assert sale.credits() == (PackStatus.EXPIRED, 1, 1, 0)
    seen = chargeback(sale, 12_000)
    apply(seen)
    nobody_came(sale, session)
    assert sale.credits() == (PackStatus.FROZEN, 1, 0, 0)
    apply(replace(seen, state=DisputeState.WON, withdrawn=False))
    assert sale.credits() == (LIVE, 1, 0, 0)


def test_an_ended_pack_is_over_again_when_its_dispute_is_won(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.wait(days=43)
    sale.book(clock.utc_now().replace(minute=0) + 2 * DAY)
    studio.wait(days=2, minutes=5)
    packs.expire_due()
    seen = chargeback(sale, 12_000)
    apply(seen, replace(seen, state=DisputeState.WON, withdrawn=False))
    assert sale.credits() == (PackStatus.EXPIRED, 1, 1, 0)

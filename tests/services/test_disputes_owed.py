"""A bank takes back what the buyer was owed anyway: it counts once, and nobody pays it twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services import checkout, clock, disputes, refunds
from services.errors import Conflict
from services.models import (
    Account,
    Invoice,
    OrderStatus,
    PackStatus,
    Payment,
    Posting,
    Refund,
    RefundRemedy,
    RefundStatus,
    UnmatchedKind,
    UnmatchedMoney,
)
from services.providers.payments.base import (
    DisputeState,
    ProviderDispute,
    ProviderRefund,
    RefundState,
)
from tests.services.refunding import DAY, Sale, a_sale, euros
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import REFUND_FAILS_LATER, Studio, stored

GONE = (PackStatus.REFUNDED, 0, 0, 0)


def chargeback(payment: Payment, minor: int = 12_000, *, lost: bool = True) -> None:
    """The bank takes so much of a payment, and keeps it unless told otherwise."""
    case = ProviderDispute(
        id="du_1",
        payment_id=payment.provider_id,
        amount=euros(minor),
        fee=None,
        state=DisputeState.OPEN,
        inquiry=False,
        withdrawn=True,
        reason="credit not processed",
        evidence_due_at=clock.utc_now() + 10 * DAY,
        created_at=clock.utc_now(),
    )
    disputes.apply_seen(provider="stripe", seen=case)
    if lost:
        disputes.apply_seen(provider="stripe", seen=replace(case, state=DisputeState.LOST))


def returned(studio: Studio) -> tuple[Sale, str]:
    """A sale whose refund the bank sent back: the buyer is owed €120.00."""
    sale = a_sale(studio, card=REFUND_FAILS_LATER)
    refund = sale.ask()
    refunds.decide(actor=sale.admin, refund=refund, approve=True)
    studio.send()
    studio.wait(minutes=1)
    studio.deliver()
    assert sale.refund().owed
    return sale, refund


def standing(account: Account) -> int:
    """What stands on an account in all."""
    return sum(
        one.amount_minor * ((one.debit is account) - (one.credit is account))
        for one in stored(Posting)
    )


def test_what_a_lost_dispute_takes_is_not_owed_any_more(studio: Studio) -> None:
    sale, refund = returned(studio)
    chargeback(stored(Payment)[0])
    row = sale.refund()
    assert (row.status, row.owed, row.remedy) == (
        RefundStatus.CANCELED,
        False,
        RefundRemedy.BY_BANK,
    )
    assert standing(Account.EARNED) == 0
    assert [one.total_minor for one in stored(Invoice)] == [12_000, 12_000]
    assert studio.order(sale.order).status is OrderStatus.REFUNDED
    with pytest.raises(Conflict):
        refunds.pay_by_hand(actor=sale.admin, refund=refund, note="Once more?")
    with pytest.raises(Conflict):
        refunds.restore(actor=sale.admin, refund=refund, note="Once more?")
    assert sale.credits() == GONE


def test_while_the_bank_decides_nobody_pays_what_came_back_or_restores_the_pack(
    studio: Studio,
) -> None:
    sale, refund = returned(studio)
    chargeback(stored(Payment)[0], lost=False)
    for remedy in (refunds.pay_by_hand, refunds.restore):
        with pytest.raises(Conflict, match="settling a dispute"):
            remedy(actor=sale.admin, refund=refund, note="Meanwhile.")
    with pytest.raises(Conflict, match="settling a dispute"):
        refunds.try_again(actor=sale.admin, refund=refund)
    assert sale.credits() == GONE


def test_a_part_that_the_bank_takes_lowers_what_is_owed(studio: Studio) -> None:
    sale, refund = returned(studio)
    chargeback(stored(Payment)[0], 5_000)
    assert (sale.refund().owed, sale.refund().amount_minor) == (True, 7_000)
    assert standing(Account.REFUNDS) == -7_000
    refunds.pay_by_hand(actor=sale.admin, refund=refund, note="The rest by bank transfer.")
    assert standing(Account.REFUNDS) == standing(Account.EARNED) == 0
    assert studio.order(sale.order).status is OrderStatus.REFUNDED
    assert [one.total_minor for one in stored(Invoice)] == [12_000, 12_000]


def paid_for_nothing(studio: Studio) -> Payment:
    """An order that was paid twice: the second payment is owed to the buyer."""
    admin = an_admin()
    offer = an_offer(a_mentor())
    order = checkout.start(actor=acting(a_user("Nora Novak")), offer=offer.public_id).order
    second = studio.another_page(order, euros(12_000))
    studio.pay(order)
    studio.deliver()
    studio.pay(order, checkout=second)
    studio.deliver()
    assert admin.id
    return stored(Payment)[1]


@pytest.mark.parametrize("minor", [12_000, 5_000])
def test_a_dispute_of_a_payment_for_nothing_takes_it_from_what_is_due_back(
    studio: Studio, minor: int
) -> None:
    chargeback(paid_for_nothing(studio), minor)
    studio.send()
    [row] = stored(Refund)
    rest = 12_000 - minor
    assert [one["amount"] for one in studio.refunds()] == ([rest] if rest else [])
    assert row.status is (RefundStatus.SUCCEEDED if rest else RefundStatus.CANCELED)
    assert not row.owed
    assert standing(Account.REFUNDS) == standing(Account.DISPUTES) == 0
    [_, second] = stored(Payment)
    assert (second.refunded_minor, second.disputed_minor) == (rest, minor)


def test_a_refund_that_arrives_after_the_bank_has_paid_it_is_money_too_much(
    studio: Studio,
) -> None:
    payment = paid_for_nothing(studio)
    [row] = stored(Refund)
    sent = ProviderRefund(
        id="re_late",
        refund=row.public_id,
        attempt=1,
        payment_id=payment.provider_id,
        amount=euros(12_000),
        state=RefundState.PENDING,
        created_at=clock.utc_now(),
    )
    refunds.apply_seen(provider="stripe", done=sent)
    chargeback(payment)
    for _ in range(2):
        refunds.apply_seen(provider="stripe", done=replace(sent, state=RefundState.SUCCEEDED))
    [twice] = stored(UnmatchedMoney)
    assert (twice.kind, twice.amount_minor) == (UnmatchedKind.REFUND, 12_000)
    [row] = stored(Refund)
    assert (row.status, row.remedy) == (RefundStatus.CANCELED, RefundRemedy.BY_BANK)

"""Money that goes back: once, whoever tells first, and never silently lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import audit, checkout, clock, db, operators, refunds
from services.errors import NotFound
from services.ids import OfferId
from services.models import (
    AuditEntry,
    OrderStatus,
    OutboxMessage,
    OutboxStatus,
    Pack,
    PackOffer,
    PackStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundReason,
    RefundStatus,
)
from services.money import Money
from services.providers.payments.base import ProviderRefund, RefundState
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import CARD, REFUND_FAILS_LATER, REFUND_PENDS, Studio, stored

LATER = timedelta(days=1)


def _paid(name: str = "Nora Novak") -> str:
    offer = an_offer(a_mentor(capacity=1))
    return checkout.start(actor=acting(a_user(name)), offer=offer.public_id).order


def _due_back(studio: Studio, card: str = CARD) -> str:
    """An order that was paid twice: the second payment, by `card`, is due to go back."""
    an_admin()
    order = _paid()
    second = studio.another_page(order, Money(12_000, "EUR"))
    studio.pay(order)
    studio.deliver()
    studio.pay(order, card=card, checkout=second)
    studio.deliver()
    [refund] = stored(Refund)
    assert refund.status is RefundStatus.REQUESTED
    return order


def _send_later(studio: Studio) -> None:
    studio.wait_until(clock.utc_now() + LATER)
    studio.send()


def _states() -> tuple[RefundStatus, PaymentStatus, int]:
    [refund] = stored(Refund)
    second = stored(Payment)[1]
    return refund.status, second.status, second.refunded_minor


GONE_BACK = (RefundStatus.SUCCEEDED, PaymentStatus.REFUNDED, 12_000)
STAYED = (RefundStatus.FAILED, PaymentStatus.COMPLETED, 0)


def test_our_answer_before_its_webhook_is_one_refund(studio: Studio) -> None:
    _due_back(studio)
    studio.send()
    assert _states() == GONE_BACK
    assert "refund.created" in studio.deliver()
    assert _states() == GONE_BACK
    assert len(studio.refunds()) == 1


def test_the_webhook_before_our_answer_is_one_refund(studio: Studio) -> None:
    _due_back(studio)
    studio.fault("/v1/refunds", "drop_after", 3)
    studio.send()
    assert _states()[0] is RefundStatus.REQUESTED
    assert "refund.created" in studio.deliver()
    assert _states() == GONE_BACK
    _send_later(studio)
    assert _states() == GONE_BACK
    assert len(studio.refunds()) == 1
    assert studio.mails("nora.novak@example.com").count("€120.00 is on its way back to you") == 1


def test_a_lost_answer_without_a_webhook_is_adopted_even_after_the_key_is_forgotten(
    studio: Studio,
) -> None:
    _due_back(studio)
    studio.fault("/v1/refunds", "drop_after", 3)
    studio.send()
    studio.lose_webhooks()
    studio.wait(days=2)
    studio.send()
    assert _states() == GONE_BACK
    assert len(studio.refunds()) == 1


def test_a_refund_that_failed_before_we_learnt_of_it_is_not_called_a_success(
    studio: Studio,
) -> None:
    """The key would replay the successful beginning: the provider's list tells the end."""
    _due_back(studio, REFUND_FAILS_LATER)
    studio.fault("/v1/refunds", "drop_after", 3)
    studio.send()
    studio.lose_webhooks()
    studio.wait(hours=1)
    studio.send()
    assert _states() == STAYED


def test_a_pending_refund_succeeds_later(studio: Studio) -> None:
    _due_back(studio, REFUND_PENDS)
    studio.send()
    assert _states() == (RefundStatus.PENDING, PaymentStatus.COMPLETED, 0)
    studio.wait(minutes=1)
    studio.deliver()
    studio.send()
    assert _states() == GONE_BACK
    assert studio.mails("nora.novak@example.com").count("€120.00 is on its way back to you") == 1


def test_a_refund_that_fails_after_success_is_reversed_and_alarms(studio: Studio) -> None:
    order = _due_back(studio, REFUND_FAILS_LATER)
    studio.send()
    assert _states() == GONE_BACK
    studio.wait(minutes=1)
    assert "refund.failed" in studio.deliver()
    studio.send()
    [refund] = stored(Refund)
    assert _states() == STAYED
    assert studio.order(order).status is OrderStatus.PAID
    assert [pack.status for pack in stored(Pack)] == [PackStatus.ACTIVE]
    assert studio.alert(refund.public_id) in studio.mails("ada.admin@example.com")


def test_an_order_whose_whole_refund_fails_counts_as_paid_again(studio: Studio) -> None:
    an_admin()
    order = _paid()
    studio.wait(minutes=34)
    studio.pay(order, card=REFUND_FAILS_LATER)
    studio.lose_webhooks()
    with studio.stripe_unreachable():
        studio.wait(minutes=20)
        studio.sweep()
    _take_the_place(studio.order(order).offer_id)
    studio.reconcile()
    studio.send()
    assert studio.order(order).status is OrderStatus.REFUNDED
    studio.wait(minutes=1)
    studio.deliver()
    assert studio.order(order).status is OrderStatus.PAID
    assert stored(Payment)[0].refunded_minor == 0
    assert stored(Pack) == []


def _take_the_place(offer_id: OfferId) -> None:
    with db.reading() as session:
        offer = session.get_one(PackOffer, offer_id)
    checkout.start(actor=acting(a_user("Swift Second")), offer=offer.public_id)


@pytest.mark.parametrize("stale", [RefundState.PENDING, RefundState.SUCCEEDED])
def test_an_answer_older_than_the_failure_changes_nothing(
    studio: Studio, stale: RefundState
) -> None:
    """Our call succeeded, its thread slept, the failure's webhook was handled, the thread woke."""
    _due_back(studio, REFUND_FAILS_LATER)
    studio.send()
    studio.wait(minutes=1)
    studio.deliver()
    [refund] = stored(Refund)
    assert refund.provider_id is not None
    old = ProviderRefund(
        id=refund.provider_id,
        refund=refund.public_id,
        attempt=1,
        payment_id=stored(Payment)[1].provider_id,
        amount=Money(12_000, "EUR"),
        state=stale,
        created_at=clock.utc_now(),
    )
    with db.transaction() as session:
        refunds.apply_refund(
            session, actor=audit.by_provider("stripe"), refund_id=refund.id, done=old
        )
    assert _states() == STAYED


def test_a_refund_refused_for_good_fails_and_alarms(studio: Studio) -> None:
    _due_back(studio)
    studio.fault("/v1/refunds", "status", status=402)
    studio.send()
    studio.send()
    [refund] = stored(Refund)
    assert (refund.status, refund.provider_id) == (RefundStatus.FAILED, None)
    assert refund.settled_at is not None
    assert [m.status for m in stored(OutboxMessage) if m.kind == "refund"] == [OutboxStatus.DEAD]
    assert studio.mails("ada.admin@example.com") == [studio.alert(refund.public_id)]
    notes = [
        line.after.get("note") for line in stored(AuditEntry) if line.action == "refund.failed"
    ]
    assert "402" in str(notes[0])


def test_a_refund_waits_for_a_provider_that_is_away(studio: Studio) -> None:
    _due_back(studio)
    with studio.stripe_unreachable():
        studio.send()
        studio.wait(minutes=10)
        studio.send()
    assert _states()[0] is RefundStatus.REQUESTED
    studio.wait(minutes=10)
    studio.send()
    assert _states() == GONE_BACK


def test_one_automatic_refund_per_payment_however_often_it_is_asked(studio: Studio) -> None:
    _due_back(studio)
    payment = stored(Payment)[1]
    for reason in (RefundReason.PAID_TWICE, RefundReason.NO_PLACE):
        with db.transaction() as session:
            refunds.refund_automatically(
                session, payment=session.get_one(Payment, payment.id), reason=reason
            )
    assert len(stored(Refund)) == 1
    assert len([m for m in stored(OutboxMessage) if m.kind == "refund"]) == 1


def test_an_operator_begins_a_refused_refund_again_with_a_new_attempt(studio: Studio) -> None:
    order = _due_back(studio)
    studio.fault("/v1/refunds", "status", status=402)
    studio.send()
    assert _states()[0] is RefundStatus.FAILED
    assert operators.retry_dead() == 0  # a refund is begun again by its name only
    [refused] = stored(Refund)
    operators.retry_refund(refund=refused.public_id)
    studio.send()
    [refund] = stored(Refund)
    assert (refund.status, refund.attempt) == (RefundStatus.SUCCEEDED, 2)
    [made] = studio.refunds()
    assert made["metadata"]["attempt"] == "2"
    assert studio.order(order).status is OrderStatus.PAID
    with pytest.raises(NotFound):
        operators.retry_refund(refund=refund.public_id)


def test_a_late_failure_of_the_first_attempt_does_not_end_the_second(studio: Studio) -> None:
    _due_back(studio)
    studio.fault("/v1/refunds", "status", status=402)
    studio.send()
    [refused] = stored(Refund)
    operators.retry_refund(refund=refused.public_id)
    late = ProviderRefund(
        id="re_first",
        refund=refused.public_id,
        attempt=1,
        payment_id="",
        amount=Money(refused.amount_minor, refused.currency),
        state=RefundState.FAILED,
        created_at=clock.utc_now(),
    )
    with db.transaction() as session:
        refunds.apply_refund(session, actor=audit.SYSTEM, refund_id=refused.id, done=late)
    assert _states()[0] is RefundStatus.REQUESTED
    studio.send()
    assert _states()[0] is RefundStatus.SUCCEEDED


def test_each_failed_attempt_of_a_refund_is_told_to_the_admins(studio: Studio) -> None:
    _due_back(studio)
    studio.fault("/v1/refunds", "status", times=2, status=402)
    studio.send()
    [refused] = stored(Refund)
    operators.retry_refund(refund=refused.public_id)
    studio.send()
    told = [m for m in stored(OutboxMessage) if m.data.get("alert") == "refund_failed"]
    assert len(told) == 2

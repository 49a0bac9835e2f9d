"""One of everything about money that waits for an admin, and one of each that does not."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from services import clock
from services.models import (
    Dispute,
    DisputeStatus,
    Order,
    OrderStatus,
    Payment,
    Provider,
    ReconciliationRun,
    Refund,
    RefundReason,
    RefundRemedy,
    RefundSource,
    RefundStatus,
    UnmatchedKind,
    UnmatchedMoney,
    UnmatchedStatus,
)
from tests.services.rows import a_mentor, a_payment, a_refund, a_user, an_offer, an_order, saved

DAY = timedelta(days=1)
_numbers = count(1)


def chores() -> None:
    """A refund to decide about and two to help with, three disputes of which one is urgent, an
    entry of unmatched money, and four differences; besides each of them one that is over."""
    now = clock.utc_now()
    asked, failed, returned, helped, gone = (_paid() for _ in range(5))
    _refund(asked, RefundStatus.REQUESTED)
    _refund(failed, RefundStatus.FAILED, decided_at=now)
    _refund(returned, RefundStatus.CANCELED, decided_at=now)
    _refund(
        helped,
        RefundStatus.FAILED,
        decided_at=now,
        remedy=RefundRemedy.BY_HAND,
        remedied_at=now,
    )
    a_refund(gone[1], gone[0], RefundReason.NO_PLACE, RefundStatus.SUCCEEDED)
    _dispute(asked, evidence_due_at=now + 2 * DAY)
    _dispute(failed, evidence_due_at=now + 9 * DAY)
    _dispute(returned, inquiry=True)
    _dispute(gone, status=DisputeStatus.WON, evidence_due_at=now + DAY, closed_at=now)
    _unmatched()
    _unmatched(status=UnmatchedStatus.SETTLED, settled_at=now)
    _run(days=90, ago=2, differ=9)
    _run(days=90, ago=1, differ=5, waits=1)
    _run(days=3, ago=0, differ=2)


def _paid() -> tuple[Order, Payment]:
    person = a_user(f"Person {next(_numbers)}")
    order = an_order(person, an_offer(a_mentor(f"M {person.name}")), status=OrderStatus.PAID)
    return order, a_payment(order)


def _refund(paid: tuple[Order, Payment], status: RefundStatus, **fields: Any) -> None:
    order, payment = paid
    saved(
        Refund(
            order_id=order.id,
            payment_id=payment.id,
            provider=Provider.STRIPE,
            amount_minor=100,
            currency=payment.currency,
            status=status,
            source=RefundSource.MENTEE,
            reason=RefundReason.BY_REQUEST,
            **fields,
        )
    )


def _dispute(paid: tuple[Order, Payment], **fields: Any) -> None:
    order, payment = paid
    saved(
        Dispute(
            provider=Provider.STRIPE,
            provider_id=f"dp_{order.public_id}",
            payment_id=payment.id,
            order_id=order.id,
            amount_minor=100,
            currency=payment.currency,
            **fields,
        )
    )


def _unmatched(**fields: Any) -> None:
    saved(
        UnmatchedMoney(
            provider=Provider.STRIPE,
            kind=UnmatchedKind.PAYMENT,
            provider_id=f"pi_{next(_numbers)}",
            amount_minor=100,
            currency="EUR",
            **fields,
        )
    )


def _run(*, days: int, ago: int, differ: int, waits: int = 0) -> None:
    at = clock.utc_now() - ago * DAY
    told = [
        {"kind": "payment", "id": f"pi_{number}", "what": "It differs.", "order": "", "waits": True}
        for number in range(waits)
    ]
    saved(
        ReconciliationRun(
            provider=Provider.STRIPE,
            since=at - days * DAY,
            until=at,
            started_at=at,
            finished_at=at,
            differ=differ,
            differences=told,
        )
    )

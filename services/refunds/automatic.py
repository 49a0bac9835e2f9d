"""Refunds that nobody decides: money came in for which there is nothing to give."""

from __future__ import annotations

from sqlmodel import Session

from services import clock
from services.audit import SYSTEM
from services.db import insert_or_ignore
from services.models import Payment, Refund, RefundReason, RefundSource
from services.refunds import sending, telling


def refund_automatically(db: Session, *, payment: Payment, reason: RefundReason) -> None:
    """Give a whole payment back, once: a constraint allows one automatic refund per payment."""
    refund = Refund(
        order_id=payment.order_id,
        payment_id=payment.id,
        provider=payment.provider,
        amount_minor=payment.amount_minor - payment.refunded_minor,
        currency=payment.currency,
        source=RefundSource.AUTOMATIC,
        reason=reason,
        decided_at=clock.utc_now(),
        owed=True,
    )
    if not insert_or_ignore(db, refund):
        return
    telling.record(db, actor=SYSTEM, refund=refund, action="requested", reason=reason.value)
    sending.enqueue(db, refund)

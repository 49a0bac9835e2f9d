"""Invoices by mail, when somebody asks for them once more."""

from __future__ import annotations

from sqlmodel import Session, col, or_, select

from services import access, clock, locking, outbox, ratelimits
from services import db as database
from services.audit import Actor
from services.errors import NotFound
from services.invoices import issuing
from services.models import (
    Dispute,
    DisputeStatus,
    Invoice,
    Order,
    Pack,
    Payment,
    PaymentStatus,
    Refund,
    RefundRemedy,
    RefundStatus,
)


def send_again(*, actor: Actor, order: str) -> None:
    """Mail the order's invoice to its buyer once more.

    An order from the time before there were invoices gets its invoice now, and then the credit
    notes of what went back of it meanwhile.

    Raises:
        NotFound: no such order, or it never became a pack, TooManyAttempts
    """
    count(actor, order)
    with database.transaction() as session:
        row = access.order_for(session, actor, order)
        locking.lock(session, orders=[row.id])
        invoice = issuing.current(session, row) or _late(session, actor, row)
        mail(session, row, invoice)
    with database.transaction() as session:  # numbers of notes are never taken after an invoice's
        locking.lock(session, orders=[row.id])
        _late_notes(session, actor, row)


def count(actor: Actor, order: str) -> None:
    """Count one mail that this person asks for, about the order of this public id.

    Raises:
        TooManyAttempts
    """
    ratelimits.hit(ratelimits.INVOICE_MAILS, str(actor.user_id), order)


def mail(db: Session, order: Order, invoice: Invoice) -> None:
    """Have the invoice mailed; asked for twice within a minute, it goes out once."""
    minute = f"{clock.utc_now():%Y%m%d%H%M}"
    outbox.add(
        db,
        kind="mail",
        key=f"mail:invoice:{invoice.public_id}:{minute}",
        data={"template": "invoice", "user_id": order.mentee_id, "invoice_id": invoice.id},
    )


def _late(db: Session, actor: Actor, order: Order) -> Invoice:
    pack = db.exec(select(Pack.id).where(Pack.order_id == order.id)).one_or_none()
    if pack is None:
        raise NotFound("invoice")
    payment = db.exec(
        select(Payment)
        .where(
            Payment.order_id == order.id,
            Payment.amount_minor == order.amount_minor,
            Payment.currency == order.currency,
            col(Payment.status).in_([PaymentStatus.COMPLETED, PaymentStatus.REFUNDED]),
        )
        .order_by(col(Payment.completed_at), col(Payment.id))
        .limit(1)
    ).one_or_none()
    return issuing.issue(db, actor=actor, order=order, payment=payment)


def _late_notes(db: Session, actor: Actor, order: Order) -> None:
    """What went back has its credit note: nothing where each has one already."""
    back = or_(
        col(Refund.status) == RefundStatus.SUCCEEDED, col(Refund.remedy) == RefundRemedy.BY_HAND
    )
    refunds = select(Refund).where(Refund.order_id == order.id, back).order_by(col(Refund.id))
    for refund in db.exec(refunds).all():
        issuing.credit(db, actor=actor, refund=refund)
    lost = select(Dispute).where(
        Dispute.order_id == order.id,
        Dispute.status == DisputeStatus.LOST,
        col(Dispute.withdrawn),
    )
    for dispute in db.exec(lost.order_by(col(Dispute.id))).all():
        issuing.credit_lost(db, actor=actor, dispute=dispute)

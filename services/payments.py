"""Money that came in: a paid order becomes a payment, a pack and an active seat, or goes back."""

from __future__ import annotations

from sqlmodel import Session, select

from services import audit, clock, notifications, outbox, packs, refunds, seats, topics
from services.audit import Actor
from services.models import (
    Mentor,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    RefundReason,
    Seat,
)
from services.money import Money


def fulfil(db: Session, *, actor: Actor, order: Order, payment_id: str, paid: Money) -> None:
    """Apply a payment that the provider itself has shown. Once, however often it is told.

    The caller holds the locks of the mentor and the order. Order, payment, pack, seat, credit
    entry, audit and mail are one transaction. Without a free place, or for a second payment of
    the same order, the whole amount goes back.
    """
    payment = _find(db, order, payment_id)
    if payment is not None:
        return
    payment = _record(db, actor, order, payment_id, paid)
    if paid != Money(order.amount_minor, order.currency):
        notifications.alert_admins(db, alert="payment_mismatch", thing=payment.public_id)
        return
    if order.paid_at is not None:
        refunds.refund_automatically(db, payment=payment, reason=RefundReason.PAID_TWICE)
        return
    _mark_paid(db, actor, order)
    seat = _seat_for(db, actor, order)
    if seat is None:
        refunds.refund_automatically(db, payment=payment, reason=RefundReason.NO_PLACE)
        return
    order.seat_id = seat.id
    packs.create(db, actor=actor, order=order, seat=seat)
    seats.activate(db, actor=actor, seat=seat, reason="pack")
    _tell(db, order)


def _find(db: Session, order: Order, payment_id: str) -> Payment | None:
    return db.exec(
        select(Payment).where(Payment.provider == order.provider, Payment.provider_id == payment_id)
    ).one_or_none()


def _record(db: Session, actor: Actor, order: Order, payment_id: str, paid: Money) -> Payment:
    payment = Payment(
        order_id=order.id,
        provider=order.provider,
        provider_id=payment_id,
        amount_minor=paid.minor,
        currency=paid.currency,
        status=PaymentStatus.COMPLETED,
        completed_at=clock.utc_now(),
    )
    db.add(payment)
    db.flush()
    topics.publish(db, topics.ORDERS, topics.mentee(order.mentee_id))
    audit.record(
        db,
        actor=actor,
        action="payment.completed",
        thing=payment.public_id,
        after={"order": order.public_id, "minor": paid.minor, "currency": paid.currency},
    )
    return payment


def _mark_paid(db: Session, actor: Actor, order: Order) -> None:
    before = order.status
    order.status, order.paid_at = OrderStatus.PAID, clock.utc_now()
    order.bank_pending_at = order.declined_at = order.ended_at = None
    db.flush()
    audit.record(
        db,
        actor=actor,
        action="order.paid",
        thing=order.public_id,
        before={"status": before.value},
        after={"status": OrderStatus.PAID.value},
    )


def _seat_for(db: Session, actor: Actor, order: Order) -> Seat | None:
    """The seat this order pays for: the one it held, the mentee's own, or a free place."""
    seat = seats.find_unreleased(db, order.mentee_id, order.mentor_id)
    if seat is not None:
        return seat
    mentor = db.get_one(Mentor, order.mentor_id)
    if not seats.has_place(db, mentor):
        return None
    return seats.insert_held(
        db,
        actor=actor,
        mentee_id=order.mentee_id,
        mentor_id=order.mentor_id,
        until=clock.utc_now(),
    )


def _tell(db: Session, order: Order) -> None:
    outbox.add(
        db,
        kind="mail",
        key=f"mail:purchase:{order.public_id}",
        data={"template": "purchase", "user_id": order.mentee_id, "order_id": order.id},
    )

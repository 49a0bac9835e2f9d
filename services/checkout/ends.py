"""How an order stops being open: its end, and what keeps its place a little longer."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from services import audit, clock, db, discounts, locking, seats, topics
from services.audit import Actor
from services.config import settings
from services.ids import OrderId
from services.models import Order, OrderStatus, ReleaseReason, Seat
from services.providers.payments.base import Checkout

LOOK_AT_BANK_EVERY = timedelta(hours=1)
_REASONS = {
    OrderStatus.EXPIRED: ReleaseReason.CHECKOUT_ENDED,
    OrderStatus.CANCELED: ReleaseReason.CHECKOUT_CANCELED,
    OrderStatus.FAILED: ReleaseReason.PAYMENT_FAILED,
}


def publish(db: Session, order: Order) -> None:
    """Let the open pages that show this order know."""
    topics.publish(db, topics.ORDERS, topics.mentee(order.mentee_id))


def end(db: Session, *, actor: Actor, order: Order, status: OrderStatus) -> None:
    """The order ends unpaid: its place, and its use of a discount code, are free again."""
    order.status, order.ended_at, order.capture_until = status, clock.utc_now(), None
    db.flush()
    publish(db, order)
    seats.release_hold(db, actor=actor, order=order, reason=_REASONS[status])
    discounts.release(db, order)
    audit.record(
        db,
        actor=actor,
        action=f"order.{status.value}",
        thing=order.public_id,
        before={"status": OrderStatus.PENDING.value},
        after={"status": status.value},
    )


def end_unless_busy(
    db: Session,
    *,
    actor: Actor,
    order: Order,
    seen: Checkout | None,
    ended_as: OrderStatus | None,
) -> None:
    """End the order, unless the end is a step of somebody's handover, or somebody is just taking
    its money. `ended_as` is given by whoever asked the provider to end it."""
    leases = (order.capture_until, None if ended_as else order.handover_until)
    busy_until = max(filter(None, leases), default=None)
    if busy_until is not None and busy_until > clock.utc_now():
        order.check_at = busy_until
        return
    failed = seen is not None and seen.bank_failed
    status = OrderStatus.FAILED if failed else ended_as or OrderStatus.EXPIRED
    end(db, actor=actor, order=order, status=status)


def wait_for_bank(db: Session, *, actor: Actor, order: Order) -> None:
    """The buyer has done their part, the bank has not: the place stays theirs for days.

    A bank that takes longer still is treated as money that comes later (PRODUCT.md rule 3).
    """
    now = clock.utc_now()
    order.check_at = now + LOOK_AT_BANK_EVERY
    longest = timedelta(days=settings().delayed_payment_days)
    if order.bank_pending_at is not None:
        if order.bank_pending_at + longest <= now:
            end(db, actor=actor, order=order, status=OrderStatus.EXPIRED)
        return
    order.bank_pending_at = now
    publish(db, order)
    seat = db.get(Seat, order.seat_id) if order.seat_id is not None else None
    if seat is not None:
        seats.keep_until(db, seat, now + longest)
    audit.record(db, actor=actor, action="order.waiting_for_bank", thing=order.public_id)


def keep_hold(order_id: OrderId) -> None:
    """The provider is unreachable: keep the hold 15 minutes more, then give the place back.

    If it turns out to be paid after all, reconciliation finds it (PRODUCT.md rule 3).
    """
    now = clock.utc_now()
    with db.transaction() as session:
        order = session.get_one(Order, order_id)
        locking.lock(session, mentors=[order.mentor_id], orders=[order.id])
        session.refresh(order)
        if order.status is not OrderStatus.PENDING:
            return
        if order.bank_pending_at is not None:
            order.check_at = now + LOOK_AT_BANK_EVERY
            if order.bank_pending_at + timedelta(days=settings().delayed_payment_days) <= now:
                end(session, actor=audit.SYSTEM, order=order, status=OrderStatus.EXPIRED)
            return
        order.check_at = now + timedelta(minutes=1)
        longest = order.expires_at + timedelta(minutes=settings().hold_unreachable_minutes)
        if now >= longest:
            end(session, actor=audit.SYSTEM, order=order, status=OrderStatus.EXPIRED)
        elif now >= order.expires_at and order.seat_id is not None:
            seats.keep_until(session, session.get_one(Seat, order.seat_id), longest)

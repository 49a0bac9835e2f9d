"""Taking the money of a page that the buyer has approved, where approving does not move it.

It is taken only while the order's place is held, or after a free place, and the use of its discount
code, were taken again in the same step: nobody is charged for a seat that is gone, nor twice at a
price that is given once, nor when they may not sign in any more. A lease on the order keeps two
workers from doing it at once, and keeps the buyer from changing the provider meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from services import audit, clock, db, discounts, locking, seats
from services.audit import SYSTEM
from services.checkout.ends import publish
from services.ids import OrderId
from services.models import Mentor, Order, OrderStatus, Provider, User, UserStatus
from services.providers.payments import registry
from services.providers.payments.base import Checkout, CheckoutState

LEASE = timedelta(minutes=2)
"""Longer than a capture takes with all its retries."""
MAY_REOPEN = timedelta(hours=3)
"""How long after its end an order may still be paid; an approval is good for about as long."""
REOPENED = timedelta(minutes=5)
"""How long a place is held again while the money is taken."""


def take(
    order_id: OrderId, seen: Checkout, *, provider: Provider, anew: bool = False
) -> Checkout | None:
    """Take the money of a page that was `seen` approved; None: it must not be taken, or not now.

    `anew`: the provider has just said that the buyer approved, which may be a second time, with
    another instrument after one that was declined.

    Raises:
        ProviderUnavailable: it may have been taken; the next look tells.
    """
    with db.transaction() as session:
        order = session.get_one(Order, order_id)
        # The person too: whoever is being suspended or erased now is not charged a moment later.
        locking.lock(session, users=[order.mentee_id], mentors=[order.mentor_id], orders=[order.id])
        session.refresh(order)
        if not _may(session, order, seen, provider=provider, anew=anew):
            return None
        order.capture_until = clock.utc_now() + LEASE
        named = order.public_id
    return registry.payments(provider).capture(seen.id, order=named)


def _may(db: Session, order: Order, seen: Checkout, *, provider: Provider, anew: bool) -> bool:
    """Whether this page is the order's own, its buyer may buy, and its place is there."""
    now = clock.utc_now()
    if db.get_one(User, order.mentee_id).status is not UserStatus.ACTIVE:
        return False
    if seen.state is not CheckoutState.APPROVED or order.provider is not provider:
        return False
    if order.checkout_id not in {None, seen.id} or _is_after(order.capture_until, now):
        return False
    if order.status is OrderStatus.EXPIRED:
        return _reopen(db, order, provider, now)
    if order.status is not OrderStatus.PENDING or _is_after(order.handover_until, now):
        return False
    # A refused instrument is not tried again and again: only after the buyer has come back.
    declined = order.declined_at
    return anew or declined is None or (seen.changed_at is not None and seen.changed_at >= declined)


def _reopen(db: Session, order: Order, provider: Provider, now: datetime) -> bool:
    """The time had run out, and the buyer approved all the same: hold a place again, if one is
    free, the buyer has neither begun anew nor bought meanwhile, and the code in the price, if any,
    may still be used."""
    mentor = db.get_one(Mentor, order.mentor_id)
    late = order.ended_at is None or order.ended_at + MAY_REOPEN <= now
    if late or order.checkout_id is None or mentor.suspended_at is not None:
        return False
    another = select(Order.id).where(
        Order.mentee_id == order.mentee_id,
        Order.mentor_id == order.mentor_id,
        col(Order.id) != order.id,
        or_(col(Order.status) == OrderStatus.PENDING, col(Order.paid_at) >= order.created_at),
    )
    if db.exec(another).first() is not None:
        return False
    until = now.replace(microsecond=0) + REOPENED
    seat = seats.find_unreleased(db, order.mentee_id, order.mentor_id)
    if seat is None and not seats.has_place(db, mentor):
        return False
    if not discounts.redeem_again(db, order=order):
        return False
    if seat is None:
        seat = seats.insert_held(
            db, actor=SYSTEM, mentee_id=order.mentee_id, mentor_id=order.mentor_id, until=until
        )
    order.seat_id, order.status, order.ended_at = seat.id, OrderStatus.PENDING, None
    order.expires_at, order.check_at, order.handover_until = until, now + LEASE, None
    db.flush()
    publish(db, order)
    audit.record(
        db,
        actor=audit.by_provider(provider),
        action="order.reopened",
        thing=order.public_id,
        before={"status": OrderStatus.EXPIRED.value},
        after={"status": OrderStatus.PENDING.value, "seat": seat.public_id},
    )
    return True


def _is_after(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now

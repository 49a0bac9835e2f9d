"""Bringing an order to what the provider shows. Every path to a pack leads through `apply`."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from services import access, audit, clock, db, locking, payments, ratelimits, seats, topics, urls
from services.audit import Actor
from services.config import settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.ids import OrderId
from services.models import (
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Provider,
    ReleaseReason,
    Seat,
    User,
)
from services.money import Money
from services.providers.payments import registry
from services.providers.payments.base import Checkout, CheckoutState, NewCheckout

LOOK_EVERY = timedelta(minutes=2)
"""An open checkout whose webhook was lost is found this soon (the promise is 5 minutes)."""
LOOK_AT_BANK_EVERY = timedelta(hours=1)
RECONCILE_WINDOW = timedelta(days=3)
_ENDED = frozenset({OrderStatus.EXPIRED, OrderStatus.CANCELED, OrderStatus.FAILED})

log = structlog.get_logger()


def look_again(*, actor: Actor, order: str) -> None:
    """Ask the provider about one's own order now, for the page one comes back to.

    An order that has ended lately is asked about too: its page may have been paid all the same.

    Raises:
        NotFound, ProviderUnavailable, TooManyAttempts
    """
    with db.reading() as session:
        row = access.order_for(session, actor, order)
    if row.status is OrderStatus.PENDING or _may_be_paid_late(row):
        ratelimits.hit(ratelimits.PROVIDER_LOOKS, str(actor.user_id))
        settle(row.id)


def _may_be_paid_late(order: Order) -> bool:
    if order.status not in _ENDED or order.checkout_id is None or order.ended_at is None:
        return False
    return order.ended_at > clock.utc_now() - RECONCILE_WINDOW


def settle(order_id: OrderId) -> None:
    """Ask the provider how the order's checkout stands and apply it.

    Once the hold is over, the checkout is ended at the provider first: only what it then shows
    releases the seat. An unreachable provider keeps the hold a little longer.

    Raises:
        ProviderUnavailable, ProviderRejected (it does not know the checkout it once made)
    """
    with db.reading() as session:
        order = session.get_one(Order, order_id)
        new = page_for(session, order)
    over = order.bank_pending_at is None and order.expires_at <= clock.utc_now()
    try:
        checkout = look(order, new, end=over)
    except (ProviderUnavailable, ProviderRejected):
        _keep_hold(order_id)
        raise
    with db.transaction() as session:
        apply(session, actor=audit.by_provider(order.provider), order_id=order_id, seen=checkout)


def apply_event(*, provider: str, object_id: str) -> bool:
    """Apply what a `checkout.session.*` webhook hints at; False when the order is not ours."""
    checkout = registry.payments(provider).get_checkout(object_id)
    with db.transaction() as session:
        order = session.exec(
            select(Order).where(Order.provider == provider, Order.public_id == checkout.order)
        ).one_or_none()
        if order is None:
            return False
        apply(session, actor=audit.by_provider(provider), order_id=order.id, seen=checkout)
        return True


def apply(
    db: Session,
    *,
    actor: Actor,
    order_id: OrderId,
    seen: Checkout | None,
    ended_as: OrderStatus | None = None,
) -> Order:
    """Bring the order to what was `seen` at the provider; None: the provider has no checkout.

    Works in any order and any number of times. An end is believed only from the order's own
    checkout, money from any that names the order. `ended_as` is given by whoever asked the
    provider to end it; the others leave an end alone while it is a step of a handover.
    """
    order = db.get_one(Order, order_id)
    locking.lock(db, mentors=[order.mentor_id], orders=[order.id])
    db.refresh(order)
    if seen is not None and seen.state is CheckoutState.PAID and seen.payment_id and seen.paid:
        payments.fulfil(db, actor=actor, order=order, payment_id=seen.payment_id, paid=seen.paid)
        if order.status is OrderStatus.PENDING:  # the money did not fit: an admin decides
            _end(db, actor, order, OrderStatus.FAILED)
        return order
    foreign = seen is not None and order.checkout_id not in {None, seen.id}
    if order.status is not OrderStatus.PENDING or foreign:
        return order
    if seen is None or seen.state is CheckoutState.ENDED:
        _end_unless_handed_over(db, actor, order, seen, ended_as)
        return order
    if order.checkout_id is None:
        order.checkout_id, order.checkout_url = seen.id, seen.url
        publish(db, order)
    if seen.state is CheckoutState.WAITING:
        _wait_for_bank(db, actor, order)
        return order
    if seen.declined and order.declined_at is None:
        order.declined_at = clock.utc_now()
        publish(db, order)
    order.check_at = _next_look(order)
    return order


def publish(db: Session, order: Order) -> None:
    """Let the open pages that show this order know."""
    topics.publish(db, topics.ORDERS, topics.mentee(order.mentee_id))


def sweep(*, limit: int = 50) -> int:
    """Look at the pending orders that are due: lost webhooks, ended holds. Returns how many."""
    due = (
        select(Order.id)
        .where(Order.status == OrderStatus.PENDING, col(Order.check_at) <= clock.utc_now())
        .order_by(col(Order.check_at))
        .limit(limit)
    )
    with db.reading() as session:
        ids = session.exec(due).all()
    for order_id in ids:
        try:
            settle(OrderId(order_id))
        except (ProviderUnavailable, ProviderRejected) as error:
            log.warning("checkout_not_settled", order_id=order_id, error=str(error))
        except Exception:  # one order that we cannot settle must not starve the others
            log.exception("checkout_not_settled", order_id=order_id)
            _keep_hold(OrderId(order_id))
    return len(ids)


def reconcile(window: timedelta = RECONCILE_WINDOW) -> int:
    """Compare the provider's checkouts of this `window` with our payments, repair what was lost.

    Returns the number of orders that had to be repaired: 0 when everything matches.

    Raises:
        ProviderUnavailable: the rest is for the next time.
    """
    repaired = 0
    for provider in Provider:
        since = clock.utc_now() - window
        for checkout in registry.payments(provider).list_checkouts(since):
            if checkout.state is not CheckoutState.PAID or _is_recorded(provider, checkout):
                continue
            try:
                repaired += apply_event(provider=provider, object_id=checkout.id)
            except ProviderUnavailable:
                raise
            except Exception:  # one payment that we cannot apply must not hide the others
                log.exception("not_reconciled", checkout=checkout.id)
    return repaired


def page_for(db: Session, order: Order) -> NewCheckout:
    """What the order's payment page is made from: only stored facts, so a retry is identical."""
    mentee = db.get_one(User, order.mentee_id)
    return NewCheckout(
        order=order.public_id,
        attempt=order.checkout_attempt,
        title=order.title,
        description=f"{order.sessions} sessions",
        price=Money(order.amount_minor, order.currency),
        email=mentee.email,
        expires_at=order.expires_at,
        return_url=urls.checkout_return(order.public_id),
        delayed=settings().delayed_payments,
    )


def look(order: Order, new: NewCheckout, *, end: bool) -> Checkout | None:
    """The order's checkout as it is now; asking to create it again finds one whose id was lost."""
    provider = registry.payments(order.provider)
    if order.checkout_id is None:
        try:
            checkout = provider.create_checkout(new)
        except ProviderUnavailable as error:
            _next_attempt(order.id, answered=error.answered)
            raise
        except ProviderRejected as error:
            log.error("checkout_refused", order=order.public_id, code=error.code)
            return None
    else:
        checkout = provider.get_checkout(order.checkout_id)
    if end and checkout.state is CheckoutState.OPEN:
        return provider.end_checkout(checkout.id)
    return checkout


def _next_attempt(order_id: OrderId, *, answered: bool) -> None:
    """A stored 5xx would be replayed for this idempotency key: the next try needs a new one."""
    if not answered:
        return
    with db.transaction() as session:
        order = session.get_one(Order, order_id)
        if order.checkout_id is None:
            order.checkout_attempt += 1


def _end_unless_handed_over(
    db: Session,
    actor: Actor,
    order: Order,
    seen: Checkout | None,
    ended_as: OrderStatus | None,
) -> None:
    if ended_as is None and order.handover_until and order.handover_until > clock.utc_now():
        order.check_at = order.handover_until
        return
    failed = seen is not None and seen.bank_failed
    _end(db, actor, order, OrderStatus.FAILED if failed else ended_as or OrderStatus.EXPIRED)


def _end(db: Session, actor: Actor, order: Order, status: OrderStatus) -> None:
    reasons = {
        OrderStatus.EXPIRED: ReleaseReason.CHECKOUT_ENDED,
        OrderStatus.CANCELED: ReleaseReason.CHECKOUT_CANCELED,
        OrderStatus.FAILED: ReleaseReason.PAYMENT_FAILED,
    }
    order.status, order.ended_at = status, clock.utc_now()
    db.flush()
    publish(db, order)
    seats.release_hold(db, actor=actor, order=order, reason=reasons[status])
    audit.record(
        db,
        actor=actor,
        action=f"order.{status.value}",
        thing=order.public_id,
        before={"status": OrderStatus.PENDING.value},
        after={"status": status.value},
    )


def _wait_for_bank(db: Session, actor: Actor, order: Order) -> None:
    """The buyer has done their part, the bank has not: the place stays theirs for days.

    A bank that takes longer still is treated as money that comes later (PRODUCT.md rule 3).
    """
    now = clock.utc_now()
    order.check_at = now + LOOK_AT_BANK_EVERY
    longest = timedelta(days=settings().delayed_payment_days)
    if order.bank_pending_at is not None:
        if order.bank_pending_at + longest <= now:
            _end(db, actor, order, OrderStatus.EXPIRED)
        return
    order.bank_pending_at = now
    publish(db, order)
    seat = db.get(Seat, order.seat_id) if order.seat_id is not None else None
    if seat is not None:
        seats.keep_until(db, seat, now + longest)
    audit.record(db, actor=actor, action="order.waiting_for_bank", thing=order.public_id)


def _keep_hold(order_id: OrderId) -> None:
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
                _end(session, audit.SYSTEM, order, OrderStatus.EXPIRED)
            return
        order.check_at = now + timedelta(minutes=1)
        longest = order.expires_at + timedelta(minutes=settings().hold_unreachable_minutes)
        if now >= longest:
            _end(session, audit.SYSTEM, order, OrderStatus.EXPIRED)
        elif now >= order.expires_at and order.seat_id is not None:
            seats.keep_until(session, session.get_one(Seat, order.seat_id), longest)


def _next_look(order: Order) -> datetime:
    soon = clock.utc_now() + LOOK_EVERY
    return min(soon, max(order.expires_at, clock.utc_now()))


def _is_recorded(provider: str, checkout: Checkout) -> bool:
    with db.reading() as session:
        found = session.exec(
            select(Payment.id).where(
                Payment.provider == provider,
                Payment.provider_id == checkout.payment_id,
                Payment.status != PaymentStatus.PENDING,
            )
        ).first()
    return found is not None

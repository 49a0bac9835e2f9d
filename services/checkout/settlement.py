"""Bringing an order to what the provider shows. Every path to a pack leads through `apply`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog
from sqlmodel import Session, select

from services import access, audit, clock, db, locking, payments, ratelimits, urls
from services.audit import Actor
from services.checkout import capturing, ends
from services.config import settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.ids import OrderId
from services.models import Order, OrderStatus, Payment, Provider, User
from services.money import Money
from services.providers.payments import registry
from services.providers.payments.base import (
    Checkout,
    CheckoutState,
    NewCheckout,
    PaymentState,
    ProviderPayment,
    Refusal,
)

LOOK_EVERY = timedelta(minutes=2)
"""An open checkout whose webhook was lost is found this soon (the promise is 5 minutes)."""
MAY_BE_PAID_LATE = timedelta(days=3)
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
    return order.ended_at > clock.utc_now() - MAY_BE_PAID_LATE


def settle(order_id: OrderId) -> None:
    """Ask the provider how the order's checkout stands and apply it.

    What the buyer has approved is taken. Once the hold is over, the checkout is ended at the
    provider first: only what it then shows releases the seat. An unreachable provider keeps the
    hold a little longer.

    Raises:
        ProviderUnavailable, ProviderRejected (it does not know the checkout it once made)
    """
    with db.reading() as session:
        order = session.get_one(Order, order_id)
        new = page_for(session, order)
    over = order.bank_pending_at is None and order.expires_at <= clock.utc_now()
    provider = provider_of(order)
    try:
        seen = look(order, new, end=over)
        taken = _taken(order_id, seen, provider=provider)
    except (ProviderUnavailable, ProviderRejected):
        ends.keep_hold(order_id)
        raise
    if taken is None and over and seen is not None and seen.state is CheckoutState.APPROVED:
        seen = replace(seen, state=CheckoutState.ENDED)  # it stays approved, and is never taken
    with db.transaction() as session:
        apply(
            session,
            actor=audit.by_provider(provider),
            order_id=order_id,
            seen=taken or seen,
            provider=provider,
            captured=taken is not None,
        )


def _taken(
    order_id: OrderId, seen: Checkout | None, *, provider: Provider, anew: bool = False
) -> Checkout | None:
    if seen is None or seen.state is not CheckoutState.APPROVED:
        return None
    return capturing.take(order_id, seen, provider=provider, anew=anew)


def apply_event(*, provider: str, object_id: str) -> bool:
    """Apply what a webhook about a payment page hints at; False when the order is not ours."""
    adapter = registry.payments(provider)
    try:
        seen = adapter.get_checkout(object_id)
    except ProviderRejected as refused:
        if refused.code == Refusal.MISSING and adapter.takes_by_capture:
            return False  # forgotten since, because nobody took its money
        raise
    order_id = named(seen.order)
    if order_id is None:
        return False
    whose = Provider(provider)
    taken = _taken(order_id, seen, provider=whose, anew=True)
    with db.transaction() as session:
        apply(
            session,
            actor=audit.by_provider(whose),
            order_id=order_id,
            seen=taken or seen,
            provider=whose,
            captured=taken is not None,
        )
    return True


def apply_payment_event(*, provider: str, object_id: str) -> bool:
    """Apply what a webhook about a payment hints at; False when the order is not ours."""
    payment = registry.payments(provider).get_payment(object_id)
    if payment.checkout:
        return apply_event(provider=provider, object_id=payment.checkout)
    return apply_payment(provider=provider, payment=payment)


def apply_payment(*, provider: str, payment: ProviderPayment) -> bool:
    """Apply money that the provider shows; False when it brings none to an order of ours."""
    order_id = named(payment.order)
    if order_id is None or payment.state is not PaymentState.COMPLETED:
        return False
    whose = Provider(provider)
    actor = audit.by_provider(whose)
    with db.transaction() as session:
        give_payment(session, actor=actor, order_id=order_id, provider=whose, payment=payment)
    return True


def give_payment(
    db: Session,
    *,
    actor: Actor,
    order_id: OrderId,
    provider: Provider,
    payment: ProviderPayment,
) -> None:
    """Apply money that the provider shows as received to this order, whatever it names itself."""
    order = _locked(db, order_id)
    _paid(
        db,
        actor=actor,
        order=order,
        provider=provider,
        payment_id=payment.id,
        paid=payment.amount,
        fee=payment.fee,
    )


def learn_payment(*, provider: str, payment_id: str) -> None:
    """A refund or a dispute names this payment: apply it first, should its own webhook still be on
    its way.

    Raises:
        ProviderUnavailable, ProviderRejected
    """
    if not payment_id or _is_known(provider, payment_id):
        return
    try:
        apply_payment_event(provider=provider, object_id=payment_id)
    except ProviderRejected as refused:
        if refused.code != Refusal.MISSING:
            raise


def _is_known(provider: str, payment_id: str) -> bool:
    with db.reading() as session:
        found = select(Payment.id).where(
            Payment.provider == provider, Payment.provider_id == payment_id
        )
        return session.exec(found).first() is not None


def named(public_id: str) -> OrderId | None:
    """The order of ours that a provider's object names in its metadata, if it names one."""
    with db.reading() as session:
        found = session.exec(select(Order.id).where(Order.public_id == public_id)).one_or_none()
    return OrderId(found) if found is not None else None


def apply(
    db: Session,
    *,
    actor: Actor,
    order_id: OrderId,
    seen: Checkout | None,
    provider: Provider | None = None,
    ended_as: OrderStatus | None = None,
    captured: bool = False,
) -> Order:
    """Bring the order to what was `seen` at the `provider` (by default the order's); None: the
    provider has no checkout.

    Works in any order and any number of times. An end is believed only from the order's own
    checkout, money from any that names the order. `ended_as` is given by whoever asked the
    provider to end it; the others leave an end alone while it is a step of a handover. `captured`
    says that this is the answer of taking the money.
    """
    order = _locked(db, order_id)
    if captured:
        order.capture_until = None
    if seen is not None and seen.state is CheckoutState.PAID and seen.payment_id and seen.paid:
        _paid(
            db,
            actor=actor,
            order=order,
            provider=provider or provider_of(order),
            payment_id=seen.payment_id,
            paid=seen.paid,
            fee=seen.fee,
        )
        return order
    foreign = seen is not None and order.checkout_id not in {None, seen.id}
    foreign = foreign or (provider is not None and provider is not order.provider)
    if order.status is not OrderStatus.PENDING or foreign:
        return order
    if seen is None or seen.state is CheckoutState.ENDED:
        ends.end_unless_busy(db, actor=actor, order=order, seen=seen, ended_as=ended_as)
        return order
    if order.checkout_id is None:
        order.checkout_id, order.checkout_url = seen.id, seen.url
        ends.publish(db, order)
    if seen.state is CheckoutState.WAITING:
        ends.wait_for_bank(db, actor=actor, order=order)
        return order
    if seen.declined and (captured or order.declined_at is None):
        order.declined_at = clock.utc_now()
        ends.publish(db, order)
    soon = clock.utc_now() + LOOK_EVERY
    order.check_at = min(soon, max(order.expires_at, clock.utc_now()))
    return order


def _locked(db: Session, order_id: OrderId) -> Order:
    order = db.get_one(Order, order_id)
    locking.lock(db, mentors=[order.mentor_id], orders=[order.id])
    db.refresh(order)
    return order


def _paid(
    db: Session,
    *,
    actor: Actor,
    order: Order,
    provider: Provider,
    payment_id: str,
    paid: Money,
    fee: Money | None,
) -> None:
    order.capture_until = None
    payments.fulfil(
        db,
        actor=actor,
        order=order,
        provider=provider,
        payment_id=payment_id,
        paid=paid,
        fee=fee,
    )
    if order.status is OrderStatus.PENDING:  # the money did not fit: an admin decides
        ends.end(db, actor=actor, order=order, status=OrderStatus.FAILED)


def provider_of(order: Order) -> Provider:
    """Who takes the money of an order that costs something."""
    if order.provider is None:
        raise ValueError(f"{order.public_id} is free: it has no provider")
    return order.provider


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
    provider = registry.payments(provider_of(order))
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

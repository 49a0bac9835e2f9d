"""Refunds: a row first, then the provider, then the result, counted once."""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import audit, clock, db, locking, notifications, outbox, topics
from services.audit import SYSTEM, Actor
from services.db import insert_or_ignore
from services.errors import NotFound
from services.ids import RefundId
from services.models import (
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
)
from services.money import Money
from services.providers.payments.base import NewRefund, ProviderRefund, RefundState
from services.providers.payments.registry import payments

STATUS = {
    RefundState.PENDING: RefundStatus.PENDING,
    RefundState.SUCCEEDED: RefundStatus.SUCCEEDED,
    RefundState.FAILED: RefundStatus.FAILED,
    RefundState.CANCELED: RefundStatus.CANCELED,
}
UNDERWAY = frozenset({RefundStatus.REQUESTED, RefundStatus.PENDING})


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
    )
    if not insert_or_ignore(db, refund):
        return
    _publish(db, refund)
    audit.record(
        db,
        actor=SYSTEM,
        action="refund.requested",
        thing=refund.public_id,
        after={"payment": payment.public_id, "reason": reason.value},
    )
    outbox.add(
        db,
        kind="refund",
        key=_key(refund),
        data={"refund": refund.public_id},
    )


def send(*, refund: str) -> None:
    """Carry a refund out at the provider. Safe to repeat: what is there already is adopted.

    Raises:
        ProviderUnavailable, ProviderRejected
    """
    with db.reading() as session:
        row = session.exec(select(Refund).where(Refund.public_id == refund)).one()
        payment = session.get_one(Payment, row.payment_id)
    if row.status not in UNDERWAY:
        return
    provider = payments(row.provider)
    done = _adopted(provider.list_refunds(payment.provider_id), row)
    if done is None:
        done = provider.create_refund(
            NewRefund(
                refund=row.public_id,
                attempt=row.attempt,
                payment_id=payment.provider_id,
                amount=Money(row.amount_minor, row.currency),
            )
        )
    with db.transaction() as session:
        apply_refund(session, actor=audit.by_provider(row.provider), refund_id=row.id, done=done)


def give_up(*, refund: str, reason: str) -> None:
    """The provider refuses the refund for good: an admin has to pay another way."""
    with db.transaction() as session:
        row = session.exec(select(Refund).where(Refund.public_id == refund)).one()
        locking.lock(session, orders=[row.order_id])
        session.refresh(row)
        if row.status is RefundStatus.REQUESTED:
            row.status, row.settled_at = RefundStatus.FAILED, clock.utc_now()
            _record(session, SYSTEM, row, before=RefundStatus.REQUESTED, note=reason)
            _alert_failed(session, row)


def begin_again(db: Session, *, actor: Actor, refund: str) -> str:
    """Start a new attempt of a failed refund; the key of its outbox message.

    Raises:
        NotFound: no failed refund with this public id.
    """
    found = select(Refund).where(Refund.public_id == refund)
    row = db.exec(found).one_or_none()
    if row is None:
        raise NotFound("failed refund")
    locking.lock(db, orders=[row.order_id])
    db.refresh(row)
    if row.status is not RefundStatus.FAILED:
        raise NotFound("failed refund")
    row.status, row.settled_at, row.provider_id = RefundStatus.REQUESTED, None, None
    row.attempt += 1
    _record(db, actor, row, before=RefundStatus.FAILED)
    return _key(row)


def apply_event(*, provider: str, object_id: str) -> bool:
    """Apply what a `refund.*` webhook hints at; False when the refund is not one we started."""
    done = payments(provider).get_refund(object_id)
    with db.transaction() as session:
        row = session.exec(
            select(Refund).where(
                Refund.provider == provider,
                (col(Refund.public_id) == done.refund) | (col(Refund.provider_id) == done.id),
            )
        ).one_or_none()
        if row is None:
            return False
        apply_refund(session, actor=audit.by_provider(provider), refund_id=row.id, done=done)
        return True


def apply_refund(db: Session, *, actor: Actor, refund_id: RefundId, done: ProviderRefund) -> None:
    """Write down how the refund stands, whoever tells first; telling it again changes nothing."""
    refund = db.get_one(Refund, refund_id)
    locking.lock(db, orders=[refund.order_id])
    db.refresh(refund)
    before, after = refund.status, STATUS[done.state]
    if before is after or _is_stale(refund, done):
        return
    refund.provider_id, refund.status = done.id, after
    refund.settled_at = None if after is RefundStatus.PENDING else clock.utc_now()
    db.flush()
    _record(db, actor, refund, before=before)
    _count(db, refund, before, after)
    if after in {RefundStatus.FAILED, RefundStatus.CANCELED}:
        _alert_failed(db, refund)
    else:
        _tell(db, refund)


def _is_stale(refund: Refund, done: ProviderRefund) -> bool:
    """Whether `done` was read before what is written down: a refund never goes back a step."""
    ended = done.state in {RefundState.FAILED, RefundState.CANCELED}
    if ended and done.attempt < refund.attempt:
        return True
    if refund.provider_id != done.id:
        return False
    if refund.status in {RefundStatus.FAILED, RefundStatus.CANCELED}:
        return True
    return refund.status is RefundStatus.SUCCEEDED and done.state is RefundState.PENDING


def _adopted(existing: list[ProviderRefund], row: Refund) -> ProviderRefund | None:
    """A refund that an earlier, unanswered attempt of ours has made."""
    ours = [r for r in existing if r.refund == row.public_id or r.id == row.provider_id]
    alive = [r for r in ours if r.state in {RefundState.PENDING, RefundState.SUCCEEDED}]
    # One that has failed since is this attempt's end: asking again would replay its beginning.
    over = [r for r in ours if r.attempt == row.attempt]
    return next(iter(alive + over), None)


def _count(db: Session, refund: Refund, before: RefundStatus, after: RefundStatus) -> None:
    """Move the money between paid and refunded; `failed` after success moves it back."""
    sign = (after is RefundStatus.SUCCEEDED) - (before is RefundStatus.SUCCEEDED)
    if sign == 0:
        return
    payment = db.get_one(Payment, refund.payment_id)
    order = db.get_one(Order, refund.order_id)
    payment.refunded_minor += sign * refund.amount_minor
    whole = payment.refunded_minor == payment.amount_minor
    payment.status = PaymentStatus.REFUNDED if whole else PaymentStatus.COMPLETED
    db.flush()
    kept = db.exec(
        select(Payment.id).where(
            Payment.order_id == order.id, Payment.status == PaymentStatus.COMPLETED
        )
    ).first()
    order.status = OrderStatus.REFUNDED if kept is None else OrderStatus.PAID
    db.flush()


def _alert_failed(db: Session, refund: Refund) -> None:
    notifications.alert_admins(
        db, alert="refund_failed", thing=refund.public_id, occasion=str(refund.attempt)
    )


def _tell(db: Session, refund: Refund) -> None:
    """Buyer and admins hear of it once: the messages' keys say so."""
    order = db.get_one(Order, refund.order_id)
    outbox.add(
        db,
        kind="mail",
        key=f"mail:refunded:{refund.public_id}",
        data={"template": "refunded", "user_id": order.mentee_id, "refund_id": refund.id},
    )
    alert = "sold_out" if refund.reason is RefundReason.NO_PLACE else "paid_twice"
    notifications.alert_admins(db, alert=alert, thing=order.public_id)


def _key(refund: Refund) -> str:
    return f"refund:{refund.public_id}"


def _publish(db: Session, refund: Refund) -> None:
    order = db.get_one(Order, refund.order_id)
    topics.publish(db, topics.ORDERS, topics.mentee(order.mentee_id))


def _record(
    db: Session, actor: Actor, refund: Refund, *, before: RefundStatus, note: str = ""
) -> None:
    _publish(db, refund)
    audit.record(
        db,
        actor=actor,
        action=f"refund.{refund.status.value}",
        thing=refund.public_id,
        before={"status": before.value},
        after={"status": refund.status.value} | ({"note": note[:200]} if note else {}),
    )

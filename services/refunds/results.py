"""What became of a refund, from the provider's answer or its webhook, counted once."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from services import audit, clock, db, invoices, ledger, notifications, packs, unmatched
from services.audit import Actor
from services.ids import PaymentId, RefundId
from services.models import (
    Order,
    OrderStatus,
    Pack,
    Payment,
    PaymentStatus,
    Provider,
    Refund,
    RefundReason,
    RefundRemedy,
    RefundScope,
    RefundSource,
    RefundStatus,
    UnmatchedKind,
)
from services.providers.payments.base import ProviderRefund, RefundState
from services.refunds import cases, disputed, holding, matching, overtaking, telling, trouble
from services.refunds.cases import Case

STATUS = {
    RefundState.PENDING: RefundStatus.PENDING,
    RefundState.SUCCEEDED: RefundStatus.SUCCEEDED,
    RefundState.FAILED: RefundStatus.FAILED,
    RefundState.CANCELED: RefundStatus.CANCELED,
}
_DEAD = frozenset({RefundState.FAILED, RefundState.CANCELED})


def apply_seen(*, provider: str, done: ProviderRefund) -> bool:
    """Apply a refund as the provider shows it; False when it fits nothing we know, and was kept
    as unmatched money unless it is somebody else's. One that we did not start is written down
    first."""
    if unmatched.is_somebody_elses(provider=provider, payment_id=done.payment_id):
        return False
    with db.transaction() as tx:
        row = matching.known(tx, provider, done)
        if row is None and done.state in _DEAD:
            return True  # no money moved
        row = row or matching.foreign(tx, Provider(provider), done)
        if row is None:
            unmatched.add(
                tx,
                provider=Provider(provider),
                kind=UnmatchedKind.REFUND,
                provider_id=done.id,
                payment_provider_id=done.payment_id,
                amount=done.amount,
                seen_at=done.created_at,
            )
            return False
        apply_refund(tx, actor=audit.by_provider(provider), refund_id=row.id, done=done)
        if row.status is STATUS[done.state]:
            unmatched.attribute(
                tx,
                provider=Provider(provider),
                kind=UnmatchedKind.REFUND,
                provider_id=done.id,
                order_id=row.order_id,
            )
        return True


def apply_refund(db: Session, *, actor: Actor, refund_id: RefundId, done: ProviderRefund) -> None:
    """Write down how the refund stands, whoever tells first; telling it again changes nothing."""
    refund = db.get_one(Refund, refund_id)
    case = cases.locked_with(db, refund)
    before, after = refund.status, STATUS[done.state]
    stale = _is_stale(refund, done)
    if before is after or before is RefundStatus.DENIED:
        return
    ended_by_us = before is RefundStatus.CANCELED
    sent = after is RefundStatus.SUCCEEDED and (ended_by_us or not stale)
    if sent and disputed.is_taken(db, refund):
        disputed.hold(db, actor=actor, case=case, refund=refund, done=done)
        return
    if stale:
        return
    refund.provider_id, refund.status = done.id, after
    refund.settled_at = None if after is RefundStatus.PENDING else clock.utc_now()
    db.flush()
    if done.state in _DEAD and before is not RefundStatus.SUCCEEDED:
        did_not_go(db, actor=actor, case=case, refund=refund, before=before)
        return
    telling.record(db, actor=actor, refund=refund, action=after.value, before=before.value)
    if after is RefundStatus.SUCCEEDED:
        refund.remedy = refund.remedied_at = None  # it went, whatever was noted meanwhile
        _tell(db, refund)
        _went_back(db, actor, case, refund)
    elif before is RefundStatus.SUCCEEDED:
        _came_again(db, actor, case, refund)


def did_not_go(
    db: Session,
    *,
    actor: Actor,
    case: Case,
    refund: Refund,
    before: RefundStatus = RefundStatus.REQUESTED,
    note: str = "",
) -> None:
    """It failed before any money moved: its credits are given back, and an admin has a task."""
    telling.record(
        db,
        actor=actor,
        refund=refund,
        action=refund.status.value,
        before=before.value,
        note=note[:200],
    )
    telling.alert(db, refund, "refund_failed")
    if case.pack is None or refund.source is RefundSource.PROVIDER or refund.owed:
        return
    holding.give_back(db, actor=actor, pack=case.pack)
    telling.mail(db, refund, "refund_failed")


def close(db: Session, *, actor: Actor, case: Case, refund: Refund, sessions: int) -> None:
    """The money is gone: its credits leave the pack. A whole refund ends the pack in any case."""
    if case.pack is None or (not sessions and refund.scope is not RefundScope.WHOLE):
        return
    case.pack.locked = 0
    packs.close_credits(db, actor=actor, pack=case.pack, refund_id=refund.id, credits=sessions)


def follow_money(db: Session, order: Order) -> None:
    """Order and payments are refunded exactly when nothing of them is kept; what a lost dispute
    took from the order is not kept either. An order that its money did not fit was never paid."""
    kept, by_hand, lost = False, _by_hand(db, order), disputed.lost(db, order)
    for payment in db.exec(select(Payment).where(Payment.order_id == order.id)).all():
        if payment.status not in {PaymentStatus.COMPLETED, PaymentStatus.REFUNDED}:
            continue
        whole = payment.refunded_minor == payment.amount_minor
        payment.status = PaymentStatus.REFUNDED if whole else PaymentStatus.COMPLETED
        gone = payment.refunded_minor + by_hand.get(payment.id, 0) + lost.get(payment.id, 0)
        kept = kept or gone < payment.amount_minor
        if gone >= payment.amount_minor:
            _is_matched(db, order, payment)
    if not kept:
        order.status = OrderStatus.REFUNDED
    elif order.status is OrderStatus.REFUNDED:
        order.status = OrderStatus.PAID if order.paid_at else OrderStatus.FAILED
    db.flush()


def _is_matched(db: Session, order: Order, payment: Payment) -> None:
    """Money that did not fit its order has gone back: nobody has to find out about it any more."""
    unmatched.attribute(
        db,
        provider=payment.provider,
        kind=UnmatchedKind.PAYMENT,
        provider_id=payment.provider_id,
        order_id=order.id,
        note="It did not fit its order, and went back.",
    )


def _by_hand(db: Session, order: Order) -> dict[PaymentId, int]:
    """Minor units of each payment that an admin paid back another way."""
    found = (
        select(col(Refund.payment_id), func.sum(col(Refund.amount_minor)))
        .where(Refund.order_id == order.id, Refund.remedy == RefundRemedy.BY_HAND)
        .group_by(col(Refund.payment_id))
    )
    return {payment: int(minor) for payment, minor in db.exec(found).all()}


def _is_stale(refund: Refund, done: ProviderRefund) -> bool:
    """Whether `done` was read before what is written down: a refund never goes back a step."""
    if refund.provider_id != done.id:
        return done.state in _DEAD and done.attempt < refund.attempt
    if refund.status in {RefundStatus.FAILED, RefundStatus.CANCELED}:
        return True
    return refund.status is RefundStatus.SUCCEEDED and done.state is RefundState.PENDING


def _went_back(db: Session, actor: Actor, case: Case, refund: Refund) -> None:
    """The money left: payment, ledger, pack and seat follow, and the credit note comes last."""
    payment = db.get_one(Payment, refund.payment_id)
    payment.refunded_minor += refund.amount_minor
    follow_money(db, case.order)
    closes = _closes(db, actor, case, refund)
    ledger.post_refund(
        db,
        refund=refund,
        pack=case.pack,
        sessions=closes,
        owed=refund.owed,
        at=clock.utc_now(),
    )
    if refund.owed and closes and case.pack is not None:
        ledger.close_without_money(
            db, refund=refund, pack=case.pack, sessions=closes, at=clock.utc_now()
        )
    refund.owed = False
    db.flush()
    close(db, actor=actor, case=case, refund=refund, sessions=closes)
    if closes or payment.status is PaymentStatus.REFUNDED:
        others = select(Refund).where(
            Refund.payment_id == payment.id, col(Refund.id) != refund.id, trouble.waits()
        )
        overtaking.end(
            db,
            actor=actor,
            refunds=db.exec(others).all(),
            remedy=RefundRemedy.ELSEWHERE,
            by=refund.public_id,
        )
    invoices.credit(db, actor=actor, refund=refund)


def _closes(db: Session, actor: Actor, case: Case, refund: Refund) -> int:
    """How many credits close with the money. What was refunded at the provider closes the pack
    when it was all of the payment, or all that a lost dispute had left; of a part, an admin
    says which sessions it was for."""
    if case.pack is None or holding.closed_by(db, refund):
        return 0
    free = cases.unused(case.pack, len(cases.to_come(db, case.pack)))
    if refund.source is not RefundSource.PROVIDER:
        return _closes_ours(db, actor, case.pack, refund, free)
    whole = db.get_one(Payment, refund.payment_id).status is PaymentStatus.REFUNDED
    if not whole and case.order.status is not OrderStatus.REFUNDED:
        telling.alert(db, refund, "refund_at_provider")
        return 0
    holding.lock_all(db, actor=actor, pack=case.pack, sessions=free)
    if case.pack.left > free:
        # A session has begun and has no outcome yet: nothing can be booked until an admin closes.
        telling.alert(db, refund, "refund_at_provider")
        return 0
    refund.scope, refund.sessions = RefundScope.WHOLE, free
    return free


def _closes_ours(db: Session, actor: Actor, pack: Pack, refund: Refund, free: int) -> int:
    """They are locked, unless we had given it up and given them back: then sessions may have been
    booked, used, or lost to a dispute meanwhile."""
    wanted = refund.sessions or 0
    closes = min(wanted, free)
    holding.lock_all(db, actor=actor, pack=pack, sessions=closes)
    if closes < wanted:
        refund.sessions = closes
        if pack.left > closes:
            telling.alert(db, refund, "refund_beyond_sessions")
    return closes


def _came_again(db: Session, actor: Actor, case: Case, refund: Refund) -> None:
    """The bank sent it back after it had gone: the ledger owes it to the buyer, what it closed
    stays closed, and an admin has a task. A pack that it only held can be used again."""
    db.get_one(Payment, refund.payment_id).refunded_minor -= refund.amount_minor
    follow_money(db, case.order)
    ledger.post_refund_failed(db, refund=refund, at=clock.utc_now())
    refund.owed = True
    db.flush()
    if case.pack is not None and not cases.underway(db, case.order):
        holding.give_back(db, actor=actor, pack=case.pack)
    telling.alert(db, refund, "refund_returned" if case.pack else "refund_failed")
    telling.mail(db, refund, "refund_returned")


def _tell(db: Session, refund: Refund) -> None:
    """Buyer and admins hear of it once: the messages' keys say so."""
    telling.mail(db, refund, "refunded")
    if refund.source is RefundSource.AUTOMATIC:
        order = db.get_one(Order, refund.order_id)
        alert = "sold_out" if refund.reason is RefundReason.NO_PLACE else "paid_twice"
        notifications.alert_admins(db, alert=alert, thing=order.public_id)

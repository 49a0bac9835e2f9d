"""How a dispute stands, from the provider's own object: in any order, twice, or late, it counts
once.

What is over stays over. A provider that says the opposite later moved money again: that is kept as
unmatched money, and an admin finds out.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import audit, clock, db, invoices, ledger, notifications, topics, unmatched
from services.audit import Actor
from services.disputes import freezing, owing, telling
from services.models import (
    Dispute,
    DisputeStatus,
    Order,
    Pack,
    Payment,
    Provider,
    UnmatchedKind,
)
from services.money import Money
from services.providers.payments.base import DisputeState, ProviderDispute
from services.providers.payments.registry import payments
from services.refunds import cases, disputed, results

STATUS = {
    DisputeState.OPEN: DisputeStatus.OPEN,
    DisputeState.WON: DisputeStatus.WON,
    DisputeState.LOST: DisputeStatus.LOST,
    DisputeState.INQUIRY_CLOSED: DisputeStatus.INQUIRY_CLOSED,
}
_DECIDED = frozenset({DisputeStatus.WON, DisputeStatus.LOST})
_REASON_LENGTH = 100
_MORE = ":more"


def apply_seen(*, provider: str, seen: ProviderDispute) -> bool:
    """Apply a dispute as the provider shows it.

    False when it fits no payment we know; money that it took is then kept as unmatched, unless it
    is somebody else's, who sells by the same account. A refund of the payment that did not fit
    while the bank had the money is counted once it is back.
    """
    where = Provider(provider)
    if unmatched.is_somebody_elses(provider=provider, payment_id=seen.payment_id):
        return False
    with db.transaction() as tx:
        found = select(Payment).where(
            Payment.provider == where, Payment.provider_id == seen.payment_id
        )
        payment = tx.exec(found).one_or_none()
        if payment is None or payment.currency != seen.amount.currency:
            if seen.withdrawn:
                _keep_unmatched(tx, where, seen, seen.amount)
            return False
        case = cases.locked(tx, tx.get_one(Order, payment.order_id))
        tx.refresh(payment)
        of_pack = case.payment is not None and case.payment.id == payment.id
        row = _row(tx, where, seen, payment, case.pack if of_pack else None)
        pack = case.pack if of_pack and row.pack_id is not None else None
        actor = audit.by_provider(where)
        _follow(tx, actor, row, seen, payment, pack)
        _attribute(tx, row, seen.id)
        if row.status is DisputeStatus.WON:
            _attribute(tx, row, f"{seen.id}{_MORE}")
        _tell_contradiction(tx, where, row, seen)
        held = disputed.held(tx, payment) if row.status is DisputeStatus.WON else []
        again = [refund.provider_id for refund in held if refund.provider_id]
        if row.status is DisputeStatus.LOST and row.withdrawn:
            invoices.credit_lost(tx, actor=actor, dispute=row)  # its number is taken last
    for refund in again:
        results.apply_seen(provider=provider, done=payments(provider).get_refund(refund))
    return True


def _attribute(db: Session, row: Dispute, provider_id: str) -> None:
    """Money of the dispute that fitted nothing does, or came back."""
    unmatched.attribute(
        db,
        provider=row.provider,
        kind=UnmatchedKind.DISPUTE,
        provider_id=provider_id,
        order_id=row.order_id,
    )


def _row(
    db: Session, provider: Provider, seen: ProviderDispute, payment: Payment, pack: Pack | None
) -> Dispute:
    """The dispute's row, written when it is heard of for the first time. The order is locked."""
    found = select(Dispute).where(Dispute.provider == provider, Dispute.provider_id == seen.id)
    known = db.exec(found.execution_options(populate_existing=True)).one_or_none()
    if known is not None:
        return known
    row = Dispute(
        provider=provider,
        provider_id=seen.id,
        payment_id=payment.id,
        order_id=payment.order_id,
        pack_id=pack.id if pack else None,
        inquiry=_is_inquiry(seen),
        amount_minor=seen.amount.minor,
        currency=seen.amount.currency,
        reason=seen.reason[:_REASON_LENGTH],
        evidence_due_at=seen.evidence_due_at,
        opened_at=seen.created_at,
        updated_at=clock.utc_now(),
    )
    db.add(row)
    db.flush()
    _record(db, audit.by_provider(provider), row, "opened")
    alert = "inquiry_opened" if row.inquiry else "dispute_opened"
    notifications.alert_admins(db, alert=alert, thing=row.public_id)
    return row


def _follow(
    db: Session,
    actor: Actor,
    row: Dispute,
    seen: ProviderDispute,
    payment: Payment,
    pack: Pack | None,
) -> None:
    """Take each step that the provider's object is ahead of ours; never one back."""
    if row.status not in _DECIDED:
        _escalate(db, actor, row, seen)
        row.evidence_due_at = seen.evidence_due_at or row.evidence_due_at
        after = STATUS[seen.state]
        if seen.withdrawn and not row.inquiry:
            _withdraw(db, actor, row, payment, seen)
        stays_open = row.status is after is DisputeStatus.OPEN
        if stays_open and not row.inquiry and pack is not None:
            froze = freezing.freeze(db, actor=actor, pack=pack)
            if froze:
                telling.frozen(db, dispute=row, pack=pack)
        if after is not row.status and after is not DisputeStatus.OPEN:
            _end(db, actor, row, after, payment, pack)
    _charge(db, row, seen)
    row.updated_at = clock.utc_now()
    db.flush()


def _escalate(db: Session, actor: Actor, row: Dispute, seen: ProviderDispute) -> None:
    """An inquiry became a chargeback, even one that had been closed."""
    if row.inquiry and not _is_inquiry(seen):
        row.inquiry = False
        row.status, row.closed_at = DisputeStatus.OPEN, None
        db.flush()
        _record(db, actor, row, "escalated")
        notifications.alert_admins(db, alert="dispute_opened", thing=row.public_id)


def _is_inquiry(seen: ProviderDispute) -> bool:
    """A question that took money, or was lost, is none."""
    return seen.inquiry and not seen.withdrawn and seen.state is not DisputeState.LOST


def _withdraw(
    db: Session, actor: Actor, row: Dispute, payment: Payment, seen: ProviderDispute
) -> None:
    """The provider took the money, or keeps another part of it than it took first. More than the
    payment has left fits nothing here."""
    had = row.amount_minor if row.withdrawn else 0
    left = payment.amount_minor - payment.refunded_minor - payment.disputed_minor + had
    taken = min(seen.amount.minor, left)
    if taken < seen.amount.minor:
        more = Money(seen.amount.minor - taken, row.currency)
        _keep_unmatched(db, row.provider, seen, more, part=_MORE)
    if taken in {0, had}:
        return
    row.amount_minor, row.withdrawn = taken, True
    payment.disputed_minor += taken - had
    db.flush()
    ledger.post_withdrawn(db, dispute=row, at=clock.utc_now())
    _record(db, actor, row, "withdrawn")


def _charge(db: Session, row: Dispute, seen: ProviderDispute) -> None:
    """What the provider asks for the dispute; it may be told late, grow, or be given back."""
    fee = seen.fee
    if fee is None or fee.currency != row.currency or fee.minor == row.fee_minor:
        return
    row.fee_minor = fee.minor
    db.flush()
    ledger.post_dispute_fee(db, dispute=row, at=clock.utc_now())


def _end(
    db: Session,
    actor: Actor,
    row: Dispute,
    after: DisputeStatus,
    payment: Payment,
    pack: Pack | None,
) -> None:
    if after is DisputeStatus.INQUIRY_CLOSED and not row.inquiry:
        return  # read before it became a chargeback
    row.status, row.closed_at = after, clock.utc_now()
    db.flush()
    if after is DisputeStatus.WON and row.withdrawn:
        payment.disputed_minor -= row.amount_minor
        row.withdrawn = False
        db.flush()
        ledger.post_won(db, dispute=row, at=clock.utc_now())
    if after is DisputeStatus.LOST:
        _lose(db, actor, row, payment, pack)
    if pack is not None and not freezing.is_disputed(db, pack):
        thawed = freezing.thaw(db, actor=actor, pack=pack)
        if thawed and after is DisputeStatus.WON:
            telling.won(db, dispute=row, pack=pack)
    _record(db, actor, row, after.value.replace(" ", "_"))
    if after in _DECIDED:
        notifications.alert_admins(db, alert=f"dispute_{after.value}", thing=row.public_id)


def _lose(db: Session, actor: Actor, row: Dispute, payment: Payment, pack: Pack | None) -> None:
    """The money is gone for good: what waits for it ends, and so does the rest of the pack."""
    if not row.withdrawn:
        return  # all of it had gone back before, or the provider paid it itself
    owed = owing.settle(db, actor=actor, dispute=row)
    freezing.end_requests(db, actor=actor, dispute=row, payment=payment)
    results.follow_money(db, db.get_one(Order, row.order_id))
    sessions = 0
    if pack is not None:
        paid_for = row.amount_minor - owed
        sessions = freezing.free_credits(db, actor=actor, pack=pack, minor=paid_for)
    ledger.post_lost(db, dispute=row, pack=pack, sessions=sessions, owed=owed, at=clock.utc_now())
    if pack is not None:
        freezing.close(db, actor=actor, pack=pack, sessions=sessions)
        telling.lost(db, dispute=row, pack=pack, sessions=sessions)


def _tell_contradiction(
    db: Session, provider: Provider, row: Dispute, seen: ProviderDispute
) -> None:
    told = STATUS[seen.state]
    if row.status in _DECIDED and told in _DECIDED and told is not row.status:
        _keep_unmatched(db, provider, seen, seen.amount, part=f":{told.value}")


def _keep_unmatched(
    db: Session, provider: Provider, seen: ProviderDispute, amount: Money, *, part: str = ""
) -> None:
    unmatched.add(
        db,
        provider=provider,
        kind=UnmatchedKind.DISPUTE,
        provider_id=seen.id + part,
        payment_provider_id=seen.payment_id,
        amount=amount,
        seen_at=seen.created_at,
    )


def _record(db: Session, actor: Actor, row: Dispute, action: str) -> None:
    mentee = db.exec(select(col(Order.mentee_id)).where(Order.id == row.order_id)).one()
    topics.publish(db, topics.ORDERS, topics.mentee(mentee))
    audit.record(
        db,
        actor=actor,
        action=f"dispute.{action}",
        thing=row.public_id,
        after={"status": row.status.value, "minor": row.amount_minor, "inquiry": row.inquiry},
    )

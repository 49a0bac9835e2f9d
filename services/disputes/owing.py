"""What a buyer is owed, and their bank takes: it came back to them, and nobody owes it any more."""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import clock, ledger
from services.audit import Actor
from services.models import Dispute, Refund, RefundRemedy, RefundStatus
from services.refunds import overtaking, telling


def settle(db: Session, *, actor: Actor, dispute: Dispute) -> int:
    """A lost dispute pays what the buyer was owed of the payment first; how much of its money, in
    minor units, that was. A refund that it pays in full needs nobody any more; of another one so
    much less is owed. The caller holds the order's lock.
    """
    owed = select(Refund).where(
        Refund.payment_id == dispute.payment_id,
        col(Refund.owed),
        col(Refund.status) != RefundStatus.SUCCEEDED,
    )
    left = dispute.amount_minor
    for refund in db.exec(owed.order_by(col(Refund.id))).all():
        taken = min(left, refund.amount_minor)
        if taken:
            left -= taken
            ledger.post_owed_taken(
                db, dispute=dispute, refund=refund, minor=taken, at=clock.utc_now()
            )
            _paid(db, actor, dispute, refund, taken)
    return dispute.amount_minor - left


def _paid(db: Session, actor: Actor, dispute: Dispute, refund: Refund, taken: int) -> None:
    before, by = refund.status, dispute.public_id
    if taken == refund.amount_minor:
        refund.owed = False
        bank = RefundRemedy.BY_BANK
        overtaking.end(db, actor=actor, refunds=[refund], remedy=bank, by=by)
        return
    refund.amount_minor -= taken
    if before is RefundStatus.REQUESTED:
        refund.attempt += 1  # the provider knows the one before with another amount
    db.flush()
    telling.record(
        db,
        actor=actor,
        refund=refund,
        action="taken_by_bank",
        before=before.value,
        minor=taken,
        by=by,
    )

"""Refunds beside disputes: what a refund gives back, a bank may have taken already."""

from __future__ import annotations

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from services import clock, unmatched
from services.audit import Actor
from services.errors import Conflict
from services.ids import PaymentId
from services.models import (
    Dispute,
    DisputeStatus,
    Order,
    Payment,
    Refund,
    RefundRemedy,
    RefundStatus,
    UnmatchedKind,
    UnmatchedMoney,
)
from services.providers.payments.base import ProviderRefund
from services.refunds import holding, telling
from services.refunds.cases import UNDERWAY, Case

BANK_FIRST = "The bank is settling a dispute about this payment. That comes first."


def lost(db: Session, order: Order) -> dict[PaymentId, int]:
    """Minor units of each of the order's payments that a lost dispute took for good."""
    found = (
        select(col(Dispute.payment_id), func.sum(col(Dispute.amount_minor)))
        .where(
            Dispute.order_id == order.id,
            Dispute.status == DisputeStatus.LOST,
            col(Dispute.withdrawn),
        )
        .group_by(col(Dispute.payment_id))
    )
    return {payment: int(minor) for payment, minor in db.exec(found).all()}


def is_taken(db: Session, refund: Refund) -> bool:
    """Whether the buyer has the money already: an admin paid it another way, or so little of the
    payment is left that the refund does not fit any more."""
    if refund.remedy is RefundRemedy.BY_HAND:
        return True
    payment = db.get_one(Payment, refund.payment_id)
    left = payment.amount_minor - payment.refunded_minor - payment.disputed_minor
    return refund.amount_minor > left


def hold(db: Session, *, actor: Actor, case: Case, refund: Refund, done: ProviderRefund) -> None:
    """The provider has sent what a bank took as well, so that more is away than was paid.

    It is kept as unmatched money. While the dispute is open the refund stays pending: won, it is
    counted after all. Once the dispute is lost it is over, and locks no credits any more.
    """
    before = refund.status
    waits = refund.remedy is None and _is_open(db, refund.payment_id)
    after = RefundStatus.PENDING if waits else RefundStatus.CANCELED
    if before is not after or refund.provider_id != done.id:
        refund.provider_id, refund.status = done.id, after
        refund.settled_at = None if waits else clock.utc_now()
        db.flush()
        telling.record(db, actor=actor, refund=refund, action="beyond_payment", before=before.value)
        if not waits and before in UNDERWAY and case.pack is not None:
            holding.give_back(db, actor=actor, pack=case.pack)
    unmatched.add(
        db,
        provider=refund.provider,
        kind=UnmatchedKind.REFUND,
        provider_id=done.id,
        payment_provider_id=done.payment_id,
        amount=done.amount,
        seen_at=done.created_at,
    )
    telling.alert(db, refund, "refund_disputed")


def held(db: Session, payment: Payment) -> list[Refund]:
    """The refunds of a payment that wait for its dispute to end."""
    found = select(Refund).where(
        Refund.payment_id == payment.id,
        Refund.status == RefundStatus.PENDING,
        col(Refund.provider_id).in_(
            select(UnmatchedMoney.provider_id).where(
                UnmatchedMoney.provider == payment.provider,
                UnmatchedMoney.kind == UnmatchedKind.REFUND,
            )
        ),
    )
    return list(db.exec(found.order_by(col(Refund.id))).all())


def is_contested(db: Session, case: Case) -> bool:
    """Whether a chargeback of the payment is open."""
    contested = _open(case.paid.id).where(col(Dispute.inquiry).is_(False))
    return db.exec(contested.limit(1)).first() is not None


def require_settled(db: Session, case: Case) -> None:
    """Nothing goes back by us while a bank decides whether it takes it.

    Raises:
        Conflict
    """
    if is_contested(db, case):
        raise Conflict(BANK_FIRST)


def _is_open(db: Session, payment: PaymentId) -> bool:
    return db.exec(_open(payment).where(col(Dispute.withdrawn)).limit(1)).first() is not None


def _open(payment: PaymentId) -> SelectOfScalar[int]:
    return select(Dispute.id).where(
        Dispute.payment_id == payment, Dispute.status == DisputeStatus.OPEN
    )

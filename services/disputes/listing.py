"""Disputes as admins read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case
from sqlmodel import Session, col, select

from services import access
from services.audit import Actor
from services.models import (
    Dispute,
    DisputeStatus,
    Order,
    Pack,
    PackStatus,
    Provider,
    User,
)
from services.money import Money

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class DisputeView:
    """One dispute. `withdrawn`: its amount is away from our balance. `frozen`: its pack rests."""

    public_id: str
    provider: Provider
    provider_id: str
    order: str
    buyer: str
    amount: Money
    fee: Money
    inquiry: bool
    withdrawn: bool
    frozen: bool
    status: DisputeStatus
    reason: str
    evidence_due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None


def list_all(db: Session, *, actor: Actor) -> tuple[DisputeView, ...]:
    """What is open, the nearest deadline first, then what is over, the newest first.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    is_open = col(Dispute.status) == DisputeStatus.OPEN
    rows = db.exec(
        select(Dispute, col(Order.public_id), col(User.name), col(Pack.status))
        .join(Order, col(Order.id) == col(Dispute.order_id))
        .join(User, col(User.id) == col(Order.mentee_id))
        .outerjoin(Pack, col(Pack.id) == col(Dispute.pack_id))
        .order_by(
            case((is_open, 0), else_=1),
            case((col(Dispute.evidence_due_at).is_(None), 1), else_=0),
            case((is_open, col(Dispute.evidence_due_at)), else_=None),
            col(Dispute.closed_at).desc(),
            col(Dispute.id).desc(),
        )
        .limit(MOST_SHOWN)
    ).all()
    return tuple(
        _view(row, order, buyer, frozen=status is PackStatus.FROZEN)
        for row, order, buyer, status in rows
    )


def _view(row: Dispute, order: str, buyer: str, *, frozen: bool) -> DisputeView:
    return DisputeView(
        public_id=row.public_id,
        provider=row.provider,
        provider_id=row.provider_id,
        order=order,
        buyer=buyer,
        amount=Money(row.amount_minor, row.currency),
        fee=Money(row.fee_minor, row.currency),
        inquiry=row.inquiry,
        withdrawn=row.withdrawn,
        frozen=frozen,
        status=row.status,
        reason=row.reason,
        evidence_due_at=row.evidence_due_at,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )

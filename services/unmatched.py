"""Unmatched money: what moved at a provider and belongs to nothing we know, or does not fit the
order that it names. Never guessed; an admin finds out, and says what it was, or sends it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from services import access, audit, clock, db, inputs, ledger, notifications, topics
from services.audit import SYSTEM, Actor
from services.db import insert_or_ignore
from services.errors import Conflict, NotFound, ProviderRejected
from services.ids import OrderId
from services.models import (
    Account,
    Order,
    Payment,
    Provider,
    UnmatchedKind,
    UnmatchedMoney,
    UnmatchedStatus,
    User,
)
from services.money import Money
from services.providers.payments.base import Refusal
from services.providers.payments.registry import payments

_OURS = "ord_"
"""How the name of an order begins, ours or one that this database has lost."""
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class UnmatchedView:
    """Money that nobody could attribute. What follows `order` is told once it is settled; while it
    is open, `order` is the one that the money names and does not fit."""

    public_id: str
    provider: Provider
    kind: UnmatchedKind
    provider_id: str
    payment_id: str
    amount: Money
    seen_at: datetime
    status: UnmatchedStatus
    order: str
    note: str
    settled_by: str
    settled_at: datetime | None


def names_ours(order: str) -> bool:
    """Whether what a provider's payment names is an order of this studio, known or lost."""
    return order.startswith(_OURS)


def is_somebody_elses(*, provider: str, payment_id: str) -> bool:
    """Whether a payment that a refund or a dispute is about was made by somebody else who sells by
    the same account: we do not know it, and it names no order of a studio.

    Raises:
        ProviderUnavailable, ProviderRejected
    """
    if not payment_id or _is_known(provider, payment_id):
        return False
    try:
        return not names_ours(payments(provider).get_payment(payment_id).order)
    except ProviderRejected as refused:
        if refused.code == Refusal.MISSING:
            return False
        raise


def _is_known(provider: str, payment_id: str) -> bool:
    found = select(Payment.id).where(
        Payment.provider == provider, Payment.provider_id == payment_id
    )
    with db.reading() as session:
        return session.exec(found).first() is not None


def add(
    db: Session,
    *,
    provider: Provider,
    kind: UnmatchedKind,
    provider_id: str,
    payment_provider_id: str,
    amount: Money,
    seen_at: datetime,
    order_id: OrderId | None = None,
) -> None:
    """Keep money that fits nothing, and tell the admins. Once, however often it is seen.

    `seen_at` is when it moved at the provider. `order_id`: it names this order and does not fit it,
    so the ledger holds it there until it has gone back.
    """
    row = UnmatchedMoney(
        provider=provider,
        kind=kind,
        provider_id=provider_id,
        payment_provider_id=payment_provider_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        seen_at=seen_at,
        order_id=order_id,
    )
    if not insert_or_ignore(db, row):
        return
    topics.publish(db, topics.ORDERS)
    audit.record(
        db,
        actor=audit.by_provider(provider),
        action="unmatched.seen",
        thing=row.public_id,
        after={"kind": kind.value, "id": provider_id, "minor": amount.minor},
    )
    notifications.alert_admins(db, alert="unmatched_money", thing=row.public_id)


def attribute(
    db: Session,
    *,
    provider: Provider,
    kind: UnmatchedKind,
    provider_id: str,
    order_id: OrderId,
    note: str = "It was found to belong to this order.",
) -> None:
    """What was unmatched until now has been found to belong to an order, or has gone back, as the
    `note` says; nothing for the rest."""
    row = db.exec(
        select(UnmatchedMoney).where(
            UnmatchedMoney.provider == provider,
            UnmatchedMoney.kind == kind,
            UnmatchedMoney.provider_id == provider_id,
            UnmatchedMoney.status == UnmatchedStatus.OPEN,
        )
    ).one_or_none()
    if row is not None:
        close(db, actor=SYSTEM, row=row, order_id=order_id, note=note)


def settle(*, actor: Actor, unmatched: str, note: str, order: str = "") -> None:
    """An admin has found out what it was; `order` is the public id of the order it belongs to, if
    it belongs to one. It moves no money.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: it does not fit its order, and has not gone back yet.
    """
    access.require_admin(actor)
    why = checked_note(note)
    with db.transaction() as tx:
        row = locked(tx, unmatched)
        belongs = access.order_for(tx, actor, order.strip()).id if order.strip() else None
        if row.status is UnmatchedStatus.OPEN:
            _require_gone(tx, row)
            close(tx, actor=actor, row=row, order_id=row.order_id or belongs, note=why)


def _require_gone(db: Session, row: UnmatchedMoney) -> None:
    """Words do not move the money that the ledger holds for an order that it does not fit."""
    if row.order_id is None:
        return
    if ledger.balances(db, order_id=row.order_id).get((Account.UNMATCHED, row.currency)):
        raise Conflict(
            "This money does not fit its order. Start a refund of that order: the entry is settled "
            "when the money is back."
        )


def checked_note(note: str) -> str:
    """What an admin says that it was.

    Raises:
        InvalidInput
    """
    return inputs.paragraphs(note, field="note", what="What it was", least=3, most=500)


def locked(db: Session, unmatched: str) -> UnmatchedMoney:
    """The entry, for whoever is about to close it.

    Raises:
        NotFound
    """
    found = select(UnmatchedMoney).where(UnmatchedMoney.public_id == unmatched)
    row = db.exec(found.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound("entry")
    return row


def list_all(db: Session, *, actor: Actor) -> tuple[UnmatchedView, ...]:
    """What is open, the oldest first, then what was settled, the newest first.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    rows = db.exec(
        select(UnmatchedMoney, col(Order.public_id), col(User.name))
        .outerjoin(Order, col(Order.id) == col(UnmatchedMoney.order_id))
        .outerjoin(User, col(User.id) == col(UnmatchedMoney.settled_by))
        .order_by(
            col(UnmatchedMoney.status),
            col(UnmatchedMoney.settled_at).desc(),
            col(UnmatchedMoney.seen_at),
            col(UnmatchedMoney.id),
        )
        .limit(MOST_SHOWN)
    ).all()
    return tuple(_view(row, order or "", who or "") for row, order, who in rows)


def close(
    db: Session, *, actor: Actor, row: UnmatchedMoney, order_id: OrderId | None, note: str
) -> None:
    """Settle an open entry: it is known what it was."""
    row.status, row.order_id, row.note = UnmatchedStatus.SETTLED, order_id, note
    row.settled_by, row.settled_at = actor.user_id, clock.utc_now()
    db.flush()
    topics.publish(db, topics.ORDERS)
    audit.record(
        db, actor=actor, action="unmatched.settled", thing=row.public_id, after={"note": note}
    )


def _view(row: UnmatchedMoney, order: str, settled_by: str) -> UnmatchedView:
    return UnmatchedView(
        public_id=row.public_id,
        provider=row.provider,
        kind=row.kind,
        provider_id=row.provider_id,
        payment_id=row.payment_provider_id,
        amount=Money(row.amount_minor, row.currency),
        seen_at=row.seen_at,
        status=row.status,
        order=order,
        note=row.note,
        settled_by=settled_by,
        settled_at=row.settled_at,
    )

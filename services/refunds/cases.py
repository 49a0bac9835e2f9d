"""An order with what a refund of it touches, and the locks that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case
from sqlmodel import Session, col, func, select

from services import clock, inputs, locking
from services.audit import Actor
from services.errors import Conflict, NotAllowed, NotFound
from services.ids import PackId
from services.models import (
    Mentor,
    MentoringSession,
    Order,
    Pack,
    Payment,
    Refund,
    RefundSource,
    RefundStatus,
    SessionStatus,
)

NOTHING_PAID = "Nothing was paid here that could go back."
UNDERWAY = frozenset({RefundStatus.REQUESTED, RefundStatus.PENDING})
"""Not settled yet."""
MOST_NOTE = 500
"""Letters of what people write about a refund."""


@dataclass(frozen=True, slots=True)
class Case:
    """An order, the pack that it became, and the payment that the pack was made from, or that
    fitted nothing."""

    order: Order
    pack: Pack | None
    payment: Payment | None

    @property
    def bought(self) -> tuple[Pack, Payment]:
        """The pack and its payment.

        Raises:
            Conflict: nothing was paid, or nothing was bought for it.
        """
        if self.pack is None:
            raise Conflict(NOTHING_PAID)
        return self.pack, self.paid

    @property
    def paid(self) -> Payment:
        """The payment.

        Raises:
            Conflict: nothing was paid.
        """
        if self.payment is None:
            raise Conflict(NOTHING_PAID)
        return self.payment


def read(db: Session, order: Order) -> Case:
    """The order's case as it stands, without a lock."""
    pack = _pack(db, order)
    return Case(order, pack, _paying(db, order, pack))


def locked(db: Session, order: Order) -> Case:
    """Lock the order, its mentor and both people, and read all of it again."""
    _lock(db, order)
    return read(db, order)


def of_refund(db: Session, public_id: str) -> tuple[Refund, Case]:
    """A refund by its public id, under the locks of its order.

    Raises:
        NotFound
    """
    refund = db.exec(select(Refund).where(Refund.public_id == public_id)).one_or_none()
    if refund is None:
        raise NotFound("refund")
    return refund, locked_with(db, refund)


def locked_with(db: Session, refund: Refund) -> Case:
    """The case of a refund, under its locks; the refund is read again as well.

    The payment is the refund's own, which for an automatic refund no pack was made from.
    """
    order = db.get_one(Order, refund.order_id)
    _lock(db, order)
    db.refresh(refund)
    pack = _pack(db, order) if refund.pack_id is not None else None
    return Case(order, pack, db.get_one(Payment, refund.payment_id, populate_existing=True))


def require_other_person(actor: Actor, case: Case) -> None:
    """Nobody decides about their own money.

    Raises:
        NotAllowed
    """
    if case.order.mentee_id == actor.user_id:
        raise NotAllowed("This order is your own: another admin decides about its refund.")


def underway(db: Session, order: Order) -> Refund | None:
    """The refund of the order's pack that is asked for, decided or on its way, if there is one."""
    found = select(Refund).where(
        Refund.order_id == order.id,
        col(Refund.source) != RefundSource.AUTOMATIC,
        col(Refund.status).in_(UNDERWAY),
    )
    return db.exec(found.order_by(col(Refund.id)).limit(1)).one_or_none()


def to_come(db: Session, pack: Pack) -> list[MentoringSession]:
    """The pack's booked sessions that have not begun, the last one first."""
    found = select(MentoringSession).where(MentoringSession.pack_id == pack.id, *_to_come())
    return list(db.exec(found.order_by(col(MentoringSession.starts_at).desc())).all())


def unused(pack: Pack, booked: int) -> int:
    """The credits that a refund can close: those of sessions that have begun and are not settled
    belong to their outcome. `booked` is how many sessions are `to_come`."""
    return pack.left - pack.reserved + booked


def unused_of(db: Session, packs: Sequence[PackId]) -> dict[PackId, int]:
    """The same for many packs, by one query."""
    booked = select(func.count(col(MentoringSession.id))).where(
        MentoringSession.pack_id == Pack.id, *_to_come()
    )
    found = select(Pack, booked.scalar_subquery()).where(col(Pack.id).in_(packs))
    return {pack.id: unused(pack, number) for pack, number in db.exec(found).all()}


def checked_note(text: str, *, what: str = "The reason", least: int = 0) -> str:
    """What somebody writes about a refund.

    Raises:
        InvalidInput
    """
    return inputs.paragraphs(text, field="note", what=what, least=least, most=MOST_NOTE)


def _to_come() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        col(MentoringSession.status) == SessionStatus.SCHEDULED,
        col(MentoringSession.starts_at) > clock.utc_now(),
    )


def _lock(db: Session, order: Order) -> None:
    mentor_user = db.get_one(Mentor, order.mentor_id).user_id
    locking.lock(
        db,
        users={order.mentee_id, mentor_user},
        mentors=[order.mentor_id],
        orders=[order.id],
    )
    locking.read_again(db, order)


def _pack(db: Session, order: Order) -> Pack | None:
    found = select(Pack).where(Pack.order_id == order.id)
    return db.exec(found.execution_options(populate_existing=True)).one_or_none()


def _paying(db: Session, order: Order, pack: Pack | None) -> Payment | None:
    """The payment that did not go back by itself, the first of which something is left should there
    be several; where it became a pack, one that fits the order. A free order and a grant have
    none."""
    back = select(Refund.payment_id).where(
        Refund.order_id == order.id, Refund.source == RefundSource.AUTOMATIC
    )
    found = select(Payment).where(
        Payment.order_id == order.id,
        col(Payment.completed_at).is_not(None),
        col(Payment.id).not_in(back),
    )
    if pack is not None:
        found = found.where(
            Payment.amount_minor == order.amount_minor, Payment.currency == order.currency
        )
    gone = col(Payment.refunded_minor) + col(Payment.disputed_minor)
    is_gone = case((gone < col(Payment.amount_minor), 0), else_=1)
    first = found.order_by(is_gone, col(Payment.id)).limit(1)
    return db.exec(first.execution_options(populate_existing=True)).one_or_none()

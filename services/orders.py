"""Orders as people read them: one order, one's own orders, and all of them for admins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, paging
from services.audit import Actor
from services.errors import InvalidInput
from services.ids import OrderId
from services.models import (
    Mentor,
    Order,
    OrderStatus,
    Pack,
    Payment,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
    User,
)
from services.money import Money
from services.paging import Columns, Part, Sorting

SORTS: Columns = {
    "date": (col(Order.created_at),),
    "price": (col(Order.currency), col(Order.amount_minor)),
}
"""What lists of orders may be sorted by; amounts are compared within their currency only."""

REFUND_FAILED = "refund_failed"
"""Lists of orders may be asked for those with a refund that failed, whatever their status."""


class Face(StrEnum):
    """What an order looks like to a person: finer than its status, because words differ."""

    OPEN = "open"
    WAITING = "waiting"
    DECLINED = "declined"
    PAID = "paid"
    TIME_RAN_OUT = "time_ran_out"
    CANCELED = "canceled"
    FAILED = "failed"
    SOLD_OUT_REFUNDING = "sold_out_refunding"
    SOLD_OUT_REFUNDED = "sold_out_refunded"
    PAID_TWICE_REFUNDED = "paid_twice_refunded"
    REFUND_STUCK = "refund_stuck"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order. `refunded` is what went back so far; `pack` the public id of what was bought.

    `expires_at` ends the hold of the seat while the order is not paid. `mentee_email` is filled
    for admins only.
    """

    public_id: str
    status: OrderStatus
    face: Face
    title: str
    sessions: int
    price: Money
    refunded: Money
    validity_days: int | None
    mentor_name: str
    mentor_slug: str
    mentee_name: str
    mentee_email: str
    created_at: datetime
    paid_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime
    checkout_url: str | None
    pack: str | None


@dataclass(frozen=True, slots=True)
class _Related:
    mentor_slug: str
    mentor_name: str
    mentee_name: str
    mentee_email: str
    pack: str | None


def get_order(db: Session, *, actor: Actor, order: str) -> OrderView:
    """An order: one's own, or any for an admin.

    Raises:
        NotFound
    """
    found = access.order_for(db, actor, order)
    return _views(db, [col(Order.id) == found.id], actor=actor, limit=1)[0]


def list_mine(
    db: Session, *, actor: Actor, before: str | None = None, limit: int = 20
) -> Part[OrderView]:
    """The signed-in person's orders, newest first.

    Raises:
        SignInNeeded, InvalidInput: an unknown place to go on from.
    """
    mine = col(Order.mentee_id) == access.require_user(actor)
    return _part(db, [mine], actor=actor, before=before, limit=limit)


def list_all(
    db: Session,
    *,
    actor: Actor,
    status: str = "",
    query: str = "",
    sort: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Part[OrderView]:
    """All orders for an admin, newest first, or by one of `SORTS`; `status` is an `OrderStatus`
    or REFUND_FAILED; `query` looks in the order's public id, its title, and both people's names
    and the mentee's address.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    wanted: list[ColumnElement[bool]] = []
    if status:
        wanted.append(_having(status))
    if query.strip():
        wanted.append(_matching(query))
    return _part(db, wanted, actor=actor, before=before, limit=limit, sort=sort)


def _having(status: str) -> ColumnElement[bool]:
    if status == REFUND_FAILED:
        failed = col(Refund.status) == RefundStatus.FAILED
        return col(Order.id).in_(select(Refund.order_id).where(failed))
    try:
        return col(Order.status) == OrderStatus(status)
    except ValueError:
        raise InvalidInput("status", "There is no such status.") from None


def _matching(query: str) -> ColumnElement[bool]:
    like = paging.pattern(query)
    people = select(User.id).where(
        or_(col(User.name).ilike(like, escape="\\"), col(User.email).ilike(like, escape="\\"))
    )
    mentors = (
        select(Mentor.id)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(User.name).ilike(like, escape="\\"))
    )
    return or_(
        col(Order.public_id) == query.strip(),
        col(Order.title).ilike(like, escape="\\"),
        col(Order.mentee_id).in_(people),
        col(Order.mentor_id).in_(mentors),
    )


def _part(
    db: Session,
    wanted: list[ColumnElement[bool]],
    *,
    actor: Actor,
    before: str | None,
    limit: int,
    sort: str = "",
) -> Part[OrderView]:
    limit = paging.bounded(limit)
    total = db.exec(select(func.count(col(Order.id))).where(*wanted)).one()
    by = paging.sorting(sort, SORTS, default="-date", unique=col(Order.id))
    place = paging.beyond(db, Order, Order.public_id, before, by=by, among=wanted)
    rows = _views(db, [*wanted, *place], actor=actor, limit=limit + 1, by=by)
    shown, more = paging.cut(rows, limit)
    return Part(tuple(shown), shown[-1].public_id if more else None, total)


def _views(
    db: Session,
    wanted: list[ColumnElement[bool]],
    *,
    actor: Actor,
    limit: int,
    by: Sorting | None = None,
) -> list[OrderView]:
    mentee, mentor_user = aliased(User), aliased(User)
    rows = db.exec(
        select(Order, col(Mentor.slug), col(mentor_user.name), mentee)
        .join(Mentor, col(Mentor.id) == col(Order.mentor_id))
        .join(mentor_user, col(mentor_user.id) == col(Mentor.user_id))
        .join(mentee, col(mentee.id) == col(Order.mentee_id))
        .where(*wanted)
        .order_by(*(by.order() if by else ()))
        .limit(limit)
    ).all()
    ids = [row[0].id for row in rows]
    refunded, refunds, packs = _refunded(db, ids), _automatic_refunds(db, ids), _packs(db, ids)
    return [
        _view(
            order,
            _Related(
                mentor_slug=slug,
                mentor_name=mentor_name,
                mentee_name=person.name,
                mentee_email=person.email if actor.is_admin else "",
                pack=packs.get(order.id),
            ),
            refunded_minor=refunded.get(order.id, 0),
            refunds=refunds[order.id],
            has_payment=order.id in refunded,
        )
        for order, slug, mentor_name, person in rows
    ]


def _packs(db: Session, orders: Sequence[OrderId]) -> dict[OrderId, str]:
    """The public ids of the packs that the orders became."""
    rows = db.exec(
        select(col(Pack.order_id), col(Pack.public_id)).where(col(Pack.order_id).in_(orders))
    )
    return {order: pack for order, pack in rows.all() if order is not None}


def _refunded(db: Session, orders: Sequence[OrderId]) -> dict[OrderId, int]:
    """Minor units that went back, by order; an order and its payments share one currency."""
    rows = db.exec(
        select(col(Payment.order_id), func.sum(col(Payment.refunded_minor)))
        .where(col(Payment.order_id).in_(orders))
        .group_by(col(Payment.order_id))
    )
    return {order: int(minor) for order, minor in rows.all()}


def _automatic_refunds(
    db: Session, orders: Sequence[OrderId]
) -> defaultdict[OrderId, dict[RefundReason, RefundStatus]]:
    rows = db.exec(
        select(col(Refund.order_id), col(Refund.reason), col(Refund.status)).where(
            col(Refund.order_id).in_(orders), col(Refund.source) == RefundSource.AUTOMATIC
        )
    )
    refunds: defaultdict[OrderId, dict[RefundReason, RefundStatus]] = defaultdict(dict)
    for order, reason, status in rows.all():
        refunds[order][reason] = status
    return refunds


def _view(
    order: Order,
    related: _Related,
    *,
    refunded_minor: int,
    refunds: dict[RefundReason, RefundStatus],
    has_payment: bool,
) -> OrderView:
    return OrderView(
        public_id=order.public_id,
        status=order.status,
        face=face_of(order, refunds, has_payment=has_payment),
        title=order.title,
        sessions=order.sessions,
        price=Money(order.amount_minor, order.currency),
        refunded=Money(refunded_minor, order.currency),
        validity_days=order.validity_days,
        mentor_name=related.mentor_name,
        mentor_slug=related.mentor_slug,
        mentee_name=related.mentee_name,
        mentee_email=related.mentee_email,
        created_at=order.created_at,
        paid_at=order.paid_at,
        ended_at=order.ended_at,
        expires_at=order.expires_at,
        checkout_url=order.checkout_url if order.status is OrderStatus.PENDING else None,
        pack=related.pack,
    )


_STUCK = {RefundStatus.FAILED, RefundStatus.CANCELED}
_PLAIN = {
    OrderStatus.PAID: Face.PAID,
    OrderStatus.CANCELED: Face.CANCELED,
    OrderStatus.EXPIRED: Face.TIME_RAN_OUT,
    OrderStatus.FAILED: Face.FAILED,
    OrderStatus.REFUNDED: Face.REFUNDED,
}


def face_of(
    order: Order, refunds: dict[RefundReason, RefundStatus], *, has_payment: bool = False
) -> Face:
    """The face of an order, given the status of its automatic refunds by their reason.

    `has_payment`: money of this order has come in, also money that did not fit it.
    """
    if _STUCK & set(refunds.values()) or (order.status is OrderStatus.FAILED and has_payment):
        return Face.REFUND_STUCK
    if RefundReason.NO_PLACE in refunds:
        back = refunds[RefundReason.NO_PLACE] is RefundStatus.SUCCEEDED
        return Face.SOLD_OUT_REFUNDED if back else Face.SOLD_OUT_REFUNDING
    if order.status is OrderStatus.PENDING:
        if order.bank_pending_at is not None:
            return Face.WAITING
        return Face.DECLINED if order.declined_at is not None else Face.OPEN
    if order.status is OrderStatus.PAID and RefundReason.PAID_TWICE in refunds:
        return Face.PAID_TWICE_REFUNDED
    return _PLAIN[order.status]

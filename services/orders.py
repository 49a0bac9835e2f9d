"""Orders as people read them: one order, one's own orders, and all of them for admins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, paging, refunds
from services.audit import Actor
from services.errors import InvalidInput
from services.ids import OrderId
from services.models import (
    Dispute,
    DisputeStatus,
    Invoice,
    Mentor,
    Order,
    OrderStatus,
    Pack,
    PackOffer,
    Payment,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
    User,
)
from services.money import Money
from services.order_faces import Face as Face
from services.order_faces import face_of as face_of
from services.paging import Columns, Part, Sorting

SORTS: Columns = {
    "date": (col(Order.created_at),),
    "price": (col(Order.currency), col(Order.amount_minor)),
}
"""What lists of orders may be sorted by; amounts are compared within their currency only."""

REFUND_TROUBLED = "refund_troubled"
"""Lists of orders may be asked for those with a refund that needs help, whatever their status."""


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order. `refunded` is what we gave back so far, `lost` what lost disputes took; `pack` the
    public id of what was bought; `provider` who takes or took the money, "" when there was nothing
    to pay.

    `expires_at` ends the hold of the seat while the order is not paid. `mentee_email` is filled
    for admins only.
    """

    public_id: str
    status: OrderStatus
    face: Face
    offer: str
    title: str
    sessions: int
    price: Money
    provider: str
    refunded: Money
    lost: Money
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
    offer: str
    pack: str | None


@dataclass(frozen=True, slots=True)
class _Disputes:
    """Minor units that lost ones took, and whether a chargeback is open."""

    lost_minor: int = 0
    is_open: bool = False


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
    or REFUND_TROUBLED; `query` looks in the order's title, both people's names and the mentee's
    address, and is the whole of an id or an invoice's number: what a bank, a buyer or a provider's
    dashboard quotes of its payments, refunds and disputes.

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
    if status == REFUND_TROUBLED:
        return col(Order.id).in_(select(Refund.order_id).where(refunds.troubled()))
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
        *_named(query.strip()),
        col(Order.title).ilike(like, escape="\\"),
        col(Order.mentee_id).in_(people),
        col(Order.mentor_id).in_(mentors),
    )


def _named(name: str) -> Iterator[ColumnElement[bool]]:
    """Whether the order, or something of it, has exactly this name, ours or the provider's."""
    yield col(Order.public_id) == name
    yield col(Order.checkout_id) == name
    for thing in (Payment, Refund, Dispute):
        has = or_(col(thing.public_id) == name, col(thing.provider_id) == name)
        yield col(Order.id).in_(select(thing.order_id).where(has))
    yield col(Order.id).in_(
        select(Invoice.order_id).where(
            or_(col(Invoice.public_id) == name, col(Invoice.label) == name.upper())
        )
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
    refunded, refunds, bought = _refunded(db, ids), _automatic_refunds(db, ids), _bought(db, ids)
    disputes = _disputes(db, ids)
    return [
        _view(
            order,
            _Related(
                mentor_slug=slug,
                mentor_name=mentor_name,
                mentee_name=person.name,
                mentee_email=person.email if actor.is_admin else "",
                offer=bought[order.id][0],
                pack=bought[order.id][1],
            ),
            refunded_minor=refunded.get(order.id, 0),
            disputes=disputes.get(order.id, _Disputes()),
            refunds=refunds[order.id],
            has_payment=order.id in refunded,
        )
        for order, slug, mentor_name, person in rows
    ]


def _bought(db: Session, orders: Sequence[OrderId]) -> dict[OrderId, tuple[str, str | None]]:
    """The public ids of what was on sale, and of the pack that the order became."""
    rows = db.exec(
        select(col(Order.id), col(PackOffer.public_id), col(Pack.public_id))
        .join(PackOffer, col(PackOffer.id) == col(Order.offer_id))
        .outerjoin(Pack, col(Pack.order_id) == col(Order.id))
        .where(col(Order.id).in_(orders))
    )
    return {order: (offer, pack) for order, offer, pack in rows.all()}


def _refunded(db: Session, orders: Sequence[OrderId]) -> dict[OrderId, int]:
    """Minor units that went back, by order; an order and its payments share one currency."""
    rows = db.exec(
        select(col(Payment.order_id), func.sum(col(Payment.refunded_minor)))
        .where(col(Payment.order_id).in_(orders))
        .group_by(col(Payment.order_id))
    )
    return {order: int(minor) for order, minor in rows.all()}


def _disputes(db: Session, orders: Sequence[OrderId]) -> dict[OrderId, _Disputes]:
    """How the orders' disputes stand, by order."""
    is_lost = (col(Dispute.status) == DisputeStatus.LOST) & col(Dispute.withdrawn)
    is_open = (col(Dispute.status) == DisputeStatus.OPEN) & col(Dispute.inquiry).is_(False)
    rows = db.exec(
        select(
            col(Dispute.order_id),
            func.sum(case((is_lost, col(Dispute.amount_minor)), else_=0)),
            func.sum(case((is_open, 1), else_=0)),
        )
        .where(col(Dispute.order_id).in_(orders))
        .group_by(col(Dispute.order_id))
    )
    return {order: _Disputes(int(lost), number > 0) for order, lost, number in rows.all()}


def _automatic_refunds(
    db: Session, orders: Sequence[OrderId]
) -> defaultdict[OrderId, dict[RefundReason, RefundStatus]]:
    rows = db.exec(
        select(
            col(Refund.order_id), col(Refund.reason), col(Refund.status), col(Refund.remedy)
        ).where(col(Refund.order_id).in_(orders), col(Refund.source) == RefundSource.AUTOMATIC)
    )
    refunds: defaultdict[OrderId, dict[RefundReason, RefundStatus]] = defaultdict(dict)
    for order, reason, status, remedy in rows.all():
        # Paid another way, it has arrived.
        refunds[order][reason] = RefundStatus.SUCCEEDED if remedy else status
    return refunds


def _view(
    order: Order,
    related: _Related,
    *,
    refunded_minor: int,
    disputes: _Disputes,
    refunds: dict[RefundReason, RefundStatus],
    has_payment: bool,
) -> OrderView:
    return OrderView(
        public_id=order.public_id,
        status=order.status,
        face=face_of(
            order,
            refunds,
            has_payment=has_payment,
            disputed=disputes.is_open,
            lost=disputes.lost_minor > 0,
        ),
        offer=related.offer,
        title=order.title,
        sessions=order.sessions,
        price=Money(order.amount_minor, order.currency),
        provider=order.provider.value if order.provider else "",
        refunded=Money(refunded_minor, order.currency),
        lost=Money(disputes.lost_minor, order.currency),
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

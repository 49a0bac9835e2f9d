"""Refunds as people read them: the admins' queue, and those of one order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from services import access
from services.audit import Actor
from services.ids import PackId, UserId
from services.models import (
    Mentor,
    Order,
    Provider,
    Refund,
    RefundReason,
    RefundRemedy,
    RefundScope,
    RefundSource,
    RefundStatus,
    User,
)
from services.money import Money
from services.refunds import amounts, cases, trouble
from services.refunds.cases import UNDERWAY

MOST_OPEN = 200
RECENT = 20


class RefundFace(StrEnum):
    """What a refund looks like to a person: finer than its status."""

    ASKED = "asked"
    SECOND = "second"
    UNDERWAY = "underway"
    DONE = "done"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    RETURNED = "returned"
    BY_HAND = "by_hand"
    RESTORED = "restored"
    BY_BANK = "by_bank"
    ELSEWHERE = "elsewhere"
    CLOSED = "closed"


_REMEDIED = {
    RefundRemedy.BY_HAND: RefundFace.BY_HAND,
    RefundRemedy.RESTORED: RefundFace.RESTORED,
    RefundRemedy.BY_BANK: RefundFace.BY_BANK,
    RefundRemedy.ELSEWHERE: RefundFace.ELSEWHERE,
    RefundRemedy.NOTHING: RefundFace.CLOSED,
}


@dataclass(frozen=True, slots=True)
class RefundView:
    """One refund. `now` is what would go back if it were approved now, of those that wait; `unused`
    how many sessions of its pack are unused. `mine` tells that the reader has decided about it
    already, `own` that it is the reader's own money. `failed`: it needs an admin; `dismissable`: so
    that nothing more may be done about it. `asks_sessions`: it was made at the provider,
    and nobody has said which sessions it was for.
    """

    public_id: str
    face: RefundFace
    order: str
    title: str
    mentor_name: str
    mentee_name: str
    amount: Money
    now: Money | None
    sessions: int | None
    unused: int
    scope: RefundScope
    source: RefundSource
    reason: RefundReason
    provider: Provider
    note: str
    decision_note: str
    remedy_note: str
    decided_by: str
    approved_by: str
    created_at: datetime
    decided_at: datetime | None
    settled_at: datetime | None
    mine: bool
    own: bool
    failed: bool
    dismissable: bool
    restorable: bool
    asks_sessions: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for an admin's answer, what needs an admin's help, what is on its way, and what
    was settled lately. The first three have the oldest first."""

    waiting: tuple[RefundView, ...]
    troubled: tuple[RefundView, ...]
    underway: tuple[RefundView, ...]
    recent: tuple[RefundView, ...]


def list_queue(db: Session, *, actor: Actor) -> Queue:
    """The refunds of the studio, by what they need.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    settled = col(Refund.status).not_in(UNDERWAY)
    troubled = trouble.troubled()
    open_ones = _views(db, actor, [or_(~settled, troubled)], oldest=True, limit=MOST_OPEN)
    recent = _views(db, actor, [settled, ~troubled], oldest=False, limit=RECENT)
    waits = {RefundFace.ASKED, RefundFace.SECOND}
    return Queue(
        waiting=tuple(view for view in open_ones if view.face in waits),
        troubled=tuple(
            view
            for view in open_ones
            if view.face not in waits and view.face is not RefundFace.UNDERWAY
        ),
        underway=tuple(view for view in open_ones if view.face is RefundFace.UNDERWAY),
        recent=tuple(recent),
    )


def list_of(db: Session, *, actor: Actor, order: str) -> tuple[RefundView, ...]:
    """The refunds of one's own order, or of any for an admin, the oldest first. What one admin
    began and another has not agreed to is for admins alone: the buyer was promised nothing.

    Raises:
        NotFound
    """
    found = access.order_for(db, actor, order)
    wanted = [col(Refund.order_id) == found.id]
    if not actor.is_admin:
        wanted.append(~_within())
    return tuple(_views(db, actor, wanted, oldest=True, limit=MOST_OPEN))


def open_for(db: Session, *, user_id: UserId) -> bool:
    """Whether a refund of this person's is asked for, on its way, or waits for an admin."""
    mine = select(Refund.id).join(Order, col(Order.id) == col(Refund.order_id))
    unsettled = or_(col(Refund.status).in_(UNDERWAY), trouble.troubled())
    return db.exec(mine.where(Order.mentee_id == user_id, unsettled).limit(1)).first() is not None


def _within() -> ColumnElement[bool]:
    """Begun by an admin, and not agreed to by a second one: yet, or at all."""
    agreed = col(Refund.decided_at).is_not(None) & (col(Refund.status) != RefundStatus.DENIED)
    return and_(col(Refund.source) == RefundSource.ADMIN, ~agreed)


def _views(
    db: Session,
    actor: Actor,
    wanted: Sequence[ColumnElement[bool]],
    *,
    oldest: bool,
    limit: int,
) -> list[RefundView]:
    by = (
        (col(Refund.created_at), col(Refund.id))
        if oldest
        else (col(Refund.settled_at).desc(), col(Refund.id).desc())
    )
    found = db.exec(
        select(Refund, Order, col(Mentor.user_id))
        .join(Order, col(Order.id) == col(Refund.order_id))
        .join(Mentor, col(Mentor.id) == col(Order.mentor_id))
        .where(*wanted)
        .order_by(*by)
        .limit(limit)
    ).all()
    if not found:
        return []
    names = _names(db, found)
    unused = cases.unused_of(db, [refund.pack_id for refund, _, _ in found if refund.pack_id])
    waiting = [refund for refund, _, _ in found if trouble.is_waiting(refund)]
    now = _now(db, waiting, unused) if actor.is_admin and waiting else {}
    return [
        _view(actor, refund, order, names[user], names, unused, now.get(refund.public_id))
        for refund, order, user in found
    ]


def _names(db: Session, rows: Iterable[tuple[Refund, Order, UserId]]) -> dict[UserId, str]:
    ids: set[UserId] = set()
    for refund, order, mentor_user in rows:
        people = (refund.decided_by, refund.approved_by)
        ids |= {order.mentee_id, mentor_user, *(user for user in people if user is not None)}
    found = select(col(User.id), col(User.name)).where(col(User.id).in_(ids))
    return dict(db.exec(found).all())


def _now(db: Session, refunds: Sequence[Refund], unused: dict[PackId, int]) -> dict[str, Money]:
    """What each would give back now, by the same rules as the decision itself."""
    worth = amounts.worth_of(db, [refund.pack_id for refund in refunds if refund.pack_id])
    rest = amounts.rest_of(db, [refund.payment_id for refund in refunds])
    now: dict[str, Money] = {}
    for refund in refunds:
        free = unused.get(refund.pack_id, 0) if refund.pack_id else 0
        closes = free if refund.source is RefundSource.MENTEE else min(free, refund.sessions or 0)
        sums = worth[refund.pack_id][:closes] if refund.pack_id else []
        minor = amounts.goes_back(
            refund.scope,
            most=rest[refund.payment_id],
            worth=sums[-1] if sums else 0,
            asked=refund.amount_minor,
        )
        now[refund.public_id] = Money(minor, refund.currency)
    return now


def _face(refund: Refund) -> RefundFace:
    if trouble.is_waiting(refund):
        return RefundFace.SECOND if refund.needs_second else RefundFace.ASKED
    if refund.remedy is not None:
        return _REMEDIED[refund.remedy]
    match refund.status:
        case RefundStatus.REQUESTED | RefundStatus.PENDING:
            return RefundFace.UNDERWAY
        case RefundStatus.SUCCEEDED:
            return RefundFace.DONE
        case RefundStatus.DENIED:
            return RefundFace.DENIED
        case RefundStatus.FAILED | RefundStatus.CANCELED:
            if refund.decided_at is None:
                return RefundFace.WITHDRAWN
            paid = refund.owed and refund.pack_id is not None
            return RefundFace.RETURNED if paid else RefundFace.FAILED


def _view(
    actor: Actor,
    refund: Refund,
    order: Order,
    mentor_name: str,
    names: dict[UserId, str],
    unused: dict[PackId, int],
    now: Money | None,
) -> RefundView:
    def name(user: UserId | None) -> str:
        return names[user] if user is not None else ""

    face = _face(refund)
    return RefundView(
        public_id=refund.public_id,
        face=face,
        order=order.public_id,
        title=order.title,
        mentor_name=mentor_name,
        mentee_name=names[order.mentee_id],
        amount=Money(refund.amount_minor, refund.currency),
        now=now,
        sessions=refund.sessions,
        unused=unused.get(refund.pack_id, 0) if refund.pack_id is not None else 0,
        scope=refund.scope,
        source=refund.source,
        reason=refund.reason,
        provider=refund.provider,
        note=refund.note,
        decision_note=_answer(actor, refund),
        remedy_note=refund.remedy_note,
        decided_by=name(refund.decided_by),
        approved_by=name(refund.approved_by),
        created_at=refund.created_at,
        decided_at=refund.decided_at,
        settled_at=refund.settled_at,
        mine=actor.user_id is not None and actor.user_id == refund.decided_by,
        own=actor.user_id == order.mentee_id,
        failed=trouble.has_failed(refund),
        dismissable=trouble.has_failed(refund) and not refund.owed,
        restorable=face is RefundFace.RETURNED and bool(refund.sessions),
        asks_sessions=trouble.is_unexplained(refund),
    )


def _answer(actor: Actor, refund: Refund) -> str:
    """The note of whoever decided. The buyer reads an answer to what they asked, not what one admin
    writes to another."""
    to_buyer = refund.source is RefundSource.MENTEE
    return refund.decision_note if actor.is_admin or to_buyer else ""

"""Reading the story: a constant number of queries, however much has happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from sqlalchemy import or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services import access, ledger, orders
from services.audit import Actor
from services.ids import DisputeId, OrderId, PackId, PaymentId, RefundId, SessionId
from services.ledger import Finding
from services.models import (
    AuditEntry,
    CreditEntry,
    DiscountCode,
    Dispute,
    InboxEvent,
    Invoice,
    MentoringSession,
    Order,
    OutboxMessage,
    Pack,
    Payment,
    Posting,
    Refund,
    Seat,
    UnmatchedMoney,
    User,
)
from services.money import Money
from services.order_story import telling
from services.order_story.telling import Happening
from services.orders import OrderView
from services.reminders import reading as reminders

JUST_BEFORE = timedelta(minutes=1)
"""A seat is held before its order is written, in the same transaction."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What the ledger says of one account of the order, as accountants read it."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class OrderStory:
    """One order and all that happened, the oldest first. `findings` say what does not add up."""

    order: OrderView
    happenings: tuple[Happening, ...]
    balances: tuple[Balance, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Things:
    """What belongs to the order: public ids by the row's id, and the names providers know."""

    order: str
    payments: dict[PaymentId, str]
    refunds: dict[RefundId, str]
    disputes: dict[DisputeId, str]
    packs: dict[PackId, str]
    sessions: dict[SessionId, str]
    others: frozenset[str]
    at_providers: frozenset[str]

    @property
    def names(self) -> list[str]:
        """Every public id, in one order."""
        by_id = (self.payments, self.refunds, self.disputes, self.packs, self.sessions)
        return sorted({self.order, *self.others, *chain(*(each.values() for each in by_id))})


def get_story(db: Session, *, actor: Actor, order: str) -> OrderStory:
    """All that happened about an order, for an admin.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    row = access.order_for(db, actor, order)
    things = _things(db, row)
    lines = ledger.postings_of(db, order_id=row.id)
    told = chain(
        _audit(db, things, row),
        _credits(db, things, row.id),
        (telling.of_posting(line, _posted_for(line, things)) for line in lines),
        _events(db, things),
        _messages(db, things),
        _reminders(db, things, row),
    )
    return OrderStory(
        order=orders.get_order(db, actor=actor, order=order),
        happenings=tuple(sorted(told, key=lambda one: one.at)),
        balances=_balances(lines),
        findings=tuple(ledger.check_order(db, order_id=row.id)),
    )


def _packs(order_id: OrderId) -> SelectOfScalar[int]:
    return select(Pack.id).where(Pack.order_id == order_id)


def _things(db: Session, order: Order) -> _Things:
    """Nine queries."""
    payments = db.exec(select(Payment).where(Payment.order_id == order.id)).all()
    refunds = db.exec(select(Refund).where(Refund.order_id == order.id)).all()
    disputes = db.exec(select(Dispute).where(Dispute.order_id == order.id)).all()
    packs = db.exec(select(Pack.id, Pack.public_id).where(Pack.order_id == order.id)).all()
    sessions = db.exec(
        select(MentoringSession.id, MentoringSession.public_id).where(
            col(MentoringSession.pack_id).in_(_packs(order.id))
        )
    ).all()
    documents = db.exec(select(Invoice.public_id).where(Invoice.order_id == order.id)).all()
    found = db.exec(select(UnmatchedMoney).where(UnmatchedMoney.order_id == order.id)).all()
    around = (
        *db.exec(select(Seat.public_id).where(Seat.id == order.seat_id)).all(),
        *db.exec(
            select(DiscountCode.public_id).where(DiscountCode.id == order.discount_code_id)
        ).all(),
    )
    known = chain(
        [order.checkout_id],
        (one.provider_id for one in (*payments, *refunds, *disputes, *found)),
    )
    return _Things(
        order=order.public_id,
        payments={one.id: one.public_id for one in payments},
        refunds={one.id: one.public_id for one in refunds},
        disputes={one.id: one.public_id for one in disputes},
        packs={PackId(id_): public_id for id_, public_id in packs},
        sessions={SessionId(id_): public_id for id_, public_id in sessions},
        others=frozenset((*documents, *around, *(one.public_id for one in found))),
        at_providers=frozenset(name for name in known if name),
    )


def _audit(db: Session, things: _Things, order: Order) -> Iterator[Happening]:
    """What happened to the seat before the order is the story of another one."""
    rows = db.exec(
        select(AuditEntry, col(User.name))
        .outerjoin(User, col(User.id) == col(AuditEntry.actor_id))
        .where(
            col(AuditEntry.thing).in_(things.names),
            or_(
                col(AuditEntry.at) >= order.created_at - JUST_BEFORE,
                ~col(AuditEntry.thing).startswith("sea_", autoescape=True),
            ),
        )
        .order_by(col(AuditEntry.id))
    )
    for line, name in rows.all():
        yield telling.of_audit(line, name, order)


def _credits(db: Session, things: _Things, order_id: OrderId) -> Iterator[Happening]:
    rows = db.exec(
        select(CreditEntry, col(User.name))
        .outerjoin(User, col(User.id) == col(CreditEntry.actor_id))
        .where(col(CreditEntry.pack_id).in_(_packs(order_id)))
        .order_by(col(CreditEntry.id))
    )
    for entry, name in rows.all():
        thing = things.packs.get(entry.pack_id, things.order)
        if entry.session_id is not None:
            thing = things.sessions.get(entry.session_id, thing)
        if entry.refund_id is not None:
            thing = things.refunds.get(entry.refund_id, thing)
        yield telling.of_credit(entry, name, thing)


def _posted_for(line: Posting, things: _Things) -> str:
    """The narrowest thing that the line names."""
    if line.session_id is not None:
        return things.sessions.get(line.session_id, things.order)
    if line.refund_id is not None:
        return things.refunds.get(line.refund_id, things.order)
    if line.dispute_id is not None:
        return things.disputes.get(line.dispute_id, things.order)
    if line.payment_id is not None:
        return things.payments.get(line.payment_id, things.order)
    return things.order


def _events(db: Session, things: _Things) -> Iterator[Happening]:
    """The webhooks by what they are about, or by what they name: a page that the order had at
    another provider before is known by that alone."""
    rows = db.exec(
        select(InboxEvent)
        .where(
            or_(
                col(InboxEvent.object_id).in_(sorted(things.at_providers)),
                col(InboxEvent.about).in_([things.order, *things.refunds.values()]),
            )
        )
        .order_by(col(InboxEvent.id))
    )
    for event in rows.all():
        yield telling.of_event(event)


def _messages(db: Session, things: _Things) -> Iterator[Happening]:
    rows = db.exec(
        select(OutboxMessage)
        .where(col(OutboxMessage.about).in_(things.names))
        .order_by(col(OutboxMessage.id))
    )
    for message in rows.all():
        yield telling.of_message(message)


def _reminders(db: Session, things: _Things, order: Order) -> Iterator[Happening]:
    """Those of the seat before the order are the story of another one, too."""
    for reminder in reminders.list_about(db, things.names):
        if reminder.at >= order.created_at - JUST_BEFORE:
            yield telling.of_reminder(reminder)


def _balances(lines: Sequence[Posting]) -> tuple[Balance, ...]:
    found = ledger.balances_in(lines)
    return tuple(
        Balance(account.value, Money(minor, currency))
        for (account, currency), minor in found.items()
        if minor
    )

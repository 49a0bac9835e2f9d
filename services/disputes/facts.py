"""What we know about a disputed purchase, gathered for the bank that decides about it.

Notes are left out: people write them for each other. So is everything about other purchases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from sqlmodel import Session, col, or_, select

from services import money
from services.config import PAYMENT_NAMES
from services.ids import UserId
from services.models import (
    Acceptance,
    CreditEntry,
    Dispute,
    Document,
    Invoice,
    Mentor,
    MentoringSession,
    Order,
    OutboxMessage,
    OutboxStatus,
    Pack,
    Payment,
    Refund,
    SessionJoin,
    User,
    UserStatus,
)
from services.money import Money

MOST_MAILS = 300
"""The newest ones, should there be more."""
TOLD_BY_CREDITS = {
    "purchase": "bought",
    "grant": "granted",
    "reserve": "set aside for a booked session",
    "return": "given back, a session did not take place",
    "consume": "used by a session that was held",
    "expire": "expired unused",
    "refund": "closed, the money went back",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, in words."""

    at: datetime
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody entered a session."""

    who: str
    at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Meeting:
    """One session of the pack, and who came."""

    starts_at: datetime
    ends_at: datetime
    booked_at: datetime
    status: str
    detail: str
    joins: tuple[Joined, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. `pack` is None when the payment never became one; `erased`: the buyer's account
    is, so that only documents name them."""

    dispute: Dispute
    order: Order
    payment: Payment
    pack: Pack | None
    buyer: User
    mentor: str
    agreed: tuple[Fact, ...]
    moved: tuple[Fact, ...]
    credits: tuple[Fact, ...]
    meetings: tuple[Meeting, ...]
    mails: tuple[Fact, ...]

    @property
    def erased(self) -> bool:
        """Whether the buyer's account has been erased."""
        return self.buyer.status is UserStatus.ERASED


def gather(db: Session, dispute: Dispute) -> Evidence:
    """What is known about the dispute's order now; a constant number of queries."""
    order = db.get_one(Order, dispute.order_id)
    pack = db.exec(select(Pack).where(Pack.order_id == order.id)).one_or_none()
    mentor = db.get_one(Mentor, order.mentor_id)
    sessions = _sessions(db, pack)
    payments = db.exec(select(Payment).where(Payment.order_id == order.id)).all()
    refunds = db.exec(select(Refund).where(Refund.order_id == order.id)).all()
    disputes = db.exec(select(Dispute).where(Dispute.order_id == order.id)).all()
    return Evidence(
        dispute=dispute,
        order=order,
        payment=db.get_one(Payment, dispute.payment_id),
        pack=pack,
        buyer=db.get_one(User, order.mentee_id),
        mentor=db.get_one(User, mentor.user_id).name,
        agreed=tuple(_agreed(db, order)),
        moved=_in_order(_moved(payments, refunds, disputes)),
        credits=tuple(_credits(db, pack)),
        meetings=tuple(_meetings(db, sessions, order.mentee_id)),
        mails=_mails(
            db,
            order,
            [
                order.public_id,
                *(one.public_id for one in chain(payments, refunds, disputes, sessions)),
                *([pack.public_id] if pack else []),
                *db.exec(select(Invoice.public_id).where(Invoice.order_id == order.id)).all(),
            ],
        ),
    )


def _agreed(db: Session, order: Order) -> Iterator[Fact]:
    """The texts that the buyer agreed to up to this purchase."""
    rows = db.exec(
        select(Acceptance)
        .where(
            Acceptance.user_id == order.mentee_id,
            or_(col(Acceptance.at) <= order.created_at, col(Acceptance.order_id) == order.id),
        )
        .order_by(col(Acceptance.at), col(Acceptance.id))
    ).all()
    for row in rows:
        name = "Terms" if row.document is Document.TERMS else "Privacy notice"
        with_order = "with this order" if row.order_id == order.id else "before this order"
        yield Fact(row.at, f"{name}, version {row.version}", with_order)


def _moved(
    payments: Sequence[Payment], refunds: Sequence[Refund], disputes: Sequence[Dispute]
) -> Iterator[Fact]:
    for payment in payments:
        amount = money.shown(Money(payment.amount_minor, payment.currency))
        name = PAYMENT_NAMES[payment.provider.value]
        at = payment.completed_at or payment.created_at
        yield Fact(at, f"Payment of {amount}", f"{name} {payment.provider_id}, {payment.status}")
    for refund in refunds:
        amount = money.shown(Money(refund.amount_minor, refund.currency))
        plural = "session" if refund.sessions == 1 else "sessions"
        sessions = f", for {refund.sessions} {plural}" if refund.sessions else ""
        where = f", {refund.provider_id}" if refund.provider_id else ""
        at = refund.settled_at or refund.created_at
        yield Fact(at, f"Refund of {amount}", f"{refund.status}{sessions}{where}")
    for dispute in disputes:
        amount = money.shown(Money(dispute.amount_minor, dispute.currency))
        kind = "Inquiry" if dispute.inquiry else "Chargeback"
        yield Fact(
            dispute.opened_at, f"{kind} about {amount}", f"{dispute.provider_id}, {dispute.status}"
        )


def _credits(db: Session, pack: Pack | None) -> Iterator[Fact]:
    if pack is None:
        return
    entries = select(CreditEntry).where(CreditEntry.pack_id == pack.id)
    for entry in db.exec(entries.order_by(col(CreditEntry.id))).all():
        what = TOLD_BY_CREDITS.get(entry.kind.value, entry.kind.value)
        yield Fact(entry.created_at, f"{entry.amount:+d}: {what}")


def _sessions(db: Session, pack: Pack | None) -> Sequence[MentoringSession]:
    if pack is None:
        return ()
    found = select(MentoringSession).where(MentoringSession.pack_id == pack.id)
    return db.exec(found.order_by(col(MentoringSession.starts_at))).all()


def _meetings(
    db: Session, sessions: Sequence[MentoringSession], buyer: UserId
) -> Iterator[Meeting]:
    if not sessions:
        return
    joins: dict[int, list[Joined]] = {}
    wanted = col(SessionJoin.session_id).in_([session.id for session in sessions])
    entered = select(SessionJoin).where(wanted).order_by(col(SessionJoin.joined_at))
    for row in db.exec(entered).all():
        who = "buyer" if row.user_id == buyer else "mentor"
        joins.setdefault(row.session_id, []).append(Joined(who, row.joined_at, row.left_at))
    for session in sessions:
        yield Meeting(
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            booked_at=session.created_at,
            status=session.status.value,
            detail=_end_of(session),
            joins=tuple(joins.get(session.id, ())),
        )


def _end_of(session: MentoringSession) -> str:
    if session.canceled_at is None:
        return ""
    by = "the buyer" if session.canceled_by == session.mentee_id else "the mentor or the studio"
    late = ", too late to get the session back" if session.late else ""
    return f"canceled by {by}{late}"


def _mails(db: Session, order: Order, names: list[str]) -> tuple[Fact, ...]:
    """Mails to the buyer about anything of the order."""
    rows = db.exec(
        select(OutboxMessage)
        .where(OutboxMessage.kind == "mail", col(OutboxMessage.about).in_(names))
        .order_by(col(OutboxMessage.id).desc())
        .limit(MOST_MAILS)
    ).all()
    mine = (row for row in reversed(rows) if row.data.get("user_id") == order.mentee_id)
    return _in_order(
        Fact(row.sent_at or row.created_at, _subject(row.data), _delivery(row)) for row in mine
    )


def _subject(data: dict[str, Any]) -> str:
    return str(data.get("template", "")).replace("_", " ").capitalize()


def _delivery(row: OutboxMessage) -> str:
    match row.status:
        case OutboxStatus.SENT:
            return "sent"
        case OutboxStatus.DEAD:
            return "could not be sent"
        case _:
            return "not sent yet"


def _in_order(facts: Iterator[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=lambda fact: fact.at))

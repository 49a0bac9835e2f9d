"""Writing postings: each moves one positive amount from one account to another, so it balances by
its very shape, and its key and leg let it happen once.

A debit account gets the amount, a credit account gives it: what buyers pay goes `debit provider,
credit deferred`. Of an asset or a cost the balance is debits minus credits, of what is owed or
earned it is credits minus debits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from services import clock, topics
from services.ids import (
    DisputeId,
    MentorId,
    OrderId,
    PackId,
    PaymentId,
    RefundId,
    SessionId,
)
from services.models import Account, Posting, PostingKind, Provider


@dataclass(frozen=True, slots=True)
class Leg:
    """From `credit` to `debit`, so many minor units of the posting's currency; 0 is not written."""

    debit: Account
    credit: Account
    minor: int


@dataclass(frozen=True, slots=True)
class About:
    """What a posting is about. `provider` is whose money the order was paid with."""

    currency: str
    provider: Provider | None
    order_id: OrderId | None
    mentor_id: MentorId | None
    pack_id: PackId | None = None
    session_id: SessionId | None = None
    payment_id: PaymentId | None = None
    refund_id: RefundId | None = None
    dispute_id: DisputeId | None = None


def post(
    db: Session,
    *,
    key: str,
    kind: PostingKind,
    legs: Sequence[Leg],
    about: About,
    at: datetime,
) -> bool:
    """Write what happened at `at`; False when it was written before, or nothing moved.

    Legs keep their numbers, also when one of them is 0. Two who write the same key at once: the
    constraint lets one of the transactions fail.
    """
    if is_posted(db, key):
        return False
    rows: list[dict[str, Any]] = [
        {
            "key": key,
            "leg": number,
            "kind": kind,
            "debit": leg.debit,
            "credit": leg.credit,
            "amount_minor": leg.minor,
            "at": at,
            "created_at": clock.utc_now(),
            **asdict(about),
        }
        for number, leg in enumerate(legs, start=1)
        if leg.minor != 0
    ]
    if not rows:
        return False
    db.connection().execute(insert(Posting), rows)
    topics.publish(db, topics.LEDGER)
    return True


def is_posted(db: Session, key: str) -> bool:
    """Whether something stands in the ledger under this key."""
    return db.exec(select(Posting.id).where(Posting.key == key).limit(1)).first() is not None


def legs_of(db: Session, key: str) -> list[Posting]:
    """What stands in the ledger under this key, in its order."""
    found = select(Posting).where(Posting.key == key).order_by(col(Posting.leg))
    return list(db.exec(found).all())


def reverse(
    db: Session, *, posted: Sequence[Posting], key: str, kind: PostingKind, at: datetime
) -> bool:
    """Write the opposite of what was `posted` about one thing, under a key of its own.

    False when that was done before, or there is nothing to reverse.
    """
    if not posted:
        return False
    first = posted[0]
    about = About(
        currency=first.currency,
        provider=first.provider,
        order_id=first.order_id,
        mentor_id=first.mentor_id,
        pack_id=first.pack_id,
        session_id=first.session_id,
        payment_id=first.payment_id,
        refund_id=first.refund_id,
        dispute_id=first.dispute_id,
    )
    legs = [Leg(row.credit, row.debit, row.amount_minor) for row in posted]
    return post(db, key=key, kind=kind, legs=legs, about=about, at=at)

"""Packs: made from a paid order, ended by their expiry."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from services import audit, clock, db, locking, seats, topics
from services.audit import SYSTEM, Actor
from services.models import CreditEntry, CreditKind, Order, Pack, PackStatus, Seat


def create(db: Session, *, actor: Actor, order: Order, seat: Seat) -> Pack:
    """The pack of a paid order, with its purchase entry. One per order: a constraint says so.

    Its validity begins when it is bought or when the mentee's last pack with this mentor ends,
    whichever is later.
    """
    starts_at = _start(db, order)
    validity = order.validity_days
    pack = Pack(
        order_id=order.id,
        mentee_id=order.mentee_id,
        mentor_id=order.mentor_id,
        seat_id=seat.id,
        title=order.title,
        total=order.sessions,
        left=order.sessions,
        starts_at=starts_at,
        expires_at=None if validity is None else starts_at + timedelta(days=validity),
    )
    db.add(pack)
    db.flush()
    db.add(CreditEntry(pack_id=pack.id, kind=CreditKind.PURCHASE, amount=order.sessions))
    _publish(db, pack)
    audit.record(
        db,
        actor=actor,
        action="pack.created",
        thing=pack.public_id,
        after={"order": order.public_id, "sessions": order.sessions},
    )
    return pack


def expire_due(*, limit: int = 100) -> int:
    """End the packs whose time is over; their seats go to grace. Returns how many ended."""
    now = clock.utc_now()
    due = (
        select(Pack.id)
        .where(Pack.status == PackStatus.ACTIVE, col(Pack.expires_at) <= now)
        .order_by(col(Pack.expires_at))
        .limit(limit)
    )
    with db.reading() as session:
        ids = session.exec(due).all()
    for pack_id in ids:
        with db.transaction() as session:
            _expire(session, session.get_one(Pack, pack_id), now)
    return len(ids)


def _expire(db: Session, pack: Pack, now: datetime) -> None:
    locking.lock(db, mentors=[pack.mentor_id])
    db.refresh(pack)
    if pack.status is not PackStatus.ACTIVE or pack.expires_at is None or pack.expires_at > now:
        return
    lost = pack.left - pack.reserved
    pack.status, pack.left = PackStatus.EXPIRED, pack.reserved
    if lost:
        db.add(CreditEntry(pack_id=pack.id, kind=CreditKind.EXPIRE, amount=-lost))
    db.flush()
    _publish(db, pack)
    audit.record(
        db,
        actor=SYSTEM,
        action="pack.expired",
        thing=pack.public_id,
        after={"credits": lost},
    )
    seats.follow_packs(db, actor=SYSTEM, seat=db.get_one(Seat, pack.seat_id))


def _publish(db: Session, pack: Pack) -> None:
    topics.publish(db, topics.seats(pack.mentor_id), topics.mentee(pack.mentee_id))


def _start(db: Session, order: Order) -> datetime:
    now = clock.utc_now()
    last_end = db.exec(
        select(Pack.expires_at)
        .where(
            Pack.mentee_id == order.mentee_id,
            Pack.mentor_id == order.mentor_id,
            col(Pack.status).in_([PackStatus.ACTIVE, PackStatus.FROZEN]),
            col(Pack.expires_at) > now,
        )
        .order_by(col(Pack.expires_at).desc())
        .limit(1)
    ).first()
    return last_end or now

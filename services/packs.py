"""Packs: made from a paid order, extended when a mentor could not, ended by their expiry."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from services import audit, clock, db, locking, seats, topics
from services.audit import SYSTEM, Actor
from services.config import settings
from services.models import CreditEntry, CreditKind, Mentor, Order, Pack, PackStatus, Seat

_OPEN = frozenset({PackStatus.ACTIVE, PackStatus.DEPLETED, PackStatus.EXPIRED})


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


def extended_from_now() -> datetime:
    """Until when a pack is good at least, after a mentor could not keep a session (rule 8)."""
    return clock.utc_now() + timedelta(days=settings().pack_extension_days)


def extend(db: Session, *, actor: Actor, pack: Pack, at_least: datetime, reason: str) -> bool:
    """Let a pack be good until `at_least`; never shorter than it was. Its seat is active again.

    Credits that the expiry took before stay gone. The caller holds the mentor's lock. False when
    the mentee has no place any more, which they and the admins are then told.
    """
    before = pack.expires_at
    if before is not None and before < at_least:
        pack.expires_at = at_least
        db.flush()
        _publish(db, pack)
        audit.record(
            db,
            actor=actor,
            action="pack.extended",
            thing=pack.public_id,
            before={"expires_at": before.isoformat()},
            after={"expires_at": at_least.isoformat(), "reason": reason},
        )
    return follow_credits(db, actor=actor, pack=pack)


def follow_credits(db: Session, *, actor: Actor, pack: Pack) -> bool:
    """Recompute a pack's status from its credits and its expiry, and its seat from that.

    Refunded and frozen packs stay what they are; a pack whose time is over is ended by
    `expire_due` alone. False when a usable pack has no place any more.
    """
    over = pack.expires_at is not None and pack.expires_at <= clock.utc_now()
    if pack.status in _OPEN and not over:
        pack.status = PackStatus.ACTIVE if pack.left else PackStatus.DEPLETED
    elif pack.status is PackStatus.ACTIVE and not pack.left:
        pack.status = PackStatus.DEPLETED
    db.flush()
    seated = pack.status is not PackStatus.ACTIVE or seats.reopen(db, actor=actor, pack=pack)
    seats.follow_packs(db, actor=actor, seat=db.get_one(Seat, pack.seat_id))
    return seated


def expire_due(*, limit: int = 100) -> int:
    """End the packs whose time is over; their seats go to grace. Returns how many ended.

    A suspended mentor's packs do not end: their clocks stand still.
    """
    now = clock.utc_now()
    due = (
        select(Pack.id)
        .join(Mentor, col(Mentor.id) == col(Pack.mentor_id))
        .where(
            Pack.status == PackStatus.ACTIVE,
            col(Pack.expires_at) <= now,
            col(Mentor.suspended_at).is_(None),
        )
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
    if db.get_one(Mentor, pack.mentor_id, populate_existing=True).suspended_at is not None:
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

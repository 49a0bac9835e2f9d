"""Packs: made from a paid order, extended when a mentor could not, ended by their expiry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from services import audit, clock, due, ledger, locking, seats, topics
from services.audit import SYSTEM, Actor
from services.config import settings
from services.ids import PackId, RefundId
from services.models import (
    CreditEntry,
    CreditKind,
    Mentor,
    Order,
    OrderStatus,
    Pack,
    PackStatus,
    ReleaseReason,
    Seat,
)
from services.reminders import renewal

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


def has_ended(pack: Pack) -> bool:
    """Whether a pack's time is over, though nobody may have noted it yet."""
    return pack.expires_at is not None and pack.expires_at <= clock.utc_now()


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

    Frozen packs, and refunded ones without credits, stay what they are; a pack whose time is over
    is ended by `expire_due` alone. False when a usable pack has no place any more.
    """
    over = has_ended(pack)
    if pack.status is PackStatus.REFUNDED and pack.left and not over:
        pack.status = PackStatus.ACTIVE  # an outcome was corrected: a session came back
    if pack.status in _OPEN and not over:
        pack.status = PackStatus.ACTIVE if pack.left else PackStatus.DEPLETED
    elif pack.status is PackStatus.ACTIVE and not pack.left:
        pack.status = PackStatus.DEPLETED
    db.flush()
    seated = pack.status is not PackStatus.ACTIVE or seats.reopen(db, actor=actor, pack=pack)
    seats.follow_packs(db, actor=actor, seat=db.get_one(Seat, pack.seat_id))
    return seated


def pause(db: Session, *, actor: Actor, pack: Pack) -> None:
    """Stop a pack's clock, for a refund or a dispute: it does not end, and pays for no booking.

    Paused already, it stays so. The caller holds the mentor's lock.
    """
    if pack.paused_at is None:
        pack.paused_at = clock.utc_now()
        db.flush()
        _publish(db, pack)
        audit.record(db, actor=actor, action="pack.paused", thing=pack.public_id)


def resume(db: Session, *, actor: Actor, pack: Pack) -> None:
    """Let a pack's clock go on, and give it the time that it stood still.

    Nothing while a refund still has credits locked, or a dispute freezes the pack.
    """
    if pack.paused_at is None or pack.locked or pack.status is PackStatus.FROZEN:
        return
    stood = clock.utc_now() - pack.paused_at
    if pack.expires_at is not None:
        pack.expires_at += stood
    pack.paused_at = None
    db.flush()
    _publish(db, pack)
    audit.record(
        db,
        actor=actor,
        action="pack.resumed",
        thing=pack.public_id,
        after={"expires_at": pack.expires_at.isoformat() if pack.expires_at else None},
    )


def is_all_back(db: Session, pack: Pack) -> bool:
    """Whether all that was paid for a pack went back."""
    if pack.order_id is None:
        return False
    return db.get_one(Order, pack.order_id).status is OrderStatus.REFUNDED


def close_credits(
    db: Session,
    *,
    actor: Actor,
    pack: Pack,
    refund_id: RefundId | None,
    credits: int,
    reason: ReleaseReason = ReleaseReason.REFUNDED,
) -> None:
    """Take credits out of a pack whose money went back, by a refund or, without one, by a lost
    dispute; without any left it is refunded.

    The credits are no session's: neither reserved nor, any more, locked. The seat follows: it is
    released at once when this ended the mentee's last pack.
    """
    if credits:
        pack.left -= credits
        entry = CreditEntry(
            pack_id=pack.id,
            kind=CreditKind.REFUND,
            amount=-credits,
            actor_id=actor.user_id,
            refund_id=refund_id,
        )
        db.add(entry)
    if not pack.left:
        pack.status = PackStatus.REFUNDED
    db.flush()
    _publish(db, pack)
    audit.record(
        db,
        actor=actor,
        action="pack.credits_refunded" if refund_id else "pack.credits_charged_back",
        thing=pack.public_id,
        after={"credits": credits, "left": pack.left},
    )
    resume(db, actor=actor, pack=pack)
    seats.follow_refund(db, actor=actor, seat=db.get_one(Seat, pack.seat_id), reason=reason)


def expire_due() -> int:
    """End the packs whose time is over; their seats go to grace. Returns how many ended.

    A suspended mentor's packs do not end, nor do paused ones, nor those whose mentee waits for the
    place that was given away: their clocks stand still.
    """
    return due.run(find_over, _expire, what="pack_over")


def find_over(db: Session, *, limit: int) -> Sequence[PackId]:
    """The packs whose time is over, the earliest end first."""
    over = (
        select(col(Pack.id))
        .join(Mentor, col(Mentor.id) == col(Pack.mentor_id))
        .where(
            col(Pack.status) == PackStatus.ACTIVE,
            col(Pack.expires_at) <= clock.utc_now(),
            col(Pack.paused_at).is_(None),
            col(Mentor.suspended_at).is_(None),
            ~seats.owner_waits(),
        )
        .order_by(col(Pack.expires_at))
        .limit(limit)
    )
    return db.exec(over).all()


def _expire(db: Session, pack_id: PackId) -> bool:
    pack = db.get_one(Pack, pack_id)
    locking.lock(db, mentors=[pack.mentor_id])
    db.refresh(pack)
    if pack.status is not PackStatus.ACTIVE or not has_ended(pack) or pack.paused_at is not None:
        return False
    if db.get_one(Mentor, pack.mentor_id, populate_existing=True).suspended_at is not None:
        return False
    if seats.find_entry(db, pack.mentee_id, pack.mentor_id) is not None:
        return False
    _end(db, SYSTEM, pack)
    renewal.follow(db, pack=pack)
    return True


def give_up(db: Session, *, actor: Actor, pack: Pack) -> None:
    """End an open pack whose owner leaves for good: what is left expires now. The caller holds the
    mentor's lock."""
    if pack.status is PackStatus.ACTIVE:
        _end(db, actor, pack)


def _end(db: Session, actor: Actor, pack: Pack) -> None:
    """The available credits expire; those of sessions that are not settled stay for them."""
    lost = pack.left - pack.reserved
    pack.status, pack.left = PackStatus.EXPIRED, pack.reserved
    if lost:
        db.add(CreditEntry(pack_id=pack.id, kind=CreditKind.EXPIRE, amount=-lost))
        ledger.expire_shares(db, pack=pack, sessions=lost, at=clock.utc_now())
    db.flush()
    _publish(db, pack)
    audit.record(
        db,
        actor=actor,
        action="pack.expired",
        thing=pack.public_id,
        after={"credits": lost},
    )
    seats.follow_packs(db, actor=actor, seat=db.get_one(Seat, pack.seat_id))


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

"""What a chargeback does to the pack: frozen while it is open, given back, or closed."""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import audit, booking, discord, ledger, packs, topics
from services.audit import Actor
from services.models import (
    Dispute,
    DisputeStatus,
    Order,
    Pack,
    PackStatus,
    Payment,
    Refund,
    RefundRemedy,
    RefundStatus,
    ReleaseReason,
    Seat,
)
from services.refunds import cases, disputed, overtaking

LOST = "The payment for this session was taken back."
"""What the people of a session read that a lost dispute ends."""
_FREEZABLE = frozenset({PackStatus.ACTIVE, PackStatus.DEPLETED, PackStatus.EXPIRED})
"""The credit of a booked session outlives the end of its pack, and may come back."""


def freeze(db: Session, *, actor: Actor, pack: Pack) -> bool:
    """Stop the pack: nothing is booked from it and its clock stands still; its seat stays.

    False when it is frozen, or over, already. The caller holds the mentor's lock.
    """
    ended = pack.status is PackStatus.EXPIRED and not pack.left
    if pack.status not in _FREEZABLE or ended:
        return False
    pack.status = PackStatus.FROZEN
    db.flush()
    audit.record(db, actor=actor, action="pack.frozen", thing=pack.public_id)
    packs.pause(db, actor=actor, pack=pack)
    packs.follow_credits(db, actor=actor, pack=pack)
    _publish(db, pack)
    return True


def thaw(db: Session, *, actor: Actor, pack: Pack) -> bool:
    """Let a frozen pack go on, with the days that it was frozen; False when it is not frozen."""
    if pack.status is not PackStatus.FROZEN:
        return False
    pack.status = PackStatus.ACTIVE if pack.left else PackStatus.DEPLETED
    db.flush()
    packs.resume(db, actor=actor, pack=pack)
    if packs.has_ended(pack) and pack.left == pack.reserved > 0:
        pack.status = PackStatus.EXPIRED  # as it was before
    packs.follow_credits(db, actor=actor, pack=pack)
    _publish(db, pack)
    return True


def _publish(db: Session, pack: Pack) -> None:
    topics.publish(db, topics.seats(pack.mentor_id), topics.mentee(pack.mentee_id))
    discord.follow_seat(db, seat=db.get_one(Seat, pack.seat_id))


def is_disputed(db: Session, pack: Pack) -> bool:
    """Whether a chargeback of the pack is open."""
    found = select(Dispute.id).where(
        Dispute.pack_id == pack.id,
        Dispute.status == DisputeStatus.OPEN,
        col(Dispute.inquiry).is_(False),
    )
    return db.exec(found.limit(1)).first() is not None


def free_credits(db: Session, *, actor: Actor, pack: Pack, minor: int) -> int:
    """How many credits a loss of so many minor units closes: as many as are not paid for in full
    any more, and all of them when nothing of the price is kept. Booked sessions end where there
    are too few others, the last ones first.

    Sessions that have begun keep theirs until they have an outcome.
    """
    booked = cases.to_come(db, pack)
    sessions = cases.unused(pack, len(booked))
    if not packs.is_all_back(db, pack):
        sessions = min(sessions, ledger.open_within(db, pack, minor=minor))
    missing = sessions - (pack.left - pack.reserved)
    packs.pause(db, actor=actor, pack=pack)  # nobody books what comes back
    for session in booked[: max(missing, 0)]:
        booking.call_off_for_refund(db, actor=actor, session=session, reason=LOST)
    return sessions


def close(db: Session, *, actor: Actor, pack: Pack, sessions: int) -> None:
    """The money is gone for good, and so are these credits; the seat follows at once. A refund that
    is on its way holds what is left of its own."""
    of_pack = select(Order).where(Order.id == pack.order_id)
    sent = cases.underway(db, db.exec(of_pack).one()) is not None
    pack.locked = min(pack.locked, pack.left - pack.reserved - sessions) if sent else 0
    db.flush()
    packs.close_credits(
        db,
        actor=actor,
        pack=pack,
        refund_id=None,
        credits=sessions,
        reason=ReleaseReason.DISPUTE_LOST,
    )


def end_requests(db: Session, *, actor: Actor, dispute: Dispute, payment: Payment) -> None:
    """Refunds of the payment that were not sent have nothing left to give back, nor have those that
    only wait for the dispute. What is owed beyond it stays owed."""
    waiting = select(Refund).where(
        Refund.payment_id == payment.id, Refund.status == RefundStatus.REQUESTED
    )
    found = (*db.exec(waiting).all(), *disputed.held(db, payment))
    overtaking.end(
        db,
        actor=actor,
        refunds=[refund for refund in found if not refund.owed],
        remedy=RefundRemedy.BY_BANK,
        by=dispute.public_id,
    )

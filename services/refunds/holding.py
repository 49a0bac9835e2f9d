"""The credits of a refund: locked while it is under way, then closed with it or given back."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from services import booking, packs
from services.audit import Actor
from services.errors import Conflict
from services.models import CreditEntry, Pack, Refund
from services.refunds import cases


def lock(db: Session, *, actor: Actor, pack: Pack, sessions: int) -> None:
    """Set credits aside for a refund that nobody has decided yet, as far as no session has them,
    and stop the pack's clock."""
    if sessions:
        pack.locked = min(sessions, pack.left - pack.reserved)
        db.flush()
        packs.pause(db, actor=actor, pack=pack)


def lock_all(db: Session, *, actor: Actor, pack: Pack, sessions: int) -> None:
    """Set all credits of a decided refund aside: booked sessions end where there are too few
    others, the last ones first, and both people are told.

    Raises:
        Conflict: there are not so many unused ones any more.
    """
    if not sessions:
        return
    pack.locked = 0
    db.flush()
    missing = sessions - (pack.left - pack.reserved)
    booked = cases.to_come(db, pack) if missing > 0 else []
    if missing > len(booked):
        raise Conflict("Not so many sessions of this pack are unused any more.")
    # Stopped before the sessions end: nobody books what comes back.
    packs.pause(db, actor=actor, pack=pack)
    for session in booked[: max(missing, 0)]:
        booking.call_off_for_refund(db, actor=actor, session=session)
    pack.locked = sessions
    db.flush()


def give_back(db: Session, *, actor: Actor, pack: Pack) -> None:
    """The refund did not happen: its credits can be booked again, and the clock goes on."""
    pack.locked = 0
    db.flush()
    packs.resume(db, actor=actor, pack=pack)
    packs.follow_credits(db, actor=actor, pack=pack)


def closed_by(db: Session, refund: Refund) -> int:
    """How many credits a refund has closed and not restored."""
    moved = select(func.coalesce(func.sum(col(CreditEntry.amount)), 0)).where(
        CreditEntry.refund_id == refund.id
    )
    return -int(db.exec(moved).one())

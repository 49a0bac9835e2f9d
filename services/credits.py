"""Credits: a session's credit is reserved when it is booked, then consumed or given back.

Each happens at most once per session: the credit entries' unique index says so. The caller holds
the mentor's lock, has read the pack under it, and has given the session its new status before.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import clock, ledger, packs, topics
from services.audit import Actor
from services.errors import Conflict, NoCredit
from services.models import CreditEntry, CreditKind, MentoringSession, Pack, PackStatus
from services.reminders import renewal


def available(pack: Pack) -> int:
    """How many credits of a pack can be booked: neither used, reserved nor locked; none while its
    clock stands still."""
    return 0 if pack.paused_at is not None else pack.left - pack.reserved - pack.locked


def reserve(db: Session, *, actor: Actor, pack: Pack, session: MentoringSession) -> None:
    """Set one credit aside for a session that is booked.

    Raises:
        NoCredit: the pack has none available, or is over, closed or frozen.
    """
    if pack.status is not PackStatus.ACTIVE or packs.has_ended(pack) or available(pack) < 1:
        raise NoCredit("This pack has no session left to book.")
    pack.reserved += 1
    _remember(db, actor, pack, session, CreditKind.RESERVE, -1)


def consume(db: Session, *, actor: Actor, pack: Pack, session: MentoringSession) -> None:
    """Use the credit that was reserved for a session.

    Raises:
        Conflict: none is reserved: it was used or given back before.
    """
    _require_reserved(db, session)
    pack.reserved -= 1
    pack.left -= 1
    _remember(db, actor, pack, session, CreditKind.CONSUME, -1)
    ledger.settle_share(db, pack=pack, session=session, at=clock.utc_now())
    packs.follow_credits(db, actor=actor, pack=pack)
    renewal.follow(db, pack=pack)


def give_back(
    db: Session, *, actor: Actor, pack: Pack, session: MentoringSession, why: str = ""
) -> None:
    """Give the credit back that was reserved for a session.

    `why` says what the mentor's side is to answer for: then the pack is good for another while
    (PRODUCT.md rule 8). So is one that is over, for the credit to be worth something. When all that
    was paid for the pack went back meanwhile, nothing can be booked with it: it is closed.

    Raises:
        Conflict: none is reserved: it was used or given back before.
    """
    _require_reserved(db, session)
    pack.reserved -= 1
    _remember(db, actor, pack, session, CreditKind.RETURN, 1)
    if pack.paused_at is None and packs.is_all_back(db, pack):
        ledger.close_unpaid(db, pack=pack, at=clock.utc_now())
        packs.close_credits(db, actor=actor, pack=pack, refund_id=None, credits=1)
        return
    if not why and packs.has_ended(pack) and pack.paused_at is None:
        why = "a credit came back after the end"
    if why:
        _extend(db, actor, pack, why)
    else:
        packs.follow_credits(db, actor=actor, pack=pack)


def correct(
    db: Session, *, actor: Actor, pack: Pack, session: MentoringSession, used: bool
) -> None:
    """Turn a settled credit around, when an outcome is corrected: use the one that had come back,
    or give back the one that was used, which makes the pack good for another while.

    What happens to a session's credit for the first time is bound to the session, as above; when
    it is turned around once more, the entries are the pack's alone.

    Raises:
        NoCredit: it is to be used, but was booked for another session, or has expired, meanwhile;
            or it is to come back, but all that was paid for the pack did.
    """
    if not used and packs.is_all_back(db, pack):
        raise NoCredit("All that was paid for this pack went back. Nothing was changed.")
    if used and available(pack) < 1:
        raise NoCredit("The credit that came back is in use, or has expired. Nothing was changed.")
    pack.left += -1 if used else 1
    kind = CreditKind.CONSUME if used else CreditKind.RETURN
    first = None if kind in _kinds(db, session) else session
    _remember(db, actor, pack, first, kind, -1 if used else 1)
    move = ledger.settle_share if used else ledger.undo_share
    move(db, pack=pack, session=session, at=clock.utc_now())
    if used:
        packs.follow_credits(db, actor=actor, pack=pack)
        renewal.follow(db, pack=pack)
    else:
        _extend(db, actor, pack, "an outcome was corrected")


def _extend(db: Session, actor: Actor, pack: Pack, why: str) -> None:
    least = packs.extended_from_now()
    packs.extend(db, actor=actor, pack=pack, at_least=least, reason=why)


def _require_reserved(db: Session, session: MentoringSession) -> None:
    if _kinds(db, session) != {CreditKind.RESERVE}:
        raise Conflict("The credit of this session was settled before.")


def _kinds(db: Session, session: MentoringSession) -> set[CreditKind]:
    found = select(col(CreditEntry.kind)).where(CreditEntry.session_id == session.id)
    return set(db.exec(found).all())


def _remember(
    db: Session,
    actor: Actor,
    pack: Pack,
    session: MentoringSession | None,
    kind: CreditKind,
    amount: int,
) -> None:
    db.add(
        CreditEntry(
            pack_id=pack.id,
            kind=kind,
            amount=amount,
            actor_id=actor.user_id,
            session_id=session.id if session else None,
        )
    )
    db.flush()
    topics.publish(db, topics.seats(pack.mentor_id), topics.mentee(pack.mentee_id))

"""Who is told of a chargeback: the buyer, and the mentor whose sessions stay or go."""

from __future__ import annotations

from sqlmodel import Session

from services import urls
from services.ids import UserId
from services.models import Dispute, Mentor, Order, Pack, User
from services.telling import Line, tell


def frozen(db: Session, *, dispute: Dispute, pack: Pack) -> None:
    """The pack rests: both people."""
    _tell(db, "dispute_frozen", "rests", dispute, pack, (pack.mentee_id, _mentor(db, pack)))


def won(db: Session, *, dispute: Dispute, pack: Pack) -> None:
    """The pack goes on: both people."""
    _tell(db, "dispute_won", "goes on", dispute, pack, (pack.mentee_id, _mentor(db, pack)))


def lost(db: Session, *, dispute: Dispute, pack: Pack, sessions: int) -> None:
    """The money is gone and `sessions` are closed with it: the buyer, and the mentor if any are."""
    readers = (pack.mentee_id, *([_mentor(db, pack)] if sessions else []))
    becomes = "is smaller" if pack.left else "is closed"
    _tell(db, "dispute_lost", becomes, dispute, pack, readers, sessions)


def _tell(
    db: Session,
    kind: str,
    becomes: str,
    dispute: Dispute,
    pack: Pack,
    readers: tuple[UserId, ...],
    sessions: int = 0,
) -> None:
    """Tell each reader what is true now: a mail that is sent again must be the same."""
    for user_id in sorted(set(readers)):
        tell(
            db,
            user_id=user_id,
            kind=kind,
            about=dispute.public_id,
            line=_line(db, pack, user_id, becomes),
            data={
                "dispute_id": dispute.id,
                "minor": dispute.amount_minor,
                "sessions": sessions,
                "left": pack.left,
                "until": pack.expires_at.isoformat() if pack.expires_at else "",
                "rests": pack.paused_at is not None,
            },
        )


def _line(db: Session, pack: Pack, reader: UserId, becomes: str) -> Line:
    if reader != pack.mentee_id:
        buyer = db.get_one(User, pack.mentee_id).name
        return Line(f"{buyer}'s pack {becomes}", "A disputed payment", "/mentor/sessions")
    mentor = db.get_one(User, _mentor(db, pack)).name
    order = db.get(Order, pack.order_id) if pack.order_id else None
    place = urls.order(order.public_id) if order else "/dashboard"
    return Line(f"Your pack with {mentor} {becomes}", "A disputed payment", place)


def _mentor(db: Session, pack: Pack) -> UserId:
    return db.get_one(Mentor, pack.mentor_id).user_id

"""Who is told of a chargeback: the buyer, and the mentor whose sessions stay or go."""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import outbox
from services.ids import UserId
from services.models import Dispute, Mentor, Pack, User


def frozen(db: Session, *, dispute: Dispute, pack: Pack) -> None:
    """The pack rests: both people."""
    _mail(db, "dispute_frozen", dispute, pack, (pack.mentee_id, _mentor(db, pack)))


def won(db: Session, *, dispute: Dispute, pack: Pack) -> None:
    """The pack goes on: both people."""
    _mail(db, "dispute_won", dispute, pack, (pack.mentee_id, _mentor(db, pack)))


def lost(db: Session, *, dispute: Dispute, pack: Pack, sessions: int) -> None:
    """The money is gone and `sessions` are closed with it: the buyer, and the mentor if any are."""
    readers = (pack.mentee_id, *([_mentor(db, pack)] if sessions else []))
    _mail(db, "dispute_lost", dispute, pack, readers, sessions)


def _mail(
    db: Session,
    template: str,
    dispute: Dispute,
    pack: Pack,
    readers: tuple[UserId, ...],
    sessions: int = 0,
) -> None:
    """One mail to each reader, with what is true now: sent again, it must be the same."""
    people = select(col(User.id), col(User.public_id)).where(col(User.id).in_(readers))
    for user_id, public_id in db.exec(people.order_by(col(User.id))).all():
        outbox.add(
            db,
            kind="mail",
            key=f"mail:{template}:{dispute.public_id}:{public_id}",
            data={
                "template": template,
                "user_id": user_id,
                "dispute_id": dispute.id,
                "minor": dispute.amount_minor,
                "sessions": sessions,
                "left": pack.left,
                "until": pack.expires_at.isoformat() if pack.expires_at else "",
                "rests": pack.paused_at is not None,
            },
        )


def _mentor(db: Session, pack: Pack) -> UserId:
    return db.get_one(Mentor, pack.mentor_id).user_id

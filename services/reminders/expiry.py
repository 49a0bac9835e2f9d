"""A week before a pack with sessions left ends, its mentee is reminded (PRODUCT.md rule 10).

A pack whose end moves by a day, and by another one, because its mentor offers no slot, is not told
of each time: once in such a period is enough. Where a clock stands still, nothing is about to end;
nor while its owner waits for a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from services import clock, locking, seats, times, topics
from services.config import settings
from services.ids import PackId
from services.models import Mentor, Pack, PackStatus, User
from services.reminders import book
from services.reminders.book import Moment
from services.telling import Line

KIND = "pack_expiring"

OVER = "The pack had ended before it could be sent."


def find_quiet(db: Session, *, limit: int) -> Sequence[PackId]:
    """The packs that may be reminded of once more."""
    over = select(col(Pack.id)).where(col(Pack.quiet_until) <= clock.utc_now())
    return db.exec(over.order_by(col(Pack.quiet_until)).limit(limit)).all()


def end_quiet(db: Session, pack_id: PackId) -> bool:
    """Let a pack be reminded of again, should its end have moved."""
    pack = _locked(db, pack_id)
    if pack.quiet_until is None or pack.quiet_until > clock.utc_now():
        return False
    pack.quiet_until = None
    return True


def find_due(db: Session, *, limit: int) -> Sequence[PackId]:
    """The packs with sessions left that end soon: those that were reminded of are in no index."""
    due = (
        select(col(Pack.id))
        .join(Mentor, col(Mentor.id) == col(Pack.mentor_id))
        .where(
            col(Pack.status) == PackStatus.ACTIVE,
            col(Pack.quiet_until).is_(None),
            col(Pack.expires_at) <= clock.utc_now() + _ahead(),
            col(Pack.paused_at).is_(None),
            col(Pack.left) > 0,
            col(Mentor.suspended_at).is_(None),
            ~seats.owner_waits(),
        )
        .order_by(col(Pack.expires_at))
        .limit(limit)
    )
    return db.exec(due).all()


def remind(db: Session, pack_id: PackId) -> bool:
    """Remind one mentee, with the end that the pack has under its mentor's lock."""
    pack, now = _locked(db, pack_id), clock.utc_now()
    end = _end_if_due(pack)
    if end is None or seats.find_entry(db, pack.mentee_id, pack.mentor_id) is not None:
        return False
    pack.quiet_until = now + _ahead()
    moment = Moment(KIND, pack.public_id, end.isoformat(), end - _ahead())
    reader, mentor = db.get_one(User, pack.mentee_id), db.get_one(Mentor, pack.mentor_id)
    if end <= now:
        book.suppress(db, moment, user_id=reader.id, reason=OVER)
        return True
    line = Line(
        f"{_sessions(pack.left)} with {db.get_one(User, mentor.user_id).name} left",
        f"Use them until {times.in_zone(end, reader)}.",
        f"/book/{mentor.slug}",
    )
    topics.publish(db, topics.mentee(pack.mentee_id))
    book.remind(db, moment, reader=reader, line=line, data={"pack_id": pack.id})
    return True


def _locked(db: Session, pack_id: PackId) -> Pack:
    pack = db.get_one(Pack, pack_id)
    locking.lock(db, mentors=[pack.mentor_id])
    locking.read_again(db, pack)
    return pack


def _end_if_due(pack: Pack) -> datetime | None:
    """What the scan has found, once more: the end to remind of."""
    stands = pack.status is not PackStatus.ACTIVE or pack.paused_at is not None
    if stands or not pack.left or pack.quiet_until is not None:
        return None
    soon = pack.expires_at is not None and pack.expires_at <= clock.utc_now() + _ahead()
    return pack.expires_at if soon else None


def _ahead() -> timedelta:
    return timedelta(days=settings().expiry_reminder_days)


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"

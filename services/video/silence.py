"""Whose open room says nothing any more has left it: a closed lid, or a lost network."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from services import clock, due, locking, rooms
from services.audit import SYSTEM
from services.models import MentoringSession, SessionJoin
from services.video.entering import has_left


def sweep_silent() -> int:
    """Let those leave who are silent, as of when they were last seen; how many."""
    return due.run(_find, _close, what="silent_in_the_room")


def _find(db: Session, *, limit: int) -> Sequence[int]:
    silent = (
        select(SessionJoin.id)
        .where(
            col(SessionJoin.left_at).is_(None),
            col(SessionJoin.seen_at).is_not(None),
            col(SessionJoin.seen_at) <= clock.utc_now() - rooms.SILENT_AFTER,
        )
        .order_by(col(SessionJoin.seen_at))
    )
    return db.exec(silent.limit(limit)).all()


def _close(db: Session, join_id: int) -> bool:
    entry = db.get_one(SessionJoin, join_id)
    session = db.get_one(MentoringSession, entry.session_id)
    locking.lock_session(db, session)
    locking.read_again(db, entry)
    seen_at = entry.seen_at
    if entry.left_at is not None or seen_at is None:
        return False
    if seen_at > clock.utc_now() - rooms.SILENT_AFTER:
        return False
    has_left(db, SYSTEM, session, entry, at=seen_at)
    return True

"""Entering a session: the link to where it takes place, and the evidence that somebody came."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, audit, clock, db, locking, meeting_news
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, NotAllowed
from services.ids import UserId
from services.models import LIVE_SESSIONS, Availability, MentoringSession, SessionJoin

SAME_ENTRY = timedelta(minutes=1)
"""Pressing the button again so soon is the same entry."""


def join(*, actor: Actor, session: str) -> str:
    """Enter a session of one's own: from a little before its start until its end. Returns the
    mentor's meeting link, or "" when the mentor has not given one.

    Raises:
        SignInNeeded, NotFound, NotAllowed, Conflict: too early, over, or canceled.
    """
    user_id = access.require_user(actor)
    with db.transaction() as tx:
        row = access.session_for(tx, actor, session)
        if user_id not in {row.mentee_id, row.mentor_user_id}:
            raise NotAllowed("Only the two people of a session can join it.")
        # Whether both came is decided under the same lock.
        locking.lock_session(tx, row)
        _check(row)
        _remember(tx, actor, row, user_id)
        rules = tx.get(Availability, row.mentor_id)
        return rules.meeting_link if rules else ""


def opens_at(session: MentoringSession) -> datetime:
    """From when on a session can be joined."""
    return session.starts_at - timedelta(minutes=settings().join_minutes)


def first_joins(db: Session, session: MentoringSession) -> dict[UserId, datetime]:
    """When each of those who came entered first; before a session moved, they entered another."""
    found = select(col(SessionJoin.user_id), func.min(col(SessionJoin.joined_at))).where(
        SessionJoin.session_id == session.id, col(SessionJoin.joined_at) >= opens_at(session)
    )
    return dict(db.exec(found.group_by(col(SessionJoin.user_id))).all())


def _check(session: MentoringSession) -> None:
    now = clock.utc_now()
    if session.status not in LIVE_SESSIONS:
        raise Conflict("This session cannot be joined: it is over or was canceled.")
    if now >= session.ends_at:
        raise Conflict("This session is over.")
    if now < opens_at(session):
        raise Conflict(f"You can join from {settings().join_minutes} minutes before the start.")


def _remember(db: Session, actor: Actor, session: MentoringSession, user_id: UserId) -> None:
    now = clock.utc_now()
    since = max(now - SAME_ENTRY, opens_at(session))
    just_now = select(SessionJoin.id).where(
        SessionJoin.session_id == session.id,
        SessionJoin.user_id == user_id,
        col(SessionJoin.joined_at) >= since,
    )
    if db.exec(just_now.limit(1)).first() is None:
        db.add(SessionJoin(session_id=session.id, user_id=user_id, joined_at=now))
        meeting_news.changed(db, session)
        audit.record(db, actor=actor, action="session.joined", thing=session.public_id)

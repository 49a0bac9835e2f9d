"""Entering a session: the link to where it takes place, and the evidence that somebody came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, audit, clock, db, locking, meeting_news, rooms
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, NotAllowed
from services.ids import UserId
from services.models import LIVE_SESSIONS, Availability, MentoringSession, SessionJoin
from services.models.base import UtcDateTime

SAME_ENTRY = timedelta(minutes=1)
"""Pressing the button of the mentor's own link again so soon is the same entry."""


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody came: first at `first`, and into the studio's room (`in_room`) or only to the
    mentor's own link."""

    first: datetime
    in_room: bool


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
        if not _joined_just_now(tx, row, user_id):
            remember(tx, actor, row, user_id, in_room=False)
        rules = tx.get(Availability, row.mentor_id)
        return rules.meeting_link if rules else ""


def find_came(db: Session, session: MentoringSession) -> dict[UserId, Came]:
    """Who came until the end; before a session moved, they entered another."""
    first, seen = func.min(col(SessionJoin.joined_at)), func.max(col(SessionJoin.seen_at))
    found = select(col(SessionJoin.user_id), first, seen).where(
        SessionJoin.session_id == session.id,
        col(SessionJoin.joined_at) >= rooms.opens_at(session),
        col(SessionJoin.joined_at) < session.ends_at,
    )
    rows = db.exec(found.group_by(col(SessionJoin.user_id))).all()
    return {user: Came(at, in_room=last is not None) for user, at, last in rows}


def have_met(db: Session, session: MentoringSession) -> bool:
    """Whether both were at the same place at the same time of the session. Nobody knows when people
    leave the mentor's own link: who went there counts until the end."""
    mentee, mentor = aliased(SessionJoin), aliased(SessionJoin)
    together = select(col(mentee.id)).where(
        *_entries(mentee, session, session.mentee_id),
        *_entries(mentor, session, session.mentor_user_id),
        col(mentee.seen_at).is_(None) == col(mentor.seen_at).is_(None),
        col(mentee.joined_at) <= _until(mentor, session),
        col(mentor.joined_at) <= _until(mentee, session),
    )
    return db.exec(together.limit(1)).first() is not None


def _entries(
    entry: type[SessionJoin], session: MentoringSession, user_id: UserId
) -> tuple[ColumnElement[bool], ...]:
    return (
        col(entry.session_id) == session.id,
        col(entry.user_id) == user_id,
        col(entry.joined_at) >= rooms.opens_at(session),
        col(entry.joined_at) < session.ends_at,
        _until(entry, session) > session.starts_at,
    )


def _until(entry: type[SessionJoin], session: MentoringSession) -> ColumnElement[datetime]:
    end = literal(session.ends_at, UtcDateTime())
    return func.coalesce(col(entry.left_at), col(entry.seen_at), end)


def _check(session: MentoringSession) -> None:
    now = clock.utc_now()
    if session.status not in LIVE_SESSIONS:
        raise Conflict("This session cannot be joined: it is over or was canceled.")
    if now >= session.ends_at:
        raise Conflict("This session is over.")
    if now < rooms.opens_at(session):
        raise Conflict(f"You can join from {settings().join_minutes} minutes before the start.")


def _joined_just_now(db: Session, session: MentoringSession, user_id: UserId) -> bool:
    since = max(clock.utc_now() - SAME_ENTRY, rooms.opens_at(session))
    found = select(SessionJoin.id).where(
        SessionJoin.session_id == session.id,
        SessionJoin.user_id == user_id,
        col(SessionJoin.seen_at).is_(None),
        col(SessionJoin.joined_at) >= since,
    )
    return db.exec(found.limit(1)).first() is not None


def remember(
    db: Session, actor: Actor, session: MentoringSession, user_id: UserId, *, in_room: bool
) -> None:
    """Note that somebody came, into the room or to the mentor's own link. After the end that is no
    evidence. The caller has locked the session."""
    now = clock.utc_now()
    seen_at = now if in_room else None
    db.add(SessionJoin(session_id=session.id, user_id=user_id, joined_at=now, seen_at=seen_at))
    meeting_news.changed(db, session)
    if now < session.ends_at:
        audit.record(db, actor=actor, action="session.joined", thing=session.public_id)

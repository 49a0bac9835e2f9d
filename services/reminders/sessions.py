"""A day and an hour before a session, both its people are reminded.

The occasion is the session's sequence: once it has moved, it is reminded of anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import String, cast, exists, func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services import clock, times, topics
from services.config import settings
from services.ids import SessionId
from services.models import (
    AuditEntry,
    MentoringSession,
    Reminder,
    SessionStatus,
    User,
)
from services.reminders import book
from services.reminders.book import Moment
from services.telling import Line

AHEAD = "session_ahead"
SOON = "session_soon"

BEGUN = "The session had begun before it could be sent."
SOON_INSTEAD = "The next reminder takes its place: the session begins soon."
JUST_TOLD = "The session was booked, or moved, after this was due."


def find_ahead(db: Session, *, limit: int) -> Sequence[SessionId]:
    """The sessions whose first reminder is due: thousands begin within a day, so those that were
    reminded of are in no index.

    Also those that should have begun: they are scheduled until the sweep begins them, and then it
    is noted that nobody was reminded.
    """
    reminded_of, starts_at = col(MentoringSession.reminded_of), col(MentoringSession.starts_at)
    unreminded = or_(reminded_of.is_(None), reminded_of != starts_at)
    return db.exec(_soonest(AHEAD, limit).where(unreminded)).all()


def find_soon(db: Session, *, limit: int) -> Sequence[SessionId]:
    """The sessions whose last reminder is due."""
    noted = exists().where(
        col(Reminder.kind) == SOON,
        col(Reminder.about) == col(MentoringSession.public_id),
        col(Reminder.occasion) == cast(col(MentoringSession.sequence), String(60)),
        col(Reminder.user_id) == col(MentoringSession.mentee_id),
    )
    return db.exec(_soonest(SOON, limit).where(~noted)).all()


def _soonest(kind: str, limit: int) -> SelectOfScalar[SessionId]:
    return (
        select(col(MentoringSession.id))
        .where(
            col(MentoringSession.status) == SessionStatus.SCHEDULED,
            col(MentoringSession.starts_at) <= clock.utc_now() + _before(kind),
        )
        .order_by(col(MentoringSession.starts_at))
        .limit(limit)
    )


def remind_ahead(db: Session, session_id: SessionId) -> bool:
    """Remind both people for the first time."""
    return _remind(db, session_id, AHEAD)


def remind_soon(db: Session, session_id: SessionId) -> bool:
    """Remind both people once more."""
    return _remind(db, session_id, SOON)


def _before(kind: str) -> timedelta:
    if kind == AHEAD:
        return timedelta(hours=settings().session_reminder_hours)
    return timedelta(minutes=settings().session_reminder_minutes)


def _remind(db: Session, session_id: SessionId, kind: str) -> bool:
    """Without a lock: a session that is moved in this moment gets its reminders anew, and the mails
    of these ones read it again before they go."""
    session = db.get_one(MentoringSession, session_id)
    due_at = session.starts_at - _before(kind)
    if session.status is not SessionStatus.SCHEDULED or due_at > clock.utc_now():
        return False
    moment = Moment(kind, session.public_id, str(session.sequence), due_at)
    reason = _why_not(db, session, kind, due_at)
    mentee, mentor = (
        db.get_one(User, person) for person in (session.mentee_id, session.mentor_user_id)
    )
    if kind == AHEAD:
        session.reminded_of = session.starts_at
    changed = False
    for reader, other in ((mentee, mentor), (mentor, mentee)):
        if reason:
            changed |= book.suppress(db, moment, user_id=reader.id, reason=reason)
        else:
            line = _line(session, reader, other)
            data = {"session_id": session.id, "sequence": session.sequence}
            changed |= book.remind(db, moment, reader=reader, line=line, data=data)
    if changed:
        topics.publish(db, topics.session(session.id))
    return changed


def _why_not(db: Session, session: MentoringSession, kind: str, due_at: datetime) -> str:
    left = session.starts_at - clock.utc_now()
    if left <= timedelta(0):
        return BEGUN
    if kind == AHEAD and left <= _before(SOON):
        return SOON_INSTEAD
    return JUST_TOLD if _told_at(db, session) > due_at else ""


def _told_at(db: Session, session: MentoringSession) -> datetime:
    """When both people were told the time that the session has now."""
    moved = select(func.max(col(AuditEntry.at))).where(
        col(AuditEntry.thing) == session.public_id, col(AuditEntry.action) == "session.moved"
    )
    last = db.exec(moved).one() if session.sequence else None
    return last or session.created_at


def _line(session: MentoringSession, reader: User, other: User) -> Line:
    return Line(
        f"Your session with {other.name} is coming up",
        times.span_in_zone(session.starts_at, session.ends_at, reader),
        f"/sessions/{session.public_id}",
    )

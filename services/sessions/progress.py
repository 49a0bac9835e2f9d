"""What the clock does to sessions: they begin, they end, and the time to decide runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from services import clock, due, locking
from services.audit import SYSTEM
from services.ids import SessionId
from services.models import LIVE_SESSIONS, MentoringSession, SessionStatus
from services.sessions import objections, presence, settling, suspension

NOBODY_SAID = "Nobody said in time what happened."
NOBODY_DENIED = "Nobody said otherwise in time."

_status, _starts, _ends = (
    col(MentoringSession.status),
    col(MentoringSession.starts_at),
    col(MentoringSession.ends_at),
)


def advance_due() -> int:
    """Begin, end and settle what is due; each in a transaction of its own. How many changed.

    That both were at the same place at the same time proves that a session took place. Anything
    less proves nothing: one side's join would decide against the other. Then people say what
    happened, and if nobody does so in time, the credit comes back.
    """
    return (
        due.run(_find_over, _locked(_end), what="session_over")
        + due.run(_find_begun, _locked(_begin), what="session_begun")
        + due.run(_find_undecided, _locked(_give_up), what="session_undecided")
        + due.run(suspension.find_to_cancel, _locked(_cancel), what="session_to_cancel")
    )


def _find_over(db: Session, *, limit: int) -> Sequence[SessionId]:
    return _find(db, limit, _status.in_(LIVE_SESSIONS), _ends <= clock.utc_now())


def _find_begun(db: Session, *, limit: int) -> Sequence[SessionId]:
    now = clock.utc_now()
    return _find(db, limit, _status == SessionStatus.SCHEDULED, _starts <= now, _ends > now)


def _find_undecided(db: Session, *, limit: int) -> Sequence[SessionId]:
    over = col(MentoringSession.decide_by) <= clock.utc_now()
    return _find(db, limit, _status == SessionStatus.UNRESOLVED, over)


def _find(db: Session, limit: int, *wanted: ColumnElement[bool]) -> Sequence[SessionId]:
    found = select(col(MentoringSession.id)).where(*wanted).order_by(_starts).limit(limit)
    return db.exec(found).all()


def _locked(
    step: Callable[[Session, MentoringSession], bool],
) -> Callable[[Session, SessionId], bool]:
    """The step on a session that was read under its locks."""

    def run(db: Session, session_id: SessionId) -> bool:
        row = db.get_one(MentoringSession, session_id)
        locking.lock_session(db, row)
        return step(db, row)

    return run


def _begin(db: Session, session: MentoringSession) -> bool:
    now = clock.utc_now()
    if session.status is not SessionStatus.SCHEDULED or not (
        session.starts_at <= now < session.ends_at
    ):
        return False
    settling.begin(db, actor=SYSTEM, session=session)
    return True


def _end(db: Session, session: MentoringSession) -> bool:
    if not settling.is_over(session, clock.utc_now()):
        return False
    if presence.have_met(db, session):
        completed = SessionStatus.COMPLETED
        settling.settle(db, actor=SYSTEM, session=session, outcome=completed)
    else:
        settling.leave_open(db, actor=SYSTEM, session=session)
    return True


def _cancel(db: Session, session: MentoringSession) -> bool:
    """A suspension was interrupted before it came to this session."""
    return suspension.cancel(db, SYSTEM, session)


def _give_up(db: Session, session: MentoringSession) -> bool:
    if session.decide_by is None or session.decide_by > clock.utc_now():
        return False
    claimed = objections.is_open(db, session)
    settling.settle(
        db,
        actor=SYSTEM,
        session=session,
        outcome=SessionStatus.MENTOR_NO_SHOW if claimed else SessionStatus.CANCELED,
        reason=NOBODY_DENIED if claimed else NOBODY_SAID,
    )
    objections.close(db, actor=SYSTEM, session=session, uphold=True, note=NOBODY_DENIED)
    return True

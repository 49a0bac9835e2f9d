"""What the clock does to sessions: they begin, they end, and the time to decide runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from services import clock, db, locking, outages
from services.audit import SYSTEM
from services.ids import SessionId
from services.models import LIVE_SESSIONS, MentoringSession, SessionStatus
from services.sessions import objections, presence, settling, suspension

log = structlog.get_logger()

NOBODY_SAID = "Nobody said in time what happened."
NOBODY_DENIED = "Nobody said otherwise in time."

_status, _starts, _ends = (
    col(MentoringSession.status),
    col(MentoringSession.starts_at),
    col(MentoringSession.ends_at),
)


def advance_due(*, limit: int = 200) -> int:
    """Begin, end and settle what is due; each in a transaction of its own. How many changed.

    Both joins prove that a session took place. Anything less proves nothing: one side's join
    would decide against the other. Then people say what happened, and if nobody does so in time,
    the credit comes back.
    """
    now = clock.utc_now()
    undecided = _status == SessionStatus.UNRESOLVED
    scheduled = _status == SessionStatus.SCHEDULED
    steps: Sequence[tuple[list[ColumnElement[bool]], Callable[[Session, MentoringSession], bool]]]
    steps = (
        ([_status.in_(LIVE_SESSIONS), _ends <= now], _end),
        ([scheduled, _starts <= now, _ends > now], _begin),
        ([undecided, col(MentoringSession.decide_by) <= now], _give_up),
    )
    changed = sum(_each(_due(wanted, limit), step) for wanted, step in steps)
    return changed + _each(suspension.to_cancel(limit=limit), _cancel)


def _due(wanted: list[ColumnElement[bool]], limit: int) -> Sequence[SessionId]:
    due = select(col(MentoringSession.id)).where(*wanted).order_by(_starts).limit(limit)
    with db.reading() as session:
        return session.exec(due).all()


def _each(sessions: Sequence[SessionId], step: Callable[[Session, MentoringSession], bool]) -> int:
    changed = 0
    for session_id in sessions:
        try:
            with db.transaction() as tx:
                row = tx.get_one(MentoringSession, session_id)
                locking.lock_session(tx, row)
                changed += step(tx, row)
        except Exception as error:  # one that fails must not keep the others waiting
            if outages.away(error):
                raise
            log.exception("session_stuck", session=session_id)
    return changed


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
    if {session.mentee_id, session.mentor_user_id} <= presence.first_joins(db, session).keys():
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

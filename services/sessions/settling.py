"""The end of a session: its outcome, what becomes of its credit, and who is told.

Whoever comes here holds the mentor's lock and has read the session under it, so there is one
outcome at a time; that a session's credit moves once is besides a constraint of its entries.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from services import audit, booking, clock, credits, meeting_news, testimonials
from services.audit import Actor
from services.config import settings
from services.meeting_news import News
from services.models import (
    LIVE_SESSIONS,
    OPEN_SESSIONS,
    MentoringSession,
    Pack,
    SessionStatus,
)

CREDIT_BACK = frozenset({SessionStatus.CANCELED, SessionStatus.MENTOR_NO_SHOW})
"""The credit is the mentee's again."""
CREDIT_USED = frozenset({SessionStatus.COMPLETED, SessionStatus.MENTEE_NO_SHOW})
"""The credit is gone."""
OUTCOMES = CREDIT_BACK | CREDIT_USED
LEAST_TIME_TO_DECIDE = timedelta(hours=24)
"""What people are given at least, where the studio itself noticed late that a session is over."""


def is_over(session: MentoringSession, now: datetime) -> bool:
    """Whether its end has passed and nobody has noted it yet."""
    return session.status in LIVE_SESSIONS and session.ends_at <= now


def begin(db: Session, *, actor: Actor, session: MentoringSession) -> None:
    """A scheduled session is under way."""
    session.status = SessionStatus.IN_PROGRESS
    booking.lapse_proposals(db, session)
    meeting_news.changed(db, session)
    audit.record(db, actor=actor, action="session.started", thing=session.public_id)


def leave_open(db: Session, *, actor: Actor, session: MentoringSession) -> None:
    """It is over, and nothing proves how: people say what happened. The credit stays reserved."""
    now = clock.utc_now()
    given = timedelta(hours=settings().decide_hours)
    _stop_living(db, session)
    session.status = SessionStatus.UNRESOLVED
    session.decide_by = max(session.ends_at + given, now + min(given, LEAST_TIME_TO_DECIDE))
    db.flush()
    audit.record(
        db,
        actor=actor,
        action="session.unresolved",
        thing=session.public_id,
        after={"decide_by": session.decide_by.isoformat()},
    )
    meeting_news.tell(db, session=session, news=News.UNRESOLVED, actor=actor)


def settle(
    db: Session,
    *,
    actor: Actor,
    session: MentoringSession,
    outcome: SessionStatus,
    reason: str = "",
    news: News = News.OUTCOME,
) -> None:
    """Give a session that is over its outcome, or another one; the credit follows.

    When the credit comes back, the pack is good for another while (PRODUCT.md rule 8). `news` is
    what people are told it was.

    Raises:
        NoCredit: a credit that had come back is to be used after all, and was booked meanwhile.
    """
    before, now = session.status, clock.utc_now()
    pack = db.get_one(Pack, session.pack_id, populate_existing=True)
    _stop_living(db, session)
    session.status, session.decide_by, session.late = outcome, None, False
    session.outcome_at, session.outcome_by = now, actor.user_id
    used = outcome in CREDIT_USED
    session.object_until = now + timedelta(days=settings().objection_days) if used else None
    canceled = outcome is SessionStatus.CANCELED
    session.canceled_at = now if canceled else None
    session.canceled_by = actor.user_id if canceled else None
    session.cancel_reason = reason if canceled else ""
    db.flush()
    _move_credit(db, actor, session, pack, before)
    audit.record(
        db,
        actor=actor,
        action=f"session.{outcome.name.lower()}",
        thing=session.public_id,
        before={"status": before.value},
        after={"status": outcome.value, "reason": reason},
    )
    meeting_news.tell(db, session=session, news=news, actor=actor)
    if used:
        testimonials.ask(db, pack)


def _stop_living(db: Session, session: MentoringSession) -> None:
    if session.status in LIVE_SESSIONS:
        booking.free_time(db, session)
        booking.lapse_proposals(db, session)


def _move_credit(
    db: Session, actor: Actor, session: MentoringSession, pack: Pack, before: SessionStatus
) -> None:
    used = session.status in CREDIT_USED
    if before not in OPEN_SESSIONS:
        if used != (before in CREDIT_USED):
            credits.correct(db, actor=actor, pack=pack, session=session, used=used)
    elif used:
        credits.consume(db, actor=actor, pack=pack, session=session)
    else:
        why = f"a session came back: {session.status.value}"
        credits.give_back(db, actor=actor, pack=pack, session=session, why=why)

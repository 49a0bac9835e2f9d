"""Whenever a session changes, this is told: to open pages, to both people, to their calendars.

`tell` is called inside the transaction of the change, after it: what it writes (topics, mails of
the outbox, calendar writes) commits with the change or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from services import calendar, meeting_lines, notifications, telling, topics
from services.audit import Actor
from services.ids import UserId
from services.meeting_lines import Told
from services.models import MentoringSession, Proposal, ProposalStatus, User
from services.telling import Line


class News(StrEnum):
    """What happened to a session; a mail's template is named after it."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELED = "canceled"
    PROPOSED = "proposed"
    PROPOSAL_ANSWERED = "proposal_answered"
    UNRESOLVED = "unresolved"
    OUTCOME = "outcome"
    OBJECTION = "objection"
    OBJECTION_SETTLED = "objection_settled"


_LINES: dict[News, Callable[[Told], Line]] = {
    News.BOOKED: meeting_lines.booked,
    News.MOVED: meeting_lines.moved,
    News.CANCELED: meeting_lines.canceled,
    News.PROPOSED: meeting_lines.proposed,
    News.PROPOSAL_ANSWERED: meeting_lines.proposal_answered,
    News.UNRESOLVED: meeting_lines.unresolved,
    News.OUTCOME: meeting_lines.outcome,
    News.OBJECTION: meeting_lines.objection,
    News.OBJECTION_SETTLED: meeting_lines.objection_settled,
}
_IN_CALENDARS = frozenset({News.BOOKED, News.MOVED, News.CANCELED})
"""What changes the event in the mentor's own calendar."""


def tell(
    db: Session,
    *,
    session: MentoringSession,
    news: News,
    actor: Actor,
    before: datetime | None = None,
    accepted: Proposal | None = None,
) -> None:
    """Tell one change. `before` is where a moved session began until now, `accepted` the proposal
    that moved it."""
    more: dict[str, Any] = {"before": before.isoformat()} if before else {}
    if accepted:
        more["proposal_id"] = accepted.id
    _tell(db, [session], news, actor, more)


def tell_booked(db: Session, *, sessions: Sequence[MentoringSession], actor: Actor) -> None:
    """Tell that these were booked together, all of one pair: one mail for each of the two."""
    if sessions:
        _tell(db, sessions, News.BOOKED, actor, {})


def changed(db: Session, session: MentoringSession) -> None:
    """Tell open pages alone: nothing that anybody would want a mail about."""
    topics.publish(
        db,
        topics.SESSIONS,
        topics.session(session.id),
        topics.mentor_sessions(session.mentor_id),
        topics.mentee(session.mentee_id),
    )


def _tell(
    db: Session,
    sessions: Sequence[MentoringSession],
    news: News,
    actor: Actor,
    more: dict[str, Any],
) -> None:
    db.flush()  # rows that were made just now need their ids
    for session in sessions:
        changed(db, session)
        if news in _IN_CALENDARS:
            calendar.session_changed(db, session)
    session = sessions[0]
    occasion = str(session.sequence)
    readers = [session.mentee_id, session.mentor_user_id]
    proposal: Proposal | None = None
    match news:
        case News.PROPOSED | News.PROPOSAL_ANSWERED:
            proposal = _last_proposal(db, session)
            occasion, readers = proposal.public_id, _readers_of(session, proposal)
            more = more | {"proposal_id": proposal.id}
        case News.OUTCOME:
            occasion = session.outcome_at.isoformat() if session.outcome_at else ""
            more = more | {"outcome_at": occasion}
        case News.OBJECTION:
            readers = [session.mentor_user_id]
            notifications.alert_admins(db, alert="objection", thing=session.public_id)
        case _:
            pass
    data = {
        "session_ids": [each.id for each in sessions],
        "sequence": session.sequence,
        "actor_id": actor.user_id,
    }
    people = select(User).where(col(User.id).in_(readers)).order_by(col(User.id))
    for reader in db.exec(people).all():
        telling.tell(
            db,
            user_id=reader.id,
            kind=f"session_{news.value}",
            about=session.public_id,
            occasion=occasion,
            line=_LINES[news](Told(db, reader, sessions, actor.user_id, proposal)),
            data=data | more,
            by=actor.user_id,
        )


def _readers_of(session: MentoringSession, proposal: Proposal) -> list[UserId]:
    """Whoever is to answer, or waited for the answer: also an admin who proposed for the mentor.
    An accepted one is told as a move."""
    mentor, mentee = session.mentor_user_id, session.mentee_id
    proposer, other = (mentor, mentee) if proposal.by_mentor else (mentee, mentor)
    match proposal.status:
        case ProposalStatus.OPEN | ProposalStatus.WITHDRAWN:
            return [other]
        case ProposalStatus.DECLINED:
            return sorted({proposer, proposal.by_id})
        case ProposalStatus.ACCEPTED | ProposalStatus.LAPSED:
            return []


def _last_proposal(db: Session, session: MentoringSession) -> Proposal:
    of_session = select(Proposal).where(col(Proposal.session_id) == session.id)
    return db.exec(of_session.order_by(col(Proposal.id).desc()).limit(1)).one()

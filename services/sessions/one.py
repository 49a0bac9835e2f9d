"""One session whole, for each of its two people and for admins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from services import access, rooms
from services.audit import Actor
from services.config import settings
from services.ids import UserId
from services.models import (
    Availability,
    MentoringSession,
    Objection,
    Pack,
    Proposal,
    ProposalStatus,
    SessionNote,
    User,
)
from services.sessions import lists, presence
from services.sessions.history import list_history, list_reminders
from services.sessions.settling import CREDIT_BACK
from services.sessions.views import (
    HistoryLine,
    NoteView,
    ObjectionView,
    ProposalView,
    SessionView,
    Side,
    side_of,
)


def get_session(db: Session, *, actor: Actor, session: str) -> SessionView:
    """A session: one's own as mentee or mentor, or any for an admin. The same number of queries
    however much there is.

    Raises:
        NotFound
    """
    row = access.session_for(db, actor, session)
    [shown] = lists.rows(db, [col(MentoringSession.id) == row.id], actor=actor, limit=1)
    pack = db.get_one(Pack, row.pack_id)
    people = _people(db, [row.mentee_id, row.mentor_user_id, row.canceled_by, row.outcome_by])
    mentee, mentor = people[row.mentee_id], people[row.mentor_user_id]
    came = presence.find_came(db, row)
    mentee_came, mentor_came = came.get(row.mentee_id), came.get(row.mentor_user_id)
    return SessionView(
        row=shown,
        side=side_of(actor, row),
        mentee_zone=mentee.time_zone,
        mentor_zone=_zone(db, row) or mentor.time_zone,
        pack=pack.public_id,
        pack_title=pack.title,
        goals=row.goals,
        joins_open_at=rooms.opens_at(row),
        change_until=row.starts_at - timedelta(hours=settings().change_limit_hours),
        mentee_joined_at=mentee_came and mentee_came.first,
        mentor_joined_at=mentor_came and mentor_came.first,
        back_until=_back_until(actor, row, came),
        cancel_reason=row.cancel_reason,
        canceled_by_name=people[row.canceled_by].name if row.canceled_by else "",
        canceled_at=row.canceled_at,
        outcome_at=row.outcome_at,
        outcome_by_name=people[row.outcome_by].name if row.outcome_by else "",
        credit_back=row.status in CREDIT_BACK,
        proposal=_proposal(db, row),
        objection=_objection(db, row),
        notes=_notes(db, actor, row),
        history=_history(db, actor, row),
    )


def _back_until(
    actor: Actor, row: MentoringSession, came: Mapping[UserId, presence.Came]
) -> datetime | None:
    mine = came.get(actor.user_id) if actor.user_id else None
    was_there = mine is not None and mine.in_room and row.canceled_at is None
    return rooms.closes_at(row) if was_there else None


def _history(db: Session, actor: Actor, row: MentoringSession) -> tuple[HistoryLine, ...]:
    """What was done, and of what people were reminded: oneself, or, for an admin, both."""
    own = side_of(actor, row) is not Side.ADMIN
    reminded = list_reminders(db, row.public_id, reader=actor.user_id if own else None)
    lines = (*list_history(db, row.public_id), *reminded)
    return tuple(sorted(lines, key=lambda line: line.at))


def _people(db: Session, users: Iterable[UserId | None]) -> dict[UserId, User]:
    wanted = {user for user in users if user is not None}
    return {user.id: user for user in db.exec(select(User).where(col(User.id).in_(wanted))).all()}


def _zone(db: Session, session: MentoringSession) -> str | None:
    rules = db.get(Availability, session.mentor_id)
    return rules.time_zone if rules else None


def _proposal(db: Session, session: MentoringSession) -> ProposalView | None:
    found = db.exec(
        select(Proposal, User.name)
        .join(User, col(User.id) == col(Proposal.by_id))
        .where(Proposal.session_id == session.id, Proposal.status == ProposalStatus.OPEN)
    ).one_or_none()
    if found is None:
        return None
    row, name = found
    return ProposalView(row.public_id, row.by_mentor, name, row.starts_at, row.ends_at, row.reason)


def _objection(db: Session, session: MentoringSession) -> ObjectionView | None:
    row = db.exec(select(Objection).where(Objection.session_id == session.id)).one_or_none()
    return row and ObjectionView(
        row.public_id,
        row.outcome,
        row.body,
        row.status,
        row.answer,
        row.created_at,
        row.decided_at,
    )


def _notes(db: Session, actor: Actor, session: MentoringSession) -> tuple[NoteView, ...]:
    """The shared ones of both, and one's own; what somebody wrote for themselves is nobody's."""
    mine: ColumnElement[bool] = col(SessionNote.author_id) == actor.user_id
    found = db.exec(
        select(SessionNote, User.name)
        .join(User, col(User.id) == col(SessionNote.author_id))
        .where(SessionNote.session_id == session.id, or_(col(SessionNote.shared), mine))
        .order_by(col(SessionNote.shared).desc(), col(SessionNote.id))
    ).all()
    return tuple(
        NoteView(name, note.author_id == actor.user_id, note.shared, note.body, note.updated_at)
        for note, name in found
    )

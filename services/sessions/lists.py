"""Lists of sessions: one's own as mentee, as mentor, and all of them for admins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, paging
from services.audit import Actor
from services.errors import InvalidInput, NotFound
from services.ids import SessionId
from services.models import (
    OPEN_SESSIONS,
    Availability,
    Mentor,
    MentoringSession,
    Objection,
    ObjectionStatus,
    Proposal,
    ProposalStatus,
    SessionStatus,
    User,
)
from services.paging import Columns, Part
from services.sessions.views import SessionRow

When = Literal["upcoming", "past", "decide", ""]
"""Which of one's sessions: those whose outcome is open, soonest first; those that are over, the
newest first; those to decide about, the most urgent first; or all, the newest first."""

OBJECTION = "objection"
"""Admins may ask for the sessions with an open objection, whatever their status."""

SORTS: Columns = {"starts": (col(MentoringSession.starts_at),)}
"""What the admins' list may be sorted by."""

_OPEN = col(MentoringSession.status).in_(OPEN_SESSIONS)
_UNRESOLVED = col(MentoringSession.status) == SessionStatus.UNRESOLVED
Groups = Sequence[Sequence[ColumnElement[bool]]]
"""A list may be several, one after the other, so that each is read in the order of its index."""
_ALL: Groups = ((),)
_UNRESOLVED_FIRST: Groups = ((_UNRESOLVED,), (~_UNRESOLVED,))
_WHEN: dict[When, tuple[list[ColumnElement[bool]], Columns, str]] = {
    "upcoming": ([_OPEN], SORTS, "starts"),
    "past": ([~_OPEN], SORTS, "-starts"),
    "decide": ([_UNRESOLVED], {"decide_by": (col(MentoringSession.decide_by),)}, "decide_by"),
    "": ([], SORTS, "-starts"),
}


def list_mine(
    db: Session, *, actor: Actor, when: When = "", before: str | None = None, limit: int = 50
) -> Part[SessionRow]:
    """The signed-in person's sessions as a mentee.

    Raises:
        SignInNeeded, InvalidInput: an unknown place to go on from.
    """
    own = col(MentoringSession.mentee_id) == access.require_user(actor)
    return _own_part(db, own, actor=actor, when=when, before=before, limit=limit)


def list_mentors(
    db: Session, *, actor: Actor, when: When = "", before: str | None = None, limit: int = 50
) -> Part[SessionRow]:
    """The signed-in person's sessions as a mentor.

    Raises:
        SignInNeeded, NotFound: not a mentor; InvalidInput: an unknown place to go on from.
    """
    access.require_user(actor)
    if actor.mentor_id is None:
        raise NotFound("mentor")
    own = col(MentoringSession.mentor_id) == actor.mentor_id
    return _own_part(db, own, actor=actor, when=when, before=before, limit=limit)


def list_all(
    db: Session,
    *,
    actor: Actor,
    query: str = "",
    status: str = "",
    sort: str = "-starts",
    before: str | None = None,
    limit: int = 50,
) -> Part[SessionRow]:
    """All sessions for an admin; `status` is a `SessionStatus` or OBJECTION. Without one, those
    that nobody has decided about come first.

    `query` looks in the session's public id, both people's names and the mentee's address.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    wanted: list[ColumnElement[bool]] = []
    if status:
        wanted.append(_having(status))
    if query.strip():
        wanted.append(_matching(query))
    groups = _ALL if status else _UNRESOLVED_FIRST
    if before is not None and _is_decided(db, before):
        groups = groups[-1:]
    return _part(db, wanted, SORTS, sort, actor=actor, before=before, limit=limit, groups=groups)


def rows(
    db: Session,
    wanted: Sequence[ColumnElement[bool]],
    *,
    actor: Actor,
    limit: int,
    order: Sequence[ColumnElement[object]] = (),
) -> list[SessionRow]:
    """The sessions that fit, as lists show them; three queries. The caller settles who may see."""
    mentee, mentor_user = aliased(User), aliased(User)
    found = db.exec(
        select(MentoringSession, Mentor, mentee, col(mentor_user.name))
        .join(Mentor, col(Mentor.id) == col(MentoringSession.mentor_id))
        .join(mentor_user, col(mentor_user.id) == col(MentoringSession.mentor_user_id))
        .join(mentee, col(mentee.id) == col(MentoringSession.mentee_id))
        .where(*wanted)
        .order_by(*order)
        .limit(limit)
    ).all()
    ids = [session.id for session, *_ in found]
    objections, proposals = _objections(db, ids), _proposals(db, ids)
    linked = _linked(db, {session.mentor_id for session, *_ in found})
    return [
        SessionRow(
            public_id=session.public_id,
            sequence=session.sequence,
            status=session.status,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            late=session.late,
            mentee=person.public_id,
            mentee_name=person.name,
            mentee_email=person.email if actor.is_admin else "",
            mentor_slug=mentor.slug,
            mentor_name=mentor_name,
            mentor_photo=mentor.photo_key,
            decide_by=session.decide_by,
            object_until=session.object_until,
            objection=objections.get(session.id),
            proposed_by_mentor=proposals.get(session.id),
            has_link=session.mentor_id in linked,
        )
        for session, mentor, person, mentor_name in found
    ]


def _own_part(
    db: Session,
    own: ColumnElement[bool],
    *,
    actor: Actor,
    when: When,
    before: str | None,
    limit: int,
) -> Part[SessionRow]:
    if when not in _WHEN:
        raise InvalidInput("when", "There is no such list of sessions.")
    wanted, columns, sort = _WHEN[when]
    return _part(db, [own, *wanted], columns, sort, actor=actor, before=before, limit=limit)


def _part(
    db: Session,
    wanted: list[ColumnElement[bool]],
    columns: Columns,
    sort: str,
    *,
    actor: Actor,
    before: str | None,
    limit: int,
    groups: Groups = _ALL,
) -> Part[SessionRow]:
    """`before` is a row of the first of the `groups`."""
    limit = paging.bounded(limit)
    total = db.exec(select(func.count(col(MentoringSession.id))).where(*wanted)).one()
    by = paging.sorting(sort, columns, default="-starts", unique=col(MentoringSession.id))
    table = MentoringSession
    found: list[SessionRow] = []
    for group in groups:
        among = [*wanted, *group]
        place = paging.beyond(db, table, table.public_id, before, by=by, among=among)
        missing = limit + 1 - len(found)
        found += rows(db, [*among, *place], actor=actor, limit=missing, order=by.order())
        before = None
    shown, more = paging.cut(found, limit)
    return Part(tuple(shown), shown[-1].public_id if more else None, total)


def _is_decided(db: Session, session: str) -> bool:
    status = select(MentoringSession.status).where(MentoringSession.public_id == session)
    return db.exec(status).first() not in {None, SessionStatus.UNRESOLVED}


def _having(status: str) -> ColumnElement[bool]:
    if status == OBJECTION:
        open_ones = select(Objection.session_id).where(Objection.status == ObjectionStatus.OPEN)
        return col(MentoringSession.id).in_(open_ones)
    try:
        return col(MentoringSession.status) == SessionStatus(status)
    except ValueError:
        raise InvalidInput("status", "There is no such status.") from None


def _matching(query: str) -> ColumnElement[bool]:
    like = paging.pattern(query)
    named = col(User.name).ilike(like, escape="\\")
    mailed = col(User.email).ilike(like, escape="\\")
    return or_(
        col(MentoringSession.public_id) == query.strip(),
        col(MentoringSession.mentee_id).in_(select(User.id).where(or_(named, mailed))),
        col(MentoringSession.mentor_user_id).in_(select(User.id).where(named)),
    )


def _objections(db: Session, sessions: Sequence[SessionId]) -> dict[SessionId, ObjectionStatus]:
    found = select(col(Objection.session_id), col(Objection.status))
    return dict(db.exec(found.where(col(Objection.session_id).in_(sessions))).all())


def _proposals(db: Session, sessions: Sequence[SessionId]) -> dict[SessionId, bool]:
    found = select(col(Proposal.session_id), col(Proposal.by_mentor)).where(
        col(Proposal.session_id).in_(sessions), Proposal.status == ProposalStatus.OPEN
    )
    return dict(db.exec(found).all())


def _linked(db: Session, mentors: set[int]) -> set[int]:
    found = select(Availability.mentor_id).where(
        col(Availability.mentor_id).in_(mentors), Availability.meeting_link != ""
    )
    return set(db.exec(found).all())

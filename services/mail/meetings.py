"""The facts of mails about sessions, and their calendar files.

Each mail reads the session again as it leaves: moved, canceled or decided once more, it is left
out, because a later mail tells what is true now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from services import clock, invitations, urls
from services.config import settings
from services.invitations import Entry
from services.mail.shared import FILES, Skipped
from services.models import (
    LIVE_SESSIONS,
    MentoringSession,
    Objection,
    ObjectionStatus,
    Pack,
    Proposal,
    ProposalStatus,
    SessionStatus,
    User,
)
from services.providers.mail.base import Attachment
from services.sessions import history
from services.times import day_in_zone, in_zone, span_in_zone

Facts = dict[str, Any]
STUDIO = "the studio"


@dataclass(frozen=True, slots=True)
class Told:
    """What the mails about sessions share: whom they are for, and what about."""

    db: Session
    user: User
    data: Facts
    sessions: Sequence[MentoringSession]

    @property
    def first(self) -> MentoringSession:
        return self.sessions[0]

    def files(self, make: Callable[[Entry, User], bytes], method: str) -> tuple[Attachment, ...]:
        """A calendar file for each session; clients take one event from a file."""
        wanted = col(MentoringSession.id).in_([session.id for session in self.sessions])
        listed = invitations.entries(self.db, reader=self.user, wanted=[wanted])
        kind = f"text/calendar; method={method}; charset=utf-8"
        return tuple(
            Attachment(f"session-{number}.ics", kind, make(entry, self.user))
            for number, entry in enumerate(listed, start=1)
        )


def _told(db: Session, user: User, data: Facts) -> tuple[Told, Facts]:
    """The sessions that a mail is about, and the facts that all of these mails have."""
    found = select(MentoringSession).where(col(MentoringSession.id).in_(data["session_ids"]))
    rows = db.exec(found.order_by(col(MentoringSession.starts_at))).all()
    told = Told(db, user, data, rows)
    first = told.first
    mentor = first.mentor_user_id == user.id
    other = db.get_one(User, first.mentee_id if mentor else first.mentor_user_id)
    by = _by(db, data["actor_id"], user, first)
    pack = db.get_one(Pack, first.pack_id)
    return told, {
        "mentor": mentor,
        "other": other.name,
        "by": by,
        "who": "The studio" if by == STUDIO else by,
        "when": span_in_zone(first.starts_at, first.ends_at, user),
        "day": day_in_zone(first.starts_at, user),
        "left": pack.left,
        "until": in_zone(pack.expires_at, user) if pack.expires_at else "",
        "limit": settings().change_limit_hours,
        "join_minutes": settings().join_minutes,
        "link": urls.session(first.public_id),
    }


def _by(db: Session, actor_id: int | None, reader: User, session: MentoringSession) -> str:
    """Who did something, for the reader: an admin who is neither of the two is the studio."""
    if actor_id == reader.id:
        return "you"
    if actor_id in (session.mentee_id, session.mentor_user_id):
        return db.get_one(User, actor_id).name
    return STUDIO


def _booked(db: Session, user: User, data: Facts) -> Facts:
    told, facts = _told(db, user, data)
    still = [row for row in told.sessions if _stands(row, data)]
    if not still:
        raise Skipped
    told = Told(db, user, data, still)
    return facts | {
        "times": [span_in_zone(row.starts_at, row.ends_at, user) for row in still],
        "day": day_in_zone(still[0].starts_at, user),
        "link": urls.session(still[0].public_id) if len(still) == 1 else _all(facts),
        FILES: told.files(invitations.request, "REQUEST"),
    }


def _moved(db: Session, user: User, data: Facts) -> Facts:
    told, facts = _told(db, user, data)
    row = told.first
    if not _stands(row, data):
        raise Skipped
    before = datetime.fromisoformat(data["before"])
    proposal = db.get_one(Proposal, data["proposal_id"]) if "proposal_id" in data else None
    return facts | {
        "before": in_zone(before, user),
        "proposer": _by(db, proposal.by_id, user, row) if proposal else "",
        "reason": proposal.reason
        if proposal
        else history.last_reason(db, row.public_id, "session.moved"),
        FILES: told.files(invitations.request, "REQUEST"),
    }


def _stands(session: MentoringSession, data: Facts) -> bool:
    """Whether a session still takes place, and when it was told."""
    same = session.sequence == data["sequence"] and session.status in LIVE_SESSIONS
    return same and session.ends_at > clock.utc_now()


def _canceled(db: Session, user: User, data: Facts) -> Facts:
    told, facts = _told(db, user, data)
    row = told.first
    if row.status is not SessionStatus.CANCELED and not row.late:
        raise Skipped
    return facts | {
        "late": row.late,
        "reason": row.cancel_reason,
        FILES: told.files(invitations.cancel, "CANCEL"),
    }


def _proposed(db: Session, user: User, data: Facts) -> Facts:
    _, facts = _told(db, user, data)
    proposal = db.get_one(Proposal, data["proposal_id"])
    if proposal.status is not ProposalStatus.OPEN or proposal.starts_at <= clock.utc_now():
        raise Skipped
    return facts | {
        "proposed": span_in_zone(proposal.starts_at, proposal.ends_at, user),
        "reason": proposal.reason,
    }


def _proposal_answered(db: Session, user: User, data: Facts) -> Facts:
    told, facts = _told(db, user, data)
    proposal = db.get_one(Proposal, data["proposal_id"])
    if not _stands(told.first, data):
        raise Skipped
    return facts | {
        "proposed": span_in_zone(proposal.starts_at, proposal.ends_at, user),
        "proposer": _by(db, proposal.by_id, user, told.first),
        "withdrawn": proposal.status is ProposalStatus.WITHDRAWN,
    }


def _unresolved(db: Session, user: User, data: Facts) -> Facts:
    told, facts = _told(db, user, data)
    decide_by = told.first.decide_by
    if decide_by is None or decide_by <= clock.utc_now():
        raise Skipped
    return facts | {"decide_by": in_zone(decide_by, user)}


def _outcome(db: Session, user: User, data: Facts) -> Facts:
    told, facts = _told(db, user, data)
    row = told.first
    if row.outcome_at != datetime.fromisoformat(data["outcome_at"]):
        raise Skipped
    objection = _find_objection(told)
    action = f"session.{row.status.name.lower()}"
    return facts | {
        "outcome": row.status.value,
        "reason": history.last_reason(db, row.public_id, action),
        "objected": objection is not None and objection.status is ObjectionStatus.OPEN,
        "object_until": in_zone(row.object_until, user)
        if row.object_until and objection is None
        else "",
    }


def _objection(db: Session, user: User, data: Facts) -> Facts:
    told, facts = _told(db, user, data)
    row = _find_objection(told)
    if row is None or row.status is not ObjectionStatus.OPEN:
        raise Skipped
    decide_by = told.first.decide_by
    if row.outcome is SessionStatus.UNRESOLVED and decide_by is None:
        raise Skipped  # the mentor has said otherwise already
    return facts | {
        "outcome": row.outcome.value,
        "decide_by": in_zone(decide_by, user) if decide_by else "",
    }


def _objection_settled(db: Session, user: User, data: Facts) -> Facts:
    told, facts = _told(db, user, data)
    row = _find_objection(told)
    if row is None:
        raise Skipped
    return facts | {
        "upheld": row.status is ObjectionStatus.UPHELD,
        "answer": row.answer,
        "outcome": told.first.status.value,
    }


def _find_objection(told: Told) -> Objection | None:
    found = select(Objection).where(Objection.session_id == told.first.id)
    return told.db.exec(found).one_or_none()


def _all(facts: Facts) -> str:
    return urls.absolute("/mentor/sessions" if facts["mentor"] else "/sessions")


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {
    "session_booked": _booked,
    "session_moved": _moved,
    "session_canceled": _canceled,
    "session_proposed": _proposed,
    "session_proposal_answered": _proposal_answered,
    "session_unresolved": _unresolved,
    "session_outcome": _outcome,
    "session_objection": _objection,
    "session_objection_settled": _objection_settled,
}

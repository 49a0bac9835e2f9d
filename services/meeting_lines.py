"""What the bell says of a session, to each of its two people and in their own zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from services import urls
from services.ids import UserId
from services.models import (
    MentoringSession,
    Objection,
    ObjectionStatus,
    Proposal,
    ProposalStatus,
    SessionStatus,
    User,
)
from services.telling import Line
from services.times import in_zone, span_in_zone


@dataclass(frozen=True, slots=True)
class Told:
    """The news of one change, for one reader; `actor_id` is whoever made it."""

    db: Session
    reader: User
    sessions: Sequence[MentoringSession]
    actor_id: UserId | None
    proposal: Proposal | None = None

    @property
    def first(self) -> MentoringSession:
        return self.sessions[0]

    @property
    def teaches(self) -> bool:
        return self.first.mentor_user_id == self.reader.id

    @property
    def other(self) -> str:
        """The name of the other person."""
        other = self.first.mentee_id if self.teaches else self.first.mentor_user_id
        return self.db.get_one(User, other).name

    @property
    def when(self) -> str:
        return span_in_zone(self.first.starts_at, self.first.ends_at, self.reader)

    def who(self, user_id: UserId | None) -> str:
        """Who did it, at the beginning of a sentence: an admin who is neither is the studio."""
        if user_id == self.reader.id:
            return "You"
        if user_id in (self.first.mentee_id, self.first.mentor_user_id):
            return self.db.get_one(User, user_id).name
        return "The studio"


def booked(told: Told) -> Line:
    """One or several sessions were booked together."""
    count = len(told.sessions)
    if count == 1:
        return _line(told, f"Session with {told.other} booked", told.when)
    everything = urls.absolute("/mentor/sessions" if told.teaches else "/sessions")
    first = f"The first: {told.when}"
    return Line(f"{count} sessions with {told.other} booked", first, everything)


def moved(told: Told) -> Line:
    """The session has another time."""
    return _line(told, f"Moved: your session with {told.other}", f"Now {told.when}")


def canceled(told: Told) -> Line:
    """The session does not take place."""
    used = " The session counts as used." if told.first.late else ""
    return _line(told, f"Canceled: your session with {told.other}", f"{told.when}.{used}")


def proposed(told: Told) -> Line:
    """Somebody would like another time."""
    wish = told.proposal
    if wish is None:
        return _line(told, "Another time is proposed", told.when)
    title = f"{told.who(wish.by_id)} proposes another time"
    span = span_in_zone(wish.starts_at, wish.ends_at, told.reader)
    return _line(told, title, f"{span}. Accept or decline it.")


def proposal_answered(told: Told) -> Line:
    """The other time was declined, or is not proposed any more."""
    wish = told.proposal
    if wish is not None and wish.status is ProposalStatus.WITHDRAWN:
        title = f"{told.who(told.actor_id)} takes the proposed time back"
    else:
        title = f"{told.who(told.actor_id)} declined the proposed time"
    return _line(told, title, f"The session stays: {told.when}")


def unresolved(told: Told) -> Line:
    """Nobody can tell whether it took place."""
    by = told.first.decide_by
    ask = f" Please tell us until {in_zone(by, told.reader)}." if by else ""
    return _line(told, f"What happened in your session with {told.other}?", f"{told.when}.{ask}")


def outcome(told: Told) -> Line:
    """What became of it."""
    return _line(told, _outcome_title(told, told.first.status), told.when)


def _outcome_title(told: Told, status: SessionStatus) -> str:
    match status:
        case SessionStatus.COMPLETED:
            return f"Completed: your session with {told.other}"
        case SessionStatus.MENTEE_NO_SHOW if not told.teaches:
            return f"Your session with {told.other} counts as missed"
        case SessionStatus.MENTOR_NO_SHOW if told.teaches:
            return f"Your session with {told.other} counts as missed by you"
        case SessionStatus.MENTEE_NO_SHOW | SessionStatus.MENTOR_NO_SHOW:
            return f"{told.other} did not come"
        case _:
            return f"Your session with {told.other} does not count"


def objection(told: Told) -> Line:
    """The mentee sees it differently."""
    return _line(told, f"{told.other} objects: your session", told.when)


def objection_settled(told: Told) -> Line:
    """An admin has decided."""
    found = select(Objection).where(col(Objection.session_id) == told.first.id)
    row = told.db.exec(found).one_or_none()
    upheld = row is not None and row.status is ObjectionStatus.UPHELD
    whose = f"{told.other}'s objection" if told.teaches else "Your objection"
    return _line(told, f"{whose} is {'accepted' if upheld else 'not accepted'}", told.when)


def _line(told: Told, title: str, body: str) -> Line:
    return Line(title, body, urls.session(told.first.public_id))

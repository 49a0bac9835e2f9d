"""What is read of sessions: rows of lists, and one session whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.audit import Actor
from services.models import MentoringSession, ObjectionStatus, SessionStatus


class Side(StrEnum):
    """How the reader stands to a session; whoever is one of its two people is that first."""

    MENTEE = "mentee"
    MENTOR = "mentor"
    ADMIN = "admin"


def side_of(actor: Actor, session: MentoringSession) -> Side:
    """How the actor stands to a session that they may see."""
    if actor.user_id == session.mentee_id:
        return Side.MENTEE
    return Side.MENTOR if actor.user_id == session.mentor_user_id else Side.ADMIN


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session as lists show it. `mentee` is a user's public id; `mentee_email` is filled for
    admins only.

    `objection` is the state of the mentee's objection. `proposed_by_mentor` tells who proposed
    another time, None when nobody waits for an answer. `has_link`: the mentor has said where
    sessions take place.
    """

    public_id: str
    sequence: int
    status: SessionStatus
    starts_at: datetime
    ends_at: datetime
    late: bool
    mentee: str
    mentee_name: str
    mentee_email: str
    mentor_slug: str
    mentor_name: str
    mentor_photo: str | None
    decide_by: datetime | None
    object_until: datetime | None
    objection: ObjectionStatus | None
    proposed_by_mentor: bool | None
    has_link: bool


@dataclass(frozen=True, slots=True)
class ProposalView:
    """Another time that waits for an answer."""

    public_id: str
    by_mentor: bool
    by_name: str
    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """What the mentee objects to: `outcome` is what the session was then; unresolved when they
    said that the mentor did not come before anybody had decided."""

    public_id: str
    outcome: SessionStatus
    body: str
    status: ObjectionStatus
    answer: str
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoteView:
    """What one of the two wrote: shared with the other, or one's own."""

    author_name: str
    mine: bool
    shared: bool
    body: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of what happened. `by_name` is empty when the studio itself acted; `before` and
    `after` are where a moved session began and begins. `to_name` is who was reminded."""

    at: datetime
    by_name: str
    action: str
    reason: str
    before: datetime | None = None
    after: datetime | None = None
    to_name: str = ""


@dataclass(frozen=True, slots=True)
class SessionView:
    """One session whole.

    It can be joined from `joins_open_at`, and changed by the mentee until `change_until`. The
    joins are the first of each; a reader who was in the room may come back `back_until` then,
    None for everybody else. `canceled_by_name` and `outcome_by_name` are empty when the
    studio itself did it. `credit_back`: what was booked is the mentee's to book again.
    """

    row: SessionRow
    side: Side
    mentee_zone: str
    mentor_zone: str
    pack: str
    pack_title: str
    goals: str
    joins_open_at: datetime
    change_until: datetime
    mentee_joined_at: datetime | None
    mentor_joined_at: datetime | None
    back_until: datetime | None
    cancel_reason: str
    canceled_by_name: str
    canceled_at: datetime | None
    outcome_at: datetime | None
    outcome_by_name: str
    credit_back: bool
    proposal: ProposalView | None
    objection: ObjectionView | None
    notes: tuple[NoteView, ...]
    history: tuple[HistoryLine, ...]

# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Sessions, what is held and occupied around them, and what people say about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import MentorId, PackId, ProposalId, SessionId, SlotHoldId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class SessionStatus(StrEnum):
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in progress"
    UNRESOLVED = "unresolved"
    COMPLETED = "completed"
    CANCELED = "canceled"
    MENTEE_NO_SHOW = "mentee no-show"
    MENTOR_NO_SHOW = "mentor no-show"


LIVE_SESSIONS = frozenset({SessionStatus.SCHEDULED, SessionStatus.IN_PROGRESS})
"""They take their people's time."""
OPEN_SESSIONS = LIVE_SESSIONS | {SessionStatus.UNRESOLVED}
"""Their credit is reserved: nobody knows yet whether it is used."""


UNREMINDED = "reminded_of IS NULL OR reminded_of <> starts_at"


class MentoringSession(SQLModel, table=True):
    """One meeting, paid with one credit of its pack.

    `sequence` grows whenever the time changes or the session ends early: it is the SEQUENCE of the
    calendar event, and a page or link that carries an older one is out of date. `late` tells that
    the mentee canceled after the limit (the credit was used). `decide_by` ends the time in which
    people may say what happened in an unresolved session, `object_until` the time in which the
    mentee may object to an outcome. `reminded_of` is the start of which the first reminder was
    told, or noted as too late: the few sessions that still wait for theirs have an index.
    """

    __tablename__ = "mentoring_session"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        CheckConstraint("mentee_id <> mentor_user_id", name="two_people"),
        CheckConstraint(
            "status <> 'canceled' OR canceled_at IS NOT NULL", name="canceled_at_when_canceled"
        ),
        CheckConstraint(
            "(status = 'unresolved') = (decide_by IS NOT NULL)", name="decide_by_when_unresolved"
        ),
        Index("ix_mentoring_session_mentee_id_starts_at", "mentee_id", "starts_at"),
        Index("ix_mentoring_session_mentor_id_starts_at", "mentor_id", "starts_at"),
        Index("ix_mentoring_session_status_starts_at", "status", "starts_at"),
        Index("ix_mentoring_session_starts_at_id", "starts_at", "id"),
        Index(
            "ix_mentoring_session_unreminded",
            "status",
            "starts_at",
            sqlite_where=sql(UNREMINDED),
            postgresql_where=sql(UNREMINDED),
        ),
    )

    id: SessionId = pk()
    public_id: str = public_id("ses")
    pack_id: PackId = fk("pack.id")
    mentee_id: UserId = fk("user.id", index=False)
    mentor_id: MentorId = fk("mentor.id", index=False)
    mentor_user_id: UserId = fk("user.id")
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    status: SessionStatus = choice(SessionStatus, SessionStatus.SCHEDULED, name="session_status")
    sequence: int = Field(default=0)
    goals: str = text(2000, default="")
    late: bool = Field(default=False)
    cancel_reason: str = text(300, default="")
    canceled_by: UserId | None = fk("user.id", nullable=True, index=False)
    canceled_at: datetime | None = instant(nullable=True)
    decide_by: datetime | None = instant(nullable=True)
    outcome_at: datetime | None = instant(nullable=True)
    outcome_by: UserId | None = fk("user.id", nullable=True, index=False)
    object_until: datetime | None = instant(nullable=True)
    reminded_of: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


_IN_THE_ROOM = "left_at IS NULL AND seen_at IS NOT NULL"


class SessionJoin(SQLModel, table=True):
    """Evidence that a person came: one row per time that they entered.

    `seen_at` is when their open room last said that they are there; None where they were only given
    the way to a room that is not ours. `left_at` is later than that where they left by themselves,
    and the same where they only went silent.
    """

    __tablename__ = "session_join"
    __table_args__ = (
        Index(
            "ix_session_join_in_the_room",
            "seen_at",
            sqlite_where=sql(_IN_THE_ROOM),
            postgresql_where=sql(_IN_THE_ROOM),
        ),
    )

    id: int = pk()
    session_id: SessionId = fk("mentoring_session.id")
    user_id: UserId = fk("user.id", index=False)
    joined_at: datetime = instant()
    seen_at: datetime | None = instant(nullable=True)
    left_at: datetime | None = instant(nullable=True)


class SessionNote(SQLModel, table=True):
    """What one person wrote about a session: for both to read, or for oneself."""

    __tablename__ = "session_note"
    __table_args__ = (Index("uq_session_note", "session_id", "author_id", "shared", unique=True),)

    id: int = pk()
    session_id: SessionId = fk("mentoring_session.id", index=False)
    author_id: UserId = fk("user.id")
    shared: bool
    body: str = text(8000, default="")
    updated_at: datetime = instant()


class ObjectionStatus(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


class Objection(SQLModel, table=True):
    """The mentee says that an outcome is wrong; an admin decides. One per session."""

    __tablename__ = "objection"
    __table_args__ = (Index("ix_objection_status_created_at", "status", "created_at"),)

    id: int = pk()
    public_id: str = public_id("obj")
    session_id: SessionId = fk("mentoring_session.id", unique=True)
    outcome: SessionStatus = choice(SessionStatus, name="objection_outcome")
    body: str = text(1000)
    status: ObjectionStatus = choice(ObjectionStatus, ObjectionStatus.OPEN, name="objection_status")
    answer: str = text(300, default="")
    decided_by: UserId | None = fk("user.id", nullable=True, index=False)
    decided_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class ProposalStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Proposal(SQLModel, table=True):
    """Another time for a session, that the other person may accept. One open one per session.

    `sequence` is the session's when it was proposed: once the session has moved, it lapses.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        Index(
            "uq_proposal_open",
            "session_id",
            unique=True,
            sqlite_where=sql("status = 'open'"),
            postgresql_where=sql("status = 'open'"),
        ),
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        Index("ix_proposal_status_starts_at", "status", "starts_at"),
    )

    id: ProposalId = pk()
    public_id: str = public_id("pro")
    session_id: SessionId = fk("mentoring_session.id")
    by_id: UserId = fk("user.id", index=False)
    by_mentor: bool
    sequence: int
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    reason: str = text(300, default="")
    status: ProposalStatus = choice(ProposalStatus, ProposalStatus.OPEN, name="proposal_status")
    created_at: datetime = instant()
    answered_at: datetime | None = instant(nullable=True)


class SlotHoldStatus(StrEnum):
    HELD = "held"
    USED = "used"
    LAPSED = "lapsed"


class SlotHold(SQLModel, table=True):
    """A time one mentee is choosing; blocks like a session until `held_until`."""

    __tablename__ = "slot_hold"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        Index("ix_slot_hold_mentee_id_status", "mentee_id", "status"),
        Index("ix_slot_hold_status_held_until", "status", "held_until"),
    )

    id: SlotHoldId = pk()
    public_id: str = public_id("hol")
    mentee_id: UserId = fk("user.id", index=False)
    mentor_id: MentorId = fk("mentor.id")
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    held_until: datetime = instant()
    status: SlotHoldStatus = choice(SlotHoldStatus, SlotHoldStatus.HELD, name="slot_hold_status")
    created_at: datetime = instant()


class OccupiedTime(SQLModel, table=True):
    """A person's time that a live session or hold takes; the mentor's ends with the buffer.

    A row per person and session or hold, gone as soon as it does not live any more. Two rows of
    one person never overlap: EXCLUDE on PostgreSQL, triggers on SQLite.
    """

    __tablename__ = "occupied_time"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        CheckConstraint("(session_id IS NULL) <> (hold_id IS NULL)", name="session_or_hold"),
        Index("uq_occupied_time_session", "session_id", "person_id", unique=True),
        Index("uq_occupied_time_hold", "hold_id", "person_id", unique=True),
        Index("ix_occupied_time_person_id_starts_at", "person_id", "starts_at"),
    )

    id: int = pk()
    person_id: UserId = fk("user.id", index=False)
    session_id: SessionId | None = fk("mentoring_session.id", nullable=True, index=False)
    hold_id: SlotHoldId | None = fk("slot_hold.id", nullable=True, index=False)
    mentor_side: bool
    starts_at: datetime = instant()
    ends_at: datetime = instant()


class TestimonialStatus(StrEnum):
    WAITING = "waiting"
    PUBLISHED = "published"
    DECLINED = "declined"


class Testimonial(SQLModel, table=True):
    """What a mentee says about a pack's sessions; shown once an admin has published it."""

    __tablename__ = "testimonial"
    __table_args__ = (
        Index("ix_testimonial_mentor_id_status", "mentor_id", "status"),
        Index("ix_testimonial_status_created_at", "status", "created_at"),
    )

    id: int = pk()
    public_id: str = public_id("tes")
    pack_id: PackId = fk("pack.id", unique=True)
    mentee_id: UserId = fk("user.id")
    mentor_id: MentorId = fk("mentor.id", index=False)
    body: str = text(1000)
    status: TestimonialStatus = choice(
        TestimonialStatus, TestimonialStatus.WAITING, name="testimonial_status"
    )
    decided_by: UserId | None = fk("user.id", nullable=True, index=False)
    decided_at: datetime | None = instant(nullable=True)
    decline_reason: str = text(300, default="")
    created_at: datetime = instant()
    updated_at: datetime = instant()

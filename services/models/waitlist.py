# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Who waits for a place with which mentor."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import MentorId, SeatId, UserId, WaitlistEntryId
from services.models.base import choice, fk, instant, pk, public_id, text


class WaitlistStatus(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    DECLINED = "declined"
    LAPSED = "lapsed"
    LEFT = "left"


class WaitlistEntry(SQLModel, table=True):
    """One person's place in one mentor's line; at most one open row per pair.

    The line goes by `priority` (1: put first, by rule 8 or by an admin; else 0), then by
    `joined_at`. An offer is a seat held until `offer_ends_at`. `reason` says in words why a person
    was put first, or why the entry ended.
    """

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        Index(
            "uq_waitlist_entry_open",
            "mentee_id",
            "mentor_id",
            unique=True,
            sqlite_where=sql("status IN ('waiting', 'offered')"),
            postgresql_where=sql("status IN ('waiting', 'offered')"),
        ),
        Index("ix_waitlist_entry_line", "mentor_id", "status", "priority", "joined_at", "id"),
        Index("ix_waitlist_entry_status_offer_ends_at", "status", "offer_ends_at"),
        CheckConstraint(
            "(status = 'offered') = (offer_ends_at IS NOT NULL)", name="offer_ends_at_when_offered"
        ),
        CheckConstraint("status <> 'offered' OR seat_id IS NOT NULL", name="seat_when_offered"),
        CheckConstraint(
            "(status IN ('waiting', 'offered')) = (ended_at IS NULL)", name="ended_at_when_ended"
        ),
        CheckConstraint("priority IN (0, 1)", name="priority_range"),
    )

    id: WaitlistEntryId = pk()
    public_id: str = public_id("wai")
    mentor_id: MentorId = fk("mentor.id", index=False)
    mentee_id: UserId = fk("user.id", index=False)
    status: WaitlistStatus = choice(
        WaitlistStatus, WaitlistStatus.WAITING, name="waitlist_entry_status"
    )
    priority: int = Field(default=0)
    joined_at: datetime = instant()
    offered_at: datetime | None = instant(nullable=True)
    offer_ends_at: datetime | None = instant(nullable=True)
    seat_id: SeatId | None = fk("seat.id", nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    reason: str = text(200, default="")

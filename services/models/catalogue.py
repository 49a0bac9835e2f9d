# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Mentors and what they sell."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from services.ids import MentorId, OfferId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class Mentor(SQLModel, table=True):
    """The public profile of a user who mentors. Capacity 0 means closed, and is legal.

    A suspended mentor offers no slots; the clocks of their packs stand still. `share_percent` is
    the mentor's part of what a session was paid; without one, the studio's setting counts.
    """

    __tablename__ = "mentor"
    __table_args__ = (
        CheckConstraint("capacity >= 0 AND capacity <= 1000", name="capacity_range"),
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="share_range"),
        Index("ix_mentor_listed_slug", "listed", "slug"),
    )

    id: MentorId = pk()
    public_id: str = public_id("men")
    user_id: UserId = fk("user.id", unique=True)
    slug: str = text(60, unique=True)
    headline: str = text(120, default="")
    bio: str = text(4000, default="")
    photo_key: str | None = text(120, nullable=True)
    capacity: int = Field(default=10)
    listed: bool = Field(default=False)
    share_percent: int | None = Field(default=None)
    suspended_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class MentorSkill(SQLModel, table=True):
    """One skill of a mentor, as written by the mentor; at most one row per spelling."""

    __tablename__ = "mentor_skill"

    mentor_id: MentorId = fk("mentor.id", primary_key=True, index=False)
    name: str = text(40, primary_key=True)
    position: int = Field(default=0)


class MentorLanguage(SQLModel, table=True):
    """One language a mentor speaks, as an ISO 639-1 code."""

    __tablename__ = "mentor_language"

    mentor_id: MentorId = fk("mentor.id", primary_key=True, index=False)
    code: str = text(8, primary_key=True)


class OfferStatus(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


class PackOffer(SQLModel, table=True):
    """What a mentor sells. Never changed in price: a new price is a new offer.

    Without `validity_days` its packs never expire.
    """

    __tablename__ = "pack_offer"
    __table_args__ = (
        CheckConstraint("sessions BETWEEN 1 AND 100", name="sessions_range"),
        CheckConstraint("price_minor > 0", name="price_positive"),
        CheckConstraint(
            "validity_days IS NULL OR validity_days BETWEEN 1 AND 365", name="validity_range"
        ),
        Index("ix_pack_offer_mentor_id_status", "mentor_id", "status"),
    )

    id: OfferId = pk()
    public_id: str = public_id("off")
    mentor_id: MentorId = fk("mentor.id", index=False)
    title: str = text(80)
    sessions: int = Field(default=4)
    price_minor: int
    currency: str = text(3)
    validity_days: int | None = Field(nullable=True)
    status: OfferStatus = choice(OfferStatus, OfferStatus.ACTIVE, name="offer_status")
    created_at: datetime = instant()

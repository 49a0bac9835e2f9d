# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Discord: whose account is whose, which role is which mentor's, and who has it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from services.ids import MentorId, UserId
from services.models.base import fk, instant, pk, public_id, text


class DiscordLink(SQLModel, table=True):
    """A person's Discord account, known by its id. `dm_closed_at` and `left_at` are what Discord
    last told us: it takes no direct message from us, or is not in our server."""

    __tablename__ = "discord_link"

    id: int = pk()
    public_id: str = public_id("dil")
    user_id: UserId = fk("user.id", unique=True)
    discord_id: str = text(20, unique=True)
    username: str = text(40, default="")
    dm_channel_id: str = text(20, default="")
    dm_closed_at: datetime | None = instant(nullable=True)
    left_at: datetime | None = instant(nullable=True)
    linked_at: datetime = instant()


class DiscordRole(SQLModel, table=True):
    """The role of our server that a mentor's mentees have. Without `role_id` it is being made, by
    whoever wrote the row at `created_at`."""

    __tablename__ = "discord_role"

    mentor_id: MentorId = fk("mentor.id", primary_key=True, index=False)
    role_id: str | None = text(20, nullable=True, unique=True)
    name: str = text(100)
    created_at: datetime = instant()


class DiscordGrant(SQLModel, table=True):
    """Whether one Discord account should have one mentor's role, and whether it has it.

    Kept after an account is unlinked, until the role is proved to be gone. `sequence` counts the
    actions that were asked of Discord. `error` is Discord's last refusal, in words for an admin.
    """

    __tablename__ = "discord_grant"
    __table_args__ = (
        Index("uq_discord_grant", "discord_id", "mentor_id", unique=True),
        Index("ix_discord_grant_wanted_has", "wanted", "has"),
    )

    id: int = pk()
    public_id: str = public_id("dgr")
    discord_id: str = text(20)
    user_id: UserId = fk("user.id")
    mentor_id: MentorId = fk("mentor.id")
    wanted: bool
    has: bool = Field(default=False)
    sequence: int = Field(default=0)
    wanted_at: datetime = instant()
    done_at: datetime | None = instant(nullable=True)
    error: str = text(300, default="")

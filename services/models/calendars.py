# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""People's own calendars: connections, their busy time, the events we wrote, and feeds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import CalendarConnectionId, CalendarId, SessionId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class OAuthAttempt(SQLModel, table=True):
    """A person who was sent to a vendor to consent: used once, by the same browser, in time.

    Only the hash of the state is stored; the PKCE verifier is encrypted.
    """

    __tablename__ = "oauth_attempt"

    id: int = pk()
    vendor: str = text(20)
    user_id: UserId = fk("user.id")
    state_hash: str = text(64, unique=True)
    verifier_encrypted: str = text(400)
    return_to: str = text(200)
    created_at: datetime = instant()
    expires_at: datetime = instant(index=True)
    used_at: datetime | None = instant(nullable=True)


class ConnectionStatus(StrEnum):
    ACTIVE = "active"
    BROKEN = "broken"
    DISCONNECTED = "disconnected"


class CalendarConnection(SQLModel, table=True):
    """A person's account at Google; at most one that is not disconnected. Tokens are encrypted.

    `sessions_calendar` is the calendar that sessions are written into, `listed_at` when the account
    was last asked which calendars it has. Broken: access was taken away, and the person has to
    connect again. A disconnected one keeps its refresh token until the access is given back.
    """

    __tablename__ = "calendar_connection"
    __table_args__ = (
        Index(
            "uq_calendar_connection_user",
            "user_id",
            unique=True,
            sqlite_where=sql("status <> 'disconnected'"),
            postgresql_where=sql("status <> 'disconnected'"),
        ),
        CheckConstraint(
            "(status = 'broken') = (broken_at IS NOT NULL)", name="broken_at_if_broken"
        ),
    )

    id: CalendarConnectionId = pk()
    public_id: str = public_id("cal")
    user_id: UserId = fk("user.id")
    status: ConnectionStatus = choice(
        ConnectionStatus, ConnectionStatus.ACTIVE, name="connection_status"
    )
    account: str = text(254, default="")
    scopes: str = text(500, default="")
    refresh_token_encrypted: str = text(2000, default="")
    access_token_encrypted: str = text(4000, default="")
    access_expires_at: datetime | None = instant(nullable=True)
    sessions_calendar: str = text(300, default="primary")
    broken_at: datetime | None = instant(nullable=True)
    broken_reason: str = text(300, default="")
    listed_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class ConnectedCalendar(SQLModel, table=True):
    """One calendar of a connection. `busy` ones keep their owner from being booked.

    `read_at` is when its busy time was last read with success, `look_at` when it is read next.
    The channel is the vendor's push channel; of its token only the hash is stored.
    """

    __tablename__ = "connected_calendar"
    __table_args__ = (
        Index("uq_connected_calendar", "connection_id", "external_id", unique=True),
        Index("ix_connected_calendar_look_at", "look_at"),
    )

    id: CalendarId = pk()
    public_id: str = public_id("ccl")
    connection_id: CalendarConnectionId = fk("calendar_connection.id", index=False)
    external_id: str = text(300)
    name: str = text(200, default="")
    time_zone: str = text(64, default="UTC")
    busy: bool = Field(default=False)
    sync_token: str = text(500, default="")
    read_at: datetime | None = instant(nullable=True)
    look_at: datetime = instant()
    error: str = text(300, default="")
    channel_id: str | None = text(64, nullable=True, unique=True)
    channel_token_hash: str = text(64, default="")
    channel_resource: str = text(200, default="")
    channel_expires_at: datetime | None = instant(nullable=True)


class BusyTime(SQLModel, table=True):
    """When a connected calendar says that its owner is busy; each reading replaces all of it."""

    __tablename__ = "busy_time"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        Index("ix_busy_time_user_id_ends_at", "user_id", "ends_at"),
    )

    id: int = pk()
    calendar_id: CalendarId = fk("connected_calendar.id")
    user_id: UserId = fk("user.id", index=False)
    starts_at: datetime = instant()
    ends_at: datetime = instant()


class EventDeviation(StrEnum):
    """What the owner did to our event in their own calendar; they are asked what it means."""

    DELETED = "deleted"
    MOVED = "moved"


class CalendarEvent(SQLModel, table=True):
    """A session as it stands in a mentor's own calendar, under an id that we chose.

    `invites` tells that the vendor invites the mentee to it; not for a session that was booked
    before the mentor connected, to which our own mail has invited them already.
    `written_sequence` is the session's sequence that was written last. A deviation is a question
    to the mentor: the session itself never changes by it.
    """

    __tablename__ = "calendar_event"
    __table_args__ = (
        Index("uq_calendar_event_session_connection", "session_id", "connection_id", unique=True),
        Index("uq_calendar_event_external", "connection_id", "external_id", unique=True),
    )

    id: int = pk()
    public_id: str = public_id("cev")
    session_id: SessionId = fk("mentoring_session.id", index=False)
    connection_id: CalendarConnectionId = fk("calendar_connection.id", index=False)
    calendar: str = text(300)
    external_id: str = text(100)
    attempt: int = Field(default=1)
    invites: bool = Field(default=True)
    written_sequence: int | None = Field(default=None)
    written_at: datetime | None = instant(nullable=True)
    deviation: EventDeviation | None = choice(EventDeviation, name="event_deviation", nullable=True)
    deviated_at: datetime | None = instant(nullable=True)
    moved_to: datetime | None = instant(nullable=True)


class CalendarFeed(SQLModel, table=True):
    """The secret address of a person's ICS feed: found by its hash, shown to its owner."""

    __tablename__ = "calendar_feed"

    user_id: UserId = fk("user.id", primary_key=True, index=False)
    secret_hash: str = text(64, unique=True)
    secret_encrypted: str = text(400)
    created_at: datetime = instant()

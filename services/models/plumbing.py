# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Inbox, outbox, topics of live pages and the audit trail."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field, SQLModel

from services.ids import InboxEventId, OutboxMessageId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class InboxStatus(StrEnum):
    """WAITING is what an older version wrote that had no handler yet: an upgrade handles it."""

    RECEIVED = "received"
    WAITING = "waiting"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"


class InboxEvent(SQLModel, table=True):
    """A provider's webhook, stored before it is answered.

    `about` is the public id of the order, the refund or the mail that its content names; "" for
    none.
    """

    __tablename__ = "inbox_event"
    __table_args__ = (
        Index("uq_inbox_event_provider_event_id", "provider", "event_id", unique=True),
        Index("ix_inbox_event_status_due_at", "status", "due_at"),
        Index("ix_inbox_event_received_at_id", "received_at", "id"),
        Index("ix_inbox_event_object_id", "object_id"),
        Index("ix_inbox_event_about", "about"),
    )

    id: InboxEventId = pk()
    public_id: str = public_id("inb")
    provider: str = text(20)
    event_id: str = text(255)
    type: str = text(100)
    object_id: str = text(255, default="")
    about: str = text(60, default="")
    payload: str = Field(sa_type=Text)
    status: InboxStatus = choice(InboxStatus, InboxStatus.RECEIVED, name="inbox_status")
    attempts: int = Field(default=0)
    error: str = text(500, default="")
    received_at: datetime = instant()
    due_at: datetime = instant()
    handled_at: datetime | None = instant(nullable=True)


class OutboxStatus(StrEnum):
    DUE = "due"
    SENT = "sent"
    FAILED = "failed"
    DEAD = "dead"
    CANCELED = "canceled"


class OutboxMessage(SQLModel, table=True):
    """Something that must leave the building, written in the transaction of its cause.

    `due_at` is also the lease: whoever takes the message moves it into the future first.
    `data` holds ids only, never secrets or personal data; a daily report is written when it is due
    and brings its lines along: amounts and ids. `about` is the public id that
    `unique_key` names first, "" for none.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_message_status_due_at", "status", "due_at"),
        Index("ix_outbox_message_about", "about"),
        Index("ix_outbox_message_created_at_id", "created_at", "id"),
        Index("ix_outbox_message_kind_status_due_at", "kind", "status", "due_at"),
    )

    id: OutboxMessageId = pk()
    public_id: str = public_id("out")
    kind: str = text(40)
    unique_key: str = text(200, unique=True)
    about: str = text(60, default="")
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    status: OutboxStatus = choice(OutboxStatus, OutboxStatus.DUE, name="outbox_status")
    attempts: int = Field(default=0)
    error: str = text(500, default="")
    created_at: datetime = instant()
    due_at: datetime = instant()
    sent_at: datetime | None = instant(nullable=True)


class TopicChange(SQLModel, table=True):
    """Something that open pages may show has changed; written in the transaction of the change.

    Only a signal: the reader asks the services what is true now. Rows are pruned after an hour.
    """

    __tablename__ = "topic_change"

    id: int = pk()
    topic: str = text(60)
    at: datetime = instant(index=True)


class AuditEntry(SQLModel, table=True):
    """Who did what to which thing. Append-only: triggers refuse update and delete.

    One change is let through: when a person is erased, `before` and `after` lose what was personal,
    never grow, and `erased_at` says when.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_thing", "thing"),
        Index("ix_audit_entry_at_id", "at", "id"),
    )

    id: int = pk()
    actor: str = text(40)
    actor_id: UserId | None = fk("user.id", nullable=True)
    action: str = text(60)
    thing: str = text(60)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    after: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    at: datetime = instant()
    erased_at: datetime | None = instant(nullable=True)

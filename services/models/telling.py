# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""What people are told, and how: reminders, notifications, mails, and what they want of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import MailDeliveryId, NotificationId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class ReminderOutcome(StrEnum):
    SENT = "sent"
    SUPPRESSED = "suppressed"


class Reminder(SQLModel, table=True):
    """A reminder whose moment came: told, or suppressed with the reason (too late, moved, …).

    `about` is the public id of what it reminds of, `occasion` tells one reminder of that from the
    next: each happens once, whoever scans.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        Index("uq_reminder", "kind", "about", "occasion", "user_id", unique=True),
        Index("ix_reminder_about", "about"),
        Index("ix_reminder_at_id", "at", "id"),
    )

    id: int = pk()
    kind: str = text(40)
    user_id: UserId = fk("user.id")
    about: str = text(60)
    occasion: str = text(60)
    outcome: ReminderOutcome = choice(ReminderOutcome, name="reminder_outcome")
    reason: str = text(200, default="")
    due_at: datetime = instant()
    at: datetime = instant()


class Notification(SQLModel, table=True):
    """One line of what a person was told. `unique_key` makes telling the same twice one line;
    `about` is the public id of what it is about."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("uq_notification", "user_id", "unique_key", unique=True),
        Index("ix_notification_user_id_id", "user_id", "id"),
        Index(
            "ix_notification_unread",
            "user_id",
            sqlite_where=sql("read_at IS NULL"),
            postgresql_where=sql("read_at IS NULL"),
        ),
        Index("ix_notification_created_at", "created_at"),
        Index("ix_notification_about", "about"),
    )

    id: NotificationId = pk()
    public_id: str = public_id("not")
    user_id: UserId = fk("user.id", index=False)
    kind: str = text(40)
    about: str = text(60, default="")
    unique_key: str = text(200)
    title: str = text(200)
    body: str = text(500, default="")
    href: str = text(200, default="")
    created_at: datetime = instant()
    read_at: datetime | None = instant(nullable=True)


class Channel(StrEnum):
    """The ways to tell a person something."""

    MAIL = "mail"
    APP = "app"
    DISCORD = "discord"


class NotificationPreference(SQLModel, table=True):
    """What a person chose about one kind of news on one channel; without a row the default holds.

    `category` is one of services.telling's categories.
    """

    __tablename__ = "notification_preference"

    user_id: UserId = fk("user.id", primary_key=True, index=False)
    category: str = Field(max_length=40, primary_key=True)
    channel: Channel = Field(
        sa_type=choice(Channel, name="notification_channel").sa_type, primary_key=True
    )
    enabled: bool
    updated_at: datetime = instant()


class MailStatus(StrEnum):
    SENDING = "sending"
    SENT = "sent"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    GIVEN_UP = "given up"
    SUPPRESSED = "suppressed"
    SKIPPED = "skipped"


class MailDelivery(SQLModel, table=True):
    """One mail of the outbox, and what became of it: at the vendor, and at its recipient.

    `unique_key` is the outbox message's; `data` is what it was rendered from (ids only), so that an
    admin can send it again. `vendor_id` is the vendor's id of the mail. `reason` says why it was
    skipped, suppressed, refused or returned.
    """

    __tablename__ = "mail_delivery"
    __table_args__ = (
        Index("ix_mail_delivery_user_id_created_at", "user_id", "created_at"),
        Index("ix_mail_delivery_status_created_at", "status", "created_at"),
        Index("ix_mail_delivery_template_created_at", "template", "created_at"),
        Index("ix_mail_delivery_created_at_id", "created_at", "id"),
        Index("ix_mail_delivery_vendor_id", "vendor_id"),
        Index("ix_mail_delivery_about", "about"),
    )

    id: MailDeliveryId = pk()
    public_id: str = public_id("mai")
    unique_key: str = text(200, unique=True)
    user_id: UserId | None = fk("user.id", nullable=True, index=False)
    template: str = text(60)
    about: str = text(60, default="")
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    recipient: str = text(254, default="")
    subject: str = text(300, default="")
    status: MailStatus = choice(MailStatus, MailStatus.SENDING, name="mail_delivery_status")
    vendor_id: str = text(100, default="")
    reason: str = text(300, default="")
    created_at: datetime = instant()
    sent_at: datetime | None = instant(nullable=True)
    status_at: datetime = instant()


class SuppressionReason(StrEnum):
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    BY_HAND = "by hand"


class MailSuppression(SQLModel, table=True):
    """An address that gets no mail any more, and why. Lifting it deletes the row."""

    __tablename__ = "mail_suppression"

    id: int = pk()
    public_id: str = public_id("sup")
    address: str = text(254, unique=True)
    reason: SuppressionReason = choice(SuppressionReason, name="mail_suppression_reason")
    note: str = text(300, default="")
    created_at: datetime = instant(index=True)

"""A row in every table of the waitlist, of what people are told, of Discord and of the jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import SQLModel

from services.ids import MentorId, UserId
from services.models import (
    Channel,
    DiscordGrant,
    DiscordLink,
    DiscordRole,
    JobChange,
    JobHour,
    JobRun,
    MailDelivery,
    MailSuppression,
    Mentor,
    Notification,
    NotificationPreference,
    Pause,
    Reminder,
    ReminderOutcome,
    RowChange,
    Schedule,
    Seat,
    SuppressionReason,
    User,
    WaitlistEntry,
    WaitlistStatus,
    Worker,
)
from tests.services.rows import saved

NOON = datetime.fromisoformat("2026-03-05T12:00:00+00:00")
HOUR = timedelta(hours=1)
ACCOUNT = "100000000000000001"


def told(mentee: User, mentor: Mentor, seat: Seat) -> tuple[SQLModel, ...]:
    """A row in every table of the waitlist and of what people are told."""
    pair: dict[str, Any] = {"mentee_id": mentee.id, "mentor_id": mentor.id}
    return (
        WaitlistEntry(
            status=WaitlistStatus.OFFERED, offer_ends_at=NOON + HOUR, seat_id=seat.id, **pair
        ),
        a_reminder(mentee.id),
        a_notification(mentee.id),
        NotificationPreference(
            user_id=mentee.id, category="reminders", channel=Channel.MAIL, enabled=False
        ),
        MailDelivery(unique_key="mail:1", user_id=mentee.id, template="purchase"),
        MailSuppression(address="gone@example.com", reason=SuppressionReason.BOUNCED),
        DiscordLink(user_id=mentee.id, discord_id=ACCOUNT),
        DiscordRole(mentor_id=mentor.id, role_id="100000000000000002", name="Mentees"),
        a_grant(mentee.id, mentor.id),
    )


def a_reminder(user_id: UserId) -> Reminder:
    """Always the same one of this person, unwritten."""
    return Reminder(
        kind="session_soon",
        user_id=user_id,
        about="ses_1",
        occasion="1",
        outcome=ReminderOutcome.SENT,
        due_at=NOON,
    )


def a_notification(user_id: UserId) -> Notification:
    """Always the same one of this person, unwritten."""
    key = "purchase:ord_1:1"
    return Notification(user_id=user_id, kind="purchase", unique_key=key, title="A pack is ready")


def a_grant(user_id: UserId, mentor_id: MentorId) -> DiscordGrant:
    """Always of the same account, unwritten."""
    return DiscordGrant(discord_id=ACCOUNT, user_id=user_id, mentor_id=mentor_id, wanted=True)


def worked(admin: User) -> tuple[SQLModel, ...]:
    """A row in every table of the jobs."""
    run = saved(JobRun(kind="a test"))
    return (
        JobChange(run_id=run.id, table_name="pack", change=RowChange.CHANGED),
        JobHour(hour=NOON, kind="a test"),
        Schedule(name="sweep", every="every minute"),
        Pause(kind="mail", reason="a test", by_user_id=admin.id),
        Worker(name="host:1"),
    )

"""The guards of the waitlist, of what people are told, of Discord and of the jobs: the database
itself refuses what cannot be, also after all revisions went down and up."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from services.models import (
    DiscordLink,
    DiscordRole,
    MailDelivery,
    MailSuppression,
    SuppressionReason,
    WaitlistEntry,
)
from tests.services.rows import a_mentor, saved
from tests.support.filled import Filled, fill
from tests.support.filled_telling import ACCOUNT, a_grant, a_notification, a_reminder
from tests.support.guards import down_and_up, refused, running


@pytest.fixture
def filled(database: str) -> Filled:  # it is the one in use
    """A filled database, as it was made."""
    return fill()


def test_nobody_waits_is_told_or_is_linked_twice(filled: Filled) -> None:
    mentee_id, mentor = filled.mentee.id, filled.mentor
    rows: tuple[tuple[str, SQLModel], ...] = (
        ("uq_waitlist_entry_open", WaitlistEntry(mentee_id=mentee_id, mentor_id=mentor.id)),
        ("uq_reminder", a_reminder(mentee_id)),
        ("uq_notification", a_notification(mentee_id)),
        ("uq_mail_delivery_unique_key", MailDelivery(unique_key="mail:1", template="purchase")),
        (
            "uq_mail_suppression_address",
            MailSuppression(address="gone@example.com", reason=SuppressionReason.COMPLAINED),
        ),
        ("uq_discord_link_user_id", DiscordLink(user_id=mentee_id, discord_id="9")),
        ("uq_discord_link_discord_id", DiscordLink(user_id=mentor.user_id, discord_id=ACCOUNT)),
        (
            "uq_discord_role_role_id",
            DiscordRole(mentor_id=a_mentor("Olga Other").id, role_id="100000000000000002", name=""),
        ),
        ("uq_discord_grant", a_grant(mentee_id, mentor.id)),
    )
    for guard, row in rows:
        refused(str(type(row).__tablename__), guard, lambda row=row: saved(row))
    saved(a_notification(mentor.user_id))  # somebody else is told the same
    saved(a_reminder(mentor.user_id))


IMPOSSIBLE = [
    (
        "ck_waitlist_entry_offer_ends_at_when_offered",
        "UPDATE waitlist_entry SET offer_ends_at = NULL",
    ),
    ("ck_waitlist_entry_seat_when_offered", "UPDATE waitlist_entry SET seat_id = NULL"),
    ("ck_waitlist_entry_ended_at_when_ended", "UPDATE waitlist_entry SET ended_at = joined_at"),
    ("ck_waitlist_entry_priority_range", "UPDATE waitlist_entry SET priority = 2"),
    (
        "ck_worker_alerted_when_silent",
        "UPDATE worker SET stopped_at = beat_at, alerted_at = beat_at",
    ),
]
STATUS_COLUMNS = [
    "waitlist_entry.status",
    "reminder.outcome",
    "notification_preference.channel",
    "mail_delivery.status",
    "mail_suppression.reason",
    "job_change.change",
    "seat.release_reason",
    "outbox_message.status",
]


def test_what_cannot_be_true_of_them_is_refused(filled: Filled) -> None:
    for guard, statement in IMPOSSIBLE:
        refused(guard.removeprefix("ck_"), guard, running(statement))


def test_a_state_of_them_that_does_not_exist_is_refused(filled: Filled) -> None:
    for column in STATUS_COLUMNS:
        table, name = column.split(".")
        with pytest.raises(IntegrityError, match=r"(?i)check"):
            running(f"UPDATE \"{table}\" SET {name} = 'invented'")()


def test_all_their_guards_are_still_there_after_the_revisions_went_down_and_up(
    database: str,
) -> None:
    filled = down_and_up(database)
    for test in (
        test_what_cannot_be_true_of_them_is_refused,
        test_a_state_of_them_that_does_not_exist_is_refused,
        test_nobody_waits_is_told_or_is_linked_twice,
    ):
        test(filled)

"""What goes and what is emptied when a person is erased, as `registry` says it: a test holds these
rules against that list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import SQLModel, col, or_, select

from services import models as m
from services import recording_reasons as reasons
from services.privacy.registry import Class, columns
from services.privacy.which import (
    Person,
    Which,
    by_address,
    by_connection,
    by_mentor,
    by_order,
    by_recording,
    by_user,
    named_in,
    sessions_of,
)


def _of_sessions(column: Any) -> Which:
    return lambda person: col(column).in_(sessions_of(person))


def _either(*ways: Which) -> Which:
    return lambda person: or_(*(way(person) for way in ways))


def _private_notes(person: Person) -> Any:
    """A mentor's shared notes stay: they are what the mentee was told."""
    own = col(m.SessionNote.author_id) == person.user_id
    return own & col(m.SessionNote.shared).is_(False)


def _own_holds(person: Person) -> Any:
    holds = select(m.SlotHold.id).where(m.SlotHold.mentee_id == person.user_id)
    return col(m.OccupiedTime.hold_id).in_(holds)


def _no_more_held(person: Person) -> Any:
    """A hold that stands keeps its reason, which `retention` empties when the files are gone."""
    return by_recording(m.Recording.id)(person) & col(m.Recording.held_at).is_(None)


def _deleted_by_hand(person: Person) -> Any:
    """What an admin wrote; our own sentences name nobody."""
    ours = col(m.Recording.purge_reason).in_(reasons.OURS)
    return by_recording(m.Recording.id)(person) & ~ours


_Rules = Sequence[tuple[type[SQLModel], Which, tuple[str, ...]]]
DELETED: Sequence[tuple[type[SQLModel], Which]] = (
    (m.OccupiedTime, _own_holds),
    (m.SlotHold, by_user(m.SlotHold.mentee_id)),
    (m.BusyTime, by_user(m.BusyTime.user_id)),
    (m.ConnectedCalendar, by_connection(m.ConnectedCalendar.connection_id)),
    (m.CalendarFeed, by_user(m.CalendarFeed.user_id)),
    (m.OAuthAttempt, by_user(m.OAuthAttempt.user_id)),
    (m.EmailLink, by_user(m.EmailLink.user_id)),
    (
        m.Notification,
        _either(by_user(m.Notification.user_id), named_in(m.Notification.about)),
    ),
    (m.NotificationPreference, by_user(m.NotificationPreference.user_id)),
    (m.Reminder, by_user(m.Reminder.user_id)),
    (m.MailSuppression, by_address(m.MailSuppression.address)),
    (m.DiscordLink, by_user(m.DiscordLink.user_id)),
    (m.SignIn, by_user(m.SignIn.user_id)),
    (m.Onboarding, by_user(m.Onboarding.user_id)),
    (m.SessionNote, _either(_of_sessions(m.SessionNote.session_id), _private_notes)),
    (
        m.Testimonial,
        _either(by_user(m.Testimonial.mentee_id), by_mentor(m.Testimonial.mentor_id)),
    ),
    (m.MentorSkill, by_mentor(m.MentorSkill.mentor_id)),
    (m.MentorLanguage, by_mentor(m.MentorLanguage.mentor_id)),
    (m.Availability, by_mentor(m.Availability.mentor_id)),
    (m.WeeklyHours, by_mentor(m.WeeklyHours.mentor_id)),
    (m.DateOverride, by_mentor(m.DateOverride.mentor_id)),
    (m.TimeOff, by_mentor(m.TimeOff.mentor_id)),
    (m.OfferedDay, by_mentor(m.OfferedDay.mentor_id)),
)
"""Rows that go. The times that live sessions take go with their cancellation."""

_CONNECTION = tuple(
    name
    for name in columns("calendar_connection", Class.ERASED)
    if name != "refresh_token_encrypted"  # it is needed once more, to give the access back
)
EMPTIED: _Rules = (
    (m.MailDelivery, by_user(m.MailDelivery.user_id), columns("mail_delivery", Class.ERASED)),
    (m.MailDelivery, named_in(m.MailDelivery.about), ("subject",)),
    (m.WaitlistEntry, by_user(m.WaitlistEntry.mentee_id), columns("waitlist_entry", Class.ERASED)),
    (m.DiscordGrant, by_user(m.DiscordGrant.user_id), ("error",)),
    (m.DiscordRole, by_mentor(m.DiscordRole.mentor_id), columns("discord_role", Class.ERASED)),
    (m.Order, by_user(m.Order.mentee_id), columns("order", Class.ERASED)),
    (m.Refund, by_order(m.Refund.order_id), columns("refund", Class.ERASED)),
    (
        m.UnmatchedMoney,
        by_order(m.UnmatchedMoney.order_id),
        columns("unmatched_money", Class.ERASED),
    ),
    (m.CalendarConnection, by_user(m.CalendarConnection.user_id), _CONNECTION),
    (
        m.CalendarEvent,
        by_connection(m.CalendarEvent.connection_id),
        columns("calendar_event", Class.ERASED),
    ),
    (
        m.MentoringSession,
        by_user(m.MentoringSession.mentee_id),
        columns("mentoring_session", Class.ERASED),
    ),
    (m.MentoringSession, by_user(m.MentoringSession.canceled_by), ("cancel_reason",)),
    (m.Recording, by_recording(m.Recording.id), ("stop_reason", "trouble", "extend_reason")),
    (m.Recording, _no_more_held, ("hold_reason",)),
    (m.Recording, _deleted_by_hand, ("purge_reason",)),
    (m.Orphan, by_recording(m.Orphan.recording_id), columns("orphan", Class.ERASED)),
    (m.Objection, _of_sessions(m.Objection.session_id), columns("objection", Class.ERASED)),
    (
        m.Proposal,
        _either(_of_sessions(m.Proposal.session_id), by_user(m.Proposal.by_id)),
        columns("proposal", Class.ERASED),
    ),
)
"""Columns that are emptied. The account's and the mentor's own rows, and the traces, have functions
of their own."""

"""Which rows are about a person, as mentee and as mentor: what the export holds.

`FILES` says it for each table, with the name of the file and what it is about; `LEFT_OUT` names the
tables about people that are not exported, and why.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, SQLModel, col, select

from services import models as m
from services.privacy.recorded import RECORDED
from services.privacy.which import (
    File,
    Person,
    Which,
    by_address,
    by_connection,
    by_mentor,
    by_order,
    by_pack,
    by_user,
    messages_to,
    of_mentees,
    orders_of,
    recordings_of,
    sessions_of,
)

_ALERT = "admin_alert"
"""The kind of news, and the template, that tells an admin of other people."""


def _seats(person: Person) -> ColumnElement[bool]:
    return or_(col(m.Seat.mentee_id) == person.user_id, col(m.Seat.mentor_id) == person.mentor_id)


def _notes(person: Person) -> ColumnElement[bool]:
    """What the person wrote, and what their mentors wrote about their sessions, for both or for
    themselves: both is about the person."""
    return or_(
        col(m.SessionNote.author_id) == person.user_id,
        col(m.SessionNote.session_id).in_(sessions_of(person)),
    )


def _testimonials(person: Person) -> ColumnElement[bool]:
    about_mentor = (col(m.Testimonial.mentor_id) == person.mentor_id) & (
        col(m.Testimonial.status) == m.TestimonialStatus.PUBLISHED
    )
    return or_(col(m.Testimonial.mentee_id) == person.user_id, about_mentor)


def _postings(person: Person) -> ColumnElement[bool]:
    earned = m.Account.MENTOR_EARNINGS
    own = or_(col(m.Posting.debit) == earned, col(m.Posting.credit) == earned)
    return or_(
        col(m.Posting.order_id).in_(orders_of(person)),
        (col(m.Posting.mentor_id) == person.mentor_id) & own,
    )


def _sessions_hide(row: m.MentoringSession, person: Person) -> frozenset[str]:
    if row.mentee_id == person.user_id:
        return frozenset()
    reason = frozenset[str]() if row.canceled_by == person.user_id else {"cancel_reason"}
    return frozenset({"goals", "pack_id"} | reason)


def _postings_hide(row: m.Posting, person: Person) -> frozenset[str]:
    if row.mentor_id != person.mentor_id:
        return frozenset()
    return frozenset({"order_id", "pack_id", "payment_id", "refund_id", "dispute_id"})


def _refunds_hide(row: m.Refund, _person: Person) -> frozenset[str]:
    """What one admin writes to another; the answer to a request is the person's to read."""
    own = row.source is m.RefundSource.MENTEE
    return frozenset() if own else frozenset({"decision_note"})


def _unmatched_hide(_row: m.UnmatchedMoney, _person: Person) -> frozenset[str]:
    return frozenset({"note"})


def _testimonials_hide(row: m.Testimonial, person: Person) -> frozenset[str]:
    if row.mentee_id == person.user_id:
        return frozenset()
    return frozenset({"pack_id", "decline_reason"})


def _messages_hide(_row: m.OutboxMessage, _person: Person) -> frozenset[str]:
    """The ids of rows, and how the sending went: what it was about is in its key."""
    return frozenset({"data", "attempts", "error", "due_at"})


def _own(user_id: Any, about: Any) -> Which:
    """What was said to the person, but for what was about their mentees."""
    return lambda person: (col(user_id) == person.user_id) & ~of_mentees(about)(person)


def _of_mentees(user_id: Any, about: Any) -> Which:
    return lambda person: (col(user_id) == person.user_id) & of_mentees(about)(person)


def _lines_hide(row: m.Notification, _person: Person) -> frozenset[str]:
    """Whom an alert is about."""
    return frozenset({"body"}) if row.kind == _ALERT else frozenset()


def _mails_hide(row: m.MailDelivery, _person: Person) -> frozenset[str]:
    """The ids of rows, and whom an alert is about."""
    return frozenset({"data", "subject"} if row.template == _ALERT else {"data"})


def _words_hide(_row: Any, _person: Person) -> frozenset[str]:
    """What names a mentee."""
    return frozenset({"data", "title", "body", "href", "subject"})


_Session = m.MentoringSession
FILES: tuple[File, ...] = (
    File(m.User, "account", "Your account.", by_user(m.User.id)),
    File(m.Acceptance, "agreed", "Texts you agreed to.", by_user(m.Acceptance.user_id)),
    File(m.SignIn, "sign_ins", "Browsers you signed in with.", by_user(m.SignIn.user_id)),
    File(m.EmailLink, "mailed_links", "Links we mailed you.", by_user(m.EmailLink.user_id)),
    File(m.Onboarding, "onboarding", "What you told us first.", by_user(m.Onboarding.user_id)),
    File(m.Order, "orders", "What you ordered.", by_user(m.Order.mentee_id)),
    File(m.Payment, "payments", "What you paid.", by_order(m.Payment.order_id)),
    File(
        m.Refund,
        "refunds",
        "What went back to you.",
        by_order(m.Refund.order_id),
        _refunds_hide,
    ),
    File(m.Dispute, "disputes", "Payments your bank disputed.", by_order(m.Dispute.order_id)),
    File(
        m.UnmatchedMoney,
        "other_payments",
        "Payments that were assigned to your orders by hand.",
        by_order(m.UnmatchedMoney.order_id),
        _unmatched_hide,
    ),
    File(
        m.DiscountRedemption,
        "discounts",
        "Discount codes you used.",
        by_user(m.DiscountRedemption.user_id),
    ),
    File(m.Invoice, "invoices", "Your invoices and credit notes.", by_user(m.Invoice.buyer_id)),
    File(
        m.Posting,
        "ledger",
        "How your payments, or what you earned, stand in our books.",
        _postings,
        _postings_hide,
    ),
    File(m.Pack, "packs", "Your packs.", by_user(m.Pack.mentee_id)),
    File(m.PackShare, "pack_prices", "What each session costs.", by_pack(m.PackShare.pack_id)),
    File(m.CreditEntry, "pack_changes", "Why packs changed.", by_pack(m.CreditEntry.pack_id)),
    File(m.Seat, "seats", "Your seats, or the seats with you as a mentor.", _seats),
    File(
        m.SeatEvent,
        "seat_changes",
        "What happened to these seats.",
        lambda person: col(m.SeatEvent.seat_id).in_(select(m.Seat.id).where(_seats(person))),
    ),
    File(
        m.MentoringSession,
        "sessions",
        "Your sessions, as mentee and as mentor.",
        lambda person: or_(
            col(_Session.mentee_id) == person.user_id,
            col(_Session.mentor_user_id) == person.user_id,
        ),
        _sessions_hide,
    ),
    File(m.SessionJoin, "joins", "When you came to them.", by_user(m.SessionJoin.user_id)),
    File(
        m.SessionNote,
        "notes",
        "Notes you wrote, and all that were written about your sessions as a mentee.",
        _notes,
    ),
    File(
        m.Objection,
        "objections",
        "Where you objected to an outcome.",
        lambda person: col(m.Objection.session_id).in_(sessions_of(person)),
    ),
    File(
        m.Proposal,
        "proposals",
        "Other times that were proposed.",
        lambda person: or_(
            col(m.Proposal.by_id) == person.user_id,
            col(m.Proposal.session_id).in_(sessions_of(person)),
        ),
    ),
    *RECORDED,
    File(m.SlotHold, "held_times", "Times held for you.", by_user(m.SlotHold.mentee_id)),
    File(m.OccupiedTime, "busy", "When sessions take you.", by_user(m.OccupiedTime.person_id)),
    File(
        m.Testimonial,
        "testimonials",
        "Testimonials you wrote, and those published about you.",
        _testimonials,
        _testimonials_hide,
    ),
    File(
        m.OAuthAttempt,
        "consents",
        "When you were sent to Google or Discord.",
        by_user(m.OAuthAttempt.user_id),
    ),
    File(
        m.CalendarConnection,
        "calendar_connections",
        "Calendar accounts you connected.",
        by_user(m.CalendarConnection.user_id),
    ),
    File(
        m.ConnectedCalendar,
        "calendars",
        "Their calendars.",
        by_connection(m.ConnectedCalendar.connection_id),
    ),
    File(m.BusyTime, "calendar_busy", "When they say busy.", by_user(m.BusyTime.user_id)),
    File(
        m.CalendarEvent,
        "calendar_events",
        "Sessions we wrote into them.",
        by_connection(m.CalendarEvent.connection_id),
    ),
    File(m.CalendarFeed, "calendar_feed", "Your feed.", by_user(m.CalendarFeed.user_id)),
    File(m.Mentor, "mentor", "Your public page as a mentor.", by_user(m.Mentor.user_id)),
    File(m.MentorSkill, "mentor_skills", "Your skills.", by_mentor(m.MentorSkill.mentor_id)),
    File(
        m.MentorLanguage,
        "mentor_languages",
        "Your languages.",
        by_mentor(m.MentorLanguage.mentor_id),
    ),
    File(m.PackOffer, "offers", "Packs you sell or sold.", by_mentor(m.PackOffer.mentor_id)),
    File(m.CapacityEvent, "capacity", "Your seats.", by_mentor(m.CapacityEvent.mentor_id)),
    File(m.Availability, "rules", "Your rules.", by_mentor(m.Availability.mentor_id)),
    File(m.WeeklyHours, "weekly_hours", "Your hours.", by_mentor(m.WeeklyHours.mentor_id)),
    File(m.DateOverride, "special_days", "Special days.", by_mentor(m.DateOverride.mentor_id)),
    File(m.TimeOff, "time_off", "Your time off.", by_mentor(m.TimeOff.mentor_id)),
    File(m.OfferedDay, "offered_days", "Days with a slot.", by_mentor(m.OfferedDay.mentor_id)),
    File(
        m.WaitlistEntry,
        "waitlists",
        "Where you waited for a place.",
        by_user(m.WaitlistEntry.mentee_id),
    ),
    File(
        m.Notification,
        "notifications",
        "What you were told.",
        _own(m.Notification.user_id, m.Notification.about),
        _lines_hide,
    ),
    File(
        m.Notification,
        "notifications_about_mentees",
        "When you were told something about a mentee.",
        _of_mentees(m.Notification.user_id, m.Notification.about),
        _words_hide,
    ),
    File(
        m.NotificationPreference,
        "notification_choices",
        "What you want to be told, and how.",
        by_user(m.NotificationPreference.user_id),
    ),
    File(m.Reminder, "reminders", "When you were reminded.", by_user(m.Reminder.user_id)),
    File(
        m.MailDelivery,
        "mails",
        "Mails to you.",
        _own(m.MailDelivery.user_id, m.MailDelivery.about),
        _mails_hide,
    ),
    File(
        m.MailDelivery,
        "mails_about_mentees",
        "Mails to you about a mentee.",
        _of_mentees(m.MailDelivery.user_id, m.MailDelivery.about),
        _words_hide,
    ),
    File(
        m.MailSuppression,
        "mails_stopped",
        "Why your address gets no mails.",
        by_address(m.MailSuppression.address),
    ),
    File(m.DiscordLink, "discord", "Your Discord account.", by_user(m.DiscordLink.user_id)),
    File(m.DiscordGrant, "discord_roles", "Roles there.", by_user(m.DiscordGrant.user_id)),
    File(
        m.DiscordRole,
        "discord_role",
        "The role of your mentees there.",
        by_mentor(m.DiscordRole.mentor_id),
    ),
    File(m.OutboxMessage, "messages", "Messages to you.", messages_to, _messages_hide),
)
LEFT_OUT = {
    "audit_entry": "exported by a rule of its own: what others wrote about others is left out",
    "inbox_event": "exported by a rule of its own: found by what the events are about",
    "recording_access": "exported by a rule of its own: it says in which role somebody watched",
    "orphan": "a stray file that admins settle: when they did stands in the record",
    "job_run": "how a program ran: what it did to a person stands in the other files",
}


def things_of(db: Session, person: Person) -> frozenset[str]:
    """The public ids of what is the person's own: the audit trail names things by them."""
    found: set[str] = set()
    for file in FILES:
        if file.table in _SHARED | _UNNAMED or not hasattr(file.table, "public_id"):
            continue
        public_id: Any = getattr(file.table, "public_id")  # noqa: B009  # the type does not know it
        found.update(db.exec(select(public_id).where(file.which(person))).all())
    sessions = select(_Session.public_id).where(col(_Session.id).in_(sessions_of(person)))
    seats = select(m.Seat.public_id).where(m.Seat.mentee_id == person.user_id)
    testimonials = select(m.Testimonial.public_id).where(m.Testimonial.mentee_id == person.user_id)
    strays = select(m.Orphan.public_id).where(col(m.Orphan.recording_id).in_(recordings_of(person)))
    for own in (sessions, seats, testimonials, strays):
        found.update(db.exec(own).all())
    return frozenset(found)


_SHARED: frozenset[type[SQLModel]] = frozenset(
    {m.MentoringSession, m.Seat, m.Testimonial, m.OutboxMessage}
)
"""Of these, the rows of a mentor's mentees are in the export too; things are only one's own."""
_UNNAMED: frozenset[type[SQLModel]] = frozenset({m.RecordingFile})
"""Of these there may be hundreds in an hour, and no audit line is about one."""

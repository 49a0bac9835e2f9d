"""Everything the product tells people: each kind of news, and the category one chooses by.

A kind's mail has the template of its name. A whole category is transactional or none of it: so the
page of choices can say the truth in one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.models import Channel


class Audience(StrEnum):
    """Who gets a category at all."""

    EVERYONE = "everyone"
    MENTORS = "mentors"
    ADMINS = "admins"


class Category(StrEnum):
    """What people choose by. The values are stored."""

    SESSIONS = "sessions"
    RECORDINGS = "recordings"
    REMINDERS = "reminders"
    RENEWALS = "renewals"
    SEATS = "seats"
    WAITLISTS = "waitlists"
    ORDERS = "orders"
    ONBOARDING = "onboarding"
    TESTIMONIALS = "testimonials"
    MENTEES = "mentees"
    CALENDAR = "calendar"
    ACCOUNT = "account"
    STUDIO = "studio"


_MAIL_AND_APP = frozenset({Channel.MAIL, Channel.APP})
_ALL = frozenset(Channel)


@dataclass(frozen=True, slots=True)
class About:
    """What a category holds, in words for whoever chooses.

    Transactional ones always go by mail; `channels` are those it may come by, all on by default.
    """

    title: str
    words: str
    transactional: bool = False
    channels: frozenset[Channel] = _ALL
    audience: Audience = Audience.EVERYONE


CATEGORIES: dict[Category, About] = {
    Category.SESSIONS: About(
        "Your sessions",
        "Booked, moved or canceled, a proposed time, and what became of a session.",
        transactional=True,
    ),
    Category.RECORDINGS: About(
        "Recordings",
        "When a recording is ready, is about to be deleted, is kept for longer, or is deleted.",
        transactional=True,
    ),
    Category.REMINDERS: About(
        "Session reminders", "A day and an hour before a session of yours begins."
    ),
    Category.RENEWALS: About(
        "Packs that run out", "When a pack is nearly used up, or ends with sessions left."
    ),
    Category.SEATS: About(
        "Your seat",
        "When a seat is about to be released, and when a mentor pauses or comes back.",
        transactional=True,
    ),
    Category.WAITLISTS: About(
        "Waitlists", "A place that is offered to you, and what became of it.", transactional=True
    ),
    Category.ORDERS: About(
        "Orders and money",
        "Purchases, invoices, refunds and disputes.",
        transactional=True,
        channels=_MAIL_AND_APP,
    ),
    Category.ONBOARDING: About("Getting started", "What is still to do before you can book."),
    Category.TESTIMONIALS: About(
        "Testimonials", "When you could say how it was, and the answer.", channels=_MAIL_AND_APP
    ),
    Category.MENTEES: About(
        "Your mentees", "When somebody new takes a seat with you.", audience=Audience.MENTORS
    ),
    Category.CALENDAR: About(
        "Your calendar",
        "When your calendar cannot be read, or one of its events needs your answer.",
        transactional=True,
        channels=_MAIL_AND_APP,
    ),
    Category.ACCOUNT: About(
        "Your account",
        "What concerns your account and your sign-in.",
        transactional=True,
        channels=_MAIL_AND_APP,
    ),
    Category.STUDIO: About(
        "The studio",
        "What needs an admin's eyes.",
        transactional=True,
        channels=_MAIL_AND_APP,
        audience=Audience.ADMINS,
    ),
}
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of news."""

    category: Category

    @property
    def transactional(self) -> bool:
        """Whether its mail always goes, whatever the reader chose."""
        return CATEGORIES[self.category].transactional

    @property
    def channels(self) -> frozenset[Channel]:
        """The ways it may come."""
        return CATEGORIES[self.category].channels


def _of(category: Category, *names: str) -> dict[str, Kind]:
    return {name: Kind(category) for name in names}


KINDS: dict[str, Kind] = {
    **_of(
        Category.SESSIONS,
        "session_booked",
        "session_moved",
        "session_canceled",
        "session_proposed",
        "session_proposal_answered",
        "session_unresolved",
        "session_outcome",
        "session_objection",
        "session_objection_settled",
    ),
    **_of(
        Category.RECORDINGS,
        "recording_ready",
        "recording_failed",
        "recording_expiring",
        "recording_extended",
        "recording_held",
        "recording_released",
        "recording_purged",
    ),
    **_of(Category.REMINDERS, "session_ahead", "session_soon"),
    **_of(Category.RENEWALS, "renewal_one_left", "renewal_none_left", "pack_expiring"),
    **_of(Category.ONBOARDING, "onboarding_reminder"),
    **_of(Category.MENTEES, "new_mentee"),
    **_of(
        Category.SEATS,
        "grace_warning",
        "seat_released",
        "place_resold",
        "seat_released_by_hand",
        "mentor_suspended",
        "mentor_resumed",
    ),
    **_of(
        Category.ORDERS,
        "purchase",
        "refunded",
        "refund_requested",
        "refund_denied",
        "refund_failed",
        "refund_returned",
        "refund_overtaken",
        "refund_paid_by_hand",
        "refund_restored",
        "dispute_frozen",
        "dispute_won",
        "dispute_lost",
    ),
    **_of(
        Category.WAITLISTS,
        "waitlist_offer",
        "waitlist_offer_ending",
        "waitlist_offer_lapsed",
        "waitlist_offer_withdrawn",
        "waitlist_place_back",
        "waitlist_removed",
        "waitlist_ended",
    ),
    **_of(Category.TESTIMONIALS, "testimonial_asked", "testimonial_declined"),
    **_of(Category.CALENDAR, "calendar_broken", "calendar_unread", "calendar_question"),
    **_of(Category.ACCOUNT, "account_suspended"),
    **_of(Category.STUDIO, "admin_alert"),
}
"""By name. What is not here (links of an account, an invoice once more, the daily report) is
a mail only, and always goes."""

"""A mentor's page: who they are, the seats that are left, and their packs."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import tags
from pages.components.boxes import section, side, split, stack
from pages.components.buttons import link_button
from pages.components.cards import points
from pages.components.free import next_free
from pages.components.notices import notice
from pages.components.offers import offers
from pages.components.outcomes import outcome
from pages.components.packs import seat_marks
from pages.components.people import person_header
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.quotes import quotes
from pages.components.text import lead, muted, prose, text
from pages.components.waitlist import join_panel, wait_panel
from pages.layout import Page, public
from services.config import settings
from state.mentor import MentorState
from state.waitlist import WaitlistState


def mentor() -> rx.Component:
    """The mentor, or that there is none at this address."""
    return public(
        rx.cond(
            MentorState.phase == "missing",
            outcome(
                "There is no mentor at this address.",
                "The address may have a typing mistake, or the mentor has left the studio.",
                link_button("See all mentors", "/mentors"),
            ),
            loaded(
                MentorState.phase,
                split(_person(), _selling()),
                failure=MentorState.failure,
                again=MentorState.load,
                shape="page",
                title="Mentor",
            ),
        ),
        active="/mentors",
    )


def _person() -> rx.Component:
    return stack(
        person_header(
            MentorState.name,
            MentorState.initials,
            MentorState.photo,
            lead(MentorState.headline),
            muted("Speaks ", MentorState.languages),
        ),
        tags(MentorState.skills),
        section("About", prose(MentorState.bio)),
        section(
            "What is in a pack",
            points(
                f"Every session is {MentorState.length}, one to one.",
                f"Your seat is held for {settings().seat_hold_minutes} minutes while you pay, and "
                "is yours when the payment has arrived.",
                "Another pack keeps your seat. Without one it waits "
                f"{settings().grace_hours} hours for you, then somebody else may have it.",
                "If you stop, you can ask for sessions that you have not used and that have not "
                "expired back, at their share of the price; the studio decides.",
            ),
        ),
        rx.cond(
            has(MentorState.quotes),
            section("What mentees say", quotes(MentorState.quotes)),
            rx.fragment(),
        ),
        gap="wide",
    )


def _selling() -> rx.Component:
    return side(
        seat_marks(MentorState.marks, MentorState.seats),
        next_free(MentorState.free),
        _notes(),
        or_empty(
            has(MentorState.offers),
            offers(MentorState.offers, on_sale=MentorState.can_buy),
            empty("No pack is on sale.", "This mentor sells no packs at the moment."),
        ),
        rx.cond(MentorState.about_tax != "", muted(MentorState.about_tax), rx.fragment()),
        muted("You pay once, on the payment provider's page. Nothing renews by itself."),
    )


def _notes() -> rx.Component:
    return rx.fragment(
        rx.cond(
            MentorState.unlisted & MentorState.own,
            notice(
                text("Only you and admins see this page: it is not listed yet."), tone="warning"
            ),
            rx.fragment(),
        ),
        rx.cond(
            MentorState.own,
            notice(
                text("This is your own page, as visitors see it."),
                action=link_button("Edit your profile", "/mentor/profile", kind="secondary"),
            ),
            rx.fragment(),
        ),
        rx.cond(
            MentorState.seat_note != "",
            notice(
                text(MentorState.seat_note),
                tone="good",
                action=rx.cond(
                    MentorState.book_href != "",
                    link_button("Book a session", MentorState.book_href, kind="secondary"),
                    rx.fragment(),
                ),
            ),
            rx.fragment(),
        ),
        rx.cond(MentorState.wait.entry != "", wait_panel(MentorState.wait), rx.fragment()),
        rx.cond(MentorState.why_not != "", _why_not(), rx.fragment()),
    )


def _why_not() -> rx.Component:
    """Why nothing can be bought, and what to do instead."""
    return rx.cond(
        MentorState.can_wait,
        join_panel(
            MentorState.why_not,
            MentorState.ahead,
            slug=MentorState.slug,
            sign_in=MentorState.sign_in_href,
        ),
        notice(
            text(MentorState.why_not),
            tone="warning",
            action=link_button("Mentors with a seat", "/mentors?seat=free", kind="secondary"),
        ),
    )


PAGE = Page(
    route="/mentors/[slug]",
    title="Mentor",
    component=mentor,
    on_load=[WaitlistState.begin, MentorState.load],
)

"""The home page: what is sold, how it works, who mentors, and what people ask."""

from __future__ import annotations

import reflex as rx

from pages.components.buttons import link_button
from pages.components.landing import hero, landing_section, questions, steps
from pages.components.mentors import mentor_cards
from pages.components.phases import empty, has, loaded, or_empty
from pages.layout import Page, public
from services.config import settings
from state.home import HomeState


def home() -> rx.Component:
    """A list of sections."""
    return public(_hero(), _how(), _mentors(), _questions(), active="/")


def _hero() -> rx.Component:
    return hero(
        "Four sessions with someone who has done what you want to do.",
        "Buy a pack, keep your seat, and meet one to one until the work is better. "
        "You pay once. Nothing renews by itself.",
        link_button("Find a mentor", "/mentors", large=True),
        link_button("How it works", "/#how", kind="quiet", large=True),
        sessions=[
            "Say where you are",
            "Show the work",
            "Change the hard part",
            "Decide what is next",
        ],
    )


def _how() -> rx.Component:
    return landing_section(
        "How it works",
        steps(
            (
                "Choose a mentor",
                "Each mentor takes only as many people as they can carry. "
                "You see the seats that are left before you decide.",
            ),
            (
                "Buy a pack",
                f"Your seat is held for {settings().seat_hold_minutes} minutes while you pay. "
                "It is yours when the payment has arrived.",
            ),
            (
                "Meet and keep going",
                "Every session is one hour, one to one. "
                "Another pack keeps your seat; no pack gives it to the next person.",
            ),
        ),
        id="how",
    )


def _mentors() -> rx.Component:
    return landing_section(
        "Mentors with a free seat",
        loaded(
            HomeState.phase,
            or_empty(
                has(HomeState.mentors),
                rx.fragment(mentor_cards(HomeState.mentors), _all_mentors()),
                empty(
                    "Every seat is taken.",
                    "Mentors open a seat when somebody finishes. See who they are meanwhile.",
                    action=_all_mentors(),
                ),
            ),
            failure=HomeState.failure,
            again=HomeState.load,
            shape="cards",
        ),
    )


def _all_mentors() -> rx.Component:
    return rx.el.div(link_button("See all mentors", "/mentors", kind="secondary"))


def _questions() -> rx.Component:
    return landing_section(
        "Before you pay",
        questions(
            (
                "Is this a subscription?",
                "No. A pack is paid once. When it is used up, you decide again.",
            ),
            (
                "What if the last seat goes while I pay?",
                "Your seat is held before you are sent to pay. Should money arrive too late and no "
                "place is left, you get all of it back, automatically.",
            ),
            (
                "How long do I have?",
                "Each pack says how many days it lasts. We remind you before it ends; "
                "sessions that are left then expire.",
            ),
            (
                "Who holds my card?",
                "Stripe does. You pay on Stripe's page, and we never see the number.",
            ),
        ),
    )


PAGE = Page(
    route="/",
    title="One-to-one mentoring",
    component=home,
    on_load=[HomeState.load],
    description="Packs of sessions with one mentor. Paid once, never a subscription.",
)

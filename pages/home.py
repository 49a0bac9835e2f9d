"""The home page: what is sold, who mentors, how it works, what it costs, and what people ask."""

from __future__ import annotations

import reflex as rx

from pages.components.buttons import link_button
from pages.components.landing import (
    closing,
    faces_line,
    hero,
    landing_section,
    pack_ticket,
    promises,
    questions,
    stages,
    steps,
)
from pages.components.mentors import mentor_cards
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.quotes import quotes
from pages.layout import Page, public
from services.config import settings
from state.home import HomeState


def home() -> rx.Component:
    """A list of sections."""
    return public(
        _hero(),
        _mentors(),
        _how(),
        _seat(),
        _price(),
        _said(),
        _questions(),
        _closing(),
        active="/",
    )


def _hero() -> rx.Component:
    return hero(
        "Four sessions with someone who has done what you want to do.",
        "Choose a mentor, buy a pack, and meet one to one until the work is better. "
        "You pay once. Nothing renews by itself.",
        link_button("Find a mentor", "/mentors", large=True),
        link_button("How it works", "/#how", kind="secondary", large=True),
        below=faces_line(HomeState.faces, HomeState.seats),
        beside=pack_ticket(
            "A pack",
            "One hour each, one to one",
            ("Say where you are", "Your work, your goal, what is in the way."),
            ("Show the work", "Your mentor reads it closely, and says what to change."),
            ("Change the hard part", "Together, until you see why it works."),
            ("Decide what is next", "A plan you can follow alone, or another pack."),
            foot="Most packs have four sessions; yours may take another course.",
        ),
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
        lead="Each takes only as many people as they can carry. "
        "You see the seats that are left before you decide.",
    )


def _all_mentors() -> rx.Component:
    return rx.el.div(link_button("See all mentors", "/mentors", kind="secondary"))


def _how() -> rx.Component:
    return landing_section(
        "How it works",
        steps(
            (
                "Choose a mentor",
                "Read what they help with, in which languages, and what a pack costs. "
                "A seat that is free is shown as free.",
            ),
            (
                "Buy a pack",
                f"Your seat is held for {settings().seat_hold_minutes} minutes while you pay. "
                "It is yours when the payment has arrived.",
            ),
            (
                "Meet and keep going",
                "Every session is one to one. "
                "Another pack keeps your seat; without one, it goes to the next person.",
            ),
        ),
        id="how",
        band=True,
    )


def _seat() -> rx.Component:
    hold, grace = settings().seat_hold_minutes, settings().grace_hours
    return landing_section(
        "What happens with your seat",
        stages(
            (
                "Held",
                f"for {hold} minutes",
                "From the moment you go to pay. Nobody can take it meanwhile.",
            ),
            (
                "Yours",
                "while you have sessions",
                "Your mentor keeps the place for you until your pack is used up or ends.",
            ),
            (
                "In grace",
                f"for {grace} hours",
                "The seat waits for you to buy another pack. Then it is yours again.",
            ),
            (
                "Given on",
                "only after that",
                "Somebody else may have it. You can come back whenever a seat is free.",
            ),
        ),
        lead="A seat is your place with one mentor. Each mentor has only so many of them.",
    )


def _price() -> rx.Component:
    return landing_section(
        "What it costs",
        promises(
            (
                "tag",
                "One price for the pack",
                "Each mentor sets it. It is on the card, for all of its sessions together.",
            ),
            (
                "repeat",
                "Never a subscription",
                "You pay once. When a pack is used up, you decide again.",
            ),
            (
                "undo-2",
                "Unused sessions come back",
                "If you stop, you can ask for them back at their share of the price, "
                "as long as they have not expired. The studio decides.",
            ),
            (
                "shield-check",
                "A seat or your money",
                "Should your payment arrive when no seat is left, all of it goes back "
                "to you, automatically.",
            ),
        ),
        band=True,
    )


def _said() -> rx.Component:
    return rx.cond(
        has(HomeState.quotes),
        landing_section("What mentees say", quotes(HomeState.quotes, with_mentor=True)),
        rx.fragment(),
    )


def _questions() -> rx.Component:
    return landing_section(
        "Before you pay",
        questions(
            (
                "What if the last seat goes while I pay?",
                "It cannot: your seat is held before you are sent to pay, until the time that the "
                "page says.",
            ),
            (
                "How long do I have?",
                "Each pack says how many days it lasts, from the day you buy it. "
                "Sessions that are left then expire.",
            ),
            (
                "Can I have two mentors?",
                "Yes. A pack belongs to its mentor, and you have a seat with each of them.",
            ),
            (
                "What if I buy another pack early?",
                "Its sessions are added, you keep the same seat, and its days begin when the "
                "last pack ends.",
            ),
            (
                "What if my mentor is full?",
                "Then nothing is sold, and the page says so. With a seat of your own you can "
                "always buy another pack.",
            ),
            (
                "Who holds my card?",
                "The payment provider does. You pay on its page, and we never see the number.",
            ),
        ),
    )


def _closing() -> rx.Component:
    return closing(
        "Show somebody your work.",
        "Read who the mentors are, and take a seat with one of them.",
        "Find a mentor",
        "/mentors",
    )


PAGE = Page(
    route="/",
    title="One-to-one mentoring",
    component=home,
    on_load=[HomeState.load],
    description="Packs of sessions with one mentor. Paid once, never a subscription.",
)

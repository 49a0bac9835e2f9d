"""Checkout: left what one gets, right what one pays and where."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import section, side, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card, points
from pages.components.headers import page_header
from pages.components.leaving import leave
from pages.components.links import text_link
from pages.components.notices import notice
from pages.components.outcomes import outcome
from pages.components.packs import pack_dots
from pages.components.people import person_line
from pages.components.phases import loaded
from pages.components.prices import total
from pages.components.text import heading, muted, text
from pages.layout import Page, public
from services.config import settings
from state.checkout import CheckoutState


def checkout() -> rx.Component:
    """The pack and the way to pay it, or that it is not sold."""
    return public(
        rx.cond(
            CheckoutState.phase == "missing",
            outcome(
                "This pack is not sold any more.",
                "Its mentor may offer others now.",
                link_button("See all mentors", "/mentors"),
            ),
            stack(
                page_header("Checkout"),
                loaded(
                    CheckoutState.phase,
                    split(_what(), _payment()),
                    failure=CheckoutState.failure,
                    again=CheckoutState.load,
                    shape="page",
                ),
            ),
        )
    )


def _what() -> rx.Component:
    return stack(
        person_line(
            CheckoutState.initials,
            CheckoutState.photo,
            heading(CheckoutState.title),
            text("with ", text_link(CheckoutState.mentor, CheckoutState.mentor_href)),
        ),
        pack_dots(CheckoutState.dots, CheckoutState.sessions, large=True),
        section(
            "What you get",
            points(
                rx.fragment(CheckoutState.sessions, " of one hour, one to one."),
                rx.cond(
                    CheckoutState.expires,
                    rx.fragment("Yours ", CheckoutState.validity, ". What is left then expires."),
                    "Your sessions never expire.",
                ),
                rx.cond(
                    CheckoutState.renewal,
                    "You keep your seat; these sessions are added to it.",
                    f"Your seat is held for {settings().seat_hold_minutes} minutes while you pay, "
                    "and is yours when the payment has arrived.",
                ),
                "If you stop, sessions you have not used are refunded at their share of the price; "
                "expired ones only if the studio decides so.",
            ),
        ),
        gap="wide",
    )


def _payment() -> rx.Component:
    return side(
        card(
            total("You pay once", CheckoutState.price),
            rx.cond(CheckoutState.open_order != "", _held(), rx.fragment()),
            rx.match(
                CheckoutState.obstacle,
                ("", _pay()),
                ("sign_in", _sign_in()),
                ("verify", _verify()),
                _blocked(),
            ),
            label="Payment",
        )
    )


def _held() -> rx.Component:
    return notice(
        text("Your seat is held until ", CheckoutState.held_until, "."),
        rx.cond(
            CheckoutState.same_offer,
            rx.fragment(),
            muted("It is held for another pack. Paying for this one ends that checkout."),
        ),
        tone="good",
    )


def _pay() -> rx.Component:
    return stack(
        leave(CheckoutState.leave_to),
        button(
            "Pay " + CheckoutState.price + " with Stripe",
            on_click=CheckoutState.pay,
            busy=CheckoutState.paying,
            full=True,
            large=True,
        ),
        rx.cond(
            CheckoutState.open_order != "",
            button(
                "Cancel this checkout",
                on_click=CheckoutState.give_back,
                busy=CheckoutState.giving_back,
                kind="quiet",
                full=True,
            ),
            rx.fragment(),
        ),
        muted("You pay on Stripe's page and come back here. We never see your card."),
    )


def _sign_in() -> rx.Component:
    return stack(
        text(CheckoutState.blocked),
        link_button("Sign in", CheckoutState.sign_in_href, full=True, large=True),
        link_button("Create an account", CheckoutState.sign_up_href, kind="secondary", full=True),
    )


def _verify() -> rx.Component:
    return stack(
        notice(text(CheckoutState.blocked), tone="warning"),
        link_button("Send the link again", "/verify", kind="secondary", full=True),
    )


def _blocked() -> rx.Component:
    return stack(
        notice(text(CheckoutState.blocked), tone="warning"),
        link_button("Mentors with a seat", "/mentors?seat=free", kind="secondary", full=True),
    )


PAGE = Page(
    route="/checkout/[offer]",
    title="Checkout",
    component=checkout,
    on_load=[CheckoutState.load],
)

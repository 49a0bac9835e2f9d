"""Checkout: left what one gets, right what one pays and where."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import section, side, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card, points
from pages.components.discounts import discount_field, price_parts
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
from state.checkout import FREE, CheckoutState, Way


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
                "If you stop, you can ask for the sessions you have not used back, at their share "
                "of the price; the studio decides. Expired ones are not paid back unless it "
                "chooses to.",
            ),
        ),
        gap="wide",
    )


def _payment() -> rx.Component:
    return side(
        card(
            total("You pay once", CheckoutState.price),
            price_parts(CheckoutState),
            rx.cond(CheckoutState.open_order != "", _held(), rx.fragment()),
            rx.cond(CheckoutState.offered_until != "", _offered(), rx.fragment()),
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
            _chosen() if len(settings().payment_providers) > 1 else rx.fragment(),
            muted("It is held for another pack. Paying for this one ends that checkout."),
        ),
        tone="good",
    )


def _offered() -> rx.Component:
    return notice(
        text("This place from the waitlist is yours until ", CheckoutState.offered_until, "."),
        tone="good",
    )


def _chosen() -> rx.Component:
    return muted(
        "You chose ",
        CheckoutState.held_with,
        ". You can go on there, or choose another way to pay: the seat stays yours.",
    )


def _pay() -> rx.Component:
    return stack(
        leave(CheckoutState.leave_to),
        discount_field(CheckoutState),
        rx.cond(
            CheckoutState.free,
            button(
                "Get this pack",
                on_click=_press(FREE),
                busy=CheckoutState.paying == FREE,
                full=True,
                large=True,
            ),
            rx.fragment(rx.foreach(CheckoutState.ways, _way)),
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
        muted(
            "By buying you accept the ",
            text_link("terms", "/terms"),
            " (version ",
            CheckoutState.terms,
            ").",
        ),
        rx.cond(
            CheckoutState.free,
            muted("There is nothing to pay: the pack is yours at once."),
            muted(
                "You pay on the page of the provider and come back here. We never see your card."
            ),
        ),
    )


def _press(provider: str | rx.Var[str]) -> rx.event.EventCallback[()]:
    """Buying what the browser shows, which a restarted server may not know any more."""
    shown = (CheckoutState.code, CheckoutState.price, CheckoutState.terms)
    return CheckoutState.pay(provider, *shown)


def _way(way: rx.vars.ObjectVar[Way]) -> rx.Component:
    """One provider's button; the first stands out."""
    press, busy = _press(way.provider), CheckoutState.paying == way.provider
    return rx.cond(
        way.first,
        button(way.label, on_click=press, busy=busy, full=True, large=True),
        button(way.label, on_click=press, busy=busy, kind="secondary", full=True, large=True),
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
        rx.cond(
            CheckoutState.can_wait,
            link_button("Join the waitlist", CheckoutState.mentor_href, full=True),
            rx.fragment(),
        ),
        link_button("Mentors with a seat", "/mentors?seat=free", kind="secondary", full=True),
    )


PAGE = Page(
    route="/checkout/[offer]",
    title="Checkout",
    component=checkout,
    on_load=[CheckoutState.load],
)

"""The parts of the shells: brand, links, the rail, the footer, the switches."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx
from reflex.style import color_mode, set_color_mode
from reflex_components_core.el.elements.inline import A

from pages.components.icons import icon
from pages.components.kinds import Child, Flag, Text
from pages.components.links import anchor, document
from services.config import settings

BAR_PLACES = 5
"""How many places fit into the bar of a phone."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the navigation: where it leads, its word, its icon."""

    href: str
    word: str
    icon: str


def brand(name: str) -> rx.Component:
    """The studio's name beside its mark: a pack of four, one still to use."""
    mark = rx.el.span(*(rx.el.i() for _ in range(4)), class_name="brand-dots", aria_hidden=True)
    return anchor(mark, rx.el.span(name), href="/", class_name="brand")


def nav_link(label: Text, href: Text, *, active: bool = False) -> rx.Component:
    """A link of the top bar."""
    current = {"aria-current": "page"} if active else {}
    return anchor(label, href=href, class_name="nav-link", **current)


def rail(places: list[Place], active: str, *, label: str) -> rx.Component:
    """The places of one area: words in the left rail, or the bar at the bottom of a phone.

    The bar has room for five: of more, it shows the first four and opens the rest under "More".
    """
    fit = len(places) <= BAR_PLACES
    first = places if fit else places[: BAR_PLACES - 1]
    rest = places[len(first) :]
    links = [_rail_link(place, active) for place in first]
    return rx.el.nav(
        *links,
        *(_rail_link(place, active, only_wide=True) for place in rest),
        *([] if fit else [_more(rest, active)]),
        class_name="rail-links",
        aria_label=label,
    )


def _rail_link(place: Place, active: str, *, only_wide: bool = False) -> rx.Component:
    current = {"aria-current": "page"} if place.href == active else {}
    return anchor(
        icon(place.icon),
        rx.el.span(place.word),
        href=place.href,
        class_name="rail-link rail-wide" if only_wide else "rail-link",
        **current,
    )


def _more(places: list[Place], active: str) -> rx.Component:
    """The bar's last place, on phones only: the browser's own `details`, so that keys open it."""
    inside = any(place.href == active for place in places)
    return rx.el.details(
        rx.el.summary(
            icon("ellipsis"),
            rx.el.span("More"),
            class_name="rail-link rail-link-active" if inside else "rail-link",
            tab_index=0,
        ),
        rx.el.div(*(_rail_link(place, active) for place in places), class_name="rail-rest"),
        class_name="rail-more",
    )


def area_switch(areas: list[tuple[str, str, Flag]], active: str) -> rx.Component:
    """Mentee, mentor, admin: one click from one to another. Only those the person has."""
    return rx.el.nav(
        *(
            rx.cond(
                shown,
                anchor(word, href=href, **({"aria-current": "true"} if href == active else {})),
                rx.fragment(),
            )
            for word, href, shown in areas
        ),
        class_name="switch",
        aria_label="Your roles",
    )


def colour_switch() -> rx.Component:
    """Light, dark, or as the device has it; remembered in this browser."""
    return rx.el.div(
        _colour("Automatic", "monitor", "system"),
        _colour("Light", "sun", "light"),
        _colour("Dark", "moon", "dark"),
        class_name="switch",
        role="group",
        aria_label="Colours",
    )


def _colour(label: str, picture: str, mode: rx.style.LiteralColorMode) -> rx.Component:
    return rx.el.button(
        icon(picture),
        type="button",
        title=label,
        aria_label=label,
        aria_pressed=color_mode == mode,
        on_click=set_color_mode(mode),
    )


def menu(label: str, *entries: Child) -> rx.Component:
    """A button that opens a small panel; the browser's own `details`, so it works by keyboard."""
    return rx.el.details(
        # Not every browser gives the focus to a summary that is clicked, unless it has an index.
        rx.el.summary(icon("menu"), aria_label=label, class_name="icon-button", tab_index=0),
        rx.el.div(*entries, class_name="menu-items stack"),
        class_name="menu",
    )


def sign_out() -> rx.Component:
    """Signing out is a form of its own, posted to an HTTP route, because it ends a cookie."""
    return rx.el.form(
        rx.el.button("Sign out", type="submit", class_name="nav-link"),
        action="/auth/sign-out",
        method="post",
        on_submit=None,
    )


def footer_links(*links: tuple[str, str]) -> rx.Component:
    """The links of one column of the footer: words and where they lead."""
    return rx.el.ul(*(rx.el.li(anchor(words, href=href)) for words, href in links))


def footer(name: str, about: str, columns: list[tuple[str, Child]]) -> rx.Component:
    """The generous footer of the public pages: who this is, and columns of links."""
    return rx.el.footer(
        rx.el.div(
            rx.el.div(
                brand(name),
                rx.el.p(about, class_name="muted small"),
                colour_switch(),
                class_name="stack footer-about",
            ),
            *(rx.el.div(rx.el.h2(title), links) for title, links in columns),
            class_name="width footer-line",
        ),
        class_name="footer",
    )


def skip_link() -> rx.Component:
    """For the keyboard: straight to the page's content."""
    return A.create("Skip to the content", href="#content", class_name="skip")


def simulator_banner(simulated: list[str]) -> rx.Component:
    """Says which services are simulated, whether money is real, and where the mails are."""
    names = " and ".join(filter(None, [", ".join(simulated[:-1]), *simulated[-1:]]))
    words = f"Demo: {names} {'is' if len(simulated) == 1 else 'are'} simulated"
    real = [name for name in settings().payment_providers.values() if name not in simulated]
    money = f", payments with {' and '.join(real)} are real. " if real else ", no money moves. "
    mailbox = [document("Open the mailbox", href="/sandbox/mail")] if "Resend" in simulated else []
    return rx.el.aside(
        rx.el.p(words + money, *mailbox),
        class_name="banner",
        aria_label="Demo",
    )


def lost_banner(lost: rx.Var[bool]) -> rx.Component:
    """Says that the connection is gone. It comes back by itself."""
    return rx.el.div(
        rx.cond(
            lost,
            rx.el.p(
                "No connection to the studio. We keep trying; what you see may be out of date.",
                class_name="banner banner-lost",
            ),
            rx.fragment(),
        ),
        role="status",
    )

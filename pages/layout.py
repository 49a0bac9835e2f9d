"""The shells that every page stands in, and what a page module has to say about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import reflex as rx
from reflex_components_core.core.banner import has_too_many_connection_errors

from pages.components.bell import bell, said
from pages.components.boxes import centred
from pages.components.buttons import link_button
from pages.components.headers import page_header
from pages.components.kinds import Child
from pages.components.links import text_link
from pages.components.navigation import (
    Place,
    area_switch,
    brand,
    colour_switch,
    footer,
    footer_links,
    lost_banner,
    menu,
    nav_link,
    rail,
    sign_out,
    simulator_banner,
    skip_link,
)
from pages.components.notices import live_notice, notice
from services.config import settings
from state.base import AppState
from state.bell import BellState

Area = Literal["mentee", "mentor", "admin"]

PLACES: dict[Area, list[Place]] = {
    "mentee": [
        Place("/dashboard", "Home", "house"),
        Place("/mentors", "Mentors", "users"),
        Place("/sessions", "Sessions", "calendar-days"),
        Place("/recordings", "Recordings", "video"),
        Place("/orders", "Orders", "receipt"),
        Place("/settings", "Settings", "settings"),
    ],
    "mentor": [
        Place("/mentor", "Home", "house"),
        Place("/mentor/sessions", "Sessions", "calendar-days"),
        Place("/mentor/recordings", "Recordings", "video"),
        Place("/mentor/mentees", "Mentees", "users"),
        Place("/mentor/availability", "Availability", "clock"),
        Place("/mentor/earnings", "Earnings", "wallet"),
        Place("/mentor/profile", "Profile", "square-user"),
        Place("/settings", "Settings", "settings"),
    ],
    "admin": [
        Place("/admin", "Overview", "house"),
        Place("/admin/revenue", "Revenue", "chart-column"),
        Place("/admin/seats", "Seats", "armchair"),
        Place("/admin/orders", "Orders", "receipt"),
        Place("/admin/refunds", "Refunds", "undo-2"),
        Place("/admin/disputes", "Disputes", "scale"),
        Place("/admin/unmatched", "Unmatched money", "circle-help"),
        Place("/admin/reconciliation", "Reconciliation", "list-checks"),
        Place("/admin/sessions", "Sessions", "calendar-days"),
        Place("/admin/recordings", "Recordings", "video"),
        Place("/admin/costs", "Recording costs", "hard-drive"),
        Place("/admin/users", "Users", "users"),
        Place("/admin/mentors", "Mentors", "graduation-cap"),
        Place("/admin/waitlists", "Waitlists", "hourglass"),
        Place("/admin/discounts", "Discount codes", "ticket-percent"),
        Place("/admin/discord", "Discord", "messages-square"),
        Place("/admin/testimonials", "Testimonials", "message-square-quote"),
        Place("/admin/mails", "Mails", "mail"),
        Place("/admin/jobs", "Jobs", "cog"),
        Place("/admin/inbox", "Inbox", "inbox"),
        Place("/settings", "Settings", "settings"),
    ],
}
_HOMES: dict[Area, str] = {"mentee": "/dashboard", "mentor": "/mentor", "admin": "/admin"}
_LABELS: dict[Area, str] = {"mentee": "Mentee", "mentor": "Mentor", "admin": "Admin"}


@dataclass(frozen=True, slots=True)
class Page:
    """What the application needs to know of a page module; each has one, named PAGE.

    `title` is what the browser's tab says before the studio's name.
    """

    route: str
    title: str
    component: Callable[[], rx.Component]
    on_load: list[Any] = field(default_factory=list[Any])
    description: str = ""

    @property
    def handlers(self) -> list[Any]:
        """What runs as the page begins: its own events, then the bell's, which is on every page."""
        return [*self.on_load, BellState.load]


def public(*children: Child, active: str = "") -> rx.Component:
    """The shell of the public pages: a slim top bar, the page, a generous footer."""
    return rx.el.div(
        *_first_lines(),
        _top_bar(active),
        rx.el.main(_notice(), *children, id="content", class_name="main width"),
        _footer(),
        class_name="public",
    )


def form_page(title: Child, *children: Child) -> rx.Component:
    """A public page with one text form, such as signing in."""
    return public(centred(page_header(title), *children))


def signed_in(
    title: Child,
    *children: Child,
    area: Area | rx.Var[str],
    active: str | Mapping[Area, str],
    state: Child | None = None,
    action: Child | None = None,
) -> rx.Component:
    """The shell behind the sign-in: a left rail, on phones a bar at the bottom.

    `active` is the address of the current place; `state` and the one primary `action` stand on
    the title's line. A page that people of several areas share names its `area` by a variable, and
    an `active` place for each.
    """
    name = settings().studio_name
    rail_column = rx.el.aside(
        rx.el.div(brand(name), bell(), class_name="rail-brand"),
        _of_area(area, lambda one: rail(PLACES[one], _active(active, one), label=_LABELS[one])),
        rx.el.div(_of_area(area, _areas), colour_switch(), sign_out(), class_name="rail-foot"),
        class_name="rail",
        aria_label="Navigation",
    )
    top = rx.el.header(
        brand(name),
        rx.el.div(
            _of_area(area, _areas),
            bell(),
            menu("Menu", colour_switch(), sign_out()),
            class_name="row",
        ),
        class_name="inside-top",
    )
    content = rx.el.main(
        rx.el.div(
            _notice(),
            _new_terms(),
            page_header(title, state=state, action=action),
            *children,
            class_name="inside-content",
        ),
        id="content",
        class_name="inside-main",
    )
    return rx.el.div(
        *_first_lines(),
        said(),
        rx.el.div(
            rail_column, rx.el.div(top, content, class_name="inside-column"), class_name="inside"
        ),
    )


def _of_area(area: Area | rx.Var[str], make: Callable[[Area], rx.Component]) -> rx.Component:
    if isinstance(area, str):
        return make(area)
    others = [(one, make(one)) for one in PLACES if one != "mentee"]
    return rx.fragment(rx.match(area, *others, make("mentee")))


def _active(active: str | Mapping[Area, str], area: Area) -> str:
    return active if isinstance(active, str) else active[area]


def _first_lines() -> list[rx.Component]:
    simulated = [name for name, is_played in settings().simulated.items() if is_played]
    banner = [simulator_banner(simulated)] if simulated else []
    return [skip_link(), *banner, lost_banner(has_too_many_connection_errors)]


def _notice() -> rx.Component:
    return live_notice(AppState.notice, AppState.notice_tone, on_close=AppState.dismiss_notice)


def _new_terms() -> rx.Component:
    """For those who agreed to an older version, or to none."""
    return rx.cond(
        AppState.terms_due,
        notice(
            rx.el.p("The studio has new terms. ", text_link("Read them and agree", "/terms"), ".")
        ),
        rx.fragment(),
    )


def _top_bar(active: str) -> rx.Component:
    person = rx.cond(
        AppState.signed_in,
        link_button("Dashboard", "/dashboard", kind="secondary"),
        rx.fragment(
            nav_link("Sign in", "/sign-in", active=active == "/sign-in"),
            rx.el.span(link_button("Sign up", "/sign-up"), class_name="wide-only"),
        ),
    )
    return rx.el.header(
        rx.el.div(
            brand(settings().studio_name),
            rx.el.nav(
                nav_link("Mentors", "/mentors", active=active == "/mentors"),
                rx.cond(AppState.is_hydrated, person, rx.fragment()),
                class_name="topbar-links",
                aria_label="Main",
            ),
            class_name="width topbar-line",
        ),
        class_name="topbar",
    )


def _areas(area: Area) -> rx.Component:
    shown = {
        "mentee": AppState.is_mentor | AppState.is_admin,
        "mentor": AppState.is_mentor,
        "admin": AppState.is_admin,
    }
    return rx.cond(
        shown["mentee"],
        area_switch([(_LABELS[a], _HOMES[a], shown[a]) for a in PLACES], _HOMES[area]),
        rx.fragment(),
    )


def _footer() -> rx.Component:
    return footer(
        settings().studio_name,
        "Packs of sessions with one mentor. Paid once, never a subscription.",
        [
            (
                "Studio",
                footer_links(
                    ("Home", "/"),
                    ("Mentors", "/mentors"),
                    ("How it works", "/#how"),
                    ("Terms", "/terms"),
                    ("Privacy", "/privacy"),
                ),
            ),
            (
                "Account",
                rx.cond(
                    AppState.signed_in,
                    footer_links(
                        ("Dashboard", "/dashboard"),
                        ("Orders", "/orders"),
                        ("Settings", "/settings"),
                    ),
                    footer_links(("Sign in", "/sign-in"), ("Sign up", "/sign-up")),
                ),
            ),
        ],
    )

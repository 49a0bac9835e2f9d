"""How the application looks as a whole: its style sheets, its font, and what surrounds every page.

The tokens (colours by role, sizes, spaces; light and dark) are defined once, in
`assets/styles/tokens.css`. Components in `pages/components/` put class names on plain elements;
pages use components only. There is no second way to style anything.
"""

from __future__ import annotations

from collections.abc import Callable

import reflex as rx
from reflex.app import default_error_boundary

from pages.components.announcing import announcer

STYLESHEETS = [
    "/styles/tokens.css",
    "/styles/base.css",
    "/styles/shell.css",
    "/styles/controls.css",
    "/styles/data.css",
    "/styles/landing.css",
    "/styles/admin.css",
    "/styles/meetings.css",
    "/styles/room.css",
    "/styles/recordings.css",
    "/styles/charts.css",
    "/styles/hours.css",
    "/styles/picking.css",
]
_FONT = "/fonts/instrument-sans-latin.woff2"


def head() -> list[rx.Component]:
    """What every page's head needs: the font early, the icon, the browser's own colours."""
    return [
        rx.el.link(
            rel="preload", href=_FONT, custom_attrs={"as": "font"}, cross_origin="anonymous"
        ),
        rx.el.link(rel="icon", href="/icon.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
    ]


def app_wraps() -> dict[tuple[int, str], Callable[[bool], rx.Component | None]]:
    """What surrounds every page instead of Reflex's own toasts: the last line of defence.

    A lost connection is told by the layout's banner, so nothing here speaks of sockets.
    """
    return {
        (55, "ErrorBoundary"): lambda stateful: _boundary(stateful),
        (54, "Announcer"): lambda _: rx.fragment(announcer()),
    }


def _boundary(stateful: bool) -> rx.Component:
    if stateful:
        return default_error_boundary(fallback_render=_broken())
    return default_error_boundary(fallback_render=_broken(), on_error=rx.noop())


def _broken() -> rx.Component:
    return rx.el.main(
        rx.el.div(
            rx.el.h1("This page could not be shown."),
            rx.el.p(
                "Nothing that the studio has stored was lost. Start again from the home page; "
                "if it happens again, write to the studio."
            ),
            rx.el.a(
                "Go to the home page",
                href="/",
                reload_document=True,
                class_name="button button-primary",
            ),
            class_name="outcome",
        ),
        class_name="main width",
    )

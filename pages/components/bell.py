"""The bell: what a person was told, one link away, with the number of what is unread."""

from __future__ import annotations

import reflex as rx

from pages.components.icons import icon
from pages.components.links import anchor
from state.bell import BellState

PATH = "/notifications"


def bell() -> rx.Component:
    """The link with its number."""
    number = rx.cond(
        BellState.unread != "",
        rx.el.span(BellState.unread, class_name="bell-number", aria_hidden=True),
        rx.fragment(),
    )
    return anchor(
        icon("bell"),
        number,
        href=PATH,
        class_name="icon-button bell",
        **{"aria-label": BellState.label, "title": BellState.label},
    )


def said() -> rx.Component:
    """Where a screen reader hears that something new came. Its place is always there, once."""
    return rx.el.div(BellState.said, class_name="only-read", role="status", aria_live="polite")

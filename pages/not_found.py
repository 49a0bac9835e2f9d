"""The page for an address that is not one."""

from __future__ import annotations

import reflex as rx

from pages.components.buttons import link_button
from pages.components.outcomes import outcome
from pages.layout import Page, public


def not_found() -> rx.Component:
    """Say so, and offer the two ways on."""
    return public(
        outcome(
            "There is no page at this address.",
            "It may have moved, or the address has a typing mistake in it.",
            link_button("Find a mentor", "/mentors"),
            link_button("Go to the home page", "/", kind="secondary"),
        )
    )


PAGE = Page(route="/404", title="Not found", component=not_found)

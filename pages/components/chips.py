"""Chips: filters that are on or off. They stand in the address, so each chip is a link."""

from __future__ import annotations

import reflex as rx

from pages.components.icons import icon
from pages.components.kinds import Child, Flag, Text
from pages.components.links import anchor


def chips(label: Text, *children: Child) -> rx.Component:
    """A group of chips; `label` says what they choose."""
    return rx.el.div(*children, role="group", aria_label=label, class_name="chips")


def named_chips(label: str, *children: Child) -> rx.Component:
    """The same with the label in sight, for several groups below each other."""
    return rx.el.div(
        rx.el.span(label, class_name="chips-name", aria_hidden=True),
        chips(label, *children),
        class_name="chips-line",
    )


def chip(label: Child, href: Text, *, chosen: Flag) -> rx.Component:
    """One filter: a link to the same page with the filter on, or off again when it is `chosen`.

    A chosen chip has a tick besides its colour.
    """
    return anchor(
        rx.cond(chosen, icon("check"), rx.fragment()),
        label,
        href=href,
        class_name="chip",
        **{"aria-current": rx.cond(chosen, "true", "false")},
    )

"""A mentor's next free time, in the zone of whoever looks."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import VarData

from pages.components.icons import icon
from state.base import AppState
from state.slots import FreeFace

_FORMAT = '{weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit"}'


def next_free(free: FreeFace | rx.Var[Any]) -> rx.Component:
    """When the next session can be booked, or that none can."""
    shown: Any = free
    return rx.el.p(
        icon("calendar-clock"),
        rx.cond(
            shown.iso != "",
            rx.fragment(
                rx.el.span("Next free time "),
                rx.el.span(
                    rx.cond(AppState.signed_in, shown.words, _in_this_browser(shown.iso)),
                    class_name="strong",
                ),
            ),
            rx.el.span("No free time at the moment", class_name="muted"),
        ),
        class_name="free-line",
    )


def _in_this_browser(iso: rx.Var[str]) -> rx.Var[str]:
    """Only a visitor's browser knows the zone that they are in."""
    instant = f"({iso!s} || 0)"
    words = f'new Intl.DateTimeFormat("en-GB", {_FORMAT}).format(new Date({instant}))'
    zone = "Intl.DateTimeFormat().resolvedOptions().timeZone"
    return rx.Var(
        f"`${{{words}}} (${{{zone}}})`",
        _var_type=str,
        # Reflex has no public name for what a variable needs to be read in an expression.
        _var_data=VarData.merge(
            iso._get_all_var_data()  # pyright: ignore[reportPrivateUsage]
        ),
    )

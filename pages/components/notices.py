"""What the application tells a person, in place: never a message that floats away."""

from __future__ import annotations

import reflex as rx

from pages.components.buttons import icon_button
from pages.components.icons import icon
from pages.components.kinds import Child, Press, Text, Tone

_ICONS: dict[str, str] = {
    "info": "info",
    "good": "circle-check",
    "warning": "triangle-alert",
    "bad": "circle-x",
}


def notice(*children: Child, tone: Tone = "info", action: Child | None = None) -> rx.Component:
    """A notice that belongs to its place on the page."""
    return rx.el.div(
        icon(_ICONS[tone]),
        rx.el.div(
            *children, *([action] if action is not None else []), class_name="stack stack-close"
        ),
        class_name=f"notice notice-{tone}",
    )


def live_notice(text: Text, tone: Text, on_close: Press) -> rx.Component:
    """The page's one notice. Its place is always there, so that screen readers hear it come."""
    shown = rx.el.div(
        rx.match(tone, *((name, icon(kind)) for name, kind in _ICONS.items()), icon("info")),
        rx.el.p(text),
        rx.el.div(
            icon_button("x", "Close this message", on_click=on_close), class_name="notice-close"
        ),
        class_name=f"notice notice-{tone}",
    )
    return rx.el.div(
        rx.cond(text != "", shown, rx.fragment()), class_name="notice-slot", aria_live="polite"
    )

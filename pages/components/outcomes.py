"""How something ended: one large sentence, what it means, and what to do now."""

from __future__ import annotations

import reflex as rx

from pages.components.icons import icon
from pages.components.kinds import Child, Text


def outcome(title: Child, words: Child, *actions: Child) -> rx.Component:
    """An end that is known when the page is built."""
    return rx.el.div(
        rx.el.h1(title),
        rx.el.p(words, class_name="lead"),
        rx.el.div(*actions, class_name="row"),
        class_name="outcome",
    )


def live_outcome(title: Text, words: Text, tone: Text, *more: Child) -> rx.Component:
    """An end that may still change: a change is announced. The sign says the tone in a shape."""
    sign = rx.match(
        tone,
        ("good", icon("check")),
        ("warning", icon("clock")),
        ("bad", icon("x")),
        icon("hourglass"),
    )
    return rx.el.div(
        rx.el.span(sign, class_name=f"outcome-mark outcome-{tone}", aria_hidden=True),
        rx.el.div(
            rx.el.h1(title),
            rx.el.p(words, class_name="lead"),
            class_name="stack stack-close",
            role="status",
        ),
        *more,
        class_name="outcome",
    )

"""How something ended: one large sentence, what it means, and what to do now."""

from __future__ import annotations

import reflex as rx

from pages.components.icons import icon
from pages.components.kinds import Child, Tone


def outcome(
    title: Child, words: Child, *actions: Child, tone: Tone = "info", mark: str = ""
) -> rx.Component:
    """`mark` is the name of an icon that says the tone besides its colour."""
    sign = (
        [rx.el.span(icon(mark), class_name=f"outcome-mark outcome-{tone}", aria_hidden=True)]
        if mark
        else []
    )
    return rx.el.div(
        *sign,
        rx.el.h1(title),
        rx.el.p(words, class_name="lead"),
        rx.el.div(*actions, class_name="row"),
        class_name="outcome",
    )

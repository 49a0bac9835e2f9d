"""The states of whatever is loaded: a skeleton of its shape, an error that says what failed, and
what to do where there is nothing yet. A failed query never looks like an empty list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import reflex as rx

from pages.components.buttons import button
from pages.components.kinds import Child, Flag, Press, Text
from pages.components.notices import notice

Shape = Literal["rows", "cards", "panel", "page"]


def loaded(
    phase: Text,
    content: Child,
    *,
    failure: Text,
    again: Press,
    shape: Shape = "rows",
    title: str = "",
) -> rx.Component:
    """`content` once it is there; until then its skeleton; after a failure, what failed.

    `phase` is "loading", "ready" or "failed", `failure` the sentence with the id to quote. Where
    the content brings the page's `h1`, `title` stands in for it until then.
    """
    return rx.fragment(
        rx.match(
            phase,
            ("ready", content),
            ("failed", rx.fragment(*_stand_in(title), failed(failure, again))),
            rx.fragment(*_stand_in(title), skeleton(shape)),
        )
    )


def failed(what: Text, again: Press) -> rx.Component:
    """What failed and what to do. `what` has the id to quote."""
    return rx.el.div(
        notice(
            rx.el.p(rx.el.strong("This could not be loaded. "), "Nothing you did was lost."),
            rx.el.p(what),
            tone="bad",
            action=rx.el.div(button("Try again", on_click=again, kind="secondary")),
        ),
        role="alert",
    )


def empty(title: Text, *explanation: Child, action: Child | None = None) -> rx.Component:
    """What will be here, why it is empty, and the one thing to do."""
    return rx.el.div(
        rx.el.h2(title, class_name="title-20"),
        *(rx.el.p(line, class_name="muted") for line in explanation),
        *([action] if action is not None else []),
        class_name="empty",
    )


def or_empty(filled: Flag, content: Child, nothing: Child) -> rx.Component:
    """The content, or what stands in its place when there is none."""
    return rx.fragment(rx.cond(filled, content, nothing))


def has(items: Sequence[object] | rx.Var[Any]) -> rx.Var[bool]:
    """Whether a state's list holds anything."""
    shown: Any = items
    return shown.length() > 0


def skeleton(shape: Shape = "rows") -> rx.Component:
    """The shape of what is coming, after 150 ms."""
    match shape:
        case "rows":
            bones = [_bone("row") for _ in range(5)]
        case "cards":
            bones = [rx.el.div(*(_bone("card") for _ in range(6)), class_name="skeleton-cards")]
        case "panel":
            bones = [_bone("panel")]
        case "page":
            bones = [
                _bone("title"),
                _bone("medium"),
                _bone("short"),
                _bone("panel"),
                _bone("panel"),
            ]
    return rx.el.div(
        rx.el.span("Loading", class_name="only-read"), *bones, class_name="skeleton", aria_busy=True
    )


def _stand_in(title: str) -> list[rx.Component]:
    return [rx.el.h1(title, class_name="only-read")] if title else []


def _bone(kind: str) -> rx.Component:
    return rx.el.span(class_name=f"bone bone-{kind}")

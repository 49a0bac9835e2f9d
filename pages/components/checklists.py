"""Checklists: steps with one of them open, and how far one has come."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.icons import icon
from pages.components.kinds import Child, Flag, Text
from pages.components.text import only_read


def checklist(*steps: Child) -> rx.Component:
    """A list of steps, each made by `step_item`."""
    return rx.el.ol(*steps, class_name="checklist")


def step_item(
    title: Text, *, done: Flag, optional: Flag, is_open: Flag, change: Child, content: Child
) -> rx.Component:
    """One step: its mark, its title, and its content while it is the open one, else `change`."""
    mark = rx.cond(
        done,
        rx.el.span(icon("check"), only_read("Done: "), class_name="step-mark step-mark-done"),
        rx.el.span(class_name="step-mark", aria_hidden=True),
    )
    return rx.el.li(
        rx.el.div(
            mark,
            rx.el.h2(title, class_name="title-20"),
            rx.cond(optional & ~done, toned("optional", "quiet"), rx.fragment()),
            rx.cond(is_open, rx.fragment(), rx.el.div(change, class_name="step-change")),
            class_name="step-line",
        ),
        rx.cond(is_open, rx.el.div(content, class_name="step-content"), rx.fragment()),
        class_name=rx.cond(is_open, "step step-open", "step"),
    )


def progress(done: rx.Var[int] | int, of: rx.Var[int] | int, words: Text) -> rx.Component:
    """A bar, with the words that say the same."""
    return rx.el.div(
        rx.el.progress(value=done, max=of, class_name="progress", aria_label=words),
        rx.el.span(words, class_name="muted small", aria_hidden=True),
        class_name="stack stack-close",
    )

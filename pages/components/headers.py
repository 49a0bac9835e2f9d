"""The head of a page: its title, its state and its one primary action on one line."""

from __future__ import annotations

import reflex as rx

from pages.components.kinds import Child


def page_header(
    title: Child, *, state: Child | None = None, action: Child | None = None
) -> rx.Component:
    """The page's one `h1`, with what belongs on its line."""
    return rx.el.div(
        rx.el.h1(title),
        *([state] if state is not None else []),
        *([rx.el.div(action, class_name="page-action")] if action is not None else []),
        class_name="page-head",
    )

"""People with their faces: the head of a public page, and one line of it elsewhere."""

from __future__ import annotations

import reflex as rx

from pages.components.faces import face
from pages.components.kinds import Child, Text


def person_header(name: Text, initials: Text, photo: Text, *lines: Child) -> rx.Component:
    """A large face beside the page's title and a few lines."""
    return rx.el.div(
        face(photo, initials, size="large"),
        rx.el.div(rx.el.h1(name), *lines, class_name="stack stack-close grow"),
        class_name="person-head",
    )


def person_line(initials: Text, photo: Text, *lines: Child) -> rx.Component:
    """A face beside a few lines that stay beside it."""
    return rx.el.div(
        face(photo, initials),
        rx.el.div(*lines, class_name="stack stack-tight grow"),
        class_name="person-line",
    )

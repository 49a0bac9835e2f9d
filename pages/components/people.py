"""The head of a person's public page: face, name, one line, where they stand."""

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

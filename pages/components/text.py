"""Words: headings, paragraphs, prices."""

from __future__ import annotations

import reflex as rx

from pages.components.kinds import Child


def title(*children: Child) -> rx.Component:
    """The one heading of a page that has no page header."""
    return rx.el.h1(*children)


def heading(*children: Child) -> rx.Component:
    """The heading of a section."""
    return rx.el.h2(*children, class_name="title-20")


def text(*children: Child) -> rx.Component:
    """A paragraph."""
    return rx.el.p(*children)


def lead(*children: Child) -> rx.Component:
    """The first sentence below a large title."""
    return rx.el.p(*children, class_name="lead")


def muted(*children: Child) -> rx.Component:
    """A paragraph that explains, smaller and quieter."""
    return rx.el.p(*children, class_name="muted small")


def prose(*children: Child) -> rx.Component:
    """What a person wrote, with that person's line breaks."""
    return rx.el.p(*children, class_name="prose")


def strong(*children: Child) -> rx.Component:
    """Words that matter within a line."""
    return rx.el.strong(*children)


def quiet(*children: Child) -> rx.Component:
    """Words of less weight within a line."""
    return rx.el.span(*children, class_name="muted")


def only_read(*children: Child) -> rx.Component:
    """Words for screen readers, where the eye sees a picture of them."""
    return rx.el.span(*children, class_name="only-read")

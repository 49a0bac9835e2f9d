"""Where things stand: stacks, rows, columns, sections. Space between things is decided here."""

from __future__ import annotations

from typing import Literal

import reflex as rx

from pages.components.kinds import Child, Text

Gap = Literal["tight", "close", "normal", "wide", "apart"]


def stack(*children: Child, gap: Gap = "normal") -> rx.Component:
    """One below the other."""
    return rx.el.div(*children, class_name=_with_gap("stack", gap))


def row(*children: Child, between: bool = False, baseline: bool = False) -> rx.Component:
    """Side by side, wrapping; `between` pushes the last one to the far edge."""
    names = ["row", *(["row-between"] * between), *(["row-baseline"] * baseline)]
    return rx.el.div(*children, class_name=" ".join(names))


def cards(*children: Child) -> rx.Component:
    """Cards of one width, as many in a line as fit."""
    return rx.el.div(*children, class_name="cards")


def split(main: Child, side: Child, *, even: bool = False) -> rx.Component:
    """Two columns where there is room: the larger one left."""
    return rx.el.div(main, side, class_name="split split-even" if even else "split")


def side(*children: Child) -> rx.Component:
    """The smaller column, which stays in sight while the larger one scrolls."""
    return rx.el.div(*children, class_name="sticky-side")


def form_width(*children: Child) -> rx.Component:
    """A column as wide as a text form may be."""
    return rx.el.div(*children, class_name="stack stack-wide form-width")


def centred(*children: Child) -> rx.Component:
    """One column in the middle of the page, as wide as a text form: all that the page is about."""
    return rx.el.div(*children, class_name="centred stack stack-wide")


def wide_cards(*children: Child) -> rx.Component:
    """Cards that hold more than a few words, two in a line at most."""
    return rx.el.div(*children, class_name="cards cards-wide")


def section(heading: Text, *children: Child, action: Child | None = None) -> rx.Component:
    """A part of a page with its heading and, at the far edge, one action."""
    head = [rx.el.h2(heading), *([action] if action is not None else [])]
    return rx.el.section(
        rx.el.div(*head, class_name="section-head"), *children, class_name="section"
    )


def setting(heading: Text, *children: Child) -> rx.Component:
    """One of several matters of a page, with a line between them: its heading left where there is
    room."""
    return rx.el.section(
        rx.el.h2(heading),
        rx.el.div(*children, class_name="stack"),
        class_name="setting",
    )


def divided(*children: Child) -> rx.Component:
    """Parts with a line between them."""
    return rx.el.div(*children, class_name="rows")


def _with_gap(name: str, gap: Gap) -> str:
    return name if gap == "normal" else f"{name} {name}-{gap}"

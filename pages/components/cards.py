"""Cards, lists of facts, lists of points, and the figures at the top of a dashboard."""

from __future__ import annotations

import reflex as rx

from pages.components.icons import icon
from pages.components.kinds import Child, Text


def card(*children: Child, label: str = "") -> rx.Component:
    """A thing with an edge. Never put one into another; `label` makes it a named group."""
    if not label:
        return rx.el.div(*children, class_name="card stack")
    return rx.el.section(*children, class_name="card stack", aria_label=label)


def facts(*pairs: tuple[Text, Child]) -> rx.Component:
    """Names and their values, one pair a line."""
    return fact_list(*(fact(name, value) for name, value in pairs))


def fact_list(*made: rx.Component) -> rx.Component:
    """The same of facts that are made already, some of them in a loop."""
    return rx.el.dl(*made, class_name="facts")


def fact(name: Text, value: Child) -> rx.Component:
    """One line of `facts`."""
    return rx.el.div(rx.el.dt(name), rx.el.dd(value))


def points(*texts: Child) -> rx.Component:
    """What one gets, as a ticked list."""
    return rx.el.ul(
        *(rx.el.li(icon("check"), rx.el.span(text)) for text in texts), class_name="ticks"
    )


def stats(*figures: rx.Component) -> rx.Component:
    """A line of figures, each made by `stat`."""
    return rx.el.dl(*figures, class_name="stats")


def stat(name: Text, value: Child, note: Child | None = None) -> rx.Component:
    """One figure: what it is, how much, and what to know about it."""
    notes = [rx.el.dd(note)] if note is not None else []
    return rx.el.div(rx.el.dt(name), rx.el.dd(value), *notes, class_name="stat")

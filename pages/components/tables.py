"""Tables: text left, numbers right; on a phone each row is a card with the facts that matter."""

from __future__ import annotations

from typing import Literal

import reflex as rx

from pages.components.kinds import Child, Text
from pages.components.links import anchor

Rank = Literal["main", "fact", "detail", "wide", "action"]
_CLASSES: dict[str, str] = {
    "main": "fact fact-main",
    "fact": "fact",
    "detail": "detail",
    "wide": "wide",
    "action": "action",
}


def table(
    label: Text, heads: list[rx.Component], rows: Child, *, dense: bool = False
) -> rx.Component:
    """A table; `label` names it for screen readers, `rows` is made by `rx.foreach` and `row`."""
    return rx.el.div(
        rx.el.table(
            rx.el.caption(label, class_name="only-read"),
            rx.el.thead(rx.el.tr(*heads)),
            rx.el.tbody(rows),
            class_name="table table-dense" if dense else "table",
        ),
        class_name="table-frame",
    )


def head(label: str, *, number: bool = False) -> rx.Component:
    """The heading of a column; without words, the place above buttons that need none."""
    if not label:
        return rx.el.td()
    return rx.el.th(label, scope="col", class_name="number" if number else "")


def row(*cells: rx.Component) -> rx.Component:
    """One row. With `row_link` in its main cell, the whole row opens, also by Enter."""
    return rx.el.tr(*cells)


def cell(*children: Child, rank: Rank = "detail", number: bool = False) -> rx.Component:
    """One cell. On a phone `main` and `fact` are the card's first line, `detail` follows below,
    `wide` is left out, `action` has a line of its own."""
    names = [_CLASSES[rank], *(["number"] * number)]
    return rx.el.td(*children, class_name=" ".join(names))


def row_link(label: Child, href: Text) -> rx.Component:
    """The link that opens a row; the whole row is its target."""
    return anchor(label, href=href, class_name="row-open")


def table_foot(count: Child, *more: Child) -> rx.Component:
    """Below a table: how many there are, and the way to the next ones."""
    return rx.el.div(rx.el.span(count), *more, class_name="table-foot")

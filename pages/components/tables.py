"""Tables: text left, numbers right; on a phone each row is a card with the facts that matter."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from pages.components.boxes import row as line
from pages.components.buttons import link_button
from pages.components.icons import icon
from pages.components.kinds import Child, Text
from pages.components.links import anchor
from state.listing import Listing

Rank = Literal["main", "fact", "detail", "wide", "action"]
_CLASSES: dict[str, str] = {
    "main": "fact fact-main",
    "fact": "fact",
    "detail": "detail",
    "wide": "wide",
    "action": "action",
}


def table(
    label: Text,
    heads: list[rx.Component],
    rows: Child,
    *,
    dense: bool = False,
    choices: bool = False,
) -> rx.Component:
    """A table; `label` names it for screen readers, `rows` is made by `rx.foreach` and `row`. With
    `choices` its cells are boxes to tick, side by side below their row's words on a phone."""
    named = ["table", *(["table-dense"] * dense), *(["table-choices"] * choices)]
    return rx.el.div(
        rx.el.table(
            rx.el.caption(label, class_name="only-read"),
            rx.el.thead(rx.el.tr(*heads)),
            rx.el.tbody(rows),
            class_name=" ".join(named),
        ),
        class_name="table-frame",
    )


def head(label: Text, *, number: bool = False) -> rx.Component:
    """The heading of a column; without words, the place above buttons that need none."""
    if isinstance(label, str) and not label:
        return rx.el.td()
    return rx.el.th(label, scope="col", class_name="number" if number else "")


def sort_head(
    state: type[Listing], column: str, label: str, *, number: bool = False
) -> rx.Component:
    """The heading of a column to sort by: a link, because the order stands in the address. Pressed
    again, it turns the order round."""
    rises, falls = state.sort == column, state.sort == f"-{column}"
    sign = rx.cond(
        rises, icon("arrow-up"), rx.cond(falls, icon("arrow-down"), icon("chevrons-up-down"))
    )
    return rx.el.th(
        anchor(label, sign, href=state.sort_hrefs[column], class_name="sort"),
        scope="col",
        class_name="number" if number else "",
        custom_attrs={
            "aria-sort": rx.cond(rises, "ascending", rx.cond(falls, "descending", "none"))
        },
    )


def row(*cells: rx.Component) -> rx.Component:
    """One row. With `row_link` in its main cell, the whole row opens, also by Enter."""
    return rx.el.tr(*cells)


def cell(
    *children: Child, rank: Rank = "detail", number: bool = False, label: Text = ""
) -> rx.Component:
    """One cell. On a phone `main` and `fact` are the card's first line, `detail` follows below,
    `wide` is left out, `action` stands at the right; `label` is said there before the content."""
    names = [_CLASSES[rank], *(["number"] * number)]
    unsaid = isinstance(label, str) and not label
    said: dict[str, Any] = {} if unsaid else {"custom_attrs": {"data-label": label}}
    return rx.el.td(*children, class_name=" ".join(names), **said)


def row_link(label: Child, href: Text) -> rx.Component:
    """The link that opens a row; the whole row is its target."""
    return anchor(label, href=href, class_name="row-open")


def part_foot(count: Child, first: Text, following: Text) -> rx.Component:
    """Below one part of a list: how many there are, and the ways to its first part and the next."""
    return table_foot(
        count,
        line(_link_if("Back to the top", first), _link_if("Next ones", following)),
    )


def _link_if(label: str, href: Text) -> rx.Component:
    return rx.cond(href != "", link_button(label, href, kind="secondary"), rx.fragment())


def table_foot(count: Child, *more: Child) -> rx.Component:
    """Below a table: how many there are, and the way to the next ones."""
    return rx.el.div(rx.el.span(count), *more, class_name="table-foot")

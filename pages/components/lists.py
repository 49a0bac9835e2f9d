"""Long lists for admins: search and chips above, a row that opens, the way on below."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row as line
from pages.components.buttons import button, link_button
from pages.components.chips import chip, chips
from pages.components.forms import form, search
from pages.components.kinds import NOTHING, Child, Flag, Press, Text
from pages.components.phases import empty, loaded, or_empty
from pages.components.tables import part_foot
from state.listing import Listing
from state.mentors import FilterChip


def listing(
    state: type[Listing],
    content: Child,
    *,
    path: str,
    placeholder: str,
    search_label: str,
    filter_label: str,
    submit: Press,
    load: Press,
    nothing: str,
    why: str,
    filled: Flag,
    beside: Child = NOTHING,
    key: Text | None = None,
) -> rx.Component:
    """A list with its tools. `nothing` and `why` say what will be here once there is something;
    when a search or a filter is why it is empty, that is said instead. `beside` the search may be
    another field of its form, which `key` makes anew when the address asks for something else."""
    return rx.fragment(
        _tools(
            state,
            placeholder=placeholder,
            search_label=search_label,
            filter_label=filter_label,
            submit=submit,
            beside=beside,
            key=key,
        ),
        loaded(
            state.phase,
            or_empty(
                filled, rx.fragment(content, _foot(state)), _nothing(state, path, nothing, why)
            ),
            failure=state.failure,
            again=load,
        ),
    )


def _tools(
    state: type[Listing],
    *,
    placeholder: str,
    search_label: str,
    filter_label: str,
    submit: Press,
    beside: Child,
    key: Text | None,
) -> rx.Component:
    return rx.el.div(
        form(
            line(
                search("q", search_label, value=state.query, placeholder=placeholder),
                beside,
                button("Search", submit=True, kind="secondary"),
            ),
            on_submit=submit,
            key=state.query if key is None else key,
            label=search_label,
        ),
        chips(filter_label, rx.foreach(state.chips, _chip)),
        class_name="list-tools",
    )


def _chip(one: rx.vars.ObjectVar[FilterChip]) -> rx.Component:
    return chip(one.label, one.href, chosen=one.chosen)


def _foot(state: type[Listing]) -> rx.Component:
    return part_foot(state.total, state.first_href, state.older_href)


def _nothing(state: type[Listing], path: str, nothing: str, why: str) -> rx.Component:
    return rx.cond(
        state.filtered,
        empty(
            "Nothing fits all of that.",
            "Take the filter away, or search for less.",
            action=link_button("Show all", path, kind="secondary"),
        ),
        empty(nothing, why),
    )


def under(*words: Child, bad: bool = False) -> rx.Component:
    """A second, quieter line in a cell."""
    return rx.el.span(*words, class_name="under under-bad" if bad else "under")


def mark(text: Text, *, short: bool = False) -> rx.Component:
    """An identifier, to be read letter by letter; a `short` one is cut where it gets too long, and
    can still be copied whole."""
    return rx.el.span(text, title=text, class_name="mark mark-short" if short else "mark")


def opened(*children: Child, columns: int, shown: Flag) -> rx.Component:
    """What opens below a row of a table with so many columns."""
    return rx.cond(
        shown,
        rx.el.tr(
            rx.el.td(rx.el.div(*children, class_name="opened-panel"), col_span=columns),
            class_name="opened",
        ),
        rx.fragment(),
    )


def question(words: Child, *answers: Child) -> rx.Component:
    """What would follow, asked once more before it is done."""
    return rx.el.div(
        rx.el.p(words), line(*answers), class_name="question", role="group", aria_live="polite"
    )


def opener(name: Text, *, is_open: Flag, on_click: Press) -> rx.Component:
    """The button in a row that opens the panel below it."""
    return rx.el.button(
        rx.cond(is_open, "Close", "Manage"),
        type="button",
        class_name="button button-quiet",
        aria_expanded=is_open,
        aria_label=rx.cond(is_open, f"Close {name}", f"Manage {name}"),
        on_click=on_click,
    )

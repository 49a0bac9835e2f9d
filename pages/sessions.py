"""One's own sessions, as a mentee."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import stack
from pages.components.buttons import link_button
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.sessions import part_chips, session_list
from pages.components.tables import part_foot
from pages.components.text import muted
from pages.layout import Page, signed_in
from state.sessions import PATH
from state.sessions import SessionsState as State


def sessions() -> rx.Component:
    """What is to come, or what was, and the way to more of it."""
    return signed_in(
        "Sessions",
        stack(
            part_chips(State.chips),
            loaded(
                State.phase,
                or_empty(has(State.rows), _list(), _nothing()),
                failure=State.failure,
                again=State.load,
            ),
            gap="wide",
        ),
        area="mentee",
        active=PATH,
    )


def _list() -> rx.Component:
    return stack(
        muted("Times are yours: ", State.time_zone, "."),
        session_list(State.rows, label="Your sessions"),
        part_foot(State.total, State.first_href, State.next_href),
    )


def _nothing() -> rx.Component:
    return rx.cond(
        State.chosen == "past",
        empty(
            "No session is over yet.",
            "What you talked about, your notes and how each session ended are kept here.",
        ),
        empty(
            "No session is booked.",
            "Open your home page and book one with the sessions of your pack that are left.",
            action=link_button("Go to your home page", "/dashboard", kind="secondary"),
        ),
    )


PAGE = Page(route=PATH, title="Sessions", component=sessions, on_load=[State.load])

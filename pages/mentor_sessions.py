"""A mentor's sessions."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import section, stack
from pages.components.buttons import link_button
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.sessions import part_chips, session_list
from pages.components.tables import part_foot
from pages.components.text import muted
from pages.layout import Page, signed_in
from state.mentor_sessions import PATH, Group
from state.mentor_sessions import MentorSessionsState as State


def mentor_sessions() -> rx.Component:
    """What is to decide, today, the next days, later; or what is over."""
    return signed_in(
        "Sessions",
        stack(
            part_chips(State.chips),
            loaded(
                State.phase,
                or_empty(has(State.groups), _groups(), _nothing()),
                failure=State.failure,
                again=State.load,
            ),
            gap="wide",
        ),
        area="mentor",
        active=PATH,
    )


def _groups() -> rx.Component:
    return stack(
        muted("Times are yours: ", State.time_zone, "."),
        rx.foreach(State.groups, _group),
        part_foot(State.total, State.first_href, State.next_href),
        gap="wide",
    )


def _group(one: rx.vars.ObjectVar[Group]) -> rx.Component:
    return section(one.title, session_list(one.rows, label=one.title))


def _nothing() -> rx.Component:
    return rx.fragment(
        rx.match(
            State.chosen,
            (
                "decide",
                empty(
                    "Nothing to decide.",
                    "When nobody can tell from the joins what happened in a session, "
                    "it waits here for your word.",
                ),
            ),
            (
                "past",
                empty(
                    "No session is over yet.",
                    "Your notes and how each session ended are kept here.",
                ),
            ),
            empty(
                "Nobody has booked a session.",
                "Mentees with a seat book the times that your availability offers.",
                action=link_button("Your availability", "/mentor/availability", kind="secondary"),
            ),
        )
    )


PAGE = Page(route=PATH, title="Sessions", component=mentor_sessions, on_load=[State.load])

"""All mentors, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.buttons import button
from pages.components.editors import person_cell
from pages.components.lists import listing, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, row_link, sort_head, table
from pages.layout import Page, signed_in
from state.admin_mentors import PATH, AdminMentor
from state.admin_mentors import AdminMentorsState as State


def admin_mentors() -> rx.Component:
    """Search, filter, table; a row opens the mentor's editor."""
    heads = [
        sort_head(State, "name", "Mentor"),
        sort_head(State, "seats", "Seats taken"),
        head("Status"),
        sort_head(State, "since", "Since"),
        head("Actions"),
    ]
    return signed_in(
        "Mentors",
        listing(
            State,
            table("Mentors", heads, rx.foreach(State.rows, _row), dense=True),
            path=PATH,
            placeholder="A name, an address, a headline",
            search_label="Search mentors",
            filter_label="Which mentors",
            submit=State.search,
            load=State.load,
            nothing="There is no mentor yet.",
            why="Open an account under Users and make it a mentor.",
            filled=has(State.rows),
        ),
        area="admin",
        active=PATH,
    )


def _row(mentor: rx.vars.ObjectVar[AdminMentor]) -> rx.Component:
    name = rx.el.div(row_link(mentor.name, mentor.href), under(mentor.email))
    return row(
        cell(person_cell(mentor.photo, mentor.initials, name), rank="main"),
        cell(
            mentor.seats,
            rx.cond(mentor.seats_note != "", under(mentor.seats_note), rx.fragment()),
            rank="fact",
        ),
        cell(badge(mentor.status)),
        cell(moment(mentor.joined), rank="wide"),
        cell(
            rx.cond(
                mentor.listed,
                button(
                    "Take off the list",
                    on_click=State.set_listed(mentor.slug, False),
                    kind="quiet",
                ),
                button("List", on_click=State.set_listed(mentor.slug, True), kind="quiet"),
            ),
            rank="action",
        ),
    )


PAGE = Page(route=PATH, title="Mentors", component=admin_mentors, on_load=[State.load])

"""All sessions, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.links import text_link
from pages.components.lists import listing, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, row_link, sort_head, table
from pages.layout import Page, signed_in
from state.admin_sessions import PATH, AdminSession
from state.admin_sessions import AdminSessionsState as State


def admin_sessions() -> rx.Component:
    """Search, filter, table; what may be put right is on the session's own page."""
    heads = [head("Mentee"), head("Mentor"), sort_head(State, "starts", "When"), head("Status")]
    return signed_in(
        "Sessions",
        listing(
            State,
            table("Sessions", heads, rx.foreach(State.rows, _row), dense=True),
            path=PATH,
            placeholder="A name, an address, a session's id",
            search_label="Search sessions",
            filter_label="Status",
            submit=State.search,
            load=State.load,
            nothing="Nothing has been booked yet.",
            why="Every session is listed here, and those that nobody has decided about come first.",
            filled=has(State.rows),
        ),
        area="admin",
        active=PATH,
    )


def _row(session: rx.vars.ObjectVar[AdminSession]) -> rx.Component:
    return row(
        cell(
            row_link(session.mentee, session.href),
            under(session.email),
            rx.cond(session.note != "", under(session.note), rx.fragment()),
            rank="main",
        ),
        cell(text_link(session.mentor, session.mentor_href)),
        cell(moment(session.when)),
        cell(toned(session.status, session.tone), rank="fact"),
    )


PAGE = Page(route=PATH, title="Sessions", component=admin_sessions, on_load=[State.load])

"""The stored webhooks, for admins: what became of each."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.buttons import button
from pages.components.jobs import job_places, many_again, said, thing
from pages.components.links import text_link
from pages.components.lists import listing, mark, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, sort_head, table
from pages.components.text import strong
from pages.layout import Page, signed_in
from state.admin_inbox import PATH, AdminEvent
from state.admin_inbox import AdminInboxState as State


def admin_inbox() -> rx.Component:
    """Search, filter, table."""
    heads = [
        head("Event"),
        head("About"),
        head("Status"),
        head("Tries"),
        sort_head(State, "received", "Received"),
    ]
    return signed_in(
        "Inbox",
        job_places(PATH),
        many_again(State, "Handle them again"),
        listing(
            State,
            table("Webhooks", heads, rx.foreach(State.rows, _row), dense=True),
            path=PATH,
            placeholder="An id, whole",
            search_label="Search webhooks",
            filter_label="Status",
            submit=State.search,
            load=State.load,
            nothing="No webhook has come yet.",
            why="What outside services tell the studio is stored here before it is answered.",
            filled=has(State.rows),
        ),
        area="admin",
        active=PATH,
        action=button("Handle failed ones again", on_click=State.count_stuck, kind="secondary"),
    )


def _row(event: rx.vars.ObjectVar[AdminEvent]) -> rx.Component:
    return row(
        cell(text_link(strong(event.type), event.href), under(event.source), rank="main"),
        cell(
            rx.cond(
                event.about != "",
                thing(event.about, event.about_href),
                mark(event.object_id, short=True),
            ),
            rank="wide",
        ),
        cell(badge(event.status), rank="fact"),
        cell(event.attempts, said(event.error, bad=True)),
        cell(moment(event.received)),
    )


PAGE = Page(route=PATH, title="Inbox", component=admin_inbox, on_load=[State.load])

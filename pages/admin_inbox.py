"""The stored webhooks, for admins: what became of each."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.buttons import button
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
        head("Actions"),
    ]
    return signed_in(
        "Inbox",
        listing(
            State,
            table("Webhooks", heads, rx.foreach(State.rows, _row), dense=True),
            path=PATH,
            placeholder="The beginning of a type or an id",
            search_label="Search webhooks",
            filter_label="Status",
            submit=State.search,
            load=State.load,
            nothing="No webhook has come yet.",
            why="What the payment provider tells the studio is stored here before it is answered.",
            filled=has(State.rows),
        ),
        area="admin",
        active=PATH,
    )


def _row(event: rx.vars.ObjectVar[AdminEvent]) -> rx.Component:
    return row(
        cell(strong(event.type), under(event.source), rank="main"),
        cell(mark(event.object_id, short=True), rank="wide"),
        cell(badge(event.status), rank="fact"),
        cell(
            event.attempts,
            rx.cond(event.error != "", under(event.error, bad=True), rx.fragment()),
        ),
        cell(moment(event.received)),
        cell(
            rx.cond(
                event.can_retry,
                button("Handle again", on_click=State.retry(event.public_id), kind="quiet"),
                rx.fragment(),
            ),
            rank="action",
        ),
    )


PAGE = Page(route=PATH, title="Inbox", component=admin_inbox, on_load=[State.load])

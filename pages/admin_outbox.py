"""What must leave the building, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.buttons import button
from pages.components.jobs import job_places, kind_choice, many_again, said, thing
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import listing, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, table
from pages.components.text import quiet, strong
from pages.layout import Page, signed_in
from state.admin_outbox import PATH, MessageLine
from state.admin_outbox import AdminOutboxState as State
from state.job_rows import JOBS


def admin_outbox() -> rx.Component:
    """Sending again what is stuck, search, filters, table."""
    heads = [
        head("Message"),
        head("About"),
        head("Status"),
        head("Tries"),
        head("Written"),
        head("Due or sent"),
    ]
    return signed_in(
        "Outbox",
        job_places(PATH),
        many_again(State, "Send them again"),
        listing(
            State,
            table("Messages", heads, rx.foreach(State.rows, _row), dense=True),
            path=PATH,
            placeholder="An id or a key, whole",
            search_label="Search messages",
            filter_label="Status",
            submit=State.search,
            load=State.load,
            nothing="No message has left yet.",
            why="Mails, refunds, calendar entries and what goes to Discord are written here in the "
            "same step as their cause, so that none gets lost.",
            filled=has(State.rows),
            beside=kind_choice(State),
            key=State.query + State.kind,
        ),
        area="admin",
        active=JOBS,
        action=button("Send stuck ones again", on_click=State.count_stuck, kind="secondary"),
    )


def _row(one: rx.vars.ObjectVar[MessageLine]) -> rx.Component:
    return row(
        cell(text_link(strong(one.kind), one.href), under(one.key), rank="main"),
        cell(thing(one.about, one.about_href), rank="wide"),
        cell(
            toned(one.status, one.tone),
            rx.cond(one.paused, toned("paused", "warning"), NOTHING),
            rank="fact",
        ),
        cell(one.tries, said(one.error, bad=True)),
        cell(moment(one.created), label="Written: "),
        cell(quiet(one.when_word, " "), moment(one.when)),
    )


PAGE = Page(route=PATH, title="Outbox", component=admin_outbox, on_load=[State.load])

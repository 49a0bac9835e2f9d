"""The mails that were sent, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.jobs import kind_choice, said, thing
from pages.components.links import text_link
from pages.components.lists import listing, under
from pages.components.mails import mail_places
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, table
from pages.components.text import strong
from pages.layout import Page, signed_in
from state.admin_mails import AdminMailsState as State
from state.admin_mails import MailLine
from state.mail_rows import MAILS


def admin_mails() -> rx.Component:
    """Search, filters, table."""
    heads = [head("Mail"), head("To"), head("About"), head("Status"), head("First tried")]
    return signed_in(
        "Mails",
        mail_places(MAILS),
        listing(
            State,
            table("Mails", heads, rx.foreach(State.rows, _row), dense=True),
            path=MAILS,
            placeholder="A name, an address, or an id",
            search_label="Search mails",
            filter_label="Status",
            submit=State.search,
            load=State.load,
            nothing="No mail was sent yet.",
            why="Every mail of the studio is listed here from its first attempt on, with what "
            "became of it.",
            filled=has(State.rows),
            beside=kind_choice(State),
            key=State.query + State.kind,
        ),
        area="admin",
        active=MAILS,
    )


def _row(one: rx.vars.ObjectVar[MailLine]) -> rx.Component:
    return row(
        cell(text_link(strong(one.subject), one.href), under(one.kind), rank="main"),
        cell(
            rx.cond(one.person_href != "", text_link(one.person, one.person_href), one.person),
            under(one.address),
        ),
        cell(thing(one.about, one.about_href), rank="wide"),
        cell(toned(one.status, one.tone), said(one.reason), rank="fact"),
        cell(moment(one.at)),
    )


PAGE = Page(route=MAILS, title="Mails", component=admin_mails, on_load=[State.load])

"""The addresses that get no mail, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import form_width
from pages.components.buttons import button
from pages.components.cards import card
from pages.components.forms import errors_of, field
from pages.components.jobs import said
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import listing
from pages.components.mails import mail_places
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.questions import asked
from pages.components.tables import cell, head, row, table
from pages.components.text import strong
from pages.layout import Page, signed_in
from state.admin_suppressed import AdminSuppressedState as State
from state.admin_suppressed import SuppressedLine
from state.mail_rows import MAILS, SUPPRESSED

_wrong = errors_of(State.wrong, State.wrong_text)


def admin_suppressed() -> rx.Component:
    """The list, and putting another address on it."""
    heads = [head("Address"), head("Person"), head("Why"), head("Since"), head("Actions")]
    return signed_in(
        "Addresses without mail",
        mail_places(SUPPRESSED),
        rx.cond(State.adding, card(form_width(_adding())), NOTHING),
        listing(
            State,
            table("Addresses", heads, rx.foreach(State.rows, _row), dense=True),
            path=SUPPRESSED,
            placeholder="A part of an address",
            search_label="Search addresses",
            filter_label="Filter",
            submit=State.search,
            load=State.load,
            nothing="Every address gets its mails.",
            why="An address from which mails come back, or whose reader calls them spam, is put "
            "here by itself: writing on would harm every other mail of the studio.",
            filled=has(State.rows),
        ),
        area="admin",
        active=MAILS,
        action=button("Add an address", on_click=State.ask(True), kind="secondary"),
    )


def _adding() -> rx.Component:
    return asked(
        field(
            "address",
            "Address",
            kind="email",
            error=_wrong("address"),
            inputmode="email",
            max_length=254,
            autofocus=True,
        ),
        field("note", "Why", help="Admins alone read it.", error=_wrong("note"), max_length=300),
        submit="Write to it no more",
        on_submit=State.add,
        on_close=State.ask(False),
        busy=State.busy,
        label="Add an address",
    )


def _row(one: rx.vars.ObjectVar[SuppressedLine]) -> rx.Component:
    return row(
        cell(strong(one.address), rank="main"),
        cell(rx.cond(one.person != "", text_link(one.person, one.person_href), "nobody's")),
        cell(toned(one.reason, one.tone), said(one.note), rank="fact"),
        cell(moment(one.at)),
        cell(
            button(
                "Write again",
                about=one.address,
                on_click=State.lift(one.public_id),
                kind="quiet",
            ),
            rank="action",
        ),
    )


PAGE = Page(
    route=SUPPRESSED,
    title="Addresses without mail",
    component=admin_suppressed,
    on_load=[State.load],
)

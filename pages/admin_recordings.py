"""All recordings, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.chips import chip, chips
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import listing, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, row_link, sort_head, table
from pages.components.transfers import RECORDINGS, recording_places, status_line, transfer
from pages.layout import Page, signed_in
from state.admin_recordings import AdminRecording
from state.admin_recordings import AdminRecordingsState as State


def admin_recordings() -> rx.Component:
    """Search, filters, table; a row opens its recording."""
    heads = [
        head("Session of"),
        head("Status"),
        sort_head(State, "began", "When"),
        head("Size", number=True),
        head("Kept until"),
        head("Session's cost", number=True),
    ]
    return signed_in(
        "Recordings",
        recording_places(RECORDINGS),
        listing(
            State,
            rx.fragment(
                _mentor(),
                table("Recordings", heads, rx.foreach(State.rows, _row), dense=True),
            ),
            path=RECORDINGS,
            placeholder="A name, or the id of a session or a recording",
            search_label="Search recordings",
            filter_label="Status",
            submit=State.search,
            load=State.load,
            nothing="Nothing was recorded yet.",
            why="A session is recorded when both people agreed to it. From its first second on, "
            "you see here how far the recording is, where its files lie, and until when.",
            filled=has(State.rows),
        ),
        area="admin",
        active=RECORDINGS,
    )


def _mentor() -> rx.Component:
    """The filter that a mentor's name in a row sets."""
    return rx.cond(
        has(State.mentor_chip),
        chips(
            "Mentor",
            rx.foreach(State.mentor_chip, lambda one: chip(one.label, one.href, chosen=one.chosen)),
        ),
        NOTHING,
    )


def _row(one: rx.vars.ObjectVar[AdminRecording]) -> rx.Component:
    return row(
        cell(
            row_link(one.mentee, one.href),
            under("with ", text_link(one.mentor, one.mentor_href)),
            rx.cond(
                one.note != "",
                rx.cond(one.is_bad, under(one.note, bad=True), under(one.note)),
                NOTHING,
            ),
            rank="main",
        ),
        cell(
            status_line(one.status, one.tone, one.marks),
            transfer(one.copied, one.progress, about="Transferred"),
            rank="fact",
        ),
        cell(moment(one.when), rx.cond(one.lasts != "", under(one.lasts), NOTHING)),
        cell(
            one.size,
            rx.cond(one.stores != "", under(one.stores), NOTHING),
            number=True,
            label=rx.cond(one.size != "", "Size: ", ""),
        ),
        cell(moment(one.keep), label=rx.cond(one.keep.iso != "", "Kept until: ", "")),
        cell(one.cost, number=True, label=rx.cond(one.cost != "", "Session's cost: ", "")),
    )


PAGE = Page(route=RECORDINGS, title="Recordings", component=admin_recordings, on_load=[State.load])

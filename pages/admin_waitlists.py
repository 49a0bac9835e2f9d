"""Waitlists, for admins: the mentors for whom somebody waits."""

from __future__ import annotations

import reflex as rx

from pages.components.lists import under
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.tables import cell, head, part_foot, row, row_link, table
from pages.layout import Page, signed_in
from state.admin_waitlists import PATH, LineFace
from state.admin_waitlists import AdminWaitlistsState as State


def admin_waitlists() -> rx.Component:
    """A row per mentor; it opens the line."""
    heads = [
        head("Mentor"),
        head("Waiting", number=True),
        head("Offers", number=True),
        head("Seats taken"),
        head("First since"),
    ]
    return signed_in(
        "Waitlists",
        loaded(
            State.phase,
            or_empty(
                has(State.lines),
                rx.fragment(
                    table("Waitlists", heads, rx.foreach(State.lines, _line)),
                    part_foot(State.total, State.first_href, State.next_href),
                ),
                empty(
                    "Nobody waits.",
                    "When a mentor is full or closed, people join the waitlist on the mentor's "
                    "page. Every mentor with one is listed here.",
                ),
            ),
            failure=State.failure,
            again=State.load,
        ),
        area="admin",
        active=PATH,
    )


def _line(one: rx.vars.ObjectVar[LineFace]) -> rx.Component:
    return row(
        cell(
            row_link(one.name, one.href),
            rx.cond(one.note != "", under(one.note), rx.fragment()),
            rank="main",
        ),
        cell(one.waiting, rank="fact", number=True, label="Waiting"),
        cell(one.offered, number=True, label="Offers"),
        cell(one.seats, label="Seats taken"),
        cell(moment(one.since), label="First since"),
    )


PAGE = Page(route=PATH, title="Waitlists", component=admin_waitlists, on_load=[State.load])

"""The signed-in mentor's mentees."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.lists import listing, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, row_link, sort_head, table
from pages.components.text import quiet
from pages.layout import Page, signed_in
from state.mentor_mentees import PATH, MenteeFace
from state.mentor_mentees import MentorMenteesState as State


def mentor_mentees() -> rx.Component:
    """Search, filter, table; a row opens a mentee's card."""
    heads = [
        sort_head(State, "name", "Mentee"),
        head("Sessions"),
        head("Next"),
        head("Last"),
        head("Onboarding"),
    ]
    return signed_in(
        "Mentees",
        listing(
            State,
            table("Mentees", heads, rx.foreach(State.rows, _row)),
            path=PATH,
            placeholder="A name",
            search_label="Search mentees",
            filter_label="Which mentees",
            submit=State.search,
            load=State.load,
            nothing="Nobody has a seat with you yet.",
            why="Whoever buys one of your packs is listed here, with what is left of it.",
            filled=has(State.rows),
        ),
        area="mentor",
        active=PATH,
    )


def _row(mentee: rx.vars.ObjectVar[MenteeFace]) -> rx.Component:
    return row(
        cell(
            row_link(mentee.name, mentee.href),
            under(toned(mentee.seat, mentee.seat_tone)),
            rank="main",
        ),
        cell(
            mentee.balance,
            rx.cond(mentee.booked != "", under(mentee.booked), rx.fragment()),
            rank="fact",
        ),
        cell(
            rx.cond(mentee.next.iso != "", moment(mentee.next), quiet("nothing booked")),
            label="Next: ",
        ),
        cell(moment(mentee.last), rank="wide"),
        cell(mentee.onboarding, label="Onboarding: "),
    )


PAGE = Page(route=PATH, title="Mentees", component=mentor_mentees, on_load=[State.load])

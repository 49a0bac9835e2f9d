"""The list of mentors: search, filters as chips, cards."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row, stack
from pages.components.buttons import button, link_button
from pages.components.chips import chip, named_chips
from pages.components.forms import form, search
from pages.components.headers import page_header
from pages.components.mentors import mentor_cards
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.text import heading
from pages.layout import Page, public
from state.mentors import FilterChip, MentorsState


def mentors() -> rx.Component:
    """Search and filters above, cards below."""
    return public(
        page_header("Mentors"),
        stack(
            _search(),
            _filters(),
            loaded(
                MentorsState.phase,
                or_empty(has(MentorsState.mentors), _found(), _nothing()),
                failure=MentorsState.failure,
                again=MentorsState.load,
                shape="cards",
            ),
            gap="wide",
        ),
        active="/mentors",
    )


def _search() -> rx.Component:
    return form(
        row(
            search(
                "q",
                "Search mentors",
                value=MentorsState.query,
                placeholder="A name, a skill, what you need help with",
            ),
            button("Search", submit=True, kind="secondary"),
        ),
        on_submit=MentorsState.search,
        key=MentorsState.query,
        label="Search mentors",
    )


def _filters() -> rx.Component:
    seat = MentorsState.seat_chip
    return stack(
        named_chips("Seats", chip(seat.label, seat.href, chosen=seat.chosen)),
        named_chips("Skills", rx.foreach(MentorsState.skills, _chip)),
        named_chips("Languages", rx.foreach(MentorsState.languages, _chip)),
        gap="close",
    )


def _chip(one: rx.vars.ObjectVar[FilterChip]) -> rx.Component:
    return chip(one.label, one.href, chosen=one.chosen)


def _found() -> rx.Component:
    return stack(
        heading(MentorsState.found),
        mentor_cards(MentorsState.mentors),
        row(
            rx.cond(
                MentorsState.first_href != "",
                link_button("Back to the first", MentorsState.first_href, kind="secondary"),
                rx.fragment(),
            ),
            rx.cond(
                MentorsState.more_href != "",
                link_button("More mentors", MentorsState.more_href, kind="secondary"),
                rx.fragment(),
            ),
        ),
    )


def _nothing() -> rx.Component:
    return empty(
        "No mentor fits all of that.",
        "Take a filter away, or search for fewer words.",
        action=link_button("Show all mentors", "/mentors", kind="secondary"),
    )


PAGE = Page(
    route="/mentors",
    title="Mentors",
    component=mentors,
    on_load=[MentorsState.load],
    description="Find a mentor by skill and language, and see who has a seat.",
)

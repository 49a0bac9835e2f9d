"""Booking: the times of a week on the left, what is chosen on the right."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row, side, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card
from pages.components.kinds import Flag
from pages.components.links import text_link
from pages.components.people import person_line
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.picks import made, pick_bar, picks, problem
from pages.components.slots import announced, day_slots, week_strip, zone_form, zone_line
from pages.components.text import heading, muted, text
from pages.components.ticking import every
from pages.layout import Page, signed_in
from services.config import settings
from state.book import BookState

LOOK_AGAIN_MS = 20_000


def book() -> rx.Component:
    """The times of a mentor, or why none can be booked now."""
    return signed_in(
        rx.cond(BookState.mentor != "", "Book with " + BookState.mentor, "Book"),
        rx.cond(
            BookState.phase == "missing",
            _nobody(),
            loaded(
                BookState.phase,
                rx.cond(
                    has(BookState.booked),
                    _made(),
                    rx.cond(BookState.obstacle != "", _obstacle(), _picker()),
                ),
                failure=BookState.failure,
                again=BookState.load,
                shape="page",
            ),
        ),
        area="mentee",
        active="/mentors",
    )


def _nobody() -> rx.Component:
    return empty(
        "There is no mentor at this address.",
        "The address may have a typing mistake, or the mentor has left the studio.",
        action=link_button("Go to your packs", "/dashboard", kind="secondary"),
    )


def _obstacle() -> rx.Component:
    return empty(
        "Nothing can be booked now.",
        BookState.why_not,
        action=link_button(BookState.way, BookState.way_href),
    )


def _picker() -> rx.Component:
    return rx.fragment(
        announced(BookState.said),
        split(_times(), side(_summary())),
        pick_bar(BookState.chosen, BookState.label, on_press=BookState.book, busy=_at_work("book")),
        rx.cond(has(BookState.picks), every(LOOK_AGAIN_MS, BookState.look_again), rx.fragment()),
    )


def _times() -> rx.Component:
    return stack(
        stack(
            zone_line(BookState.time_zone, BookState.other_zone, BookState.mentor),
            zone_form(BookState.time_zone, BookState.wrong_zone, on_submit=BookState.choose_zone),
            gap="close",
        ),
        week_strip(
            BookState.days,
            BookState.day,
            BookState.week_title,
            BookState.earlier,
            BookState.later,
            on_choose=BookState.choose_day,
        ),
        or_empty(
            has(BookState.parts),
            day_slots(
                BookState.day_title,
                BookState.parts,
                on_choose=BookState.toggle,
                busy=BookState.busy,
            ),
            _no_times(),
        ),
        gap="wide",
    )


def _no_times() -> rx.Component:
    return rx.cond(
        BookState.next_href != "",
        empty(
            "No free time this week.",
            "The next one is on " + BookState.next_free + ".",
            action=link_button("Go to that week", BookState.next_href, kind="secondary"),
        ),
        empty(
            "No free time.",
            BookState.mentor + " has no free time that your pack reaches. "
            "A time that opens is shown here by itself.",
            action=link_button("Back to the mentor", BookState.mentor_href, kind="secondary"),
        ),
    )


def _summary() -> rx.Component:
    return card(
        person_line(
            BookState.initials,
            BookState.photo,
            heading("Your choice"),
            muted(BookState.length, " with ", text_link(BookState.mentor, BookState.mentor_href)),
        ),
        or_empty(
            has(BookState.picks),
            picks(
                BookState.picks, BookState.mentor, on_leave=BookState.toggle, busy=BookState.busy
            ),
            text(
                "Choose a time. It is then held for you for ",
                f"{settings().slot_hold_minutes} minutes.",
            ),
        ),
        problem(BookState.problem),
        rx.cond(BookState.held != "", text(BookState.held), rx.fragment()),
        rx.cond(BookState.lost, _lost(), rx.fragment()),
        rx.cond(
            BookState.can_fill,
            button(
                "Same time in the next weeks",
                on_click=BookState.fill_weekly,
                kind="secondary",
                busy=_at_work("weekly"),
            ),
            rx.fragment(),
        ),
        rx.cond(
            BookState.label != "",
            button(BookState.label, on_click=BookState.book, busy=_at_work("book"), large=True),
            rx.fragment(),
        ),
        muted(BookState.chosen, " Nothing is paid now: each takes one session of your pack."),
        stack(rx.foreach(BookState.packs, lambda words: muted(words)), gap="tight"),
        label="Your choice",
    )


def _lost() -> rx.Component:
    return stack(
        text("Not held for you any more: somebody else may take these times until you book."),
        row(
            button(
                "Hold them again",
                on_click=BookState.hold_again,
                kind="secondary",
                busy=_at_work("again"),
            )
        ),
        gap="close",
    )


def _at_work(what: str) -> Flag:
    return BookState.busy == what


def _made() -> rx.Component:
    return made(
        "Booked with " + BookState.mentor + ".",
        BookState.booked,
        link_button(BookState.booked_label, BookState.booked_href),
        button("Book another time", on_click=BookState.book_more, kind="secondary"),
    )


PAGE = Page(route="/book/[mentor]", title="Book", component=book, on_load=[BookState.load])

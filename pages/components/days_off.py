"""Dates that differ from their weekday, and time off: a form for one more, and those there are."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import divided, row, section, stack
from pages.components.buttons import button, icon_button
from pages.components.editors import offer_line, pair
from pages.components.forms import field, form
from pages.components.hours import wrong
from pages.components.phases import has
from pages.components.text import muted, quiet, strong
from state.hours import DateRow
from state.hours_words import TimeOffRow
from state.mentor_availability import MentorAvailabilityState as State


def dates_that_differ() -> rx.Component:
    """Other hours on one date; stored with the rest."""
    return section(
        "Dates that differ",
        muted("Other hours on one date, or none: they replace those of the weekday."),
        form(
            field("day", "Date", kind="date", error=wrong("day")),
            pair(
                field("day_starts", "From", kind="time", error=wrong("day_starts"), required=False),
                field("day_ends", "Until", kind="time", required=False),
            ),
            muted("Without times the date is closed."),
            row(button("Add the date", submit=True, kind="secondary")),
            on_submit=State.add_date,
            key=f"date {State.date_key}",
            label="A date that differs",
        ),
        rx.cond(
            has(State.dates),
            divided(rx.foreach(State.dates, _date)),
            muted("Every date is like its weekday."),
        ),
    )


def _date(one: rx.vars.ObjectVar[DateRow]) -> rx.Component:
    return offer_line(
        strong(one.shown),
        quiet(one.hours),
        icon_button("x", f"Remove {one.shown}", on_click=State.remove_date(one.day)),
    )


def time_off() -> rx.Component:
    """Days or hours without sessions; stored at once."""
    return section(
        "Time off",
        muted("Nothing can be booked then. This is stored at once."),
        form(
            pair(
                field("first_day", "First day", kind="date", error=wrong("first_day")),
                field(
                    "last_day",
                    "Last day",
                    kind="date",
                    error=wrong("last_day"),
                    required=False,
                ),
            ),
            pair(
                field("off_starts", "From", kind="time", required=False),
                field("off_ends", "Until", kind="time", required=False),
            ),
            muted("Without times both days are off from morning till midnight."),
            field(
                "note",
                "Note",
                help="For yourself; mentees do not see it.",
                error=wrong("note"),
                required=False,
                max_length=200,
            ),
            row(button("Take the time off", submit=True, kind="secondary")),
            on_submit=State.add_time_off,
            key=f"off {State.off_key}",
            label="Time off",
        ),
        rx.cond(
            has(State.time_off),
            divided(rx.foreach(State.time_off, _off)),
            muted("No time off is coming."),
        ),
    )


def _off(one: rx.vars.ObjectVar[TimeOffRow]) -> rx.Component:
    return offer_line(
        stack(strong(one.times), muted(one.note), gap="tight"),
        icon_button("x", f"Remove {one.times}", on_click=State.remove_time_off(one.public_id)),
    )

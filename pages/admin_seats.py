"""Seat utilization, for admins: over time, and mentor by mentor."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.cards import stat, stats
from pages.components.charts import chart, seats_key
from pages.components.links import text_link
from pages.components.lists import under
from pages.components.phases import empty, has, or_empty
from pages.components.reports import (
    answered,
    behind,
    choices,
    csv_link,
    meaning,
    period_tools,
    report,
    reports,
    seats_used,
)
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, strong
from pages.layout import Page, signed_in
from state.admin_seats import PATH, TimeRow, UseRow
from state.admin_seats import AdminSeatsState as State


def admin_seats() -> rx.Component:
    """Tools, the seats now, the chart over time, the mentors."""
    return signed_in(
        "Seats",
        period_tools(State, choices("Mentor", State.mentor_chips), submit=State.choose),
        answered(
            State,
            reports(_now(), _over_time(), _mentors(), _meaning()),
            again=State.load,
            path=PATH,
        ),
        area="admin",
        active=PATH,
    )


def _now() -> rx.Component:
    return stats(
        stat("Seats taken now", State.taken, State.taken_note),
        stat("Active", State.active, "With sessions left"),
        stat("Grace", State.grace, "To renew, or freed"),
        stat("Held", State.held, "Somebody is paying"),
        stat("Average use", State.average, State.days),
    )


def _over_time() -> rx.Component:
    heads = [
        head("From"),
        head("Capacity", number=True),
        head("Active", number=True),
        head("Grace", number=True),
        head("Held", number=True),
        head("Free", number=True),
        head("Over", number=True),
    ]
    return report(
        "How full is the studio?",
        rx.cond(
            State.empty,
            empty(
                "There were no seats in this period.",
                "As soon as a mentor has a capacity, its use is drawn here.",
            ),
            rx.fragment(
                seats_key(),
                chart(State.chart, State.says, kind="seats"),
                behind(
                    table(
                        "Seats over time, averages",
                        heads,
                        rx.foreach(State.times, _time),
                        dense=True,
                    ),
                    State.time_csv,
                ),
            ),
        ),
    )


def _time(time: rx.vars.ObjectVar[TimeRow]) -> rx.Component:
    return row(
        cell(
            strong(time.label),
            rx.cond(time.note != "", under(time.note), rx.fragment()),
            rank="main",
        ),
        cell(time.capacity, rank="wide", number=True),
        cell(time.active, rank="fact", number=True),
        cell(time.grace, rank="wide", number=True),
        cell(time.held, rank="wide", number=True),
        cell(time.free, rank="wide", number=True),
        cell(time.over, rank="wide", number=True),
    )


def _mentors() -> rx.Component:
    heads = [
        head("Mentor"),
        head("Seats taken"),
        head("Active", number=True),
        head("Grace", number=True),
        head("Held", number=True),
        head("Free", number=True),
        head("Average use", number=True),
    ]
    return report(
        "Which mentors are full?",
        or_empty(
            has(State.mentors),
            table("Mentors' seats now", heads, rx.foreach(State.mentors, _mentor), dense=True),
            empty("There is no mentor yet.", "Every mentor's seats are listed here."),
        ),
        rx.cond(State.mentors_left_out != "", muted(State.mentors_left_out), rx.fragment()),
        action=csv_link(State.mentor_csv),
    )


def _mentor(one: rx.vars.ObjectVar[UseRow]) -> rx.Component:
    return row(
        cell(
            text_link(one.name, one.href),
            rx.cond(one.listed, rx.fragment(), under(badge("not listed"))),
            rank="main",
        ),
        cell(
            seats_used(one),
            rank="fact",
        ),
        cell(one.active, rank="wide", number=True),
        cell(one.grace, rank="wide", number=True),
        cell(one.held, rank="wide", number=True),
        cell(one.free, rank="wide", number=True),
        cell(one.average, rank="wide", number=True),
    )


def _meaning() -> rx.Component:
    return meaning(
        "A seat is active while its mentee has sessions left, in grace for a while after the last "
        "one, and held while somebody is paying. What is left of the capacity is free. A mentor "
        "whose capacity was lowered keeps every mentee and is shown as over by so many; the bars "
        "then reach above the line of the capacity.",
        rx.fragment(
            "The chart shows averages over each day, week or month, by the minute: a seat that was "
            "active for half of a day counts as half a seat. Average use is the share of the "
            "period's capacity that was active. Days are those of ",
            strong(State.zone),
            ". As of ",
            State.as_of,
            ".",
        ),
    )


PAGE = Page(route=PATH, title="Seats", component=admin_seats, on_load=[State.load])

"""A mentor's earnings, session by session."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import stack
from pages.components.cards import stat, stats
from pages.components.links import text_link
from pages.components.lists import under
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.reports import choices, meaning
from pages.components.tables import cell, head, row, row_link, table
from pages.components.text import strong
from pages.layout import Page, signed_in
from state.mentor_earnings import PATH, EarnedRow
from state.mentor_earnings import MentorEarningsState as State


def mentor_earnings() -> rx.Component:
    """The month's total and all that was earned, the sessions of the month, what it means."""
    return signed_in(
        "Earnings",
        loaded(
            State.phase,
            rx.cond(State.wrong != "", _wrong(), _month()),
            failure=State.failure,
            again=State.load,
        ),
        area="mentor",
        active=PATH,
    )


def _month() -> rx.Component:
    heads = [
        head("Mentee"),
        head("Session"),
        head("Settled"),
        head("Your part", number=True),
    ]
    return stack(
        choices("Currency", State.currencies),
        choices("Month", State.months),
        stats(
            stat(State.month, State.amount, State.sessions),
            stat("Earned in all", State.total),
            stat("Your share now", State.share, "Of what a session was paid, without tax"),
        ),
        or_empty(
            has(State.rows),
            table("Sessions of this month", heads, rx.foreach(State.rows, _row)),
            empty(
                "Nothing was earned in this month.",
                "A session counts here as soon as it was held, or missed by your mentee.",
            ),
        ),
        meaning(
            "Your part of a session is your share of what it was paid, without tax, rounded down "
            "to the smallest coin. It is yours when the session was held or your mentee missed it, "
            "in the month in which that was settled. When an outcome is corrected, its part is "
            "taken off again. A refund to a mentee takes nothing of what you have earned.",
            rx.fragment("Months and times are yours: ", strong(State.time_zone), "."),
        ),
        gap="wide",
    )


def _wrong() -> rx.Component:
    way_back = text_link("Show this month", PATH)
    return rx.el.div(notice(rx.el.p(State.wrong), tone="warning", action=way_back), role="alert")


def _row(one: rx.vars.ObjectVar[EarnedRow]) -> rx.Component:
    return row(
        cell(row_link(one.mentee, one.href), under(one.title), rank="main"),
        cell(moment(one.when), label="Session: "),
        cell(
            moment(one.settled),
            rx.cond(one.corrected, under("corrected"), rx.fragment()),
            label="Settled: ",
        ),
        cell(one.amount, rank="fact", number=True),
    )


PAGE = Page(route=PATH, title="Earnings", component=mentor_earnings, on_load=[State.load])

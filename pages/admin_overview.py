"""The admin's first look: money, seats, and what needs somebody."""

from __future__ import annotations

import reflex as rx

from pages.components.cards import stat, stats
from pages.components.charts import chart
from pages.components.links import text_link
from pages.components.phases import empty, failed, has, or_empty
from pages.components.reports import (
    report,
    report_skeleton,
    reports,
    seats_used,
    side_by_side,
    task_list,
)
from pages.components.tables import cell, head, row, table
from pages.components.text import muted
from pages.layout import Page, signed_in
from state import admin_revenue, admin_seats
from state.admin_overview import PATH, MoneyNow
from state.admin_overview import AdminOverviewState as State
from state.admin_seats import UseRow


def admin_overview() -> rx.Component:
    """The month so far, what needs somebody, twelve months, and the seats."""
    return signed_in(
        "Overview",
        rx.match(
            State.phase,
            ("ready", _content()),
            ("failed", failed(State.failure, State.load)),
            report_skeleton(),
        ),
        area="admin",
        active=PATH,
    )


def _content() -> rx.Component:
    return reports(
        stats(
            rx.foreach(State.to_date, _money),
            stat("Seats taken now", State.taken, State.taken_note),
        ),
        _tasks(),
        side_by_side(_months(), _seats(), leading=True),
        muted("Months are those of ", State.zone, ". As of ", State.as_of, "."),
    )


def _money(one: rx.vars.ObjectVar[MoneyNow]) -> rx.Component:
    return stat(one.name, one.net, one.note)


def _tasks() -> rx.Component:
    return report(
        "What needs you",
        or_empty(has(State.tasks), task_list(State.tasks), muted("Nothing needs you.")),
    )


def _months() -> rx.Component:
    return report(
        "Net revenue by month",
        rx.cond(
            State.empty,
            empty(
                "Nothing was paid in the last twelve months.",
                "What is paid and refunded is drawn here, month by month.",
            ),
            rx.fragment(chart(State.chart, State.says, kind="money"), muted(State.running)),
        ),
        action=text_link("Open revenue", admin_revenue.PATH),
    )


def _seats() -> rx.Component:
    heads = [head("Mentor"), head("Seats taken")]
    return report(
        "The fullest mentors",
        or_empty(
            has(State.fullest),
            table("The fullest mentors", heads, rx.foreach(State.fullest, _mentor), dense=True),
            empty("There is no mentor yet.", "Those with the fewest free seats are listed here."),
        ),
        action=text_link("Open seats", admin_seats.PATH),
    )


def _mentor(one: rx.vars.ObjectVar[UseRow]) -> rx.Component:
    return row(
        cell(text_link(one.name, one.href), rank="main"),
        cell(
            seats_used(one),
            rank="fact",
        ),
    )


PAGE = Page(route=PATH, title="Overview", component=admin_overview, on_load=[State.load])

"""Revenue, for admins: cash received, and where it came from."""

from __future__ import annotations

import reflex as rx

from pages.components.cards import stat, stats
from pages.components.charts import chart
from pages.components.links import text_link
from pages.components.lists import under
from pages.components.phases import empty
from pages.components.reports import (
    answered,
    behind,
    choices,
    filters,
    meaning,
    period_tools,
    report,
    reports,
    side_by_side,
)
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, strong
from pages.layout import Page, signed_in
from state.admin_revenue import PATH, Breakdown, TakingRow
from state.admin_revenue import AdminRevenueState as State


def admin_revenue() -> rx.Component:
    """Tools, totals, the chart by month, and three by name."""
    return signed_in(
        "Revenue",
        period_tools(
            State,
            choices("Currency", State.currencies),
            filters(
                choices("Mentor", State.mentor_chips),
                choices("Pack", State.offer_chips),
                choices("Provider", State.provider_chips),
                shown=State.filtered,
            ),
            submit=State.choose,
        ),
        answered(
            State,
            reports(_totals(), rx.cond(State.empty, _nothing(), _charts()), _meaning()),
            again=State.load,
            path=PATH,
        ),
        area="admin",
        active=PATH,
    )


def _totals() -> rx.Component:
    return stats(
        stat("Net revenue", State.net, State.days),
        stat("Paid", State.paid, State.payments),
        stat("Refunded", State.refunded, State.refunds),
        stat(State.to_date_name, State.to_date, State.to_date_note),
    )


def _charts() -> rx.Component:
    return reports(
        report(
            "Net revenue by month",
            chart(State.months.chart, State.months.says, kind="money"),
            rx.cond(State.running != "", muted(State.running), rx.fragment()),
            _behind("Net revenue by month", "Month", State.months),
        ),
        side_by_side(
            reports(
                _by_name("Which mentors bring it in?", "Mentor", State.mentors),
                _by_name("Who takes the payments?", "Provider", State.providers),
            ),
            _by_name("Which packs sell?", "Pack", State.offers),
        ),
    )


def _by_name(question: str, name: str, part: Breakdown) -> rx.Component:
    return report(
        question,
        chart(part.chart, part.says, kind="lines"),
        _behind(question, name, part),
    )


def _behind(label: str, name: str, part: Breakdown) -> rx.Component:
    heads = [
        head(name),
        head("Net", number=True),
        head("Paid", number=True),
        head("Refunded", number=True),
    ]
    return behind(
        table(label, heads, rx.foreach(part.rows, _row), dense=True),
        part.csv,
        rx.cond(part.left_out != "", muted(part.left_out), rx.fragment()),
    )


def _row(taking: rx.vars.ObjectVar[TakingRow]) -> rx.Component:
    return row(
        cell(
            rx.cond(taking.href != "", text_link(taking.label, taking.href), strong(taking.label)),
            rx.cond(taking.note != "", under(taking.note), rx.fragment()),
            rank="main",
        ),
        cell(taking.net, rank="fact", number=True),
        cell(taking.paid, under(taking.payments), number=True),
        cell(taking.refunded, under(taking.refunds), number=True),
    )


def _nothing() -> rx.Component:
    return empty(
        "Nothing was paid in this period.",
        "What is paid and refunded is drawn here by month, mentor, pack and provider.",
    )


def _meaning() -> rx.Component:
    return meaning(
        "Net revenue is cash received: the payments that were completed in the period, minus the "
        "refunds that succeeded in it. Each counts on its own day, so a refund lowers the month "
        "in which the money went back, not the month of the purchase. What providers charge is "
        "not taken off.",
        rx.fragment(
            "Everything here is in ",
            strong(State.currency),
            "; another currency is never converted and never added. Days and months are those of ",
            strong(State.zone),
            ". As of ",
            State.as_of,
            ".",
        ),
    )


PAGE = Page(route=PATH, title="Revenue", component=admin_revenue, on_load=[State.load])

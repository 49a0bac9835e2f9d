"""What recordings and their files cost, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row as line
from pages.components.cards import stat, stats
from pages.components.charts import chart, costs_key
from pages.components.links import small_link
from pages.components.lists import under
from pages.components.notices import notice
from pages.components.phases import empty, has, or_empty
from pages.components.price_book import price_book
from pages.components.reports import (
    answered,
    behind,
    choices,
    csv_link,
    meaning,
    period_tools,
    report,
    reports,
    side_by_side,
)
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, strong
from pages.components.transfers import RECORDINGS, recording_places
from pages.layout import Page, signed_in
from state.admin_costs import PATH
from state.admin_costs import AdminCostsState as State
from state.cost_rows import CostRow, StoreRow, WhatIfRow


def admin_costs() -> rx.Component:
    """Tools, totals, the charts, what it would be elsewhere, and the price book."""
    return signed_in(
        "Recording storage and cost",
        recording_places(PATH),
        period_tools(State, choices("Prices", State.price_chips), submit=State.choose),
        answered(
            State,
            reports(
                _alarms(),
                _totals(),
                rx.cond(State.empty, _nothing(), _charts()),
                _comparison(),
                price_book(),
                _meaning(),
            ),
            again=State.load,
            path=PATH,
        ),
        area="admin",
        active=PATH,
    )


def _alarms() -> rx.Component:
    return rx.fragment(
        rx.cond(State.alarm != "", notice(rx.el.p(State.alarm), tone="warning"), rx.fragment()),
        rx.cond(
            State.unpriced != "",
            notice(
                rx.el.p(
                    "There is no price for this, so it counts as nothing: ",
                    State.unpriced,
                    ". Enter one in the price book below.",
                ),
                tone="warning",
            ),
            rx.fragment(),
        ),
    )


def _totals() -> rx.Component:
    return stats(
        stat("Cost", State.total, State.days),
        stat("Each recording", State.each, State.recordings),
        stat("Stored now", State.stored, "In all stores"),
        stat("This month", State.month, State.month_note),
    )


def _charts() -> rx.Component:
    return reports(
        report(
            "What do recordings cost?",
            rx.cond(State.over_time.says != "", _over_time(), muted("This is still to come.")),
        ),
        report(
            "How much is stored, and what is to come?",
            chart(State.stored_over_time.chart, State.stored_over_time.says, kind="stored"),
            muted(
                "Paler: the next 90 days, which are expected to cost ",
                strong(State.ahead),
                ". ",
                State.assumed,
            ),
            behind(
                _cost_table("The next 90 days", "From", State.stored_over_time.rows, stored=True),
                State.stored_over_time.csv,
                words="Show what is expected",
            ),
        ),
        side_by_side(
            report(
                "Whose sessions cost it?",
                or_empty(
                    has(State.mentors.rows),
                    _cost_table("Costs by mentor", "Mentor", State.mentors.rows),
                    empty("No session was recorded in this period."),
                ),
                line(
                    csv_link(State.mentors.csv),
                    csv_link(State.sessions_csv, "Every session as CSV"),
                    small_link("Recordings, each with its cost", RECORDINGS),
                ),
                rx.cond(State.mentors.left_out != "", muted(State.mentors.left_out), rx.fragment()),
            ),
            report("Where is it stored?", _stores()),
            leading=True,
        ),
    )


def _over_time() -> rx.Component:
    return rx.fragment(
        costs_key(),
        chart(State.over_time.chart, State.over_time.says, kind="costs"),
        behind(
            _cost_table("Costs over time", "From", State.over_time.rows, stored=True),
            State.over_time.csv,
        ),
    )


def _cost_table(
    label: str,
    name: str,
    rows: list[CostRow] | rx.Var[list[CostRow]],
    *,
    stored: bool = False,
) -> rx.Component:
    names = ("Total", "Recording", "Storage", "Sent", *(["Stored"] * stored))
    heads = [head(name), *(head(words, number=True) for words in names)]

    def one(cost: rx.vars.ObjectVar[CostRow]) -> rx.Component:
        last = [cell(cost.stored, number=True, label="Stored: ")] if stored else []
        return row(
            cell(
                strong(cost.label),
                rx.cond(cost.note != "", under(cost.note), rx.fragment()),
                rank="main",
            ),
            cell(cost.total, rank="fact", number=True),
            cell(cost.recording, number=True, label="Recording: "),
            cell(cost.storage, number=True, label="Storage: "),
            cell(cost.sent, number=True, label="Sent: "),
            *last,
        )

    return table(label, heads, rx.foreach(rows, one), dense=True)


def _stores() -> rx.Component:
    heads = [head("Store"), head("Stored now", number=True), head("Cost", number=True)]
    return or_empty(
        has(State.stores),
        table("Stores", heads, rx.foreach(State.stores, _store), dense=True),
        empty("No file is stored."),
    )


def _store(one: rx.vars.ObjectVar[StoreRow]) -> rx.Component:
    return row(
        cell(
            strong(one.name), rx.cond(one.kind != "", under(one.kind), rx.fragment()), rank="main"
        ),
        cell(one.stored, rank="fact", number=True),
        cell(one.cost, number=True, label="Cost: "),
    )


def _comparison() -> rx.Component:
    return report(
        "What would a month cost elsewhere, or with another retention?",
        muted(
            "30 days like the last 30, once as many files leave as come, by the prices that are "
            "chosen above."
        ),
        or_empty(
            has(State.comparison),
            table(
                "A month's cost by store and retention",
                [head("Store"), rx.foreach(State.retentions, lambda days: head(days, number=True))],
                rx.foreach(State.comparison, _what_if),
                dense=True,
            ),
            empty("Nothing was recorded in the last 30 days, so there is nothing to compare."),
        ),
        rx.cond(
            State.alike,
            muted(
                "The plan has the same prices for every provider: to compare these, choose the "
                "list prices above."
            ),
            rx.fragment(),
        ),
        rx.cond(State.comparison_csv != "", csv_link(State.comparison_csv), rx.fragment()),
    )


def _what_if(one: rx.vars.ObjectVar[WhatIfRow]) -> rx.Component:
    return row(
        cell(
            strong(one.label), rx.cond(one.note != "", under(one.note), rx.fragment()), rank="main"
        ),
        rx.foreach(one.costs, lambda each: cell(each.cost, number=True, label=each.days)),
    )


def _nothing() -> rx.Component:
    return empty(
        "Nothing was recorded in this period, and nothing is stored.",
        "What recordings use is measured and drawn here as soon as there is one.",
    )


def _meaning() -> rx.Component:
    return meaning(
        "Costs are reckoned from what was measured: recorded minutes, the bytes in each store by "
        "the hour, and the bytes that were sent, to people and from store to store. They are not "
        "the providers' invoices: those may count requests and round otherwise. What a price gives "
        "for free is taken off by day or calendar month. A mentor's cost is a part of each sum, by "
        "what their sessions used of it.",
        "A GB is 1,000,000,000 bytes, a month of storage 30 days. A store that charges for a least "
        "time (Wasabi: 90 days) charges the rest when a file leaves early, and one with a least "
        "amount (Wasabi: 1 TB) that much on every day: both are part of storage. What has no price "
        "counts as nothing, and is named above.",
        "What is to come goes by the booked sessions of the next 90 days, by how many were "
        "recorded lately and what they used, and by until when the recordings that lie there are "
        "kept.",
        rx.fragment(
            "Everything here is in US dollars, in which the providers charge. Days and months are "
            "those of ",
            strong(State.zone),
            ". As of ",
            State.as_of,
            ".",
        ),
    )


PAGE = Page(
    route=PATH, title="Recording storage and cost", component=admin_costs, on_load=[State.load]
)

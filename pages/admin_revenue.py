"""Revenue, for admins: cash received and where it came from, and what of it was earned."""

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
from state.admin_revenue import PATH
from state.admin_revenue import AdminRevenueState as State
from state.revenue_rows import Breakdown, EarningRow, TakingRow


def admin_revenue() -> rx.Component:
    """Tools, totals, the charts by month, and three by name."""
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
    return rx.fragment(
        stats(
            stat("Net revenue", State.net, State.days),
            stat("Paid", State.paid, State.payments),
            stat("Refunded", State.refunded, State.refunds),
            stat(State.to_date_name, State.to_date, State.to_date_note),
        ),
        stats(
            stat("Earned", State.earned, State.earned_note),
            stat("Paid, not yet held", State.deferred, State.deferred_note),
            stat("Mentors' part", State.share, "Of what was earned"),
            stat("Fees and disputes", State.fees, rx.fragment("Disputed: ", State.disputed)),
        ),
    )


def _charts() -> rx.Component:
    return reports(
        report(
            "Net revenue by month",
            chart(State.months.chart, State.months.says, kind="money"),
            rx.cond(State.running != "", muted(State.running), rx.fragment()),
            _behind("Net revenue by month", "Month", State.months),
        ),
        _earnings(),
        side_by_side(
            reports(
                _by_name("Which mentors bring it in?", "Mentor", State.mentors),
                _by_name("Who takes the payments?", "Provider", State.providers),
            ),
            _by_name("Which packs sell?", "Pack", State.offers),
        ),
    )


def _earnings() -> rx.Component:
    return report(
        "Earned revenue by month",
        chart(State.earnings.chart, State.earnings.says, kind="earned"),
        rx.cond(State.running != "", muted(State.running), rx.fragment()),
        behind(
            _earned_table("Earned revenue by month", "Month", State.earnings.months),
            State.earnings.months_csv,
        ),
        behind(
            _earned_table("Earned revenue by mentor", "Mentor", State.earnings.mentors),
            State.earnings.mentors_csv,
            rx.cond(State.earnings.left_out != "", muted(State.earnings.left_out), rx.fragment()),
            words="Show it by mentor",
        ),
    )


def _earned_table(
    label: str, name: str, rows: list[EarningRow] | rx.Var[list[EarningRow]]
) -> rx.Component:
    heads = [
        head(name),
        *(
            head(words, number=True)
            for words in ("Earned", "Held", "Expired", "Mentors' part", "Fees", "Disputed")
        ),
    ]
    return table(label, heads, rx.foreach(rows, _earned_row), dense=True)


def _earned_row(earning: rx.vars.ObjectVar[EarningRow]) -> rx.Component:
    return row(
        _named(earning),
        cell(earning.total, rank="fact", number=True),
        cell(earning.held, number=True, label="Held: "),
        cell(earning.expired, number=True, label="Expired: "),
        cell(earning.share, number=True, label="Mentors' part: "),
        cell(earning.fees, number=True, label="Fees: "),
        cell(earning.disputed, number=True, label="Disputed: "),
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
        _named(taking),
        cell(taking.net, rank="fact", number=True),
        cell(taking.paid, under(taking.payments), number=True),
        cell(taking.refunded, under(taking.refunds), number=True),
    )


def _named(one: rx.vars.ObjectVar[TakingRow] | rx.vars.ObjectVar[EarningRow]) -> rx.Component:
    return cell(
        rx.cond(one.href != "", text_link(one.label, one.href), strong(one.label)),
        rx.cond(one.note != "", under(one.note), rx.fragment()),
        rank="main",
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
        "not taken off, and what a refund paid another way cost is not in it.",
        "Earned revenue is what sessions were paid, without tax, in the month in which they were "
        "held, missed by the mentee, or expired unused; what is given back of them later is taken "
        "off in that later month. Until then it is paid and not yet held: owed in sessions. The "
        "mentors' part is their share of the sessions that were held. Fees are what payment "
        "providers kept; disputed is what they took back for disputes and did not return.",
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

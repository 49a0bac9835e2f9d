"""One order for admins: its whole story on one time line, and what the ledger says about it."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row as line
from pages.components.boxes import section, split, stack
from pages.components.buttons import link_button
from pages.components.cards import card, fact, fact_list
from pages.components.chips import chip, chips
from pages.components.invoices import invoices
from pages.components.kinds import NOTHING
from pages.components.links import file_link, text_link
from pages.components.lists import mark, under
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.orders import order_card, start_refund
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.tables import cell, head, row, table, table_foot
from pages.components.text import muted, strong, text
from pages.layout import Page, signed_in
from state.admin_order import PATH, StoryLine
from state.admin_order import AdminOrderState as State
from state.mentors import FilterChip


def admin_order() -> rx.Component:
    """The time line, the balances, and what can be done."""
    return signed_in(
        rx.cond(State.phase == "ready", State.head.title, "Order"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such order.",
                "Perhaps its address was cut short.",
                action=link_button("All orders", PATH, kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area="admin",
        active=PATH,
        state=rx.cond(State.phase == "ready", toned(State.head.status, State.head.tone), NOTHING),
    )


def _content() -> rx.Component:
    return stack(
        _findings(),
        split(_order(), _balances(), even=True),
        invoices(State),
        _story(),
        gap="apart",
    )


def _findings() -> rx.Component:
    """What the checker says: only when something does not add up."""
    return rx.cond(
        has(State.findings),
        notice(
            strong("The ledger does not add up for this order."),
            rx.foreach(State.findings, lambda one: text(one)),
            tone="bad",
        ),
        NOTHING,
    )


def _order() -> rx.Component:
    return order_card(State.head, start_refund(State.head), label="The order")


def _balances() -> rx.Component:
    return card(
        strong("What stands in the ledger"),
        or_empty(
            has(State.balances),
            fact_list(rx.foreach(State.balances, lambda one: fact(one.account, one.amount))),
            muted("Nothing stands in the ledger."),
        ),
        rx.cond(has(State.findings), NOTHING, muted("The ledger adds up.")),
        label="Ledger",
    )


def _story() -> rx.Component:
    heads = [head("When"), head("What"), head("About"), head("Amount", number=True)]
    return section(
        "Story",
        chips("Show only", rx.foreach(State.chips, _chip)),
        table("Story", heads, rx.foreach(State.lines, _line), dense=True),
        table_foot(State.shown),
    )


def _chip(one: rx.vars.ObjectVar[FilterChip]) -> rx.Component:
    return chip(one.label, one.href, chosen=one.chosen)


def _line(one: rx.vars.ObjectVar[StoryLine]) -> rx.Component:
    return row(
        cell(
            moment(one.at),
            rx.cond(one.ended.iso != "", under("done ", moment(one.ended)), NOTHING),
        ),
        cell(
            line(_what(one), rx.cond(one.state != "", toned(one.state, one.tone), NOTHING)),
            rx.cond(one.who != "", under(one.who), NOTHING),
            rx.cond(one.details != "", under(one.details), NOTHING),
            rank="main",
        ),
        cell(mark(one.thing, short=True), rank="wide"),
        cell(one.amount, rank="fact", number=True),
    )


def _what(one: rx.vars.ObjectVar[StoryLine]) -> rx.Component:
    """The words, leading to where the thing itself is shown."""
    words = strong(one.what)
    return rx.cond(
        one.is_file,
        file_link(words, one.href),
        rx.cond(one.href != "", text_link(words, one.href), words),
    )


PAGE = Page(
    route=f"{PATH}/[order]",
    title="Order",
    component=admin_order,
    on_load=[State.load],
)

"""One's own orders."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row as line
from pages.components.buttons import link_button
from pages.components.links import text_link
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.tables import cell, head, row, row_link, table, table_foot
from pages.components.text import quiet
from pages.layout import Page, signed_in
from state.orders import OrderFace, OrdersState


def orders() -> rx.Component:
    """A table, and the way to older ones."""
    return signed_in(
        "Orders",
        loaded(
            OrdersState.phase,
            or_empty(has(OrdersState.rows), _list(), _nothing()),
            failure=OrdersState.failure,
            again=OrdersState.load,
        ),
        area="mentee",
        active="/orders",
    )


def _list() -> rx.Component:
    heads = [head("Pack"), head("Price", number=True), head("Status"), head("Date")]
    return rx.fragment(
        table("Your orders", heads, rx.foreach(OrdersState.rows, _row)),
        table_foot(
            OrdersState.total,
            line(
                rx.cond(OrdersState.is_first, rx.fragment(), text_link("Newest orders", "/orders")),
                rx.cond(
                    OrdersState.older_href != "",
                    text_link("Older orders", OrdersState.older_href),
                    rx.fragment(),
                ),
            ),
        ),
    )


def _row(order: rx.vars.ObjectVar[OrderFace]) -> rx.Component:
    return row(
        cell(row_link(order.title, order.href), quiet(" with ", order.mentor), rank="main"),
        cell(order.price, rank="fact", number=True),
        cell(toned(order.status, order.tone), quiet(" ", order.refunded)),
        cell(moment(order.date)),
    )


def _nothing() -> rx.Component:
    return empty(
        "You have not ordered anything yet.",
        "Every pack you buy is listed here, with what it cost and what became of it.",
        action=link_button("Find a mentor", "/mentors"),
    )


PAGE = Page(route="/orders", title="Orders", component=orders, on_load=[OrdersState.load])

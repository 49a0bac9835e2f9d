"""All orders, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.links import text_link
from pages.components.lists import listing, mark, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, sort_head, table
from pages.layout import Page, signed_in
from state.admin_orders import PATH, AdminOrder
from state.admin_orders import AdminOrdersState as State


def admin_orders() -> rx.Component:
    """Search, filter, table."""
    heads = [
        head("Order"),
        head("Mentee"),
        head("Mentor"),
        sort_head(State, "price", "Price", number=True),
        head("Status"),
        sort_head(State, "date", "Date"),
    ]
    return signed_in(
        "Orders",
        listing(
            State,
            table("Orders", heads, rx.foreach(State.rows, _row), dense=True),
            path=PATH,
            placeholder="A name, an address, a pack, any id, an invoice's number",
            search_label="Search orders",
            filter_label="Status",
            submit=State.search,
            load=State.load,
            nothing="Nothing has been ordered yet.",
            why="Every order is listed here from the moment a seat is held for it.",
            filled=has(State.rows),
        ),
        area="admin",
        active=PATH,
    )


def _row(order: rx.vars.ObjectVar[AdminOrder]) -> rx.Component:
    return row(
        cell(text_link(order.title, order.href), under(mark(order.public_id)), rank="main"),
        cell(order.mentee, under(order.email)),
        cell(text_link(order.mentor, order.mentor_href), rank="wide"),
        cell(
            order.price,
            rx.cond(order.refunded != "", under(order.refunded), rx.fragment()),
            rank="fact",
            number=True,
        ),
        cell(toned(order.status, order.tone)),
        cell(moment(order.date)),
    )


PAGE = Page(route=PATH, title="Orders", component=admin_orders, on_load=[State.load])

"""The price book on the page of costs: its lines, and the form for another one."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import form_width
from pages.components.boxes import row as line
from pages.components.buttons import button
from pages.components.editors import pair
from pages.components.forms import errors_of, field, form, option, select
from pages.components.reports import report
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, strong
from state.admin_costs import AdminCostsState as State
from state.cost_rows import PriceRow

_error = errors_of(State.wrong_field, State.wrong_text)


def price_book() -> rx.Component:
    """What everything costs and from when on, and the form for another price."""
    heads = [
        head("For"),
        head("Store"),
        head("Price", number=True),
        head("Terms"),
        head("Valid"),
        head("Source"),
        head(""),
    ]
    return report(
        "The price book",
        muted("Shown: ", State.preset_name, ". What you enter stands above what came with it."),
        table("Prices", heads, rx.foreach(State.prices, _price), dense=True),
        rx.cond(State.entering, _entering(), rx.fragment()),
        action=rx.cond(
            State.entering,
            rx.fragment(),
            button("Enter a price", on_click=State.begin(True), kind="secondary"),
        ),
    )


def _price(one: rx.vars.ObjectVar[PriceRow]) -> rx.Component:
    return row(
        cell(strong(one.what), rank="main"),
        cell(one.place, label="Store: "),
        cell(one.price, rank="fact", number=True),
        cell(one.terms),
        cell(one.since),
        cell(one.note, rank="wide"),
        cell(
            rx.cond(
                one.key != "",
                button("Remove", about=one.about, on_click=State.remove(one.key), kind="quiet"),
                rx.fragment(),
            ),
            rank="action",
        ),
    )


def _entering() -> rx.Component:
    return form_width(
        form(
            select(
                "component",
                "What for",
                option("1,000 recorded minutes", "recording"),
                option("1 GB kept for 30 days", "storage"),
                option("1 GB sent from the store", "download"),
                option("1 GB sent through the CDN", "cdn"),
                error=_error("component"),
            ),
            pair(
                field(
                    "price",
                    "Price in US dollars",
                    help="Such as 0.005.",
                    error=_error("price"),
                    inputmode="decimal",
                    max_length=14,
                ),
                field("valid_from", "Valid from", kind="date", error=_error("valid_from")),
            ),
            field(
                "place",
                "Store",
                help="The name or the kind of a store. Empty: every store.",
                error=_error("place"),
                required=False,
                max_length=40,
            ),
            pair(
                field(
                    "free_per_day",
                    "Free each day",
                    help="Minutes, or GB.",
                    error=_error("free_per_day"),
                    required=False,
                    inputmode="numeric",
                    max_length=9,
                ),
                field(
                    "free_per_month",
                    "Free each month",
                    help="Minutes, or GB.",
                    error=_error("free_per_month"),
                    required=False,
                    inputmode="numeric",
                    max_length=9,
                ),
            ),
            field("note", "Where it stands", error=_error("note"), required=False, max_length=200),
            line(
                button("Enter the price", submit=True, busy=State.busy),
                button("Cancel", on_click=State.begin(False), kind="secondary"),
            ),
            on_submit=State.enter,
            key=f"price {State.entered}",
            label="Another price",
        )
    )

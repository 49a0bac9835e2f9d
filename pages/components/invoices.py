"""The invoices and credit notes of one order, and what can be done with them."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row as line
from pages.components.boxes import section, stack
from pages.components.buttons import button
from pages.components.editors import said
from pages.components.links import file_link, text_link
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import has
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, text
from state.invoices import HasInvoices, InvoiceFace, InvoicesState


def invoices(state: type[HasInvoices]) -> rx.Component:
    """The section of an order's page; nothing for an order that never became a pack."""
    return rx.cond(
        state.may_ask_invoice,
        section(
            "Invoices",
            stack(
                rx.cond(
                    has(state.documents),
                    _table(state),
                    muted("This order is older than our invoices. Ask for one, and it is made."),
                ),
                rx.cond(state.may_correct_invoice, _wrong(), rx.fragment()),
                line(
                    button(
                        "Mail the invoice",
                        on_click=InvoicesState.send,
                        busy=InvoicesState.busy == "send",
                        kind="secondary",
                    ),
                    said(InvoicesState.answer),
                ),
            ),
        ),
        rx.fragment(),
    )


def _table(state: type[HasInvoices]) -> rx.Component:
    heads = [
        head("Document (PDF)"),
        head("Total", number=True),
        head("Made out to"),
        head("Issued"),
    ]
    return table("Invoices and credit notes", heads, rx.foreach(state.documents, _row))


def _row(one: rx.vars.ObjectVar[InvoiceFace]) -> rx.Component:
    return row(
        cell(
            file_link(one.name, one.href),
            rx.cond(one.state != "", toned(one.state, "quiet"), rx.fragment()),
            rank="main",
        ),
        cell(one.total, rank="fact", number=True),
        cell(one.buyer),
        cell(moment(one.issued)),
    )


def _wrong() -> rx.Component:
    return notice(
        text(
            "The billing details have changed since this invoice was made. Corrected, it is "
            "canceled by a credit note and made anew; no money moves. ",
            text_link("Billing details", "/settings"),
        ),
        action=line(
            button(
                "Correct the invoice",
                on_click=InvoicesState.correct,
                busy=InvoicesState.busy == "correct",
                kind="secondary",
            )
        ),
    )

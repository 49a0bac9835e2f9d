"""The invoices and credit notes of the order that a page shows, for whoever shows one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import reflex as rx

from services import invoices, money
from services.invoices import InvoiceView, OrderInvoices
from state.base import AppState, run
from state.guard import requires
from state.shown import NEVER, Moment, date

SENT = "The invoice is on its way by mail."
CORRECTED = "It is corrected: the new invoice and the credit note are on their way by mail."


@dataclass(frozen=True)
class InvoiceFace:
    """One document as a line of a list; `state` is empty for what needs no word."""

    name: str = ""
    href: str = ""
    issued: Moment = NEVER
    total: str = ""
    buyer: str = ""
    state: str = ""


class HasInvoices(rx.State, mixin=True):
    """Mix into the state of a page that shows one order, and call `_show_invoices` with what the
    page has read."""

    documents: list[InvoiceFace] = []
    may_ask_invoice: bool = False
    may_correct_invoice: bool = False

    def _show_invoices(self, shown: OrderInvoices, zone: str) -> None:
        self.documents = [_face(one, zone) for one in shown.documents]
        self.may_ask_invoice, self.may_correct_invoice = shown.may_ask, shown.may_correct


class InvoicesState(AppState):
    """What can be done with an order's invoice; the order is the one that the address names."""

    busy: str = ""
    answer: str = ""

    @rx.event
    @requires("user")
    async def begin(self) -> None:
        """Another order: nothing has been asked."""
        self.busy = self.answer = ""

    @rx.event
    @requires("user")
    async def send(self) -> AsyncGenerator[None, None]:
        """Mail the invoice once more."""
        self.busy, self.answer = "send", ""
        yield
        try:
            await run(invoices.send_again, actor=await self._actor(), order=self._named())
            self.answer = SENT
        finally:
            self.busy = ""

    @rx.event
    @requires("user")
    async def correct(self) -> AsyncGenerator[None, None]:
        """Make the invoice out to the billing details of now."""
        self.busy, self.answer = "correct", ""
        yield
        try:
            await run(invoices.correct, actor=await self._actor(), order=self._named())
            self.answer = CORRECTED
        finally:
            self.busy = ""


def _face(one: InvoiceView, zone: str) -> InvoiceFace:
    replaced = one.name == "Invoice" and not one.holds
    return InvoiceFace(
        name=f"{one.name} {one.label}",
        href=f"/files/invoices/{one.public_id}.pdf",
        issued=date(one.issued_at, zone),
        total=money.shown(one.total),
        buyer=one.buyer,
        state="replaced" if replaced else "",
    )

"""One order of one's own: what was bought, what went back, and asking for a refund."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import invoices, money, orders, refunds, topics
from services.audit import Actor
from services.errors import Conflict, InvalidInput
from services.invoices import OrderInvoices
from services.orders import OrderView
from services.refunds import RefundQuote, RefundView
from state import live
from state.base import AppState, run
from state.guard import requires
from state.invoices import HasInvoices
from state.order_facts import OrderFacts, order_facts
from state.phase import Loads, loading
from state.refund_faces import RefundLine, refund_line
from state.shown import count, plain


@dataclass(frozen=True, slots=True)
class OrderPage:
    """All that the page shows, read together."""

    order: OrderView
    refunds: tuple[RefundView, ...]
    quote: RefundQuote
    invoices: OrderInvoices


@dataclass(frozen=True)
class Offer:
    """What a refund would give back now; `why_not` says why none can be asked for."""

    amount: str = ""
    what: str = ""
    booked: str = ""
    why_not: str = ""


def read_page(db: Session, *, actor: Actor, order: str) -> OrderPage:
    """One order with everything about it. A constant number of queries, however much there is."""
    return OrderPage(
        order=orders.get_order(db, actor=actor, order=order),
        refunds=refunds.list_of(db, actor=actor, order=order),
        quote=refunds.quote(db, actor=actor, order=order),
        invoices=invoices.of_order(db, actor=actor, order=order),
    )


def audience(actor: Actor, order: str) -> live.Audience[OrderPage]:
    """The tabs in which one person looks at one order."""
    own = {topics.mentee(actor.user_id)} if actor.user_id else set[str]()
    if actor.is_admin:
        own.add(topics.ORDERS)
    seen = partial(read_page, actor=actor, order=order)
    return live.Audience(("order", order, actor), frozenset(own), seen)


class OrderState(Loads, HasInvoices, AppState):
    """One order as stored. What is being typed stays in the browser until it is sent."""

    bought: OrderFacts = OrderFacts()
    offer: Offer = Offer()
    lines: list[RefundLine] = []
    asking: bool = False
    busy: str = ""
    wrong: str = ""
    _shown: OrderPage | None = None

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read the order that the address names."""
        self.busy = self.wrong = ""
        self.asking = False
        await self._read_again()

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("user")
    async def ask(self, asking: bool) -> None:
        """Open the form, or close it."""
        self.asking, self.wrong = bool(asking), ""

    @rx.event
    @requires("user")
    async def request(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Ask for the amount that the page shows."""
        if self._shown is None:
            return
        self.busy, self.wrong = "request", ""
        amount = self._shown.quote.amount
        yield
        try:
            await run(
                refunds.request,
                actor=await self._actor(),
                order=self._named(),
                amount=amount,
                note=str(form.get("note", ""))[:1_000],
            )
        except InvalidInput as error:
            self.wrong = error.message
            return
        except Conflict:
            await self._read_again()
            raise
        finally:
            self.busy = ""
        self.asking = False
        await self._read_again()
        self._tell(f"Sent. The studio decides about {money.shown(amount)}.", "good")

    @rx.event
    @requires("user")
    async def withdraw(self, refund: str) -> AsyncGenerator[None, None]:
        """Take the request back."""
        self.busy = "withdraw"
        yield
        try:
            await run(refunds.withdraw, actor=await self._actor(), refund=plain(refund, 60))
        finally:
            self.busy = ""
            await self._read_again()
        self._tell("Your request is taken back. The pack goes on.", "good")

    async def _read_again(self) -> None:
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._named())))

    def _show(self, page: OrderPage) -> None:
        self._shown = page
        self.bought = order_facts(page.order, self.time_zone)
        self.offer = _offer(page.quote)
        self.lines = [refund_line(one, self.time_zone) for one in reversed(page.refunds)]
        self._show_invoices(page.invoices, self.time_zone)


def _offer(quote: RefundQuote) -> Offer:
    booked = count(quote.booked, "booked session")
    return Offer(
        amount=money.shown(quote.amount),
        what=count(quote.sessions, "unused session"),
        booked=f"If the studio agrees, {booked} will be canceled." if quote.booked else "",
        why_not=quote.why_not,
    )

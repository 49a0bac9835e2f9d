"""An admin starts a refund of one order: all that is left, some unused sessions, or another amount.

The order stands in the address (`?order=`); what each choice gives back is read from it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import reflex as rx

from services import money, orders, refunds
from services.errors import InvalidInput
from services.models import RefundReason, RefundScope
from services.refunds import RefundQuote
from state.base import AppState, read, run
from state.guard import requires
from state.phase import Loads, loading
from state.shown import count, plain

PATH = "/admin/refunds"
REASONS = {
    RefundReason.BY_REQUEST: "The mentee asked for it",
    RefundReason.GOODWILL: "Goodwill",
    RefundReason.MENTOR_LEFT: "The mentor left",
}


@dataclass(frozen=True)
class Choice:
    """What may go back, and what the form sends for it."""

    value: str = ""
    label: str = ""


class RefundStartState(Loads, AppState):
    """The form. `other` shows the fields that only another amount needs."""

    order: str = ""
    title: str = ""
    stuck: str = ""
    most: str = ""
    unused: str = ""
    choices: list[Choice] = []
    other: bool = False
    busy: bool = False
    wrong: str = ""
    wrong_text: str = ""
    _quote: RefundQuote | None = None

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the order that the address names; without one there is no form."""
        self.order = plain(self.router.url.query_parameters.get("order", ""), 60)
        self.busy = self.other = False
        self._right()
        if self.order:
            with loading(self):
                await self._read()

    @rx.event
    @requires("admin")
    async def choose(self, choice: str) -> None:
        """Show the fields that this choice needs."""
        self.other = choice == RefundScope.OTHER.value

    @rx.event
    @requires("admin")
    async def start(self, form: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """Give the money back, or ask a second admin for it."""
        if self._quote is None:
            return
        self.busy = True
        self._right()
        currency = self._quote.most.currency
        yield
        try:
            asked = _asked(form, currency)
            await run(refunds.start, actor=await self._actor(), order=self.order, **asked)
        except InvalidInput as error:
            self.wrong, self.wrong_text = error.field, error.message
            return
        finally:
            self.busy = False
        self.order = ""
        self._tell("Started. Below you see how it goes on.", "good", stays=True)
        yield rx.redirect(PATH)

    async def _read(self) -> None:
        actor = await self._actor()
        quote = await read(refunds.quote, actor=actor, order=self.order)
        order = await read(orders.get_order, actor=actor, order=self.order)
        self._quote = quote
        self.title = f"{order.title} of {order.mentee_name} with {order.mentor_name}"
        self.stuck, self.most = quote.stuck, money.shown(quote.most)
        self.unused = count(quote.sessions, "session")
        self.choices = _choices(quote)

    def _right(self) -> None:
        self.wrong = self.wrong_text = ""


def _choices(quote: RefundQuote) -> list[Choice]:
    unused = [
        Choice(
            f"{RefundScope.UNUSED.value}:{number}",
            f"{count(number, 'unused session')}: {money.shown(worth)}",
        )
        for number, worth in enumerate(quote.worth, start=1)
        if worth.minor
    ]
    whole = Choice(RefundScope.WHOLE.value, f"All that is left: {money.shown(quote.most)}")
    return [*reversed(unused), whole, Choice(RefundScope.OTHER.value, "Another amount")]


def _asked(form: dict[str, Any], currency: str) -> dict[str, Any]:
    """What the form says, as the service takes it.

    Raises:
        InvalidInput
    """
    scope, _, number = str(form.get("scope", "")).partition(":")
    try:
        chosen = RefundScope(scope)
        reason = RefundReason(str(form.get("reason", "")))
    except ValueError:
        raise InvalidInput("scope", "Choose what goes back, and why.") from None
    asked: dict[str, Any] = {
        "scope": chosen,
        "reason": reason,
        "note": str(form.get("note", ""))[:1_000],
    }
    if chosen is RefundScope.UNUSED:
        asked["sessions"] = _number(number)
    if chosen is RefundScope.OTHER:
        typed = str(form.get("amount", ""))[:20]
        asked["amount"] = money.parsed(typed, currency, field="amount")
        asked["sessions"] = _number(str(form.get("sessions", "")).strip() or "0")
    return asked


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise InvalidInput("sessions", "Write how many sessions, as a number.")
    return int(text)

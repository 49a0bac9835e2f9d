"""The page one comes back to from paying: it tells the truth, and heals itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import reflex as rx
from reflex.event import EventCallback, EventSpec

from services import checkout, money, orders, urls
from services.errors import ProviderError
from services.orders import Face, OrderView
from state.base import AppState, read, run
from state.guard import requires
from state.orders import STATUS
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, moment, until

LOOK_EVERY_SECONDS = 2.5
MOST_LOOKS = 60
_UNSETTLED = frozenset({Face.OPEN, Face.WAITING, Face.DECLINED})


@dataclass(frozen=True)
class Outcome:
    """One honest face: a sentence, what it means, and its tone."""

    title: str = ""
    words: str = ""
    tone: str = "info"


class CheckoutReturnState(Loads, AppState):
    """One order of the person who bought it."""

    face: str = ""
    outcome: Outcome = Outcome()
    status: str = ""
    status_tone: str = "quiet"
    title: str = ""
    sessions: str = ""
    mentor: str = ""
    mentor_href: str = ""
    price: str = ""
    refunded: str = ""
    ordered: Moment = NEVER
    pay_href: str = ""
    watching: bool = False
    provider_silent: bool = False
    giving_back: bool = False
    _order: str = ""
    _watch: int = 0

    @rx.event
    @requires("user")
    async def load(self) -> AsyncGenerator[EventCallback[()] | EventSpec | None, None]:
        """Show the order at once, then ask the provider, then keep looking while it is open."""
        order = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        self.giving_back = self.watching = self.provider_silent = False
        if order != self._order:
            self.phase = "loading"
            self._order = order
            yield
        with loading(self):
            await self._refresh(order)
        if self.phase == "ready" and self.face in _UNSETTLED:
            self.watching = True
            self._watch += 1
            yield CheckoutReturnState.watch

    @rx.event(background=True)
    @requires("user")
    async def watch(self) -> None:
        """Ask the provider every few seconds for some minutes, while this page is open."""
        async with self:
            order, number = self._order, self._watch
        for _ in range(MOST_LOOKS):
            await self._look_once(order)
            async with self:
                if not self._goes_on(order, number):
                    return
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        async with self:
            if self._watch == number:
                self.watching = False

    async def _look_once(self, order: str) -> None:
        async with self:
            actor = await self._actor()
        try:
            await run(checkout.look_again, actor=actor, order=order)
            silent = False
        except ProviderError:
            silent = True
        async with self:
            if self._order == order:
                self.provider_silent = silent
                await self._refresh(order)

    def _goes_on(self, order: str, number: int) -> bool:
        """Whether this watch is still wanted; a newer one, or another page, ends it."""
        if self._watch != number:
            return False
        here = self.router.url.path.rstrip("/").endswith(f"/{order}")
        self.watching = here and self._order == order and self.face in _UNSETTLED
        return self.watching

    @rx.event
    @requires("user")
    async def give_back(self) -> AsyncGenerator[None, None]:
        """End the open checkout; should it have been paid meanwhile, this page says so."""
        self.giving_back = True
        yield
        try:
            await run(checkout.give_back, actor=await self._actor(), order=self._order)
        finally:
            self.giving_back = False
            await self._refresh(self._order)

    async def _refresh(self, order: str) -> None:
        view = await read(orders.get_order, actor=await self._actor(), order=order)
        self.face = view.face
        self.outcome = outcome_of(view, self.time_zone)
        self.status, self.status_tone = STATUS[view.face]
        self.title, self.sessions = view.title, count(view.sessions, "session")
        self.mentor, self.mentor_href = view.mentor_name, urls.mentor(view.mentor_slug)
        self.price = money.shown(view.price)
        self.refunded = money.shown(view.refunded) if view.refunded.minor else ""
        self.ordered = moment(view.created_at, self.time_zone)
        self.pay_href = view.checkout_url or ""


def outcome_of(order: OrderView, zone: str) -> Outcome:
    """What to tell about an order, in words that are true now."""
    name, end = order.mentor_name, until(order.expires_at, zone).text
    match order.face:
        case Face.OPEN:
            words = (
                f"Your seat with {name} is held until {end}. If you have just paid, "
                "this page notices by itself within a few seconds."
            )
            return Outcome("Not paid yet.", words)
        case Face.WAITING:
            words = (
                "Your bank confirms this payment later, which can take some days. "
                "Your seat is kept meanwhile, and we mail you as soon as the money is there."
            )
            return Outcome("Waiting for your bank.", words, "warning")
        case Face.DECLINED:
            words = f"Nothing was charged. Your seat is held until {end}: try another card."
            return Outcome("Your card was declined.", words, "bad")
        case Face.PAID | Face.PAID_TWICE_REFUNDED:
            return Outcome(f"Paid. Your seat with {name} is yours.", _paid(order), "good")
        case Face.TIME_RAN_OUT:
            words = "Nothing was charged, and your seat went to whoever is next. You can start again."
            return Outcome("The time ran out.", words, "warning")
        case Face.CANCELED:
            words = "Nothing was charged. You are welcome to come back."
            return Outcome("You gave the seat back.", words)
        case Face.FAILED:
            words = "Nothing was charged, and the seat was given back. You can start again."
            return Outcome("The payment failed.", words, "bad")
        case _:
            return _money_back(order)


def _paid(order: OrderView) -> str:
    words = f"Your pack of {count(order.sessions, 'session')} is ready, and a receipt is in your mail."
    if order.face is Face.PAID:
        return words
    if order.refunded.minor:
        return f"{words} You had paid twice: {money.shown(order.refunded)} went back to you."
    return f"{words} You had paid twice: the second payment is on its way back to you."


def _money_back(order: OrderView) -> Outcome:
    price, name = money.shown(order.price), order.mentor_name
    match order.face:
        case Face.SOLD_OUT_REFUNDING:
            words = (
                f"Your payment arrived after the last seat with {name} was taken. All of it, {price}, "
                "is on its way back to you; banks take up to ten days to show it."
            )
            return Outcome("Sold out. Your money is on its way back.", words, "warning")
        case Face.SOLD_OUT_REFUNDED:
            words = (
                f"Your payment arrived after the last seat with {name} was taken. All of it, {price}, "
                "was sent back to you; banks take up to ten days to show it."
            )
            return Outcome("Sold out and refunded.", words, "warning")
        case _:
            return Outcome("This order was refunded.", f"{money.shown(order.refunded)} went back to you.")

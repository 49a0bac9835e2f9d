"""The page one comes back to from paying: it tells the truth, and heals itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial

import reflex as rx
from reflex.event import EventCallback, EventSpec

from services import checkout, money, orders, topics
from services.audit import Actor
from services.config import PAYMENT_NAMES
from services.errors import ProviderUnavailable, TooManyAttempts
from services.orders import Face, OrderView
from state import live
from state.base import AppState, read, run
from state.guard import requires
from state.order_facts import OrderFacts, order_facts
from state.phase import Loads, loading
from state.shown import count, until

LOOK_EVERY_MS = 2_500
MOST_LOOKS = 60
_UNSETTLED = frozenset({Face.OPEN, Face.WAITING, Face.DECLINED, Face.SOLD_OUT_REFUNDING})
_ENDED = frozenset({Face.TIME_RAN_OUT, Face.CANCELED, Face.FAILED})


@dataclass(frozen=True)
class Outcome:
    """One honest face: a sentence, what it means, and its tone."""

    title: str = ""
    words: str = ""
    tone: str = "info"


def audience(actor: Actor, order: str) -> live.Audience[OrderView]:
    """The tabs in which one person looks at one order."""
    own = {topics.mentee(actor.user_id)} if actor.user_id else set[str]()
    watched = frozenset(own | ({topics.ORDERS} if actor.is_admin else set[str]()))
    seen = partial(orders.get_order, actor=actor, order=order)
    return live.Audience(("checkout_return", order, actor), watched, seen)


class CheckoutReturnState(Loads, AppState):
    """One order of the person who bought it."""

    face: str = ""
    outcome: Outcome = Outcome()
    order: OrderFacts = OrderFacts()
    pay_href: str = ""
    provider: str = ""
    offer_href: str = ""
    watching: bool = False
    provider_silent: bool = False
    giving_back: bool = False
    _order: str = ""
    _looks: int = 0
    _looking: bool = False

    @rx.event
    @requires("user")
    async def load(self) -> AsyncGenerator[EventCallback[()] | EventSpec | None, None]:
        """Show the order at once, then ask the provider, then keep looking while it is open."""
        order = self._named()
        self.giving_back = self.watching = self.provider_silent = self._looking = False
        self._looks = 0
        if order != self._order:
            self.phase = "loading"
            self._order = order
            yield
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), order)))
            if self.face in _ENDED:
                await self._ask_once_more(order)
        if self.phase == "ready" and self.face in _UNSETTLED:
            self.watching = True
            yield CheckoutReturnState.look

    async def _ask_once_more(self, order: str) -> None:
        """Before it is said that nothing was charged: the page may have been paid after the end."""
        with contextlib.suppress(ProviderUnavailable, TooManyAttempts):
            await run(checkout.look_again, actor=await self._actor(), order=order)
        await self._refresh(order)

    @rx.event(background=True)
    @requires("user")
    async def look(self) -> None:
        """Ask the provider once; the page calls this every few seconds while it is open."""
        async with self:
            if self._looking or not self.watching:
                return
            self._looking = True
            order, actor = self._order, await self._actor()
        try:
            await run(checkout.look_again, actor=actor, order=order)
            silent = False
        except ProviderUnavailable:
            silent = True
        except Exception:
            async with self:
                self.watching = self._looking = False
            raise
        async with self:
            await self._looked(order, silent=silent)

    async def _looked(self, order: str, *, silent: bool) -> None:
        """Take over what is true now; stop watching when it is settled, or after some minutes."""
        self._looking = False
        if self._order != order:
            return
        self._looks += 1
        self.provider_silent = silent
        await self._refresh(order)
        self.watching = self.face in _UNSETTLED and self._looks < MOST_LOOKS

    @rx.event
    @requires("user")
    async def give_back(self) -> AsyncGenerator[None, None]:
        """End the open checkout; should it have been paid meanwhile, this page says so."""
        order = self._named()  # a server that was started again remembers no page
        self.giving_back = True
        yield
        try:
            await run(checkout.give_back, actor=await self._actor(), order=order)
        finally:
            self.giving_back = False
            await self._refresh(order)

    async def _refresh(self, order: str) -> None:
        """Only reads: the person may have turned the page, and the tab looks at that one now."""
        self._show(await read(orders.get_order, actor=await self._actor(), order=order))

    @rx.event
    @requires("user")
    async def refresh(self) -> AsyncGenerator[EventCallback[()] | EventSpec | None, None]:
        """Show what the provider's webhook changed, before this page asks the next time."""
        view = await live.news(self)
        if view is live.ANEW:
            async for event in self.load():
                yield event
        elif view is not None:
            with loading(self):
                self._show(view)
                self.watching = self.watching and self.face in _UNSETTLED

    def _show(self, view: OrderView) -> None:
        self.face = view.face
        self.outcome = outcome_of(view, self.time_zone)
        self.order = order_facts(view, self.time_zone)
        self.pay_href = view.checkout_url or ""
        self.provider = PAYMENT_NAMES.get(view.provider, "The provider")
        self.offer_href = f"/checkout/{view.offer}"


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
            words = f"Nothing was charged. Your seat is held until {end}: pay in another way."
            return Outcome("The payment was declined.", words, "bad")
        case Face.PAID | Face.PAID_TWICE_REFUNDED:
            return Outcome(f"Paid. Your seat with {name} is yours.", _paid(order), "good")
        case Face.TIME_RAN_OUT:
            words = (
                "Nothing was charged. A place held only for this order was given back; "
                "a seat you already had stays yours. You can start again."
            )
            return Outcome("The time ran out.", words, "warning")
        case Face.CANCELED:
            words = "Nothing was charged. You are welcome to come back."
            return Outcome("You ended this checkout.", words)
        case Face.FAILED:
            words = "Nothing was charged. You can start again."
            return Outcome("The payment failed.", words, "bad")
        case _:
            return _money_back(order)


def _paid(order: OrderView) -> str:
    words = (
        f"Your pack of {count(order.sessions, 'session')} is ready, and a receipt is in your mail."
    )
    if order.face is Face.PAID:
        return words
    if order.refunded.minor:
        return f"{words} You had paid twice: {money.shown(order.refunded)} went back to you."
    return f"{words} You had paid twice: the second payment is on its way back to you."


def _money_back(order: OrderView) -> Outcome:
    price = money.shown(order.price)
    late = f"Your payment arrived after the last seat with {order.mentor_name} was taken."
    slow = "Banks take up to ten days to show it."
    match order.face:
        case Face.SOLD_OUT_REFUNDING:
            words = f"{late} All of it, {price}, is on its way back to you. {slow}"
            return Outcome("Sold out. Your money is on its way back.", words, "warning")
        case Face.SOLD_OUT_REFUNDED:
            words = f"{late} All of it, {price}, was sent back to you. {slow}"
            return Outcome("Sold out and refunded.", words, "warning")
        case Face.REFUND_STUCK:
            words = "Sending it did not work. The studio has been told, and will write to you."
            pack = " Your pack stays yours." if order.pack else ""
            return Outcome("We owe you money.", words + pack, "bad")
        case Face.MISFIT:
            words = (
                "What came is not the price of this order, so it bought nothing. "
                "The studio has been told, and will send it back or write to you."
            )
            return Outcome("Your payment does not fit this order.", words, "bad")
        case Face.DISPUTED:
            words = "Your pack rests until that is decided: nothing can be booked from it."
            return Outcome("Your bank is settling a dispute about this payment.", words, "warning")
        case Face.CHARGED_BACK:
            words = f"{money.shown(order.lost)} went back to you by a decision about a dispute."
            return Outcome("This payment was charged back.", words)
        case _:
            words = f"{money.shown(order.refunded)} went back to you. {slow}"
            return Outcome("This order was refunded.", words)

"""Checkout: one offer as this visitor may buy it, and the way to the payment page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Literal
from urllib.parse import quote

import reflex as rx
from reflex.event import EventSpec

from services import checkout, money, photos, urls
from services.checkout import CheckoutPreview
from services.errors import ProviderUnavailable
from state.base import AppState, read, run
from state.guard import requires
from state.mentor import validity_words
from state.phase import Loads, loading
from state.shown import count, initials, until

LEAVING_SECONDS = 1.0
"""How long the browser is told to leave; after that, coming back must not send it away again."""

Obstacle = Literal["", "sign_in", "verify", "other"]


class CheckoutState(Loads, AppState):
    """The pack to buy, and the seat that may already be held for it."""

    title: str = ""
    sessions: str = ""
    dots: list[bool] = []
    price: str = ""
    validity: str = ""
    expires: bool = False
    mentor: str = ""
    mentor_href: str = ""
    initials: str = ""
    photo: str = ""
    renewal: bool = False
    obstacle: Obstacle = ""
    blocked: str = ""
    sign_in_href: str = ""
    sign_up_href: str = ""
    open_order: str = ""
    same_offer: bool = False
    held_until: str = ""
    paying: bool = False
    leave_to: str = ""
    giving_back: bool = False
    _offer: str = ""

    @rx.event
    @requires("anyone")
    async def load(self) -> AsyncGenerator[None, None]:
        """Show the offer named in the address."""
        offer = self._named()
        self.paying = self.giving_back = False
        if offer != self._offer:
            self.phase = "loading"
            self._offer = offer
            yield
        await self._refresh()

    @rx.event
    @requires("user")
    async def pay(self) -> AsyncGenerator[EventSpec | None, None]:
        """Hold the seat and go to the payment page; after a failure, show what holds now."""
        self.paying = True
        self._offer = self._named()  # pressed on a page that a restarted server has not loaded yet
        yield
        try:
            started = await run(checkout.start, actor=await self._actor(), offer=self._offer)
        except ProviderUnavailable as error:
            await self._refresh()
            if not self.open_order:
                raise
            self._tell(
                f"{error.provider.capitalize()} does not answer right now. Nothing was charged and "
                f"your seat is held until {self.held_until}: please try again in a minute.",
                "warning",
            )
            return
        except Exception:
            await self._refresh()
            raise
        finally:
            self.paying = False
        if not started.url:
            yield rx.redirect(f"/checkout/return/{started.order}")
            return
        self.leave_to = started.url
        yield
        try:
            await asyncio.sleep(LEAVING_SECONDS)
        finally:
            self.leave_to = ""

    @rx.event
    @requires("user")
    async def give_back(self) -> AsyncGenerator[EventSpec | None, None]:
        """End the open checkout; should it have been paid meanwhile, go and see."""
        if not self.open_order:
            return
        self.giving_back = True
        yield
        order = self.open_order
        try:
            await run(checkout.give_back, actor=await self._actor(), order=order)
        finally:
            self.giving_back = False
            await self._refresh()
        yield rx.redirect(f"/checkout/return/{order}")

    def _named(self) -> str:
        """The offer that the address names."""
        return self.router.url.path.rstrip("/").rsplit("/", 1)[-1]

    async def _refresh(self) -> None:
        with loading(self):
            preview = await read(checkout.preview, actor=await self._actor(), offer=self._offer)
            self._show(preview)

    def _show(self, offer: CheckoutPreview) -> None:
        self.title, self.sessions = offer.title, count(offer.sessions, "session")
        self.dots = [True] * min(offer.sessions, 20)
        self.price = money.shown(offer.price)
        self.validity, self.expires = (
            validity_words(offer.validity_days),
            offer.validity_days is not None,
        )
        self.mentor, self.initials = offer.mentor_name, initials(offer.mentor_name)
        self.mentor_href = urls.mentor(offer.mentor_slug)
        self.photo = photos.url(offer.photo_key, "small")
        self.renewal, self.blocked = offer.is_renewal, offer.blocked
        self.open_order = offer.open_order or ""
        self.same_offer = offer.open_order_same_offer
        self.held_until = until(offer.held_until, self.time_zone).text
        self.obstacle = self._obstacle()
        here = quote(f"/checkout/{offer.offer}", safe="")
        self.sign_in_href, self.sign_up_href = f"/sign-in?next={here}", f"/sign-up?next={here}"

    def _obstacle(self) -> Obstacle:
        if not self.blocked:
            return ""
        if not self.signed_in:
            return "sign_in"
        return "other" if self.verified else "verify"

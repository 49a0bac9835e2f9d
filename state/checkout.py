"""Checkout: one offer as this visitor may buy it, and the way to the payment page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import reflex as rx
from reflex.event import EventSpec

from services import checkout, money, photos, ratelimits, urls
from services.checkout import CheckoutPreview
from services.config import PAYMENT_NAMES, settings
from services.errors import InvalidInput, ProviderUnavailable
from services.models import Document, TaxMode
from services.pricing import Price, rate_shown
from services.privacy import documents
from state.base import AppState, read, run
from state.guard import requires
from state.mentor import validity_words
from state.phase import Loads, loading
from state.shown import count, initials, plain, until

LEAVING_SECONDS = 1.0
"""How long the browser is told to leave; after that, coming back must not send it away again."""

LONGEST_TYPED = 60
"""Of a code as it is typed, with spaces."""

Obstacle = Literal["", "sign_in", "verify", "other"]


FREE = "free"
"""Stands in `paying` for the provider, when there is nothing to pay."""


@dataclass(frozen=True)
class Way:
    """One way to pay: the provider, what its button says, and whether it is the first."""

    provider: str = ""
    label: str = ""
    first: bool = False


class CheckoutState(Loads, AppState):
    """The pack to buy, and the seat that may already be held for it."""

    title: str = ""
    sessions: str = ""
    dots: list[bool] = []
    price: str = ""
    list_price: str = ""
    discount: str = ""
    tax: str = ""
    free: bool = False
    ways: list[Way] = []
    code: str = ""
    code_error: str = ""
    terms: str = ""
    validity: str = ""
    expires: bool = False
    mentor: str = ""
    mentor_href: str = ""
    initials: str = ""
    photo: str = ""
    renewal: bool = False
    obstacle: Obstacle = ""
    blocked: str = ""
    can_wait: bool = False
    offered_until: str = ""
    sign_in_href: str = ""
    sign_up_href: str = ""
    open_order: str = ""
    same_offer: bool = False
    held_until: str = ""
    held_with: str = ""
    paying: str = ""
    leave_to: str = ""
    giving_back: bool = False
    _offer: str = ""

    @rx.event
    @requires("anyone")
    async def load(self) -> AsyncGenerator[None, None]:
        """Show the offer named in the address."""
        offer = self._named()
        self.paying, self.giving_back = "", False
        if offer != self._offer:
            self.phase = "loading"
            self._offer, self.code, self.code_error = offer, "", ""
            yield
        await self._refresh()

    @rx.event
    @requires("user")
    async def pay(
        self, provider: str = "", code: str = "", price: str = "", terms: str = ""
    ) -> AsyncGenerator[EventSpec | None, None]:
        """Hold the seat and go to the provider's page; after a failure, show what holds now.

        `code`, `price` and `terms` are those that the browser shows.
        """
        if not await self._is_shown(code, price, terms):
            self._tell("This page was renewed. Look at the price, and press again.", "warning")
            return
        self.paying = provider or FREE
        yield
        try:
            started = await run(
                checkout.start,
                actor=await self._actor(),
                offer=self._offer,
                provider="" if provider == FREE else provider,
                code=self.code,
                terms=self.terms,
            )
        except ProviderUnavailable as error:
            await self._refresh()
            if not self.open_order:
                raise
            self._tell(self._silent(error.provider), "warning")
            return
        except InvalidInput as error:  # the code: somebody else took its last use
            self.code = ""
            await self._refresh()
            self.code_error = error.message
            self._tell(error.message, "warning")
            return
        except Exception:
            await self._refresh()
            raise
        finally:
            self.paying = ""
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

    @rx.event
    @requires("user")
    async def use_code(self, form: dict[str, Any]) -> None:
        """Show the price with the code that was typed, or why it cannot be used."""
        await self._count_try()
        self._offer = self._named()
        self.code, self.code_error = str(form.get("code", ""))[:LONGEST_TYPED].strip(), ""
        if not self.code:
            self.code_error = "Type the code first."
            return
        await self._refresh()

    @rx.event
    @requires("anyone")
    async def drop_code(self) -> None:
        """Show the price without a code."""
        self.code = self.code_error = ""
        await self._refresh()

    async def _is_shown(self, code: str, price: str, terms: str) -> bool:
        """Whether the person sees what would be bought: nobody agrees to anything else. A restarted
        server reads its page anew, and it goes on when that is what the browser shows."""
        named, is_lost = self._named(), not self.terms
        if not is_lost and self._offer == named:
            return True
        self._offer, self.code, self.code_error = named, plain(code, LONGEST_TYPED), ""
        if self.code:
            await self._count_try()
        await self._refresh()
        return is_lost and (self.price, self.terms) == (price, terms)

    async def _count_try(self) -> None:
        actor = await self._actor()
        ratelimits.hit(ratelimits.CODE_TRIES, str(actor.user_id))
        if address := self._address():
            ratelimits.hit(ratelimits.CODE_TRIES_ADDRESS, address)

    def _silent(self, provider: str) -> str:
        name = PAYMENT_NAMES.get(provider, provider)
        another = ", or choose another way to pay" if len(self.ways) > 1 else ""
        return (
            f"{name} does not answer right now. Nothing was charged and your seat is held until "
            f"{self.held_until}: please try again in a minute{another}."
        )

    async def _refresh(self) -> None:
        with loading(self):
            try:
                preview = await self._read(self.code)
            except InvalidInput as error:  # of the code: the price without it, and why
                self.code_error = error.message
                preview = await self._read("")
            self._show(preview)

    async def _read(self, code: str) -> CheckoutPreview:
        actor = await self._actor()
        return await read(checkout.preview, actor=actor, offer=self._offer, code=code)

    def _show(self, offer: CheckoutPreview) -> None:
        self.title, self.sessions = offer.title, count(offer.sessions, "session")
        self.dots = [True] * min(offer.sessions, 20)
        self.code = offer.code
        self._show_price(offer.price, offer.providers)
        self.validity, self.expires = (
            validity_words(offer.validity_days),
            offer.validity_days is not None,
        )
        self.mentor, self.initials = offer.mentor_name, initials(offer.mentor_name)
        self.mentor_href = urls.mentor(offer.mentor_slug)
        self.photo = photos.url(offer.photo_key, "small")
        self.renewal, self.blocked = offer.is_renewal, offer.blocked
        self.can_wait = offer.can_wait
        offered = None if offer.open_order else offer.offer_ends_at
        self.offered_until = until(offered, self.time_zone).text
        self.open_order = offer.open_order or ""
        self.same_offer = offer.open_order_same_offer
        self.held_until = until(offer.held_until, self.time_zone).text
        self.held_with = PAYMENT_NAMES.get(offer.open_provider, "")
        self.terms = documents.current(Document.TERMS)
        self.obstacle = self._obstacle()
        here = quote(f"/checkout/{offer.offer}", safe="")
        self.sign_in_href, self.sign_up_href = f"/sign-in?next={here}", f"/sign-up?next={here}"

    def _show_price(self, price: Price, providers: dict[str, str]) -> None:
        self.price, self.free = money.shown(price.total), price.is_free
        self.list_price = money.shown(price.list)
        self.discount = money.shown(-price.discount) if price.discount_minor else ""
        self.tax = _tax(price)
        self.ways = [
            Way(provider, f"Pay {self.price} with {name}", first=not place)
            for place, (provider, name) in enumerate(providers.items())
        ]

    def _obstacle(self) -> Obstacle:
        if not self.blocked:
            return ""
        if not self.signed_in:
            return "sign_in"
        return "other" if self.verified else "verify"


def _tax(price: Price) -> str:
    """The tax in the price, in words; "" when the studio charges none."""
    if price.tax_mode is TaxMode.NONE:
        return ""
    how = "included" if price.tax_mode is TaxMode.INCLUDED else "added"
    label = settings().tax_label
    return f"{money.shown(price.tax)} {label} ({rate_shown(price.tax_rate_bp)}, {how})"

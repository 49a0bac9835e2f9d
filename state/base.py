"""What every page's state shares: who is here, one notice, and the bridge to the services.

A page's state is `class MentorsState(AppState)`. Public variables go to the browser whole, so they
start empty and are filled by guarded handlers; names with an underscore stay on the server. Helpers
are functions of this module or begin with an underscore, because a public method is an event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import reflex as rx
from sqlmodel import Session

from services import addresses, db
from services.audit import Actor
from services.config import settings
from services.signin import Presence
from state import cookies, flash
from state.flash import Flash
from state.guard import Tone, presence_of, requires
from state.recovery import try_again_soon
from state.shown import plain

P = ParamSpec("P")
T = TypeVar("T")


async def run(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a use case (one that opens its own transactions) without stopping other clients."""
    return await asyncio.to_thread(fn, *args, **kwargs)


async def read(fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a service that takes a session, inside a transaction that reads."""

    def work() -> T:
        with db.reading() as session:
            return fn(session, *args, **kwargs)

    return await asyncio.to_thread(work)


async def write(fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a service that takes a session, inside a transaction that writes."""

    def work() -> T:
        with db.transaction() as session:
            return fn(session, *args, **kwargs)

    return await asyncio.to_thread(work)


class Tab(rx.State):
    """Whose tab this is, for the guard. A leaf of its own, so that it loads alone from Redis."""

    _identity: str = ""


class AppState(rx.State):
    """The parent of every page's state. The guard fills it before the page's first handler.

    `_returns`: the tab loads the page that it shows already, as after a lost connection.
    """

    signed_in: bool = False
    display_name: str = ""
    email: str = ""
    verified: bool = False
    is_mentor: bool = False
    is_admin: bool = False
    time_zone: str = "UTC"
    locale: str = "en"
    sandbox_on: bool = False
    terms_due: bool = False

    notice: str = ""
    notice_tone: str = "info"
    _notice_stays: bool = False
    _flash: Flash | None = None
    _seen_flash: str = ""
    _page: str = ""
    _loaded_address: str = ""
    _returns: bool = False

    async def _actor(self) -> Actor:
        """Who acts, as the database knows it (at most five seconds old)."""
        return (await self._presence()).actor

    async def _presence(self) -> Presence:
        """Who acts, with name, zone and the sign-in's public id."""
        return await presence_of(self._cookies())

    def _cookies(self) -> str:
        """The Cookie header of this tab's websocket; it never reaches the browser's scripts."""
        headers: dict[str, Any] = self.router_data.get("headers") or {}
        return str(headers.get("cookie", ""))

    def _address(self) -> str:
        """The address that this tab's websocket comes from; "" when the server does not know."""
        headers: dict[str, Any] = self.router_data.get("headers") or {}
        peer = str(headers.get("asgi-scope-client", ""))
        return addresses.of_client(peer, str(headers.get("x-forwarded-for", "")))

    def _named(self) -> str:
        """What the last part of the address names: an order, a session, an offer."""
        return plain(self.router.url.path.rstrip("/").rsplit("/", 1)[-1], 60)

    def _tell(
        self, text: str, tone: Tone = "info", *, stays: bool = False, again: bool = False
    ) -> None:
        """Show a notice. It goes with the next page, unless it `stays` for one; with `again`, the
        page loads itself anew in a few seconds, and the notice goes when that works."""
        self.notice, self.notice_tone, self._notice_stays = text, tone, stays
        if again:
            self._page = ""
            try_again_soon()

    def _become(self, presence: Presence) -> None:
        """Take over what the layout shows of the person. Only the guard calls this."""
        self.signed_in = presence.actor.user_id is not None
        self.display_name = presence.name
        self.email = presence.email
        self.verified = presence.actor.verified
        self.is_mentor = presence.actor.mentor_id is not None
        self.is_admin = presence.actor.is_admin
        self.time_zone = presence.time_zone
        self.locale = presence.locale
        self.sandbox_on = settings().simulators_on
        self.terms_due = presence.terms_due

    def _turn_page(self) -> None:
        """A page begins: drop the old notice, and take the message that a form's answer left.

        A tab that connects may say so twice (it connects, then it loads the page).
        """
        address = str(self.router_data.get("asPath", ""))
        page = f"{self.router_data.get('sid', '')} {address}"
        if page == self._page:
            return
        self._returns = address == self._loaded_address
        self._page, self._loaded_address = page, address
        if self._notice_stays:
            self._notice_stays = False
        else:
            self.notice = ""
        self._flash = None
        found = flash.opened(cookies.read(self._cookies(), cookies.flash_name()))
        path = urlsplit(address).path.rstrip("/") or "/"
        if found is None or found.id == self._seen_flash or found.path != path:
            return
        self._seen_flash = found.id
        self._flash = found
        if not found.field:
            self._tell(found.text, found.tone)

    @rx.event
    @requires("anyone")
    async def dismiss_notice(self) -> None:
        """Close the notice."""
        self.notice = ""

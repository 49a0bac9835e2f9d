"""A page that somebody has open, without a browser: its state, and the events that a tab sends."""

from __future__ import annotations

import asyncio
import inspect
from datetime import timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from reflex.istate.data import RouterData
from reflex.state import State

from services import clock
from services.ids import hashed, new_secret
from services.models import SignIn, User
from state import cookies, live
from state.base import AppState
from tests.services.rows import saved

S = TypeVar("S", bound=AppState)


class OpenPage(Generic[S]):
    """`state` is what the tab of this person shows, at this address."""

    def __init__(
        self,
        kind: type[S],
        person: User,
        address: str,
        *,
        load: str = "load",
        headers: dict[str, str] | None = None,
    ) -> None:
        secret = new_secret()
        until = clock.utc_now() + timedelta(days=1)
        saved(SignIn(user_id=person.id, token_hash=hashed(secret), expires_at=until))
        self._headers = {**(headers or {}), "cookie": f"{cookies.session_name()}={secret}"}
        self._root, self._token, self._load = State(_reflex_internal_init=True), new_secret(), load  # pyright: ignore[reportCallIssue]
        self.state = asyncio.run(self._root.get_state(kind))
        self.goes_to(address)

    def goes_to(self, address: str) -> None:
        """Turn to an address of this page."""
        self._address = address
        self.reconnects()

    def comes_back(self) -> None:
        """Turn to another page, and from there to this one."""
        self._turns_to("/dashboard")
        self.reconnects()

    def reconnects(self) -> None:
        """What a browser sends when its connection was lost and is there again: the same as when
        the page is opened, over another connection."""
        self._turns_to(self._address)
        asyncio.run(self._arrive())

    def _turns_to(self, address: str) -> None:
        data: dict[str, Any] = {
            "asPath": address,
            "pathname": urlsplit(address).path,
            "headers": self._headers,
            "token": self._token,
            "sid": new_secret(),
        }
        self._root.router = RouterData.from_router_data(data)
        self._root.router_data = data
        self.state._turn_page()  # pyright: ignore[reportPrivateUsage]

    async def _arrive(self) -> None:
        presence = await self.state._presence()  # pyright: ignore[reportPrivateUsage]
        self.state._become(presence)  # pyright: ignore[reportPrivateUsage]
        await self._send(self._load)

    def does(self, event: str, *values: Any) -> list[str]:
        """Send an event; what `busy` was at each step of it."""
        return asyncio.run(self._send(event, *values))

    async def _send(self, event: str, *values: Any) -> list[str]:
        seen: list[str] = []
        answer = getattr(self.state, event)(*values)
        if inspect.isasyncgen(answer):
            async for _ in answer:
                seen.append(str(getattr(self.state, "busy", "")))
        else:
            await answer
        live.forget(self._token)
        return seen

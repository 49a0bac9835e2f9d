"""Giving a seat back by hand, for its mentor and for admins."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from services import seats
from services.errors import InvalidInput
from state.base import AppState, run
from state.guard import requires
from state.shown import plain


class SeatReleaseState(AppState):
    """`asking` is the seat (a public id) whose question is open."""

    asking: str = ""
    busy: bool = False
    wrong: str = ""

    @rx.event
    @requires("mentor")
    async def begin(self) -> None:
        """A mentor's page is new: no question is open."""
        self._begin()

    @rx.event
    @requires("admin")
    async def begin_as_admin(self) -> None:
        """The same of an admin's page."""
        self._begin()

    @rx.event
    @requires("user")
    async def ask(self, seat: str) -> None:
        """Ask for the reason; an empty seat takes the question back."""
        self.asking, self.wrong = plain(seat, 60), ""

    @rx.event
    @requires("user")
    async def release(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Give it back. Whose it is to give, the service knows; the page follows by itself."""
        self.busy, self.wrong = True, ""
        yield
        try:
            await run(
                seats.release_by_hand,
                actor=await self._actor(),
                seat=self.asking,
                reason=str(form.get("reason", ""))[:1_000],
            )
        except InvalidInput as error:
            self.wrong = error.message
            return
        finally:
            self.busy = False
        self.asking = ""
        self._tell("The seat is given back, and its mentee is told why.", "good")

    def _begin(self) -> None:
        self.asking, self.busy, self.wrong = "", False, ""

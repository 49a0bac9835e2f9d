"""What one does about one's places in lines; the page that shows them reads itself anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from services import waitlist
from state.base import AppState, write
from state.dashboard import DashboardState
from state.guard import requires
from state.mentor import MentorState
from state.shown import plain

Steps = AsyncGenerator[Any, None]
HOME = "/dashboard"


class WaitlistState(AppState):
    """`asking` is the place that somebody is about to give up, `waiting_for` what is on its way."""

    asking: str = ""
    waiting_for: str = ""

    @rx.event
    @requires("anyone")
    async def begin(self) -> None:
        """The page is new: no question is open."""
        self.asking = self.waiting_for = ""

    @rx.event
    @requires("user")
    async def ask(self, entry: str) -> None:
        """Ask once more before a place is given up; an empty one takes the question back."""
        self.asking = plain(entry, 60)

    @rx.event
    @requires("user")
    async def join(self, slug: str) -> Steps:
        """Wait for a place with this mentor."""
        async for step in self._do(waitlist.join, "You are on the waitlist.", mentor=slug):
            yield step

    @rx.event
    @requires("user")
    async def join_first(self, pack: str) -> Steps:
        """Wait at the head of the line for the place that was given away."""
        told = "You are first in line, and your pack does not end while you wait."
        async for step in self._do(waitlist.join_first, told, pack=pack):
            yield step

    @rx.event
    @requires("user")
    async def leave(self, entry: str) -> Steps:
        """Wait no longer."""
        async for step in self._do(waitlist.leave, "You have left the waitlist.", entry=entry):
            yield step

    @rx.event
    @requires("user")
    async def decline(self, entry: str) -> Steps:
        """Decline the place that is on offer."""
        told = "Declined. Thank you: it goes to the next in line."
        async for step in self._do(waitlist.decline, told, entry=entry):
            yield step

    async def _do(self, work: Any, told: str, **named: str) -> Steps:
        named = {name: plain(value, 60) for name, value in named.items()}
        self.waiting_for = next(iter(named.values()))
        yield
        try:
            await write(work, actor=await self._actor(), **named)
            self._tell(told, "good")
        finally:
            self.waiting_for = self.asking = ""
        yield self._shown_again()

    def _shown_again(self) -> Any:
        """Both pages that show places can do this."""
        on_home = str(self.router.url.path).rstrip("/") == HOME
        return DashboardState.load if on_home else MentorState.load

"""That no mail reaches the signed-in person, on the pages where they would wait for one."""

from __future__ import annotations

import reflex as rx

from services.errors import SignInNeeded
from services.mail import suppressions
from state.base import AppState, read, run
from state.guard import requires
from state.shown import NEVER, Moment, date


class MailTroubleState(AppState):
    """`address` is empty while mails arrive."""

    address: str = ""
    words: str = ""
    since: Moment = NEVER
    may_lift: bool = False

    @rx.event
    @requires("user")
    async def look(self) -> None:
        """Is one's own address among those that get no mail?"""
        await self._look()

    @rx.event
    @requires("anyone")
    async def look_if_signed_in(self) -> None:
        """The same on a page that is also for those who are not."""
        await self._look()

    @rx.event
    @requires("user")
    async def try_again(self) -> None:
        """Ask to be written to again; a mail leaves at once."""
        await run(suppressions.try_again, actor=await self._actor())
        await self._look()
        self._tell("We write to you again, beginning with a mail that says so.", "good")

    async def _look(self) -> None:
        self.address = ""
        actor = await self._actor()
        if actor.user_id is None:
            return
        try:
            found = await read(suppressions.find_own, actor=actor)
        except SignInNeeded:
            return
        if found is not None:
            self.address, self.words = found.address, found.words
            self.since, self.may_lift = date(found.at, self.time_zone), found.may_lift

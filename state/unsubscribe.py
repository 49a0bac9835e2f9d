"""Getting no more mails of one kind, by the link of one of them; nobody needs to be signed in."""

from __future__ import annotations

import reflex as rx

from services.errors import InvalidInput
from services.mail import subscriptions
from state.base import AppState, read
from state.guard import requires
from state.phase import Loads, loading


class UnsubscribeState(Loads, AppState):
    """`title` is the kind of mails in words; `problem` says why the link does nothing."""

    title: str = ""
    comes: bool = False
    token: str = ""
    problem: str = ""

    @rx.event
    @requires("anyone")
    async def load(self) -> None:
        """Read what the link is about. Only the page's button changes anything."""
        token = self.router.url.query_parameters.get("token", "")
        token = token[: subscriptions.LONGEST_TOKEN]
        self.title = self.token = self.problem = ""
        with loading(self):
            try:
                found = await read(subscriptions.find, token=token)
            except InvalidInput as error:
                self.problem = error.message
                return
            self.title, self.comes = found.title, found.comes
            self.token = token

"""Signing in."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.accounts import FormState
from state.guard import requires


class SignInState(FormState):
    """The form to sign in with."""

    @rx.event
    @requires("anyone")
    async def enter(self) -> EventSpec | None:
        """Fill the form; who is signed in already goes on instead."""
        self._begin()
        return rx.redirect(self.next or "/dashboard") if self.signed_in else None

"""The terms: one version to read, and agreeing to the one in force."""

from __future__ import annotations

import reflex as rx

from services.models import Document
from services.privacy import documents
from state.base import AppState, write
from state.documents import Reads, show
from state.guard import forget_presences, requires


class TermsState(Reads, AppState):
    """The page of the terms."""

    @rx.event
    @requires("anyone")
    async def load(self) -> None:
        """Show the version that the address names, or the one in force."""
        asked = self.router.url.query_parameters.get("version", "")
        await show(self, Document.TERMS, asked)

    @rx.event
    @requires("user")
    async def agree(self) -> None:
        """Agree to the terms and the privacy notice as they are in force."""
        await write(documents.accept, actor=await self._actor(), shown=self.version)
        forget_presences()
        self.terms_due = False
        self._tell("Thank you. It is noted that you agree.", "good")

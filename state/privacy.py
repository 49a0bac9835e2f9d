"""The privacy notice: one version to read."""

from __future__ import annotations

import reflex as rx

from services.models import Document
from state.base import AppState
from state.documents import Reads, show
from state.guard import requires


class PrivacyState(Reads, AppState):
    """The page of the privacy notice."""

    @rx.event
    @requires("anyone")
    async def load(self) -> None:
        """Show the version that the address names, or the one in force."""
        asked = self.router.url.query_parameters.get("version", "")
        await show(self, Document.PRIVACY, asked)

"""What the pages with a form for /auth/* share: where to go on to, and what must be corrected.

The forms are posted natively to HTTP routes, because only those can set an HttpOnly cookie. Their
answer comes back as a message for this page (state/flash.py): `attempt` changes with it, and as the
form's key makes the fields new with what was typed.
"""

from __future__ import annotations

from urllib.parse import quote

import reflex as rx

from services import urls
from state.base import AppState
from state.guard import requires


class FormState(AppState):
    """The form of the page that is open; each page's first handler fills it anew."""

    next: str = ""
    next_query: str = ""
    token: str = ""
    attempt: str = ""
    wrong_field: str = ""
    wrong_text: str = ""
    typed_email: str = ""
    typed_name: str = ""

    @rx.event
    @requires("anyone")
    async def load(self) -> None:
        """Read the page's address, and the message that an earlier try left."""
        self._begin()

    def _begin(self) -> None:
        query = self.router.url.query_parameters
        self.next = urls.safe_next(query.get("next", ""), "")
        self.next_query = f"?next={quote(self.next, safe='')}" if self.next else ""
        self.token = query.get("token", "")[:128]
        message = self._flash
        typed = message.typed if message else {}
        self.attempt = message.id if message else ""
        self.wrong_field = message.field if message else ""
        self.wrong_text = message.text if message and message.field else ""
        self.typed_email = typed.get("email", "")
        self.typed_name = typed.get("name", "")

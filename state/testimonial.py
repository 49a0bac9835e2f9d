"""What a mentee says about one pack."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from services import testimonials, urls
from services.errors import Conflict, InvalidInput
from services.models import TestimonialStatus
from services.testimonials import OwnView
from state.base import AppState, read, run
from state.guard import requires
from state.phase import Loads, loading
from state.shown import plain

_WORDS = {
    TestimonialStatus.WAITING: ("waiting for the studio to read it", "warning"),
    TestimonialStatus.PUBLISHED: ("published", "good"),
    TestimonialStatus.DECLINED: ("declined", "bad"),
}


class TestimonialState(Loads, AppState):
    """The testimonial of the pack in the address. `attempt` makes its field new: never while the
    person writes or sends, only when another text is stored than the one they began with."""

    pack: str = ""
    title: str = ""
    mentor: str = ""
    mentor_href: str = ""
    shown_as: str = ""
    body: str = ""
    status: str = ""
    tone: str = "quiet"
    declined_because: str = ""
    why_not: str = ""
    attempt: int = 0
    saving: bool = False
    saved: str = ""
    wrong: str = ""

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read what there is about the pack."""
        self.saved = self.wrong = ""
        self.saving = False
        before = self.pack, self.body
        self.pack = plain(self.router.url.path.rstrip("/").rsplit("/", 1)[-1], 60)
        with loading(self):
            await self._refresh()
            if (self.pack, self.body) != before:
                self.attempt += 1

    @rx.event
    @requires("user")
    async def save(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Send it to the studio; after a refusal everything typed stays as it is."""
        self.saving, self.saved, self.wrong = True, "", ""
        yield
        try:
            body = str(form.get("body", ""))[:10_000]
            await run(testimonials.write, actor=await self._actor(), pack=self.pack, body=body)
        except (InvalidInput, Conflict) as error:
            self.wrong = error.message
            return
        finally:
            self.saving = False
        await self._refresh()
        self.saved = "Thank you. The studio reads it before anybody else does."

    async def _refresh(self) -> None:
        self._show(await read(testimonials.get_own, actor=await self._actor(), pack=self.pack))

    def _show(self, view: OwnView) -> None:
        self.title, self.mentor = view.pack_title, view.mentor_name
        self.mentor_href = urls.mentor(view.mentor_slug)
        self.shown_as, self.body, self.why_not = view.shown_as, view.body, view.why_not
        self.declined_because = view.decline_reason
        self.status, self.tone = _WORDS[view.status] if view.status else ("", "quiet")

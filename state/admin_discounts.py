"""Discount codes, for admins: what each takes off, within which limits, how often it was used."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import reflex as rx

from services import discounts, money, topics
from services.audit import Actor
from services.config import settings
from services.discounts import CodeState, CodeView, NewCode
from services.errors import InvalidInput
from services.paging import Part
from state import live
from state.base import AppState, read, write
from state.guard import requires
from state.listing import Listing
from state.phase import loading
from state.shown import NEVER, Moment, date

PATH = "/admin/discounts"
WORKING = "working"
CHOICES = {WORKING: "Not ended"}
TONES = {
    CodeState.WORKS: "good",
    CodeState.NOT_YET: "warning",
    CodeState.OVER: "quiet",
    CodeState.USED_UP: "quiet",
    CodeState.STOPPED: "bad",
}
_INSTANT = timedelta(microseconds=1)
FIELDS = ("code", "kind", "value", "starts_on", "ends_on", "max_total", "max_per_person", "mentor")


@dataclass(frozen=True)
class CodeFace:
    """A code as an admin's row shows one."""

    public_id: str = ""
    code: str = ""
    off: str = ""
    used: str = ""
    limits: str = ""
    starts: Moment = NEVER
    ends: Moment = NEVER
    status: str = ""
    tone: str = "quiet"
    stopped: bool = False


@dataclass(frozen=True)
class MentorChoice:
    """One mentor whose packs a code may be for."""

    slug: str = ""
    name: str = ""


def audience(
    actor: Actor, only_working: bool, query: str, before: str | None
) -> live.Audience[Part[CodeView]]:
    """The admins who look at the same part of the same list."""
    reading = partial(
        discounts.list_codes, actor=actor, only_working=only_working, query=query, before=before
    )
    key = ("admin_discounts", only_working, query, before)
    return live.Audience(key, frozenset({topics.DISCOUNTS}), reading)


class AdminDiscountsState(Listing, AppState):
    """One part of the list, and the form for a new code; `made` makes the form empty again. What
    was changed comes into the list as it does for everybody who looks."""

    rows: list[CodeFace] = []
    mentors: list[MentorChoice] = []
    making: bool = False
    made: int = 0
    busy: bool = False
    wrong_field: str = ""
    wrong_text: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin(PATH, CHOICES)
        self.making = self.busy = False
        self.wrong_field = ""
        with loading(self):
            seen = audience(await self._actor(), self.chosen == WORKING, self.query, before)
            self._show(await live.watch(self, seen))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for a code."""
        return self._searched(PATH, form)

    @rx.event
    @requires("admin")
    async def begin(self, making: bool) -> None:
        """Open the form for a new code, or close it."""
        self.making, self.wrong_field = bool(making), ""
        if self.making:
            found = await read(discounts.list_mentors, actor=await self._actor())
            self.mentors = [MentorChoice(slug, name) for slug, name in found]

    @rx.event
    @requires("admin")
    async def create(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Make the code."""
        self.busy, self.wrong_field = True, ""
        yield
        asked = NewCode(**{name: str(form.get(name, ""))[:60] for name in FIELDS})
        try:
            await write(discounts.create_code, actor=await self._actor(), new=asked)
        except InvalidInput as error:
            self.wrong_field, self.wrong_text = error.field, error.message
            return
        finally:
            self.busy = False
        self.making, self.made = False, self.made + 1
        self._tell(f"The code {asked.code.strip().upper()} is made.", "good")

    @rx.event
    @requires("admin")
    async def set_active(self, code: str, active: bool) -> None:
        """Stop a code, or let it work again."""
        actor = await self._actor()
        await write(discounts.set_active, actor=actor, code=code[:60], active=bool(active))
        self._tell(
            "The code works again." if active else "The code is stopped. Open checkouts keep it.",
            "good",
        )

    def _show(self, part: Part[CodeView]) -> None:
        self.rows = [_face(one) for one in part.rows]
        self._end(PATH, part, "code")


def _face(one: CodeView) -> CodeFace:
    zone = settings().studio_timezone
    off = f"{one.percent} %" if one.amount is None else money.shown(one.amount)
    used = f"{one.used} of {one.max_total}" if one.max_total else str(one.used)
    limits = [f"{one.max_per_person} per person" if one.max_per_person else "no limit per person"]
    if one.mentor_name:
        limits.append(f"packs of {one.mentor_name} only")
    return CodeFace(
        public_id=one.public_id,
        code=one.code,
        off=f"{off} off",
        used=used,
        limits=", ".join(limits),
        starts=date(one.starts_at, zone),
        ends=date(one.ends_at - _INSTANT if one.ends_at else None, zone),
        status=one.state.value,
        tone=TONES[one.state],
        stopped=one.state is CodeState.STOPPED,
    )

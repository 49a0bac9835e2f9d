"""The webhooks that were stored, for admins: what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import topics
from services.audit import Actor
from services.config import vendor_name
from services.jobs import events, replaying
from services.jobs.views import EventRow
from services.models import InboxStatus
from services.paging import Part
from state import live
from state.base import AppState, read, run
from state.guard import requires
from state.job_rows import INBOX as PATH
from state.job_rows import Steps, lately, page_of, total_of
from state.listing import Listing
from state.phase import loading
from state.shown import NEVER, Moment, count

CHOICES = {
    status.value: status.value.capitalize()
    for status in InboxStatus
    if status is not InboxStatus.WAITING
}
SORTS = ("-received",)


@dataclass(frozen=True)
class AdminEvent:
    """A webhook as a row shows one."""

    public_id: str = ""
    href: str = ""
    type: str = ""
    source: str = ""
    object_id: str = ""
    about: str = ""
    about_href: str = ""
    status: str = ""
    attempts: str = ""
    error: str = ""
    received: Moment = NEVER


def audience(actor: Actor, asked: dict[str, str | None]) -> live.Audience[Part[EventRow]]:
    """The admins who look at the same part of the same list."""
    seen = partial(events.list_events, actor=actor, **asked)
    return live.Audience(("admin_inbox", *asked.values()), frozenset({topics.INBOX}), seen)


class AdminInboxState(Listing, AppState):
    """One part of the list of webhooks. `stuck` is how many would be handled again, once asked."""

    rows: list[AdminEvent] = []
    asking: bool = False
    stuck: int = 0
    question: str = ""
    busy: bool = False

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        self.asking = self.busy = False
        before = self._begin(PATH, CHOICES, SORTS)
        with loading(self):
            asked = {"status": self.chosen, **self._asked(before)}
            self._show(await live.watch(self, audience(await self._actor(), asked)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for an id."""
        return self._searched(PATH, form)

    @rx.event
    @requires("admin")
    async def count_stuck(self) -> None:
        """Count what would be handled again, and ask."""
        self.stuck = await read(replaying.count_failed, actor=await self._actor())
        self.question = (
            f"{count(self.stuck, 'webhook')} could not be handled: handle "
            f"{'it' if self.stuck == 1 else 'all of them'} again now?"
            if self.stuck
            else "No webhook was given up."
        )
        self.asking = True

    @rx.event
    @requires("admin")
    async def close(self) -> None:
        """Not now."""
        self.asking = False

    @rx.event
    @requires("admin")
    async def retry_stuck(self) -> Steps:
        """Have as many handled again as were counted; where they are others by now, none."""
        if self.busy or not self.asking:
            return
        self.busy = True
        yield
        actor = await self._actor()
        try:
            again = await run(replaying.retry_failed, actor=actor, expected=self.stuck)
        finally:
            self.busy = self.asking = False
        self._tell(f"{count(again, 'webhook')} will be handled again within a minute.", "good")

    def _show(self, part: Part[EventRow]) -> None:
        self.rows = [event_line(event, self.time_zone) for event in part.rows]
        self._end(PATH, part, "webhook")
        self.total = total_of(part, "webhook") or self.total


def event_line(event: EventRow, zone: str) -> AdminEvent:
    """A webhook in words, with times in the reader's zone."""
    return AdminEvent(
        public_id=event.public_id,
        href=f"{PATH}/{event.public_id}",
        type=event.type,
        source=f"{vendor_name(event.provider)} {event.event_id}",
        object_id=event.object_id,
        about=event.about,
        about_href=page_of(event.about),
        status=event.status.value,
        attempts=count(event.attempts, "try", "tries") if event.attempts else "not yet",
        error=event.error,
        received=lately(event.received_at, zone),
    )

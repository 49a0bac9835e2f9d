"""The webhooks that were stored, for admins: what became of each, and handling one again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import reflex as rx

from services import administration, clock, inbox, topics
from services.administration import InboxRow
from services.audit import Actor
from services.config import vendor_name
from services.models import InboxStatus
from services.paging import Part
from state import live
from state.base import AppState, run
from state.guard import requires
from state.listing import Listing
from state.phase import loading
from state.shown import NEVER, Moment, count, date, moment

PATH = "/admin/inbox"
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
    type: str = ""
    source: str = ""
    object_id: str = ""
    status: str = ""
    attempts: str = ""
    error: str = ""
    received: Moment = NEVER
    can_retry: bool = False


def audience(actor: Actor, asked: dict[str, str | None]) -> live.Audience[Part[InboxRow]]:
    """The admins who look at the same part of the same list."""
    read = partial(administration.list_inbox, actor=actor, **asked)
    return live.Audience(("admin_inbox", *asked.values()), frozenset({topics.INBOX}), read)


class AdminInboxState(Listing, AppState):
    """One part of the list of webhooks."""

    rows: list[AdminEvent] = []

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin(PATH, CHOICES, SORTS)
        with loading(self):
            asked = {"status": self.chosen, **self._asked(before)}
            self._show(await live.watch(self, audience(await self._actor(), asked)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[InboxRow]) -> None:
        self.rows = [_row(event, self.time_zone) for event in part.rows]
        self._end(PATH, part, "webhook")

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for the beginning of an id or a type."""
        return self._searched(PATH, form)

    @rx.event
    @requires("admin")
    async def retry(self, event: str) -> None:
        """Have an event handled again."""
        await run(inbox.retry, actor=await self._actor(), event=event)
        self._tell("It is handled again now. Look again in a moment.", "good")
        await self.load()


def _received(at: datetime, zone: str) -> Moment:
    """Relative while it is news, then the day; the full instant is behind both."""
    recent = clock.utc_now() - at < timedelta(days=1)
    return moment(at, zone) if recent else date(at, zone)


def _row(event: InboxRow, zone: str) -> AdminEvent:
    return AdminEvent(
        public_id=event.public_id,
        type=event.type,
        source=f"{vendor_name(event.provider)} {event.event_id}",
        object_id=event.object_id,
        status=event.status.value,
        attempts=count(event.attempts, "try", "tries") if event.attempts else "not yet",
        error=event.error,
        received=_received(event.received_at, zone),
        can_retry=event.can_retry,
    )

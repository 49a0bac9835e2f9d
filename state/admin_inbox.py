"""The webhooks that were stored, for admins: what became of each, and handling one again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from services import administration, inbox
from services.administration import InboxRow
from services.models import InboxStatus
from state.base import read, run
from state.guard import requires
from state.listing import Listing, searched
from state.phase import loading
from state.shown import NEVER, Moment, count, moment

PATH = "/admin/inbox"
CHOICES = {status.value: status.value.capitalize() for status in InboxStatus}


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


class AdminInboxState(Listing):
    """One part of the list of webhooks."""

    rows: list[AdminEvent] = []

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin(PATH, CHOICES)
        with loading(self):
            part = await read(
                administration.list_inbox,
                actor=await self._actor(),
                status=self.chosen,
                query=self.query,
                before=before,
            )
            self.rows = [_row(event, self.time_zone) for event in part.rows]
            self._end(PATH, part, "webhook")

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for the beginning of an id or a type."""
        return searched(PATH, form, self.chosen)

    @rx.event
    @requires("admin")
    async def retry(self, event: str) -> None:
        """Have an event handled again."""
        await run(inbox.retry, actor=await self._actor(), event=event)
        self._tell("It is handled again now. Look again in a moment.", "good")
        await self.load()


def _row(event: InboxRow, zone: str) -> AdminEvent:
    return AdminEvent(
        public_id=event.public_id,
        type=event.type,
        source=f"{event.provider.capitalize()} {event.event_id}",
        object_id=event.object_id,
        status=event.status.value,
        attempts=count(event.attempts, "try", "tries") if event.attempts else "not tried yet",
        error=event.error,
        received=moment(event.received_at, zone),
        can_retry=event.can_retry,
    )

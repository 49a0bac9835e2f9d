"""What must leave the building, for admins: every message, and sending again what is stuck."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import outbox, topics
from services.audit import Actor
from services.jobs import messages
from services.jobs.views import MessageRow
from services.models import OutboxStatus
from services.paging import Part
from state import live
from state.base import AppState, read, run
from state.guard import requires
from state.job_rows import OUTBOX as PATH
from state.job_rows import JobListing, Steps, lately, page_of
from state.phase import loading
from state.shown import NEVER, Moment, count

CHOICES = {
    OutboxStatus.DUE.value: "Due",
    OutboxStatus.FAILED.value: "Failed, tried again",
    OutboxStatus.DEAD.value: "Dead",
    OutboxStatus.CANCELED.value: "Canceled",
    OutboxStatus.SENT.value: "Sent",
}
STATUS: dict[OutboxStatus, tuple[str, str]] = {
    OutboxStatus.DUE: ("due", "quiet"),
    OutboxStatus.SENT: ("sent", "good"),
    OutboxStatus.FAILED: ("failed, tried again", "warning"),
    OutboxStatus.DEAD: ("dead", "bad"),
    OutboxStatus.CANCELED: ("canceled", "quiet"),
}
"""A message's state in words, and their tone."""


@dataclass(frozen=True)
class MessageLine:
    """A message as a row shows one. `when` is when it was sent, or is due."""

    public_id: str = ""
    href: str = ""
    kind: str = ""
    key: str = ""
    about: str = ""
    about_href: str = ""
    status: str = ""
    tone: str = "quiet"
    paused: bool = False
    tries: str = ""
    error: str = ""
    created: Moment = NEVER
    when: Moment = NEVER
    when_word: str = ""


def audience(actor: Actor, asked: dict[str, str | None]) -> live.Audience[Part[MessageRow]]:
    """The admins who look at the same part of the same list."""
    seen = partial(messages.list_messages, actor=actor, **asked)
    watched = frozenset({topics.INBOX})
    return live.Audience(("admin_outbox", *asked.values()), watched, seen, live.REPORT_PAUSE)


class AdminOutboxState(JobListing, AppState):
    """One part of the list of messages. `stuck` is how many would be sent again, once asked."""

    rows: list[MessageLine] = []
    asking: bool = False
    stuck: int = 0
    question: str = ""
    busy: bool = False

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        self.asking = self.busy = False
        before = self._begin_of_kind(PATH, CHOICES)
        with loading(self):
            asked = self._asked_of_kind(before)
            self._show(await live.watch(self, audience(await self._actor(), asked)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for an id or a key, among the messages of a kind."""
        return self._searched_for(PATH, form)

    @rx.event
    @requires("admin")
    async def count_stuck(self) -> None:
        """Count what would be sent again, and ask."""
        actor = await self._actor()
        self.stuck = await read(outbox.count_stuck, actor=actor, kind=self.kind, about=self.query)
        of_kind = f" of kind {self.kind}" if self.kind else ""
        which = f"{of_kind} about {self.query}" if self.query else of_kind
        self.question = (
            f"{count(self.stuck, 'message')}{which} could not be sent: send "
            f"{'it' if self.stuck == 1 else 'all of them'} again now?"
            if self.stuck
            else f"No message{which} is stuck."
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
        """Send again as many as were counted; another number by now is counted once more first."""
        if self.busy or not self.asking:
            return
        self.busy = True
        yield
        try:
            sent = await run(
                outbox.retry_stuck,
                actor=await self._actor(),
                kind=self.kind,
                about=self.query,
                expected=self.stuck,
            )
        finally:
            self.busy = self.asking = False
        self._tell(f"{count(sent, 'message')} will be sent again within a few minutes.", "good")

    def _show(self, part: Part[MessageRow]) -> None:
        self.rows = [message_line(message, self.time_zone) for message in part.rows]
        self._end_of_kind(PATH, part, "message", outbox.KINDS)


def message_line(message: MessageRow, zone: str) -> MessageLine:
    """A message in words, with times in the reader's zone."""
    status, tone = STATUS[message.status]
    waits = message.status in (OutboxStatus.DUE, OutboxStatus.FAILED)
    return MessageLine(
        public_id=message.public_id,
        href=f"{PATH}/{message.public_id}",
        kind=message.kind,
        key=message.key,
        about=message.about,
        about_href=page_of(message.about),
        status=status,
        tone=tone,
        paused=message.paused,
        tries=count(message.attempts, "try", "tries") if message.attempts else "not tried yet",
        error=message.error,
        created=lately(message.created_at, zone),
        when=lately(message.due_at if waits else message.sent_at, zone),
        when_word="due" if waits else "sent" if message.sent_at else "",
    )

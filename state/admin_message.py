"""One message of the outbox, for admins: what it carries, its runs, and sending or canceling it."""

from __future__ import annotations

from functools import partial
from typing import Any

import reflex as rx

from services import outbox, topics
from services.audit import Actor
from services.errors import InvalidInput
from services.jobs import messages
from services.jobs.views import MessageView
from state import live
from state.admin_outbox import MessageLine, message_line
from state.base import AppState, read, run
from state.guard import requires
from state.job_rows import DoneLine, RunLine, Steps, done_lines, page_of, run_line
from state.phase import Loads, loading
from state.shown import NEVER, Moment, moment


def audience(actor: Actor, message: str) -> live.Audience[MessageView]:
    """The admins who look at one message."""
    seen = partial(messages.get_message, actor=actor, message=message)
    return live.Audience(("admin_message", message), frozenset({topics.INBOX}), seen)


class AdminMessageState(Loads, AppState):
    """One message. `asking` while the reason for canceling it is asked."""

    head: MessageLine = MessageLine()
    written: Moment = NEVER
    due: Moment = NEVER
    sent: Moment = NEVER
    data: str = ""
    person: str = ""
    delivery_href: str = ""
    paused_because: str = ""
    runs: list[RunLine] = []
    history: list[DoneLine] = []
    can_retry: bool = False
    can_cancel: bool = False
    is_refund: bool = False
    asking: bool = False
    busy: bool = False
    wrong: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the message that the address names."""
        self.asking, self.busy, self.wrong = False, False, ""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._named())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def retry(self) -> Steps:
        """Send it again."""
        if self.busy:
            return
        self.busy = True
        yield
        try:
            await run(outbox.retry, actor=await self._actor(), message=self.head.public_id)
        finally:
            self.busy = False
        await self._read_again()
        self._tell("It will be sent again within a few minutes.", "good")

    @rx.event
    @requires("admin")
    async def ask(self, asking: bool) -> None:
        """Open the question why it is canceled, or close it."""
        self.asking, self.wrong = asking is True, ""

    @rx.event
    @requires("admin")
    async def cancel(self, form: dict[str, Any]) -> Steps:
        """Cancel it, with a reason."""
        if self.busy:
            return
        self.busy, self.wrong = True, ""
        yield
        reason = str(form.get("reason", ""))[:1_000]
        try:
            await run(
                outbox.cancel,
                actor=await self._actor(),
                message=self.head.public_id,
                reason=reason,
            )
        except InvalidInput as error:
            self.wrong = error.message
            return
        finally:
            self.busy = False
        self.asking = False
        await self._read_again()
        self._tell("Canceled: it will not be sent.", "good")

    async def _read_again(self) -> None:
        """Show what has become of it, without looking at anything else than before."""
        actor = await self._actor()
        with loading(self):
            self._show(await read(messages.get_message, actor=actor, message=self._named()))

    def _show(self, seen: MessageView) -> None:
        zone, message = self.time_zone, seen.message
        self.head = message_line(message, zone)
        self.written, self.sent = moment(message.created_at, zone), moment(message.sent_at, zone)
        waits = self.head.when_word == "due" and message.sent_at is None
        self.due = moment(message.due_at, zone) if waits else NEVER
        self.data, self.person = seen.data, seen.person
        self.delivery_href = page_of(seen.delivery)
        self.paused_because = seen.paused_because if message.paused else ""
        self.runs = [run_line(one, zone) for one in seen.runs]
        self.history = done_lines(seen.history, zone)
        self.can_retry, self.can_cancel = message.can_retry, message.can_cancel
        self.is_refund = message.is_refund and message.sent_at is None

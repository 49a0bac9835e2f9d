"""One stored webhook, for admins: its content, its runs, and handling it again, once one has seen
what that would do."""

from __future__ import annotations

from functools import partial

import reflex as rx

from services import inbox, topics
from services.audit import Actor
from services.jobs import events
from services.jobs.views import EventView, Rehearsal
from services.models import JobStatus
from state import live
from state.admin_inbox import AdminEvent, event_line
from state.base import AppState, read, run
from state.guard import requires
from state.job_rows import (
    ChangeLine,
    DoneLine,
    RunLine,
    Steps,
    change_lines,
    done_lines,
    run_line,
)
from state.phase import Loads, loading
from state.shown import NEVER, Moment, moment


def audience(actor: Actor, event: str) -> live.Audience[EventView]:
    """The admins who look at one event."""
    seen = partial(events.get_event, actor=actor, event=event)
    return live.Audience(("admin_event", event), frozenset({topics.INBOX}), seen)


class AdminEventState(Loads, AppState):
    """One webhook. `asked` while a worker tries it; `tried` once its answer is here, with what
    would change in `would`."""

    head: AdminEvent = AdminEvent()
    received: Moment = NEVER
    handled: Moment = NEVER
    due: Moment = NEVER
    payload: str = ""
    paused_because: str = ""
    runs: list[RunLine] = []
    history: list[DoneLine] = []
    tried: RunLine = RunLine()
    tried_well: bool = False
    tried_words: str = ""
    would: list[ChangeLine] = []
    asked: bool = False
    busy: bool = False
    _before: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the event that the address names."""
        self.asked = self.busy = False
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._named())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def rehearse(self) -> Steps:
        """Ask a worker what handling it now would do; its answer is shown once it is there."""
        if self.busy:
            return
        self.busy = True
        yield
        try:
            await run(inbox.ask_rehearsal, actor=await self._actor(), event=self.head.public_id)
        finally:
            self.busy = False
        self.asked, self._before = True, self.tried.public_id
        await self._read_again()

    @rx.event
    @requires("admin")
    async def retry(self) -> Steps:
        """Have it handled again."""
        if self.busy:
            return
        self.busy = True
        yield
        try:
            await run(inbox.retry, actor=await self._actor(), event=self.head.public_id)
        finally:
            self.busy = False
        self.asked = False
        await self._read_again()
        self._tell("It is handled again now. This page shows what becomes of it.", "good")

    async def _read_again(self) -> None:
        """Show what has become of it, without looking at anything else than before."""
        actor = await self._actor()
        with loading(self):
            self._show(await read(events.get_event, actor=actor, event=self._named()))

    def _show(self, seen: EventView) -> None:
        zone, event = self.time_zone, seen.event
        self.head = event_line(event, zone)
        self.received, self.handled = (
            moment(event.received_at, zone),
            moment(event.handled_at, zone),
        )
        self.due = moment(event.due_at, zone) if event.status.value == "received" else NEVER
        self.payload = seen.payload
        self.paused_because = seen.paused_because
        self.runs = [run_line(one, zone) for one in seen.runs]
        self.history = done_lines(seen.history, zone)
        self._show_rehearsal(seen.rehearsal)

    def _show_rehearsal(self, seen: Rehearsal | None) -> None:
        if seen is None:
            self.tried, self.tried_well, self.tried_words, self.would = RunLine(), False, "", []
            return
        self.tried = run_line(seen.run, self.time_zone)
        self.tried_well = seen.run.status is JobStatus.SUCCEEDED
        self.tried_words = seen.run.result
        self.would = change_lines(seen.changes)
        over = seen.run.status is not JobStatus.RUNNING
        if self.asked and over and seen.run.public_id != self._before:
            self.asked = False

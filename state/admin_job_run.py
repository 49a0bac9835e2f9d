"""One run of a job, for admins: how it went, what went wrong, and what it changed."""

from __future__ import annotations

from functools import partial

import reflex as rx

from services import topics
from services.audit import Actor
from services.jobs import listing
from services.jobs.views import RunView
from state import live
from state.base import AppState
from state.guard import requires
from state.job_rows import (
    INBOX,
    OUTBOX,
    ChangeLine,
    RunLine,
    change_lines,
    run_line,
)
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, moment


def audience(actor: Actor, run: str) -> live.Audience[RunView]:
    """The admins who look at one run."""
    read = partial(listing.get_run, actor=actor, run=run)
    return live.Audience(("admin_job_run", run), frozenset({topics.INBOX}), read, live.REPORT_PAUSE)


class AdminJobRunState(Loads, AppState):
    """One run. `work_href` leads to the message or the event it worked on."""

    head: RunLine = RunLine()
    began: Moment = NEVER
    ended: Moment = NEVER
    traceback: str = ""
    trace: str = ""
    work: str = ""
    work_href: str = ""
    others: list[RunLine] = []
    changes: list[ChangeLine] = []
    changed: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the run that the address names."""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._named())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, seen: RunView) -> None:
        zone = self.time_zone
        self.head = run_line(seen.run, zone)
        self.began, self.ended = moment(seen.run.started_at, zone), moment(seen.run.ended_at, zone)
        self.traceback, self.trace = seen.traceback, seen.trace
        self.work, self.work_href = _work(seen)
        self.others = [run_line(run, zone) for run in seen.others]
        self.changes = change_lines(seen.changes)
        self.changed = count(sum(one.times for one in seen.changes), "change")


def _work(seen: RunView) -> tuple[str, str]:
    if seen.message:
        return "Its message", f"{OUTBOX}/{seen.message}"
    if seen.event:
        return "Its webhook", f"{INBOX}/{seen.event}"
    return "", ""

"""The jobs at a glance, for admins: what ran and what failed, what waits, who works, what runs by
the clock, and what stands still."""

from __future__ import annotations

from functools import partial
from typing import Any

import reflex as rx

from services import outbox, topics
from services.audit import Actor
from services.errors import InvalidInput
from services.jobs import finding, overview, pauses, schedules
from services.jobs.views import JobsOverview
from services.jobs.workers import WorkerFace
from state import job_figures, live
from state.base import AppState, read, run
from state.guard import requires
from state.job_overview_rows import (
    HourRow,
    KindRow,
    PauseLine,
    QueueLine,
    ScheduleLine,
    WorkerLine,
    kind_row,
    pause_line,
    queue_line,
    schedule_line,
    when,
    worker_line,
)
from state.job_rows import INBOX, LONGEST_KIND, OUTBOX, RunLine, Steps, run_line
from state.job_rows import JOBS as PATH
from state.listing import address
from state.mentors import FilterChip
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, moment, plain

SPANS = {"day": "24 hours", "week": "7 days", "month": "30 days"}
FOLLOWS_SECONDS = 2.0
"""In a rush of messages the charts follow this often."""


def audience(actor: Actor, span: str) -> live.Audience[JobsOverview]:
    """The admins who look at the same span."""
    seen = partial(overview.get_overview, actor=actor, span=span)
    return live.Audience(("admin_jobs", span), frozenset({topics.INBOX}), seen, FOLLOWS_SECONDS)


class AdminJobsState(Loads, AppState):
    """The overview. `asking` while a kind is picked to be paused; `busy` is what is being done."""

    span: str = "day"
    spans: list[FilterChip] = []
    chart: dict[str, Any] = {}
    says: str = ""
    hours: list[HourRow] = []
    failures_chart: dict[str, Any] = {}
    failures_says: str = ""
    kinds: list[KindRow] = []
    ran: bool = False
    some_failed: bool = False
    outbox: QueueLine = QueueLine()
    inbox: QueueLine = QueueLine()
    runs: str = ""
    runs_note: str = ""
    workers: list[WorkerLine] = []
    working: str = ""
    working_note: str = ""
    schedules: list[ScheduleLine] = []
    pauses: list[PauseLine] = []
    pausable: list[str] = []
    running: list[RunLine] = []
    failed: list[RunLine] = []
    status: str = ""
    tone: str = "quiet"
    as_of: Moment = NEVER
    asking: bool = False
    wrong: str = ""
    wrong_words: str = ""
    busy: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the span that the address names."""
        asked = self.router.url.query_parameters.get("span", "")
        self.span = asked if asked in SPANS else "day"
        self.spans = [
            FilterChip(words, address(PATH, span=name if name != "day" else ""), name == self.span)
            for name, words in SPANS.items()
        ]
        self.asking, self.wrong, self.busy = False, "", ""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self.span)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def ask(self, asking: bool) -> None:
        """Open the form that pauses a kind, or close it."""
        self.asking, self.wrong, self.wrong_words = asking is True, "", ""

    @rx.event
    @requires("admin")
    async def pause(self, form: dict[str, Any]) -> Steps:
        """Let a kind stand still, with a reason."""
        if self.busy:
            return
        self.busy, self.wrong, self.wrong_words = "pause", "", ""
        yield
        kind = plain(str(form.get("kind", "")), LONGEST_KIND)
        reason = str(form.get("reason", ""))[:1_000]
        try:
            if kind not in self.pausable:
                raise InvalidInput("kind", "Choose what is to stand still.")
            await run(pauses.pause, actor=await self._actor(), kind=kind, reason=reason)
        except InvalidInput as error:
            self.wrong, self.wrong_words = error.field, error.message
            return
        finally:
            self.busy = ""
        self.asking = False
        await self._read_again()
        self._tell(f"Paused: {kind}. What is due waits, nothing is lost.", "good")

    @rx.event
    @requires("admin")
    async def resume(self, kind: str) -> Steps:
        """Let a kind go on."""
        kind = plain(kind, LONGEST_KIND)
        async for step in self._do(kind, partial(pauses.resume, kind=kind)):
            yield step
        self._tell(f"It goes on: {kind}. What waited is done within a minute.", "good")

    @rx.event
    @requires("admin")
    async def run_now(self, name: str) -> Steps:
        """Have a job run out of turn."""
        name = plain(name, LONGEST_KIND)
        async for step in self._do(name, partial(schedules.run_now, name=name)):
            yield step
        self._tell(f"Asked for: {name}. A worker begins within moments.", "good")

    async def _do(self, what: str, work: Any) -> Steps:
        self.busy = what
        yield
        try:
            await run(work, actor=await self._actor())
        finally:
            self.busy = ""
        await self._read_again()

    async def _read_again(self) -> None:
        """Show what has become of it, without looking at anything else than before."""
        actor = await self._actor()
        with loading(self):
            self._show(await read(overview.get_overview, actor=actor, span=self.span))

    def _show(self, seen: JobsOverview) -> None:
        """Fill the page; reads nothing but the overview."""
        zone = self.time_zone
        self._show_charts(seen)
        self.outbox = queue_line(seen.outbox, OUTBOX, zone)
        self.inbox = queue_line(seen.inbox, INBOX, zone)
        self.workers = [worker_line(one, zone) for one in seen.workers]
        paused = {pause.kind for pause in seen.pauses}
        self.schedules = [schedule_line(one, paused, zone) for one in seen.schedules]
        self.pauses = [pause_line(one, zone) for one in seen.pauses]
        self.pausable = sorted(_pausable(seen) - paused)
        self.running = [run_line(one, zone) for one in seen.running]
        self.failed = [run_line(one, zone) for one in seen.failures]
        self._show_workers(seen.workers)
        self.status, self.tone = _status(seen)
        self.as_of = moment(seen.as_of, zone)

    def _show_charts(self, seen: JobsOverview) -> None:
        by_day = self.span == "month"
        good = sum(one.succeeded for one in seen.kinds)
        bad = sum(one.failed for one in seen.kinds)
        self.ran, self.some_failed = bool(good + bad), bool(bad)
        self.runs = f"{good + bad:,}"
        self.runs_note = f"{bad:,} failed, in {SPANS[self.span]}"
        bars = job_figures.bars_of(seen.points, zone=self.time_zone, by_day=by_day)
        self.chart = job_figures.runs_over_time(bars, by_day=by_day) if self.ran else {}
        self.says = job_figures.runs_in_words(bars, by_day=by_day)
        self.hours = [
            HourRow(when(bar.at, by_day=by_day), f"{bar.succeeded:,}", f"{bar.failed:,}")
            for bar in reversed(bars)
            if bar.succeeded or bar.failed
        ]
        self.failures_chart = job_figures.failures_by_kind(seen.kinds) if bad else {}
        self.failures_says = job_figures.failures_in_words(seen.kinds)
        self.kinds = [kind_row(one) for one in seen.kinds]

    def _show_workers(self, workers: tuple[WorkerFace, ...]) -> None:
        alive = [one for one in workers if one.stopped_at is None and not one.is_silent]
        silent = [one for one in workers if one.is_silent]
        self.working = f"{len(alive)}"
        self.working_note = f"{len(silent)} silent" if silent else "none is silent"


def _status(seen: JobsOverview) -> tuple[str, str]:
    """The one thing to know, the gravest first."""
    given_up = seen.outbox.given_up + seen.inbox.given_up
    alive = any(one.stopped_at is None and not one.is_silent for one in seen.workers)
    if not alive:
        return "no worker", "bad"
    if given_up:
        return f"{given_up} given up", "bad"
    if any(one.is_silent for one in seen.workers):
        return "a worker is silent", "warning"
    if seen.pauses:
        return f"{count(len(seen.pauses), 'kind')} paused", "warning"
    return "running", "good"


def _pausable(seen: JobsOverview) -> set[str]:
    """Every kind that an admin may let stand still."""
    inboxes = {f"inbox:{provider}" for provider in finding.PROVIDERS}
    return {*outbox.KINDS, *inboxes, *(one.name for one in seen.schedules)}

"""The runs of the jobs, for admins."""

from __future__ import annotations

from functools import partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import topics
from services.audit import Actor
from services.jobs import charts, listing
from services.jobs.views import RunRow
from services.models import JobStatus
from services.paging import Part
from state import live
from state.base import AppState
from state.guard import requires
from state.job_rows import RUNS as PATH
from state.job_rows import JobListing, RunLine, run_line
from state.phase import loading

CHOICES = {status.value: status.value.capitalize() for status in JobStatus}
Page = tuple[Part[RunRow], tuple[str, ...]]


def snapshot(db: Session, *, actor: Actor, **asked: Any) -> Page:
    """The runs, and the kinds there are.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    return listing.list_runs(db, actor=actor, **asked), charts.kinds_lately(db)


def audience(actor: Actor, asked: dict[str, str | None]) -> live.Audience[Page]:
    """The admins who look at the same part of the same list."""
    read = partial(snapshot, actor=actor, **asked)
    watched = frozenset({topics.INBOX})
    return live.Audience(("admin_job_runs", *asked.values()), watched, read, live.REPORT_PAUSE)


class AdminJobRunsState(JobListing, AppState):
    """One part of the list of runs."""

    rows: list[RunLine] = []

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
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
        """Search for an id or a key, among the runs of a kind."""
        return self._searched_for(PATH, form)

    def _show(self, page: Page) -> None:
        part, kinds = page
        self.rows = [run_line(run, self.time_zone) for run in part.rows]
        self._end_of_kind(PATH, part, "run", kinds)

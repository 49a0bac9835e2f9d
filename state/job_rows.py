"""Runs, messages and events as rows of the job pages, and what those pages' lists share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import reflex as rx

from services import clock
from services.jobs.changes import REST
from services.jobs.finding import MOST_COUNTED
from services.jobs.views import Changed, HistoryLine, RunRow
from services.models import JobStatus
from services.paging import Part
from state import things
from state.listing import Listing
from state.shown import NEVER, Moment, count, date, moment, plain

JOBS = "/admin/jobs"
RUNS = f"{JOBS}/runs"
OUTBOX = f"{JOBS}/outbox"
INBOX = "/admin/inbox"
LONGEST_KIND = 60
Steps = AsyncGenerator[None, None]
RUN_TONES: dict[JobStatus, str] = {
    JobStatus.RUNNING: "warning",
    JobStatus.SUCCEEDED: "good",
    JobStatus.FAILED: "bad",
}
_ACTIONS = {
    "outbox.retried": "Sent again",
    "outbox.canceled": "Canceled",
    "inbox.retried": "Handled again",
    "inbox.rehearsed": "Tried without changing anything",
}


@dataclass(frozen=True)
class RunLine:
    """A run as a row shows one."""

    public_id: str = ""
    href: str = ""
    kind: str = ""
    subject: str = ""
    about: str = ""
    about_href: str = ""
    attempt: str = ""
    status: str = ""
    tone: str = "quiet"
    took: str = ""
    result: str = ""
    error: str = ""
    worker: str = ""
    at: Moment = NEVER


@dataclass(frozen=True)
class ChangeLine:
    """Rows that a run changed, or would: `what` is "changed" or, of several, "changed 3 times"."""

    table: str = ""
    thing: str = ""
    href: str = ""
    what: str = ""


@dataclass(frozen=True)
class DoneLine:
    """Something that was done to a message or an event, and by whom."""

    what: str = ""
    who: str = ""
    reason: str = ""
    at: Moment = NEVER


class JobListing(Listing, mixin=True):
    """A `Listing` with a second filter, the kind, which one picks among `kinds`."""

    kind: str = ""
    kinds: list[str] = []

    def _begin_of_kind(self, path: str, choices: dict[str, str]) -> str | None:
        """Read the address; the place to go on from."""
        self.kind = plain(self.router.url.query_parameters.get("kind", ""), LONGEST_KIND)
        before = self._begin(path, choices)
        self.filtered = self.filtered or bool(self.kind)
        return before

    def _asked_of_kind(self, before: str | None) -> dict[str, str | None]:
        """What the list asks its service."""
        asked = {"status": self.chosen, "kind": self.kind, "query": self.query}
        return asked | {"before": before}

    def _end_of_kind(self, path: str, part: Part[Any], noun: str, kinds: Iterable[str]) -> None:
        """Show how many there are, and what kinds one may pick."""
        self._end(path, part, noun)
        self.total = total_of(part, noun) or self.total
        self.kinds = sorted({*kinds, *([self.kind] if self.kind else [])})

    def _here(self, path: str, **changed: str) -> str:
        """This list's address with something else asked of it, the kind kept."""
        return Listing._here(self, path, **({"kind": self.kind} | changed))

    def _searched_for(self, path: str, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the list of what was searched for, of the kind that was picked."""
        words = " ".join(str(form.get("q", "")).split())[:80]
        kind = plain(str(form.get("kind", "")), LONGEST_KIND)
        return rx.redirect(self._here(path, q=words, kind=kind))


def total_of(part: Part[Any], noun: str) -> str:
    """How many there are where nobody counted to the end; "" where somebody did."""
    if part.total is not None:
        return ""
    return f"{len(part.rows)} of more than {MOST_COUNTED:,} {noun}s"


def run_line(run: RunRow, zone: str) -> RunLine:
    """A run in words, with times in the reader's zone."""
    return RunLine(
        public_id=run.public_id,
        href=f"{RUNS}/{run.public_id}",
        kind=run.kind,
        subject=run.subject,
        about=run.about,
        about_href=page_of(run.about),
        attempt=f"attempt {run.attempt}" if run.attempt > 1 else "",
        status=run.status.value,
        tone=RUN_TONES[run.status],
        took=_took(run),
        result=run.result,
        error=run.error,
        worker=run.worker,
        at=lately(run.started_at, zone),
    )


def change_lines(changes: Iterable[Changed]) -> list[ChangeLine]:
    """What a run changed, a line for each row that has a name, and for each table's others."""
    return [
        ChangeLine(
            table="others" if one.table == REST else one.table.replace("_", " "),
            thing=one.thing,
            href=page_of(one.thing),
            what=f"{one.change.value} {count(one.times, 'time')}"
            if one.times > 1
            else one.change.value,
        )
        for one in changes
    ]


def done_lines(lines: Iterable[HistoryLine], zone: str) -> list[DoneLine]:
    """What was done, in words."""
    return [
        DoneLine(
            what=_ACTIONS.get(one.action, one.action.replace(".", " ").replace("_", " ")),
            who=one.who,
            reason=one.reason,
            at=moment(one.at, zone),
        )
        for one in lines
    ]


def page_of(thing: str) -> str:
    """The page of a thing; "" where it has none, or is a file."""
    href = things.place(thing) if thing else ""
    return "" if href.startswith("/files/") else href


def lately(at: datetime | None, zone: str) -> Moment:
    """Relative while it is news, then the day; the full instant is behind both."""
    if at is None:
        return NEVER
    recent = abs(clock.utc_now() - at) < timedelta(days=1)
    return moment(at, zone) if recent else date(at, zone)


def duration(span: timedelta) -> str:
    """`45 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _took(run: RunRow) -> str:
    if run.ended_at is not None:
        return duration(run.ended_at - run.started_at)
    return f"{duration(clock.utc_now() - run.started_at)} so far"

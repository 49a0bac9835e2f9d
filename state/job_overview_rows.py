"""The parts of the jobs' overview in words, with times in the reader's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services import clock
from services.jobs.schedules import ScheduleFace
from services.jobs.views import KindLine, PauseView, QueueView
from services.jobs.workers import WorkerFace
from state.job_rows import OUTBOX, RUNS, duration
from state.listing import address
from state.shown import NEVER, Moment, moment, until


@dataclass(frozen=True)
class QueueLine:
    """What waits in the inbox or the outbox; `note` says since when, the links lead to its list."""

    due: str = ""
    note: str = ""
    given_up: str = ""
    given_up_note: str = ""
    tone: str = "good"
    href: str = ""
    given_up_href: str = ""


@dataclass(frozen=True)
class KindRow:
    """A kind of job in the table behind the charts."""

    kind: str = ""
    href: str = ""
    runs: str = ""
    failed: str = ""
    took: str = ""


@dataclass(frozen=True)
class HourRow:
    """An hour or a day in the table behind the chart."""

    at: str = ""
    succeeded: str = ""
    failed: str = ""


@dataclass(frozen=True)
class WorkerLine:
    """A worker process."""

    name: str = ""
    state: str = ""
    tone: str = "quiet"
    doing: str = ""
    since: Moment = NEVER
    beat: Moment = NEVER


@dataclass(frozen=True)
class ScheduleLine:
    """What runs by the clock. `asked` while a run out of turn has not begun."""

    name: str = ""
    every: str = ""
    last: Moment = NEVER
    took: str = ""
    error: str = ""
    next: Moment = NEVER
    asked: bool = False
    paused: bool = False
    runs_href: str = ""


@dataclass(frozen=True)
class PauseLine:
    """What stands still."""

    kind: str = ""
    reason: str = ""
    who: str = ""
    until: Moment = NEVER
    since: Moment = NEVER


def queue_line(queue: QueueView, href: str, zone: str) -> QueueLine:
    """What waits, in words."""
    oldest = moment(queue.oldest_at, zone)
    failed = f", {queue.failed:,} of them failed before" if queue.failed else ""
    waiting = queue.due + queue.failed
    over = queue.oldest_at is not None and queue.oldest_at <= clock.utc_now()
    note = f"the first {'was' if over else 'is'} due {oldest.text}{failed}"
    failing = "dead" if href == OUTBOX else "failed"
    return QueueLine(
        due=f"{waiting:,}",
        note=note if waiting else "nothing waits",
        given_up=f"{queue.given_up:,}",
        given_up_note="wait for you" if queue.given_up else "none",
        tone="bad" if queue.given_up else "good",
        href=href,
        given_up_href=address(href, only=failing),
    )


def worker_line(worker: WorkerFace, zone: str) -> WorkerLine:
    """A worker in words."""
    if worker.stopped_at is not None:
        state, tone = "stopped", "quiet"
    elif worker.is_silent:
        state, tone = "silent", "bad"
    else:
        state, tone = ("working", "good") if worker.doing else ("idle", "good")
    return WorkerLine(
        name=worker.name,
        state=state,
        tone=tone,
        doing=worker.doing,
        since=moment(worker.started_at, zone),
        beat=moment(worker.stopped_at or worker.beat_at, zone),
    )


def schedule_line(schedule: ScheduleFace, paused: set[str], zone: str) -> ScheduleLine:
    """A schedule in words; `paused` are the kinds that stand still."""
    began, ended = schedule.last_started_at, schedule.last_ended_at
    return ScheduleLine(
        name=schedule.name,
        every=schedule.every,
        last=moment(began, zone),
        took=duration(ended - began) if began and ended and ended >= began else "",
        error=schedule.last_error,
        next=moment(schedule.next_at, zone),
        asked=schedule.asked_at is not None,
        paused=schedule.name in paused,
        runs_href=address(RUNS, kind=schedule.name),
    )


def pause_line(pause: PauseView, zone: str) -> PauseLine:
    """A pause in words."""
    return PauseLine(
        kind=pause.kind,
        reason=pause.reason,
        who=pause.who or "the studio itself",
        until=until(pause.until, zone),
        since=moment(pause.created_at, zone),
    )


def kind_row(kind: KindLine) -> KindRow:
    """A kind in words."""
    return KindRow(
        kind=kind.kind,
        href=address(RUNS, kind=kind.kind),
        runs=f"{kind.runs:,}",
        failed=f"{kind.failed:,}",
        took=f"{kind.milliseconds:,.0f} ms",
    )


def when(at: datetime, *, by_day: bool) -> str:
    """An hour, or a day, of the reader's zone."""
    day = f"{at.day} {at:%b %Y}"
    return day if by_day else f"{day}, {at:%H:%M}"

"""What runs by the clock keeps a line in the books: when it ran, how it ended, when it comes next.

An admin may pause it, and may ask for a run out of turn.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from huey import crontab
from huey.api import TaskWrapper

from jobs.queue import huey
from services import clock, db, outages, redaction, tracing
from services.jobs import pauses, runs, schedules
from services.jobs.schedules import Ran

Job = Callable[[], object]
IsDue = Callable[[datetime], bool]
EVERY_HOUR = crontab(minute="37")
_SEARCHED = timedelta(days=8)

log = structlog.get_logger()


@dataclass(frozen=True)
class Scheduled:
    """A job, how often it runs in words, and whether a minute (local, without a zone, as Huey's
    schedules are) is one of its."""

    name: str
    every: str
    is_due: IsDue
    job: Job


KNOWN: dict[str, Scheduled] = {}


def by_clock(
    every: str, is_due: IsDue, *, catches_up: bool = False
) -> Callable[[Job], TaskWrapper]:
    """Run the decorated function at these minutes, unless it is paused.

    One that `catches_up` is asked each hour: it runs once, late if nobody worked then, and again
    as long as it fails.
    """

    def scheduled(job: Job) -> TaskWrapper:
        known = know(job.__name__, every, is_due, job)

        @functools.wraps(job)
        def run() -> None:
            with db.reading() as session:
                paused = known.name in pauses.paused_kinds(session)
                done = catches_up and schedules.done_since(
                    session, name=known.name, since=_last_run(is_due)
                )
            if not paused and not done:
                carry_out(known)

        asked: TaskWrapper = huey.periodic_task(EVERY_HOUR if catches_up else is_due)(run)
        return asked

    return scheduled


def know(name: str, every: str, is_due: IsDue, job: Job) -> Scheduled:
    """List a job among the schedules; running it is the caller's."""
    KNOWN[name] = Scheduled(name, every, is_due, job)
    return KNOWN[name]


def declare() -> None:
    """As a worker starts: write down which schedules there are."""
    schedules.declare({s.name: (s.every, next_run(s.is_due)) for s in KNOWN.values()})


def carry_out(scheduled: Scheduled) -> None:
    """Run it now, and write down how that ended. Errors pass through."""
    started = clock.utc_now()
    try:
        scheduled.job()
    except Exception as error:
        _write([_ran(scheduled, started, redaction.text(f"{type(error).__name__}: {error}"))])
        raise
    _write([_ran(scheduled, started, "")])


def note(scheduled: Scheduled) -> tuple[Ran, runs.Run, Exception | None]:
    """Run it now, without writing anything: what there is to write, and what went wrong. Its run is
    worth a row where it changed something, or failed, also where it went on without a thing."""
    run = runs.Run(scheduled.name)
    failure: Exception | None = None
    try:
        with runs.watched(run, aloud=False):
            run.result = str(scheduled.job() or "")
    except Exception as error:
        failure = error
    return _ran(scheduled, run.started_at, run.error), run, failure


def write(ended: Sequence[Ran], worth: Sequence[runs.Run]) -> None:
    """Write down how these ended, and the rows of the runs that are worth one."""
    with db.transaction() as session:
        runs.finish(session, worth)
    schedules.ran(ended)


def run_asked() -> None:
    """Run what somebody asked for out of turn; one that fails keeps no other from running."""
    for name in schedules.take_asked():
        if scheduled := KNOWN.get(name):
            with tracing.bound(tracing.new_id()):
                try:
                    carry_out(scheduled)
                except Exception as error:
                    if outages.away(error):
                        raise
                    log.exception("schedule_failed", schedule=name)


def next_run(is_due: IsDue) -> datetime | None:
    """The next minute that is due; None: none within a week."""
    minute = clock.utc_now().astimezone(UTC).replace(second=0, microsecond=0)
    last = minute + _SEARCHED
    while (minute := minute + timedelta(minutes=1)) < last:
        if is_due(minute.astimezone().replace(tzinfo=None)):
            return minute
    return None


def _last_run(is_due: IsDue) -> datetime:
    """The last minute that was due; long ago when there was none within a week."""
    minute = clock.utc_now().astimezone(UTC).replace(second=0, microsecond=0)
    first = minute - _SEARCHED
    while minute > first and not is_due(minute.astimezone().replace(tzinfo=None)):
        minute -= timedelta(minutes=1)
    return minute


def _ran(scheduled: Scheduled, started: datetime, error: str) -> Ran:
    """How a run that ends now has ended."""
    return Ran(scheduled.name, started, clock.utc_now(), error, next_run(scheduled.is_due))


def _write(ended: Sequence[Ran]) -> None:
    try:
        schedules.ran(ended)
    except Exception as error:  # the books are not worth the job
        log.warning("schedule_not_written", error=type(error).__name__)

"""The job pages over 1,000,000 runs, with 100,000 messages and as many webhooks, on both databases.

A page's figure is the time of the whole call by which it reads, with what SQLAlchemy and we take.
Each page is read as an operator comes to it: the overview of a day and of a month, the list of runs
plain, by each status and kind, in its middle, by the id of a thing, and one run with its changes.
The figure without a page's name is that of the slowest one; without a database's, of the slower
one. Each page must take as many queries as where hardly anything has run yet.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlmodel import Session, col, select

from benchmarks.big_studio import NOW
from benchmarks.big_studio_writer import Row, Writer
from benchmarks.dashboards import measured, settle
from benchmarks.figure import Figure, at_most, sized, without_goal
from benchmarks.surroundings import DATABASES, database
from services import clock, db
from services.audit import Actor
from services.ids import UserId
from services.jobs import listing, overview
from services.models import JobChange, JobRun, RowChange
from state import admin_job_runs

NAME = "jobs_page_1m"
GOAL_MS = 200
ROUNDS = sized(5, 1)
RUNS = sized(1_000_000, 2_000)
OTHERS = sized(100_000, 200)
DAYS = 60
CHANGES = 100
ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)
KINDS = {
    "outbox:mail": 400,
    "inbox:checkout.session.completed": 150,
    "outbox:calendar_write": 150,
    "outbox:discord_role": 150,
    "inbox:charge.refunded": 100,
    "reconcile": 40,
    "outbox:refund": 9,
    "prune": 1,
}
"""Of how many in a thousand runs each is the kind."""
RARE, USUAL = "prune", "outbox:mail"

Page = Callable[[Session], object]
PAGES = ("overview", "list", "run")
FIGURES = (
    NAME,
    *(f"{NAME}_{kind}" for kind in DATABASES),
    *(f"jobs_{page}_1m_{kind}" for kind in DATABASES for page in PAGES),
)


@dataclass
class _Books:
    """What was written so far: how many rows, and the runs by hour and kind."""

    runs: int = 0
    others: int = 0
    hours: defaultdict[tuple[datetime, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )


def measure() -> list[Figure]:
    """The slowest page on each database, and each page."""
    each = [_measure_on(kind) for kind in DATABASES]
    slower = replace(max((one for one, _ in each), key=lambda one: one.value), name=NAME)
    return [slower, *(one for one, _ in each), *(page for _, pages in each for page in pages)]


def _measure_on(kind: str) -> tuple[Figure, list[Figure]]:
    with (
        tempfile.TemporaryDirectory(prefix="mentorships-bench-") as folder,
        clock.at(NOW),
    ):
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        with database(kind, Path(folder)):
            books = _Books()
            _fill(books, runs=RUNS // 100, others=OTHERS // 100)
            few = {name: _count(page) for name, page in _pages().items()}
            _fill(books, runs=RUNS, others=OTHERS)
            settle(kind)
            slowest: dict[str, float] = dict.fromkeys(PAGES, 0.0)
            for name, page in _pages().items():
                _, call, count, _ = measured(page, ROUNDS)
                if count != few[name]:
                    raise AssertionError(f"{name}: {count} queries, but {few[name]} of few runs")
                part = name.partition(" ")[0]
                slowest[part] = max(slowest[part], call)
            whole = at_most(f"{NAME}_{kind}", max(slowest.values()), "ms", goal=GOAL_MS)
            return whole, [
                without_goal(f"jobs_{part}_1m_{kind}", took, "ms") for part, took in slowest.items()
            ]


def _pages() -> dict[str, Page]:
    """Every way in, by name; the first word is the page."""
    with db.reading() as session:
        run, about = session.exec(
            select(JobRun.public_id, JobRun.about)
            .join(JobChange, col(JobChange.run_id) == col(JobRun.id))
            .limit(1)
        ).one()
        middle = session.exec(
            select(JobRun.public_id).order_by(col(JobRun.id)).offset(RUNS // 200).limit(1)
        ).one()
    asked = {
        "plain": {},
        "succeeded": {"status": "succeeded"},
        "failed": {"status": "failed"},
        "usual": {"kind": USUAL},
        "rare": {"kind": RARE},
        "usual failed": {"kind": USUAL, "status": "failed"},
        "rare failed": {"kind": RARE, "status": "failed"},
        "rare succeeded": {"kind": RARE, "status": "succeeded"},
        "middle": {"before": middle},
        "about": {"query": about},
        "nothing": {"query": "no such key"},
    }
    lists = {
        f"list {name}": partial(admin_job_runs.snapshot, actor=ADMIN, **each)
        for name, each in asked.items()
    }
    spans = {
        f"overview {span}": partial(overview.get_overview, actor=ADMIN, span=span)
        for span in ("day", "month")
    }
    return {**spans, **lists, "run": partial(listing.get_run, actor=ADMIN, run=run)}


def _count(page: Page) -> int:
    return measured(page, 1)[2]


def _fill(books: _Books, *, runs: int, others: int) -> None:
    """Write on until there are as many; the same each time."""
    chance = random.Random(20_26)  # a story, no secret
    with db.transaction() as session, Writer(session).without_triggers() as writer:
        first = not books.runs
        writer.rows("job_run", _runs(books, runs, chance))
        writer.rows("outbox_message", _messages(books.others, others))
        writer.rows("inbox_event", _events(books.others, others))
        writer.say("DELETE FROM job_hour")
        writer.rows("job_hour", _hours(books))
        books.others = others
        if first:
            writer.rows("job_change", _changes(runs // 2))


def _runs(books: _Books, until: int, chance: random.Random) -> Iterator[Row]:
    kinds, weights = list(KINDS), list(KINDS.values())
    step = timedelta(days=DAYS) / RUNS
    for number in range(books.runs + 1, until + 1):
        [kind] = chance.choices(kinds, weights)
        began = NOW - step * (RUNS - number + 1)
        status = "failed" if chance.random() < 0.02 else "succeeded"
        if RUNS - number < 10:
            status = "running"
        spent = timedelta(milliseconds=chance.randrange(5, 900))
        hour = began.replace(minute=0, second=0, microsecond=0)
        books.hours[hour, kind].update({status: 1, "spent": int(spent.total_seconds() * 1000)})
        failed = status == "failed"
        yield {
            "id": number,
            "public_id": _name("run", number),
            "kind": kind,
            "subject": f"mail:session_ahead:{number // 2}",
            "about": _name("ord", number // 3),
            "attempt": 1 + number % 2,
            "status": status,
            "result": "",
            "error": "ProviderUnavailable: the service did not answer" if failed else "",
            "traceback": "Traceback (most recent call last)\n" * 20 if failed else "",
            "worker": "host:4711",
            "trace": "",
            "started_at": began,
            "ended_at": None if status == "running" else began + spent,
        }
    books.runs = until


def _hours(books: _Books) -> Iterator[Row]:
    for (hour, kind), counts in books.hours.items():
        yield {
            "hour": hour,
            "kind": kind,
            "succeeded": counts["succeeded"],
            "failed": counts["failed"],
            "milliseconds": counts["spent"],
        }


def _changes(run: int) -> Iterator[Row]:
    for number in range(1, CHANGES + 1):
        yield {
            "id": number,
            "run_id": run,
            "table_name": "order",
            "thing": _name("ord", number),
            "change": RowChange.CHANGED.value,
            "times": 1,
        }


def _messages(after: int, until: int) -> Iterator[Row]:
    for number in range(after + 1, until + 1):
        status = "dead" if number % 1_000 == 0 else "failed" if number % 500 == 0 else "sent"
        at = NOW - timedelta(seconds=until - number)
        yield {
            "id": number,
            "public_id": _name("out", number),
            "kind": "mail",
            "unique_key": f"mail:session_ahead:{number}",
            "about": _name("ord", number),
            "data": "{}",
            "status": status,
            "attempts": 1,
            "error": "",
            "created_at": at,
            "due_at": at,
            "sent_at": at if status == "sent" else None,
        }


def _events(after: int, until: int) -> Iterator[Row]:
    for number in range(after + 1, until + 1):
        status = "failed" if number % 1_000 == 0 else "handled"
        at = NOW - timedelta(seconds=until - number)
        yield {
            "id": number,
            "public_id": _name("inb", number),
            "provider": "stripe",
            "event_id": f"evt_{number}",
            "type": "checkout.session.completed",
            "object_id": f"cs_{number}",
            "about": _name("ord", number),
            "payload": "",
            "status": status,
            "attempts": 1,
            "error": "",
            "received_at": at,
            "due_at": at,
            "handled_at": at if status == "handled" else None,
        }


def _name(prefix: str, number: int) -> str:
    """A public id."""
    return f"{prefix}_{number:022}"

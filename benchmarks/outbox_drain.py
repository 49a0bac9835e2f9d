"""The outbox is drained by one worker whose sender does nothing: what is left is our own part.

Each message is leased, carried out with its run watched, marked as sent, its run written and its
hour counted, in the order of what it is about. The baseline is bare Huey on the same storage, in
turns with ours: as many tasks that do nothing, taken from its queue and executed by one worker,
which loses what it is at when it is killed, and remembers nothing.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from huey import Huey
from sqlmodel import func, select

from benchmarks.figure import Figure, at_least, sized
from benchmarks.surroundings import DATABASES, database
from jobs import lanes, queue
from services import db, outbox
from services.ids import new_public_id
from services.models import JobRun, JobStatus, OutboxMessage, OutboxStatus
from services.outbox import LANES, Message

UNIT = "messages/s"
NAME = "outbox_drain"
FIGURES = tuple(f"{NAME}_{kind}" for kind in DATABASES)
GOAL = 0.5
TURNS = sized(5, 1)
EACH = sized(2_000, 20)


def measure() -> list[Figure]:
    """The figures of both databases."""
    figures: list[Figure] = []
    for kind in DATABASES:
        with tempfile.TemporaryDirectory(prefix="mentorships-bench-") as folder:
            Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
            with database(kind, Path(folder)):
                figures.append(_take_turns(kind))
    return figures


def _take_turns(kind: str) -> Figure:
    huey = queue.make()
    _drained()  # what is made at first use
    _executed(huey)
    ours, bare = 0.0, 0.0
    for _ in range(TURNS):
        bare += _executed(huey)
        ours += _drained()
    _check((TURNS + 1) * EACH)
    amount = TURNS * EACH
    return at_least(f"{NAME}_{kind}", amount / ours, UNIT, baseline=amount / bare, goal=GOAL)


def _drained() -> float:
    """Seconds to drain so many messages, each about something of its own."""
    with db.transaction() as session:
        for _ in range(EACH):
            key = f"mail:bench:{new_public_id('ord')}"
            outbox.add(session, kind="mail", key=key, data={"template": "nothing"})
    begun = time.perf_counter()
    lanes.drain(LANES["mail"], send=_nothing, bury=_never)
    return time.perf_counter() - begun


def _nothing(_message: Message) -> str:
    return ""


def _never(message: Message, error: Exception) -> bool:
    raise AssertionError(f"{message.key} failed") from error


def _executed(huey: Huey) -> float:
    """Seconds until Huey has executed as many tasks that do nothing."""

    @huey.task(name=new_public_id("run"))
    def nothing(_number: int) -> None:
        pass

    for number in range(EACH):
        nothing(number)
    begun = time.perf_counter()
    while (task := huey.dequeue()) is not None:
        huey.execute(task)
    return time.perf_counter() - begun


def _check(amount: int) -> None:
    """Raises AssertionError: not every message has been sent, in a run that is written down."""
    with db.reading() as session:
        sent = select(func.count()).where(OutboxMessage.status == OutboxStatus.SENT)
        ended = select(func.count()).where(JobRun.status == JobStatus.SUCCEEDED)
        counts = session.exec(sent).one(), session.exec(ended).one()
    if counts != (amount, amount):
        raise AssertionError(f"{counts[0]} sent in {counts[1]} runs, not {amount}")

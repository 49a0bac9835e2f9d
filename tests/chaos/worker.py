"""Workers that die on request: `python -m tests.chaos.worker`, a warm parent that forks them.

It imports everything heavy once and touches no database. Each line of standard input is a task in
JSON; a fork of this process carries it out and may be killed at a point (points.py). The answer is
a line of JSON: whether the child began, whether it came to its end, and the points it passed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, TextIO

import httpx
from sqlalchemy.orm import configure_mappers
from starlette.applications import Starlette

from jobs import inbox as inbox_jobs
from jobs import main as jobs_main
from jobs import outbox as outbox_jobs
from jobs.queue import huey
from mentorships.http import webhooks
from services import booking, checkout, clock, db, mail, outbox, recordings, refunds, sessions
from services.audit import Actor
from services.models import FileStatus, RecordingFile
from services.money import Money
from services.providers.mail.registry import mailer
from services.providers.payments.registry import payments
from services.providers.storage.copying import Copying
from services.providers.storage.registry import default_store, recording_source
from services.recordings import purging, transferring
from tests.chaos.points import Points, watch

LIFE_SECONDS = 60
IDLE_SECONDS = 4.0
Task = dict[str, Any]


def _drain(enqueue: Callable[[], object], points: Points) -> None:
    """Work as the consumer does: what one job wakes up is carried out as well."""
    outbox.on_added(outbox_jobs.wake)
    huey.flush()  # what a killed worker left in the queue is lost
    enqueue()
    points.arm()
    while huey.pending_count():
        job = huey.dequeue()
        if job is not None:
            huey.execute(job)


def _inbox(_task: Task, points: Points) -> None:
    _drain(inbox_jobs.handle_inbox, points)


def _outbox(_task: Task, points: Points) -> None:
    _drain(outbox_jobs.send_outbox, points)


def _start(task: Task, points: Points) -> object:
    points.arm()
    actor = Actor("user", user_id=task["user"], verified=True)
    started = checkout.start(actor=actor, offer=task["offer"])
    return {"order": started.order, "url": started.url}


def _book(task: Task, points: Points) -> object:
    points.arm()
    actor = Actor("user", user_id=task["user"], verified=True)
    starts = [datetime.fromisoformat(start) for start in task["starts"]]
    return booking.book(actor=actor, mentor=task["mentor"], starts=starts)


def _ask(task: Task, points: Points) -> object:
    points.arm()
    actor = Actor("user", user_id=task["user"], verified=True)
    amount = Money(task["minor"], "EUR")
    return refunds.request(actor=actor, order=task["order"], amount=amount)


def _decide(task: Task, points: Points) -> None:
    points.arm()
    actor = Actor("user", user_id=task["user"], is_admin=True, verified=True)
    refunds.decide(actor=actor, refund=task["refund"], approve=True)


def _advance(_task: Task, points: Points) -> object:
    points.arm()
    return sessions.advance_due()


def _transfer(task: Task, points: Points) -> object:
    """Move all that is due, at a time when the leases of the killed are over; killed at a point, or
    after `life` seconds."""
    points.arm()
    if "life" in task:
        _die_after(task["life"])
    with clock.at(datetime.fromisoformat(task["now"])):
        while transferring.transfer_due():
            pass


def _purge(task: Task, points: Points) -> object:
    """Delete all that is due, at a time when the leases of the killed are over."""
    points.arm()
    with clock.at(datetime.fromisoformat(task["now"])):
        return purging.purge_due()


def _hasty(task: Task, points: Points) -> None:
    """A transfer as it must not be: as soon as all of a file was sent it says that it is checked,
    and deletes its source, before the parts are put together."""
    points.arm()
    source, kept = recording_source(), default_store()
    for each in task["files"]:
        upload = kept.begin(each["key"])
        size = kept.part_rules.size_for(each["bytes"])
        way = Copying(source, each["source_key"], kept, each["key"], upload, each["bytes"], size)
        parts = sorted(way.parts(), key=lambda part: part.number)
        with db.transaction() as tx:
            row = tx.get_one(RecordingFile, each["id"])
            row.status, row.sha256, row.checked_at = FileStatus.CHECKED, way.sha256, clock.utc_now()
        source.delete(each["source_key"])
        kept.complete(each["key"], upload, parts)


def _recorders(task: Task, points: Points) -> object:
    """A worker's turn at the recorders, at a moment of the test's: messages, then looks."""
    with clock.at(datetime.fromisoformat(task["now"])):
        points.arm()
        for message in outbox.take(only={"recording_start", "recording_stop"}):
            outbox_jobs.send(message)
        return recordings.watch_due()


def _die_after(seconds: float) -> None:
    killed = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    killed.daemon = True
    killed.start()


def _work(task: Task, points: Points) -> None:
    """A whole worker, as the Procfile runs one. So many seconds after it has taken the first
    message it is killed, wherever it is then; and where there is none left for it, idle."""
    points.once("after UPDATE outbox_message", lambda: _die_after(task["life"]))
    _die_after(IDLE_SECONDS)
    huey.create_consumer(workers=4, worker_type="thread", check_worker_health=False).run()


def _careless(task: Task, points: Points) -> None:
    """A worker as it must not be: it says that a letter was sent, and then sends it."""
    points.once("after UPDATE outbox_message", lambda: _die_after(task["life"]))
    _die_after(IDLE_SECONDS)
    while True:
        for message in outbox.take(only={"mail"}):
            outbox.done(message)
            mail.send(key=message.key, data=message.data)


def _webhook(task: Task, points: Points) -> object:
    app = httpx.ASGITransport(webhooks.Intake(Starlette(), inbox_jobs.wake))

    async def deliver() -> int:
        async with httpx.AsyncClient(transport=app, base_url="http://testserver") as client:
            points.arm()
            answer = await client.post(
                "/api/webhooks/stripe", content=task["body"], headers=task["headers"]
            )
            return answer.status_code

    return asyncio.run(deliver())


JOBS: dict[str, Callable[[Task, Points], object]] = {
    "advance": _advance,
    "ask": _ask,
    "book": _book,
    "careless": _careless,
    "decide": _decide,
    "hasty": _hasty,
    "inbox": _inbox,
    "outbox": _outbox,
    "recorders": _recorders,
    "start": _start,
    "transfer": _transfer,
    "purge": _purge,
    "webhook": _webhook,
    "work": _work,
}


def _live(task: Task, told: int) -> None:
    """The child's whole life; it never returns to the parent's code."""
    signal.alarm(LIFE_SECONDS)
    points = Points(task.get("kill_at"))
    error, answer = "", None
    try:
        watch(db.engine(), points)
        os.write(told, b"begun\n")
        answer = JOBS[task["job"]](task, points)
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
    end = {"points": points.passed, "answer": answer, "error": error}
    os.write(told, json.dumps(end).encode() + b"\n")
    os._exit(0)


def _fork(task: Task) -> tuple[int, TextIO]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live(task, writing)
    os.close(writing)
    return child, os.fdopen(reading)


def _report(child: int, told: TextIO) -> Task:
    with told:
        lines = told.read().splitlines()
    _, status = os.waitpid(child, 0)
    end = json.loads(lines[1]) if len(lines) > 1 else None
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {"begun": bool(lines), "end": end, "killed": killed}


def main() -> None:
    """Warm up, then fork a child for each task, or several for a list of tasks."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the product logs must not mix with the answers
    configure_mappers()
    payments("stripe")
    mailer()
    assert jobs_main.huey is huey
    gc.freeze()
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        children = [_fork(task) for task in json.loads(line)]
        answers.write(json.dumps([_report(*child) for child in children]) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

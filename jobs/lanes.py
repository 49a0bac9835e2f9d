"""Draining one lane of the outbox: many messages take one transaction to begin, and those that end
together one to settle.

What was sent is settled as soon as it is back, together with whatever else came back while the last
ones were settled: the busier, the fewer transactions, and nobody waits for company. A worker that
is killed in between sends them once more, under the same keys.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import structlog
from sqlmodel import Session

from services import db, outages, outbox, tracing
from services.errors import ProviderUnavailable
from services.jobs import alerts, runs
from services.outbox import Lane, Message

FIRST, MOST = 10, 250
"""Messages of one batch: it grows while they are quick, so that a slow vendor keeps few waiting."""
QUICK_SECONDS, SLOW_SECONDS = 0.5, 5.0
SHOWN_AFTER_SECONDS = 0.25
"""What takes longer is listed as running; what does not has a line only at its end."""
LONGEST_REST, MOST_RESTS = 20.0, 30
"""Seconds that a lane waits on the spot where its vendor asks for no more, and how often: the rest
need not wait for the next minute."""
GIVE_UP_AFTER = 5
"""Failed calls in a row after which a vendor is taken for away: the rest waits for the next minute,
instead of one time-out each."""

NEVER_ENDED = (
    f"It was begun {outbox.MOST_LEASES} times and never came to an end: the worker dies of it, or "
    "was killed each time."
)

log = structlog.get_logger()


@dataclass
class Job:
    """One message on its way, and what became of it. `tried` stays False where it never left;
    `told` says that admins hear of its end by what it was about."""

    message: Message
    run: runs.Run
    tried: bool = False
    sent: bool = False
    error: Exception | None = None
    dead: bool = False
    told: bool = False


Send = Callable[[Message], str]
"""Sends one message; the words for its run."""
Bury = Callable[[Message, Exception], bool]
"""What else is to be done about a message before it is a dead letter; True where that tells the
admins."""


def job_for(message: Message) -> Job:
    """A message's job, with its run, which goes by the trace of whoever wrote the message."""
    run = runs.Run(
        f"outbox:{message.kind}", message.key, about=message.about, attempt=message.attempt
    )
    run.trace = message.trace or tracing.new_id()
    return Job(message, run)


def carry_out(job: Job, send: Send) -> None:
    """Send the message; its failure is kept with the job."""
    job.tried = True
    try:
        with runs.watched(job.run):
            if job.message.attempt > outbox.MOST_LEASES:
                raise outbox.Unsendable(NEVER_ENDED)
            job.run.result = send(job.message)
        job.sent = True
    except Exception as error:
        job.error = error


def settle(jobs: Sequence[Job], bury: Bury) -> None:
    """Write down what became of these jobs. If that fails for all together, each has its own try:
    one odd message never keeps the others unsettled."""
    for job in jobs:
        if job.error is not None and outbox.is_final(job.message, job.error):
            job.told = _buried(job.message, job.error, bury)
    try:
        if jobs:
            _settle_together(jobs)
    except Exception as error:
        if outages.away(error):
            raise
        log.warning("not_settled_together", jobs=len(jobs), error=type(error).__name__)
        for job in jobs:
            _settle_alone(job)


def drain(lane: Lane, *, send: Send, bury: Bury) -> int:
    """Send everything that is due in a lane, unless this process is at it already; how many were
    tried. Ends early when the vendor is away."""
    with _busy_lock:
        if lane.name in _busy:
            return 0
        _busy.add(lane.name)
    try:
        return _Drain(lane, send, bury).run()
    finally:
        with _busy_lock:
            _busy.discard(lane.name)


_busy: set[str] = set()
_busy_lock = threading.Lock()


class _Drain:
    def __init__(self, lane: Lane, send: Send, bury: Bury) -> None:
        self._lane = lane
        self._send = send
        self._bury = bury
        self._halted = False
        self._rest = 0.0
        self._rests = 0
        self._until = 0.0
        self._todo: SimpleQueue[Job | None] = SimpleQueue()
        self._ended: SimpleQueue[Job] = SimpleQueue()
        self._failures = 0

    def run(self) -> int:
        tried, size = 0, FIRST
        senders: list[threading.Thread] = []
        try:
            while not self._halted and (taken := outbox.take(lane=self._lane, limit=size)):
                senders = senders or self._started()
                begun = time.monotonic()
                self._until = begun + outbox.LONGEST_SECONDS
                tried += self._work([job_for(message) for message in taken])
                size = _next_size(size, time.monotonic() - begun)
                self._wait_on_the_spot()
        finally:
            self._halted = True  # what is left of a batch must not leave any more
            for _ in senders:
                self._todo.put(None)
            for sender in senders:
                sender.join()
        return tried

    def _wait_on_the_spot(self) -> None:
        """As long as the vendor asked for, if that is little: then the lane goes on."""
        if self._halted and 0 < self._rest <= LONGEST_REST and self._rests < MOST_RESTS:
            time.sleep(self._rest * 1.25)  # the longest that a message is put back for
            self._halted, self._rest, self._rests = False, 0.0, self._rests + 1

    def _started(self) -> list[threading.Thread]:
        senders = [
            threading.Thread(
                target=copy_context().run,
                args=(self._go,),
                name=f"lane-{self._lane.name}",
                daemon=True,  # a vendor that hangs must not keep a worker from stopping
            )
            for _ in range(self._lane.at_once)
        ]
        for sender in senders:
            sender.start()
        return senders

    def _go(self) -> None:
        """In each of the sending threads."""
        while (job := self._todo.get()) is not None:
            try:
                if not self._halted and time.monotonic() < self._until:
                    carry_out(job, self._send)
                    self._look(job)
            except BaseException as error:  # a library that exits ends this job, and no other
                job.error = RuntimeError(f"{type(error).__name__}: {error}")
            finally:
                self._ended.put(job)

    def _work(self, jobs: Sequence[Job]) -> int:
        for job in jobs:
            self._todo.put(job)
        left = {job.message.id: job for job in jobs}
        while left:
            ended = self._next()
            if not ended:
                _show([job for job in left.values() if job.tried and not job.run.stored])
            for job in ended:
                del left[job.message.id]
            settle(ended, self._bury)
        return sum(job.tried for job in jobs)

    def _next(self) -> list[Job]:
        """What has ended by now; nothing, when for a moment nothing did."""
        ended: list[Job] = []
        with suppress(Empty):
            ended.append(self._ended.get(timeout=SHOWN_AFTER_SECONDS))
            while True:
                ended.append(self._ended.get_nowait())
        return ended

    def _look(self, job: Job) -> None:
        """Whether the vendor is there at all. Here, where the next one has not left yet; that two
        threads may count at once does not matter."""
        if not isinstance(job.error, ProviderUnavailable):
            self._failures = 0
            return
        self._failures += 1
        self._rest = max(self._rest, job.error.retry_after or 0.0)
        if job.error.puts_off or self._failures >= GIVE_UP_AFTER:
            self._halted = True


def _show(jobs: Sequence[Job]) -> None:
    """These take their time: whoever watches sees them run."""
    if jobs:
        with db.transaction() as session:
            runs.begin(session, [job.run for job in jobs])


def _settle_together(jobs: Sequence[Job]) -> None:
    tried = [job for job in jobs if job.tried]
    untried = [job for job in jobs if not job.tried]
    with db.transaction() as session:
        outbox.mark_sent(session, [job.message for job in tried if job.sent])
        for job in tried:
            if job.error is not None:
                job.dead = outbox.mark_failed(session, job.message, job.error)
                _stop(session, job.message, job.error)
        outbox.hand_back(session, [job.message for job in untried])
        dead = [job.message for job in tried if job.dead and not job.told]
        alerts.dead_letters(session, dead)
        runs.finish(session, [job.run for job in tried])


def _settle_alone(job: Job) -> None:
    try:
        _settle_together([job])
    except Exception as error:
        if outages.away(error):
            raise
        log.exception("message_not_settled", message=job.message.public_id)


def _stop(session: Session, message: Message, error: Exception) -> None:
    if isinstance(error, ProviderUnavailable) and error.stop:
        lane = outbox.lane_of(message.kind)
        alerts.vendor_stopped(session, lane=lane, kind=message.kind, reason=str(error))


def _buried(message: Message, failure: Exception, bury: Bury) -> bool:
    """Whether the admins hear of it this way. Killed in between, the message is due again: never
    dead without anybody knowing."""
    try:
        return bury(message, failure)
    except Exception as error:  # then it is a dead letter like any other, which admins hear of
        if outages.away(error):
            raise
        log.exception("not_buried", message=message.public_id)
        return False


def _next_size(size: int, seconds: float) -> int:
    if seconds < QUICK_SECONDS:
        return min(MOST, size * 2)
    return max(FIRST, size // 2) if seconds > SLOW_SECONDS else size

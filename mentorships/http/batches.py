"""Many requests, one writer: what waits while a transaction commits is stored by the next one.

Each request goes on only after the commit that holds its item. Nothing waits on purpose: a single
item is stored at once, and the batches grow by themselves when many come.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import structlog

Item = TypeVar("Item")
Failures = Mapping[int, Exception]
_Place = tuple[Item, asyncio.AbstractEventLoop, "asyncio.Future[None]"]


log = structlog.get_logger()


class TooManyWaiting(Exception):
    """The writer is that far behind; whoever sent this item should send it again later."""


class Batches(Generic[Item]):
    """Hands items to `store` in one thread, in the order they came, some at a time.

    `store` returns the failures by their place in the batch; what it raises counts for all of it.
    At most `most_waiting` items wait, so a database that hangs does not fill the memory.
    """

    def __init__(
        self,
        store: Callable[[Sequence[Item]], Failures],
        *,
        most_together: int,
        most_waiting: int,
    ) -> None:
        self._store = store
        self._most_together, self._most_waiting = most_together, most_waiting
        self._waiting: deque[_Place[Item]] = deque()
        self._lock = threading.Lock()
        self._busy = False
        # Its thread starts with the first item, and ends with the batch it is at.
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches")

    async def put(self, item: Item) -> None:
        """Return once `item` is stored.

        Raises:
            TooManyWaiting: nothing was done with it.
            Exception: why it could not be stored.
        """
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if len(self._waiting) >= self._most_waiting:
                raise TooManyWaiting
            self._waiting.append((item, loop, stored))
            if not self._busy:
                self._writer.submit(self._work)
                self._busy = True
        await stored

    def _work(self) -> None:
        """Store batch after batch until nothing waits."""
        try:
            while self._work_once():
                pass
        except BaseException:
            with self._lock:
                self._busy = False  # the next item starts a new writer
            raise

    def _work_once(self) -> bool:
        with self._lock:
            count = min(len(self._waiting), self._most_together)
            batch = [self._waiting.popleft() for _ in range(count)]
            if not batch:
                self._busy = False
                return False
        _answer(batch, self._failures_of([item for item, _, _ in batch]))
        return True

    def _failures_of(self, items: Sequence[Item]) -> Failures:
        try:
            return self._store(items)
        except Exception as error:
            return dict.fromkeys(range(len(items)), error)


def _answer(batch: Sequence[_Place[Item]], failures: Failures) -> None:
    """Wake the waiting requests, once per event loop."""
    answers: defaultdict[asyncio.AbstractEventLoop, list[_Answer]] = defaultdict(list)
    for place, (_, loop, stored) in enumerate(batch):
        answers[loop].append((stored, failures.get(place)))
    for loop, some in answers.items():
        try:
            loop.call_soon_threadsafe(_resolve, some)
        except RuntimeError as error:  # it was closed, perhaps just now: nobody waits there
            log.warning("batch_not_answered", requests=len(some), error=str(error))


_Answer = tuple["asyncio.Future[None]", Exception | None]


def _resolve(answers: Sequence[_Answer]) -> None:
    for stored, failure in answers:
        if stored.done():  # the client has left
            continue
        if failure is None:
            stored.set_result(None)
        else:
            stored.set_exception(failure)

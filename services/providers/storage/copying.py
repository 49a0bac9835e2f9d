"""The bytes of a file on their way from one store to another, in parts, several at once.

Memory is bounded: each worker holds one part, in a room that the next one gets. A part that has
arrived is not sent again, so a transfer that was killed goes on where it was; it is not even read
again if its SHA-256 is known. If all of them are read here, the SHA-256 of the whole is known in
the end as well: workers hash their part when its turn comes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from itertools import islice
from queue import SimpleQueue
from typing import Any

from services.providers.storage.base import WORKERS, Damaged, Part, Storage, read_into


@dataclass
class Copying:
    """One file on its way, in parts of `size` bytes. `arrived` are those that the destination
    lists, see `arrived_parts`; one that has another size than it should is sent again."""

    source: Storage
    source_key: str
    destination: Storage
    key: str
    upload: str
    total: int
    size: int
    arrived: Sequence[Part] = ()
    workers: int = WORKERS
    _there: dict[int, Part] = field(default_factory=dict[int, Part], init=False)
    _reads_all: bool = field(default=True, init=False)
    _rooms: SimpleQueue[bytearray] = field(default_factory=SimpleQueue[bytearray], init=False)
    _whole: _InTurn = field(default_factory=lambda: _InTurn(), init=False)

    @property
    def count(self) -> int:
        """How many parts the file has; an empty one has one."""
        return max(1, -(-self.total // self.size))

    @property
    def sha256(self) -> str:
        """Of the whole file, once every part was read here; "" if some had arrived before."""
        return self._whole.hexdigest() if self._whole.turn == self.count + 1 else ""

    def parts(self) -> Iterator[Part]:
        """Send what has not arrived; each part as it arrives, in no order. One that had arrived is
        among them if it had to be read for its SHA-256. The first error ends it when the parts
        under way have ended; those that arrived meanwhile are known to the store.

        Raises:
            Damaged: the source has fewer bytes than it should.
            FileMissing, UploadGone, ProviderUnavailable, ProviderRejected
        """
        sized = [part for part in self.arrived if part.size == self._size_of(part.number)]
        self._there = {part.number: part for part in sized}
        known = {part.number for part in sized if part.sha256}
        self._reads_all = not known
        for _ in range(min(self.workers, self.count - len(known))):
            self._rooms.put(bytearray(min(self.size, self.total)))
        missing = (number for number in range(1, self.count + 1) if number not in known)
        with ThreadPoolExecutor(self.workers, "copying") as pool:
            running = {self._start(pool, number) for number in islice(missing, self.workers)}
            try:
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for each in done:
                        yield each.result()
                    running |= {self._start(pool, n) for n in islice(missing, len(done))}
            finally:
                self._whole.give_up()

    def _size_of(self, number: int) -> int:
        return min(self.size, self.total - (number - 1) * self.size)

    def _start(self, pool: ThreadPoolExecutor, number: int) -> Future[Part]:
        # The log lines of the thread belong to whoever asked for this.
        act: Any = copy_context().run
        return pool.submit(act, self._send, number)

    def _send(self, number: int) -> Part:
        room = self._rooms.get_nowait()  # as many as there are workers
        try:
            return self._send_from(room, number)
        finally:
            self._rooms.put(room)

    def _send_from(self, room: bytearray, number: int) -> Part:
        start, wanted = (number - 1) * self.size, self._size_of(number)
        with self.source.open(self.source_key, start=start, length=wanted) as file:
            came = read_into(room, file, wanted)
        if came != wanted:
            raise Damaged(f"{self.source_key}: {start + came} bytes, not {self.total}")
        content = room if wanted == len(room) else room[:wanted]
        if self._reads_all:
            self._whole.add(number, content)
        if there := self._there.get(number):
            return replace(there, sha256=hashlib.sha256(content).hexdigest())
        return self.destination.put_part(self.key, self.upload, number, content)


def arrived_parts(listed: Iterable[Part], noted: Iterable[Part]) -> list[Part]:
    """The parts that a store lists, with the SHA-256 that was noted when each was sent: most stores
    list none. What was noted and is not listed has not arrived."""
    known = {(part.number, part.etag): part.sha256 for part in noted}
    return [
        part if part.sha256 else replace(part, sha256=known.get((part.number, part.etag), ""))
        for part in listed
    ]


class _InTurn:
    """The SHA-256 of parts that come in any order: each waits for the one before it. Whoever is
    before has begun before, so nobody waits for what was not begun."""

    def __init__(self) -> None:
        self.turn = 1
        self._digest = hashlib.sha256()
        self._changed = threading.Condition()
        self._over = False

    def add(self, number: int, content: bytearray) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.turn == number or self._over)
            if self._over:
                return
        self._digest.update(content)  # alone: it is this part's turn
        with self._changed:
            self.turn += 1
            self._changed.notify_all()

    def give_up(self) -> None:
        """Nobody waits any more: a part before theirs may never come."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def hexdigest(self) -> str:
        return self._digest.hexdigest()

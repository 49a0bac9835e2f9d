"""Live pages: one task per web worker hears what changed, reads it once, and hands it on.

What is handed on is an ordinary event of the tab's page (`refresh`), so it passes the guard like
every other: who lost the right to look is sent away instead. The event carries nothing; the page
takes the reading from `state.live`, where only this process puts one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog
from reflex_base.event import Event

from services import db, topics
from services.config import settings
from services.errors import AppError, DatabaseUnavailable
from state.live import ANEW, LOOKERS, REPORT_PAUSE, Audience, Looker

if TYPE_CHECKING:
    from reflex.app import App

Key = tuple[Hashable, ...]

WAIT_SECONDS = 0.5
"""How long the listening thread waits at a time, and so the longest that it delays a stop."""
READ_AGAIN_SECONDS = 2.0
BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 5.0)
COUNT_OPEN_SECONDS = 30.0
READERS = 2
TAB_PAUSE = 0.03
"""The more tabs one change is handed to, the longer the pause after it, and no longer than
`REPORT_PAUSE`: a hundred open pages in a rush follow less often, yet within a second."""

log = structlog.get_logger()


async def live(app: App) -> None:
    """Run as long as the web worker does."""
    hub = Hub(app)
    try:
        await asyncio.gather(hub.listen(), hub.forget_closed())
    finally:
        await hub.close()


class Hub:
    """Brings the changes that this worker hears of to the tabs that are connected to it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._loop = asyncio.get_running_loop()
        # Threads of our own: a slow vendor call in the common ones must not delay a refresh.
        self._listener = ThreadPoolExecutor(1, "live-listen")
        self._readers = ThreadPoolExecutor(READERS, "live-read")
        self._stopping = threading.Event()
        self._failures = 0
        self._dirty: set[Key] = set()
        self._serving: dict[Key, asyncio.Task[None]] = {}

    async def listen(self) -> None:
        """For ever: what fails is logged and tried again, and then everything is read anew."""
        while True:
            try:
                await self._loop.run_in_executor(self._listener, self._listen)
            except Exception as error:
                pause = BACK_OFF_SECONDS[min(self._failures, len(BACK_OFF_SECONDS) - 1)]
                self._failures += 1
                log.warning("live_lost", error=type(error).__name__, again_in_seconds=pause)
                await asyncio.sleep(pause)

    async def forget_closed(self) -> None:
        """For ever: tabs that were closed are not kept."""
        while True:
            await asyncio.sleep(COUNT_OPEN_SECONDS)
            LOOKERS.keep(self._is_open)

    async def close(self) -> None:
        """End the threads, and what is being read."""
        self._stopping.set()
        for task in self._serving.values():
            task.cancel()
        await asyncio.gather(*self._serving.values(), return_exceptions=True)
        self._listener.shutdown(wait=False, cancel_futures=True)
        self._readers.shutdown(wait=False, cancel_futures=True)

    def heard(self, changed: frozenset[str] | None) -> None:
        """Read again what these topics touch; None: everything that somebody looks at."""
        for key in LOOKERS.touched(changed):
            self._read_soon(key)

    def _read_soon(self, key: Key) -> None:
        self._dirty.add(key)
        if key not in self._serving and not self._stopping.is_set():
            self._serving[key] = asyncio.create_task(self._serve(key))

    def _read_later(self, key: Key) -> None:
        self._loop.call_later(READ_AGAIN_SECONDS, self._read_soon, key)

    def _listen(self) -> None:
        """In the listening thread, until the database goes away or the worker ends."""
        changes = topics.changes()
        try:
            self._tell(None)  # whatever happened before is not known
            while not self._stopping.is_set():
                changed = changes.wait(WAIT_SECONDS)
                self._failures = 0  # not before: a server may accept us and fall at once
                if changed is None or changed:
                    self._tell(changed)
        finally:
            changes.close()

    def _tell(self, changed: frozenset[str] | None) -> None:
        if not self._stopping.is_set():
            self._loop.call_soon_threadsafe(self.heard, changed)

    async def _serve(self, key: Key) -> None:
        """Read and hand on while there is news: at once, then so often a second and not oftener.

        What changes during the pause is read after it, so the last state always arrives.
        """
        shortest = 1 / settings().live_updates_per_second
        try:
            while key in self._dirty:
                self._dirty.discard(key)
                lookers = [one for one in LOOKERS.of(key) if self._is_open(one)]
                if not lookers:
                    return
                audience = lookers[0].audience
                if await self._read(audience):
                    await self._hand_on(key)
                crowded = min(len(lookers) * TAB_PAUSE, REPORT_PAUSE)
                await asyncio.sleep(max(shortest, crowded, audience.pause))
        finally:
            del self._serving[key]

    async def _read(self, audience: Audience[Any]) -> bool:
        """Whether there is something to hand on; else the pages stay as they are."""
        try:
            reading = await self._loop.run_in_executor(self._readers, _reading, audience)
        except DatabaseUnavailable as error:
            log.warning("live_not_read", audience=str(audience.key[0]), error=type(error).__name__)
            self._read_later(audience.key)
            return False
        except AppError:
            reading = ANEW  # it is not there any more, or not for them: loading says so
        except Exception as error:  # trying it again helps nobody; the next change may
            log.exception(
                "live_not_read", audience=str(audience.key[0]), error=type(error).__name__
            )
            return False
        LOOKERS.set_latest(audience.key, reading)
        return True

    async def _hand_on(self, key: Key) -> None:
        reading = LOOKERS.latest(key)
        for looker in LOOKERS.of(key):
            if not self._is_open(looker):
                LOOKERS.forget(looker.token)
            elif looker.waiting is None and looker.shown != reading:
                await self._send(looker)

    async def _send(self, looker: Looker) -> None:
        """Let the tab take the newest reading. One that cannot be reached keeps nobody waiting."""
        looker.waiting = event = Event(name=looker.refresh)
        try:
            handled = await self._app.event_processor.enqueue(looker.token, event)
        except Exception:
            looker.waiting = None
            log.exception("live_not_sent", audience=str(looker.audience.key[0]))
            self._read_later(looker.audience.key)
            return
        handled.add_done_callback(lambda _: self._handled(looker, event))

    def _handled(self, looker: Looker, event: Event) -> None:
        """A refresh that did not take the reading, such as while nobody could say who sits there,
        is tried again as long as the tab looks at the same."""
        if looker.waiting is event:
            looker.waiting = None
            if LOOKERS.find(looker.token, looker.refresh) is looker:
                self._read_later(looker.audience.key)

    def _is_open(self, looker: Looker) -> bool:
        namespace = self._app.event_namespace
        return namespace is not None and namespace.sid_to_token.get(looker.sid) == looker.token


def _reading(audience: Audience[Any]) -> object:
    with db.reading() as session:
        return audience.read(session)

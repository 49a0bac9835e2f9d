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
from state.live import LOOKERS, Audience, Looker

if TYPE_CHECKING:
    from reflex.app import App

Key = tuple[Hashable, ...]

WAIT_SECONDS = 0.5
"""How long the listening thread waits at a time, and so the longest that it delays a stop."""
READ_AGAIN_SECONDS = 2.0
BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 5.0)
COUNT_OPEN_SECONDS = 30.0
READERS = 2

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
            self._dirty.add(key)
            if key not in self._serving:
                self._serving[key] = asyncio.create_task(self._serve(key))

    def _listen(self) -> None:
        """In the listening thread, until the database goes away or the worker ends."""
        changes = topics.changes()
        try:
            self._tell(None)  # whatever happened before is not known
            while not self._stopping.is_set():
                changed = changes.wait(WAIT_SECONDS)
                if changed is None or changed:
                    self._tell(changed)
        finally:
            changes.close()

    def _tell(self, changed: frozenset[str] | None) -> None:
        self._failures = 0
        if not self._stopping.is_set():
            self._loop.call_soon_threadsafe(self.heard, changed)

    async def _serve(self, key: Key) -> None:
        """Read and hand on while there is news: at once, then so often a second and not oftener.

        What changes during the pause is read after it, so the last state always arrives.
        """
        least = 1 / settings().live_updates_per_second
        try:
            while key in self._dirty:
                self._dirty.discard(key)
                lookers = [one for one in LOOKERS.of(key) if self._is_open(one)]
                if not lookers:
                    return
                audience = lookers[0].audience
                if await self._read(audience):
                    await self._hand_on(key)
                await asyncio.sleep(max(least, audience.pause))
        except Exception:  # one audience's failure must not end the others' news
            log.exception("live_failed", audience=str(key[0]))
        finally:
            del self._serving[key]

    async def _read(self, audience: Audience[Any]) -> bool:
        """Whether there is a reading to hand on; else the pages stay as they are."""
        try:
            reading = await self._loop.run_in_executor(self._readers, _reading, audience)
        except Exception as error:
            log.warning("live_not_read", audience=str(audience.key[0]), error=type(error).__name__)
            if isinstance(error, DatabaseUnavailable) or not isinstance(error, AppError):
                self._dirty.add(audience.key)
                await asyncio.sleep(READ_AGAIN_SECONDS)
            return False  # refused: such as a part of a list that is gone; trying helps nobody
        LOOKERS.set_latest(audience.key, reading)
        return True

    async def _hand_on(self, key: Key) -> None:
        reading = LOOKERS.latest(key)
        for looker in LOOKERS.of(key):
            if not self._is_open(looker):
                LOOKERS.forget(looker.token)
            elif not looker.waiting and looker.shown != reading:
                looker.waiting = True
                event = Event(name=looker.refresh)
                handled = await self._app.event_processor.enqueue(looker.token, event)
                handled.add_done_callback(lambda _, looker=looker: _handled(looker))

    def _is_open(self, looker: Looker) -> bool:
        namespace = self._app.event_namespace
        return namespace is not None and namespace.sid_to_token.get(looker.sid) == looker.token


def _reading(audience: Audience[Any]) -> object:
    with db.reading() as session:
        return audience.read(session)


def _handled(looker: Looker) -> None:
    """Also after a refusal or an error: the next news is tried again."""
    looker.waiting = False

"""The heartbeat of a worker: its sign of life, every few seconds, to whoever asks who is there."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from jobs.queue import HEARTBEAT_EVERY_SECONDS

log = structlog.get_logger()


class Heartbeat:
    """Calls `beat` again and again in a thread of its own, from `start` until `stop`; then `rest`.

    Whoever stops may have been one thread that died: the one that takes its place starts again.
    """

    def __init__(self, *, beat: Callable[[], None], rest: Callable[[], None]) -> None:
        self._beat = beat
        self._rest = rest
        self._lock = threading.Lock()
        self._over: threading.Event | None = None

    def start(self) -> None:
        """Beat from now on, unless it does already."""
        with self._lock:
            if self._over is None:
                self._over = over = threading.Event()
                run = threading.Thread(target=self._go, args=(over,), name="heartbeat", daemon=True)
                run.start()

    def stop(self) -> None:
        """Beat no more: the worker is gone from the list of the living at once."""
        with self._lock:
            if self._over is not None:
                self._over.set()
                self._over = None
        self._say_goodbye()

    def _go(self, over: threading.Event) -> None:
        while not over.is_set():
            try:
                self._beat()
            except Exception as error:  # the queue's storage may be away for a while
                log.warning("heartbeat_failed", error=type(error).__name__)
            over.wait(HEARTBEAT_EVERY_SECONDS)
        if self._over is None:  # the last beat may have come after the goodbye
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        try:
            self._rest()
        except Exception as error:  # the storage is away: the heartbeat grows old instead
            log.warning("goodbye_failed", error=type(error).__name__)

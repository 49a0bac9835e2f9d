"""Looking again and again whether everything works, without a false alarm after a pause of one's
own: a laptop that slept, or a database that was away, makes everybody look silent at first."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from services import clock
from services.jobs import alerts, workers

LONGEST_GAP = timedelta(seconds=150)
"""Who has not looked for longer than that begins anew."""


class Watch:
    """Tells of what is wrong, once it has looked on for as long as a worker may be silent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: datetime | None = None
        self._last: datetime | None = None

    def look(self) -> list[str]:
        """What was told of now; nothing until it has looked on for long enough."""
        now = clock.utc_now()
        with self._lock:
            gap = now - self._last if self._last is not None else None
            if self._since is None or gap is None or not timedelta(0) <= gap <= LONGEST_GAP:
                self._since = now
            self._last = now
            long_enough = now - self._since >= workers.SILENT_AFTER
        return alerts.raise_due() if long_enough else []

    def forget(self) -> None:
        """Begin anew: nothing could be seen."""
        with self._lock:
            self._since = self._last = None

"""So many a second and no more: a vendor refuses what comes faster."""

from __future__ import annotations

import threading
import time
from collections import deque


class Pace:
    """Lets `per_second` callers through in any second, whichever threads they are; 0: all."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._lock = threading.Lock()
        self._let_through: deque[float] = deque(maxlen=max(per_second, 1))

    def wait(self) -> None:
        """Wait for one's turn."""
        if not self._per_second:
            return
        with self._lock:
            if len(self._let_through) == self._per_second:
                # Whoever comes next waits behind this lock: their turn is later anyway.
                time.sleep(max(0.0, self._let_through[0] + 1 - time.monotonic()))
            self._let_through.append(time.monotonic())

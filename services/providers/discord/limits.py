"""Discord's limits, obeyed before it has to remind us: shared by all threads of a process.

Discord tells each route's limit in the headers of its answers (routes that share a limit name the
same bucket, each of our servers and channels has its own share of it), and 50 requests a second for
everything together. Whoever goes on asking in spite of 401, 403 and 429 is shut out by address, so
there is a budget for these as well, far below Discord's, and a refused key ends the asking at once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

MOST_PER_SECOND: Final = 40
"""Of Discord's 50: other processes of ours ask as well."""
MOST_INVALID: Final = 500
"""Answers of 401, 403 and 429 in the window; at 10,000 Discord shuts out the address."""
INVALID_WINDOW_SECONDS: Final = 600.0
REFUSED_PAUSE_SECONDS: Final = 60.0
"""How long nothing is asked after Discord has refused our key: then one request looks again."""
MOST_BUCKETS: Final = 2_000
"""How many are remembered: every channel for direct messages is one."""


@dataclass(frozen=True, slots=True)
class Route:
    """What Discord counts together: a kind of request, and the server or channel it is for.

    `ours` is False for what needs another key than our bot's, or none: it counts for no general
    limit, and goes on when our key is refused.
    """

    name: str
    major: str
    ours: bool = True


@dataclass(slots=True)
class _Bucket:
    """`remaining` requests of `limit` until `resets_at`, on the monotonic clock."""

    limit: int
    remaining: int
    resets_at: float
    window: float


class Refused(Exception):
    """Discord has refused us altogether a moment ago."""


class Limits:
    """When the next request may leave."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._hashes: dict[str, str] = {}
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._sent: deque[float] = deque()
        self._invalid: deque[float] = deque()
        self._closed_until = 0.0
        self._refused_until = 0.0

    def take(self, route: Route) -> float:
        """0 when a request may leave now, and is counted; else how many seconds to wait before
        asking here again.

        Raises:
            Refused
        """
        with self._lock:
            now = self._now()
            if route.ours and now < self._refused_until:
                raise Refused
            wait = max(self._wait_in_bucket(route, now), self._wait_of_all(route, now))
            if wait > 0:
                return wait
            self._count(route, now)
            return 0.0

    def learn(self, route: Route, status: int, headers: Mapping[str, str]) -> None:
        """Remember what an answer's headers say of its route."""
        with self._lock:
            now = self._now()
            if status in {401, 403, 429} and headers.get("x-ratelimit-scope") != "shared":
                self._invalid.append(now)
            if name := headers.get("x-ratelimit-bucket"):
                self._hashes[route.name] = name
            remaining = _number(headers, "x-ratelimit-remaining")
            after = _number(headers, "x-ratelimit-reset-after")
            if remaining is None or after is None:
                return
            limit = int(_number(headers, "x-ratelimit-limit") or 1)
            self._note(route, now, limit, int(remaining), after)

    def too_fast(self, route: Route, seconds: float, *, everywhere: bool) -> None:
        """Discord answered 429: nothing more on this route, or nowhere, for so long."""
        with self._lock:
            now = self._now()
            if everywhere:
                self._closed_until = max(self._closed_until, now + seconds)
            else:
                self._note(route, now, 1, 0, seconds)

    def refused(self) -> None:
        """Discord takes our key no more: ask nothing until somebody has had time to see to it."""
        with self._lock:
            self._refused_until = self._now() + REFUSED_PAUSE_SECONDS

    def _key(self, route: Route) -> tuple[str, str]:
        return self._hashes.get(route.name, route.name), route.major

    def _wait_in_bucket(self, route: Route, now: float) -> float:
        bucket = self._buckets.get(self._key(route))
        if bucket is None:
            return 0.0
        if now >= bucket.resets_at:  # a new window; the next answer tells how it really is
            bucket.remaining, bucket.resets_at = bucket.limit, now + bucket.window
        return 0.0 if bucket.remaining > 0 else bucket.resets_at - now

    def _wait_of_all(self, route: Route, now: float) -> float:
        """What every request waits for: the pause after a general 429, the budget of invalid
        requests, and 40 a second."""
        while self._invalid and self._invalid[0] <= now - INVALID_WINDOW_SECONDS:
            self._invalid.popleft()
        if len(self._invalid) >= MOST_INVALID:
            return self._invalid[0] + INVALID_WINDOW_SECONDS - now
        if not route.ours:
            return 0.0
        while self._sent and self._sent[0] <= now - 1:
            self._sent.popleft()
        pace = self._sent[0] + 1 - now if len(self._sent) >= MOST_PER_SECOND else 0.0
        return max(pace, self._closed_until - now, 0.0)

    def _count(self, route: Route, now: float) -> None:
        if bucket := self._buckets.get(self._key(route)):
            bucket.remaining -= 1
        if route.ours:
            self._sent.append(now)

    def _note(self, route: Route, now: float, limit: int, remaining: int, after: float) -> None:
        if len(self._buckets) >= MOST_BUCKETS:
            self._buckets = {k: b for k, b in self._buckets.items() if b.resets_at > now}
        key, resets_at = self._key(route), now + after
        known = self._buckets.get(key)
        if known is not None and now < known.resets_at:
            # Answers overtake one another, and requests are under way: the least is the truth.
            remaining = min(remaining, known.remaining)
            resets_at = max(resets_at, known.resets_at)
        self._buckets[key] = _Bucket(limit, remaining, resets_at, after)


def _number(headers: Mapping[str, str], name: str) -> float | None:
    """A header's number; None when it is missing, or none that makes sense."""
    try:
        value = float(headers[name])
    except (KeyError, ValueError):
        return None
    return value if 0 <= value < float("inf") else None

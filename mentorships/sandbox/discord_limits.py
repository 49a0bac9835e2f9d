"""Discord's rate limits, played in real time: a bucket for each route, and one for everything.

VENDORS.md, Discord: every answer tells what is left of its bucket; 429 says how long to wait, in
fractions of a second in its body, and whether it is about this bucket or about all of ours.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
import time
from dataclasses import dataclass

from mentorships.sandbox import store
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.store import Json

USUAL: Json = {"limit": 50, "seconds": 1.0, "everywhere": 50}
"""How many requests in how many seconds each bucket takes, and all of them together in one."""
_ALL = "everything"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the headers of the answer say; `retry_after` seconds when it is too fast, else 0."""

    headers: dict[str, str]
    retry_after: float = 0.0
    everywhere: bool = False

    @property
    def body(self) -> Json:
        """What a 429 says."""
        return {
            "message": "You are being rate limited.",
            "retry_after": round(self.retry_after, 3),
            "global": self.everywhere,
            "code": 0,
        }


def chosen(db: sqlite3.Connection) -> Json:
    """The limits that hold now."""
    return USUAL | (store.read_meta(db, "discord limits") or {})


def choose(db: sqlite3.Connection, changes: Json) -> Json:
    """Change them."""
    changed = chosen(db) | changes
    store.write_meta(db, "discord limits", changed)
    return changed


def counted(sandbox: Sandbox, limits: Json, route: str, major: str, *, ours: bool) -> Verdict:
    """Count one request; `ours` is one with our bot's token, which the general limit is for."""
    now = time.time()
    wait = _used(sandbox, _ALL, now, limits["everywhere"], 1.0) if ours else 0.0
    if wait:
        headers = {"x-ratelimit-global": "true", "x-ratelimit-scope": "global"}
        return Verdict(headers | _after(wait), wait, everywhere=True)
    bucket = hashlib.sha256(route.encode()).hexdigest()[:32]
    limit, seconds = int(limits["limit"]), float(limits["seconds"])
    wait = _used(sandbox, f"{bucket}:{major}", now, limit, seconds)
    begun, count = sandbox.chat_requests[f"{bucket}:{major}"]
    resets = begun + seconds
    headers = {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(max(limit - count, 0)),
        "x-ratelimit-reset": f"{resets:.3f}",
        "x-ratelimit-reset-after": f"{max(resets - now, 0):.3f}",
        "x-ratelimit-bucket": bucket,
    }
    if wait:
        return Verdict(headers | {"x-ratelimit-scope": "user"} | _after(wait), wait)
    return Verdict(headers)


def _used(sandbox: Sandbox, key: str, now: float, limit: int, seconds: float) -> float:
    """Use up one; how long to wait when there is none."""
    begun, count = sandbox.chat_requests.get(key, (now, 0))
    if now - begun >= seconds:
        begun, count = now, 0
    if count >= limit:
        sandbox.chat_requests[key] = begun, count
        return max(begun + seconds - now, 0.001)
    sandbox.chat_requests[key] = begun, count + 1
    return 0.0


def _after(wait: float) -> dict[str, str]:
    return {"retry-after": str(math.ceil(wait))}


def note_invalid(db: sqlite3.Connection) -> None:
    """An answer of 401, 403 or 429: ten thousand of them, and Discord shuts out the address."""
    store.write_meta(db, "discord invalid", invalid(db) + 1)


def invalid(db: sqlite3.Connection) -> int:
    """How many there were."""
    return int(store.read_meta(db, "discord invalid") or 0)

"""Idempotency keys: the first result is kept, for a day unless told otherwise, and played again.

VENDORS.md, Stripe and Resend: the same key with other content is refused; a failed validation is
not kept; a second request while the first one runs is refused.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass

from mentorships.sandbox.store import Json

KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Kept:
    """The stored result of a key's first request."""

    fingerprint: str
    status: int
    body: Json


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What must be the same when a key is used again."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def recall(
    db: sqlite3.Connection, vendor: str, key: str, now: int, kept_seconds: int = KEPT_SECONDS
) -> Kept | None:
    """The key's kept result, unless it is older than the vendor keeps them (Unix seconds)."""
    row = db.execute(
        "SELECT * FROM idempotency WHERE vendor = ? AND key = ? AND created > ?",
        (vendor, key, now - kept_seconds),
    ).fetchone()
    return None if row is None else Kept(row["fingerprint"], row["status"], json.loads(row["body"]))


def keep(db: sqlite3.Connection, vendor: str, key: str, kept: Kept, now: int) -> None:
    """Keep a result for the key, in place of one that is too old."""
    db.execute(
        "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
        (vendor, key, kept.fingerprint, kept.status, json.dumps(kept.body), now),
    )

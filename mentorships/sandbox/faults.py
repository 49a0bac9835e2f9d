"""Faults on request: an error status, a lost request, a lost answer, a slow answer."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Vendor = Literal["stripe", "resend", "google", "paypal", "discord", "agora"]
Kind = Literal["status", "drop_before", "drop_after", "slow"]
VENDORS: tuple[Vendor, ...] = get_args(Vendor)
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned misbehaviour; `seconds` is how slow, `times` how often it is still due."""

    kind: Kind
    status: int = 500
    seconds: float = 2.0


def plan(
    db: sqlite3.Connection, vendor: Vendor, method: str, path: str, fault: Fault, times: int
) -> None:
    """Misbehave the next `times` times; method and path may hold `*`."""
    db.execute(
        "INSERT INTO faults (vendor, method, path, kind, status, seconds, times)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (vendor, method, path, fault.kind, fault.status, fault.seconds, times),
    )


def take(db: sqlite3.Connection, vendor: Vendor, method: str, path: str) -> Fault | None:
    """The oldest fault planned for such a request, used up once."""
    for row in db.execute(
        "SELECT * FROM faults WHERE vendor = ? AND times > 0 ORDER BY id", (vendor,)
    ).fetchall():
        if fnmatchcase(method, row["method"]) and fnmatchcase(path, row["path"]):
            db.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (row["id"],))
            return Fault(row["kind"], row["status"], row["seconds"])
    return None


class Dropped(Response):
    """Closes the connection in the middle of the answer, so that the caller learns nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Promise more bytes than are sent."""
        headers = [(b"content-length", b"1000"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})

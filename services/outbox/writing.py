"""Writing messages, in the transaction of their cause, and waking whoever sends them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from services import tracing
from services.db import insert_or_ignore
from services.models import OutboxMessage

TRACE = "trace"
"""Where a message's data holds the id of whatever wrote it."""

_PUBLIC_ID = re.compile(r"\b[a-z]{3}_[A-Za-z0-9]{22}\b")
_wake: Callable[[str], None] | None = None


def on_added(wake: Callable[[str], None]) -> None:
    """Call `wake` with the kind of each message after the commit that added it. Set once, by the
    composition root.

    It is a hint that saves waiting for the sweep, never the guarantee.
    """
    global _wake
    _wake = wake


def add(db: Session, *, kind: str, key: str, data: dict[str, Any]) -> bool:
    """Write a message unless one with this key exists; True when it is new. `data` holds ids
    only."""
    traced = data | ({TRACE: trace} if (trace := tracing.current()) else {})
    message = OutboxMessage(kind=kind, unique_key=key, about=about(key), data=traced)
    if not insert_or_ignore(db, message):
        return False
    wake_soon(db, kind)
    return True


def wake_soon(db: Session, kind: str) -> None:
    """After the commit, wake whoever works on this kind."""
    if _wake is not None:
        event.listen(db, "after_commit", lambda _session: _wake and _wake(kind), once=True)


def about(key: str) -> str:
    """The public id that a message's key names first: what the message is about; "" for none."""
    found = _PUBLIC_ID.search(key)
    return found[0] if found else ""

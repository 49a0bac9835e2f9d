"""The one id that ties log lines together: of a request, an event of a page, a job, a vendor call.

A webhook's id is the provider's event id, so the job that handles it later goes by the same one. A
message of the outbox carries the id of whatever wrote it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{7,63}")
_current: ContextVar[str] = ContextVar("trace", default="")


def new_id() -> str:
    """A fresh id: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def is_well_formed(text: str) -> bool:
    """Whether an id from outside may be taken over: 8 to 64 plain characters."""
    return _WELL_FORMED.fullmatch(text) is not None


def current() -> str:
    """The id of what this task or thread is doing; "" outside of everything."""
    return _current.get()


@contextmanager
def bound(trace: str) -> Iterator[str]:
    """Go by this id inside the `with` block; an empty one keeps what is there, or makes a new."""
    before = _current.get()
    taken = trace or before or new_id()
    _current.set(taken)
    try:
        yield taken
    finally:
        # Not by a token: a generator may be closed in another context than it ran in.
        _current.set(before)

"""The one source of time. Everything is aware UTC; people's zones appear at the edge only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_moved_to: ContextVar[datetime | None] = ContextVar("clock_moved_to", default=None)


def utc_now() -> datetime:
    """Now, aware, in UTC; or the instant that `at` moved the clock to."""
    return _moved_to.get() or datetime.now(UTC)


def today() -> str:
    """The day in UTC, such as 2026-11-21: tells what happens now from what happened before."""
    return utc_now().date().isoformat()


def this_hour() -> str:
    """The hour in UTC, such as 2026-11-21T09."""
    return utc_now().strftime("%Y-%m-%dT%H")


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Move the clock of this thread or task to `instant` (aware). For seeding, previews of mails,
    and tests."""
    if instant.tzinfo is None:
        raise ValueError("the clock needs an aware instant")
    token = _moved_to.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _moved_to.reset(token)

"""Around every handler of a page: an id for its log lines, and a count of how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services import metrics, outages, tracing
from services.errors import AppError, ProviderUnavailable


@dataclass
class Handling:
    """One event on its way; whoever catches its error notes it."""

    error: Exception | None = None


@contextmanager
def observed(handler: str) -> Iterator[Handling]:
    """Give the event an id of its own, and count it when it is through."""
    handling, begun = Handling(), time.perf_counter()
    with tracing.bound(tracing.new_id()):
        try:
            yield handling
        finally:
            metrics.event(handler, _outcome(handling.error), time.perf_counter() - begun)


def _outcome(error: Exception | None) -> str:
    """done, refused (the person was told why), unavailable (an outage), failed (our mistake)."""
    if error is None:
        return "done"
    if isinstance(error, ProviderUnavailable) or outages.away(error):
        return "unavailable"
    return "refused" if isinstance(error, AppError) else "failed"

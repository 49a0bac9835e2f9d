"""Every request to an outside service is one log line and one count: which service, what was asked,
what came back, how long it took, the how-manieth try it was. Never a body, an address or a key.

Our id is not sent along: vendors give their requests ids of their own, which the line carries where
there is one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import structlog

from services import metrics

log = structlog.get_logger()


@dataclass
class Operation:
    """What one of our calls asks of a service; it may take several requests."""

    name: str
    tries: int = field(default=0)


@dataclass
class Request:
    """One request on its way. Whoever sends it notes what came back."""

    status: int = 0
    vendor_request: str = ""


_operation: ContextVar[Operation | None] = ContextVar("vendor_operation", default=None)


@contextmanager
def operation(name: str) -> Iterator[None]:
    """Call what happens inside by this name, such as `create_checkout`."""
    before = _operation.get()
    _operation.set(Operation(name))
    try:
        yield
    finally:
        # Not by a token: a listing is a generator, which may be closed somewhere else.
        _operation.set(before)


@contextmanager
def observed(provider: str) -> Iterator[Request]:
    """Around one request: logs and counts it, however it ends."""
    asked = _operation.get() or Operation("other")
    asked.tries += 1
    request, begun = Request(), time.perf_counter()
    failure = ""
    try:
        yield request
    except Exception as error:
        failure = type(error).__name__
        raise
    finally:
        seconds = time.perf_counter() - begun
        outcome = _outcome(request.status, failure)
        metrics.vendor_call(provider, asked.name, outcome, seconds)
        line = log.info if outcome == "ok" else log.warning
        line(
            "vendor_call",
            provider=provider,
            operation=asked.name,
            outcome=outcome,
            **({"status": request.status} if request.status else {}),
            **({"failure": failure} if failure and not request.status else {}),
            **({"vendor_request": request.vendor_request} if request.vendor_request else {}),
            attempt=asked.tries,
            milliseconds=round(seconds * 1000, 1),
        )


def _outcome(status: int, failure: str) -> str:
    """ok, refused (their no), broken (their 429 or 5xx), unreachable."""
    if status == 0:
        return "unreachable" if failure else "ok"
    if status < 400:
        return "ok"
    return "broken" if status == 429 or status >= 500 else "refused"

"""Many people at once: threads that begin together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
PATIENCE_SECONDS = 120


def together(calls: Sequence[Callable[[], Result]]) -> list[Result | Exception]:
    """Run every call in a thread of its own, all begun at the same moment; results or errors, in
    the order of the calls."""
    gate = threading.Barrier(len(calls), timeout=PATIENCE_SECONDS)

    def run(call: Callable[[], Result]) -> Result | Exception:
        gate.wait()
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        futures = [pool.submit(run, call) for call in calls]
        return [future.result(timeout=PATIENCE_SECONDS) for future in futures]


def succeeded(results: Sequence[Result | Exception]) -> list[Result]:
    """The results of those who were not refused."""
    return [result for result in results if not isinstance(result, Exception)]


def refusals(results: Sequence[object]) -> list[str]:
    """The kinds of the errors, sorted."""
    return sorted(type(result).__name__ for result in results if isinstance(result, Exception))

"""The three states of what a page loads, and the one place where a failed load is caught."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import reflex as rx

from services.errors import DatabaseUnavailable, NotFound
from state.guard import explain
from state.recovery import try_again_soon


class Loads(rx.State, mixin=True):
    """Mix into a page's state: `class OrdersState(Loads, AppState)`.

    `phase` is "loading", "ready", "failed" or "missing".
    """

    phase: str = "loading"
    failure: str = ""


class HasPhase(Protocol):
    """Whatever can say how far it has been loaded."""

    phase: str
    failure: str


@contextmanager
def loading(page: HasPhase) -> Iterator[None]:
    """Around everything that fills a page: "ready" when it succeeded, "missing" when there is no
    such thing, else "failed", with the sentence and the id to quote in `failure`. When only the
    database is away, the page tries again by itself."""
    try:
        yield
    except NotFound:
        page.phase = "missing"
    except Exception as error:
        page.failure, _ = explain(error)
        page.phase = "failed"
        if isinstance(error, DatabaseUnavailable):
            try_again_soon()
    else:
        page.phase = "ready"

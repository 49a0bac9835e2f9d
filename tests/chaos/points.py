"""The moments at which a worker may die: before and after every statement, commit and vendor call.

Listens from outside (SQLAlchemy's events, the dialect's commit, the transports of httpx and of the
stores' library) in processes of these tests; the product has no hook for it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
from botocore.httpsession import URLLib3Session
from sqlalchemy import Engine, event


class Points:
    """Counts the moments passed since it was armed, and kills this process at one of them."""

    def __init__(self, kill_at: int | None) -> None:
        self._kill_at = kill_at
        self._armed = False
        self._awaited: tuple[str, Callable[[], None]] | None = None
        self.passed: list[str] = []

    def arm(self) -> None:
        """Count from here on."""
        self._armed = True

    def once(self, moment: str, act: Callable[[], None]) -> None:
        """Do this at the first moment that begins like that."""
        self._awaited = (moment, act)

    def reach(self, moment: str) -> None:
        """One more moment. SIGKILL: no handler, no rollback, no goodbye."""
        if self._awaited is not None and moment.startswith(self._awaited[0]):
            (_, act), self._awaited = self._awaited, None
            act()
        if not self._armed:
            return
        self.passed.append(moment)
        if len(self.passed) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(engine: Engine, points: Points) -> None:
    """Let `points` see the statements and commits of an engine, and all requests to vendors."""
    _watch_statements(engine, points)
    _watch_commits(engine, points)
    _watch_vendors(points)
    _watch_stores(points)


def _watch_statements(engine: Engine, points: Points) -> None:
    def before(_c: Any, _cursor: Any, statement: str, _p: Any, _x: Any, _many: bool) -> None:
        points.reach(f"before {_short(statement)}")

    def after(_c: Any, _cursor: Any, statement: str, _p: Any, _x: Any, _many: bool) -> None:
        points.reach(f"after {_short(statement)}")

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)


def _watch_commits(engine: Engine, points: Points) -> None:
    commit = engine.dialect.do_commit

    def watched(connection: Any) -> None:
        points.reach("before commit")
        commit(connection)
        points.reach("after commit")

    engine.dialect.do_commit = watched  # type: ignore[method-assign]


def _watch_vendors(points: Points) -> None:
    send = httpx.HTTPTransport.handle_request

    def watched(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        points.reach(f"before {request.method} {request.url.path}")
        response = send(transport, request)
        points.reach(f"after {request.method} {request.url.path}")
        return response

    httpx.HTTPTransport.handle_request = watched  # type: ignore[method-assign]


def _watch_stores(points: Points) -> None:
    send = URLLib3Session.send

    def watched(session: URLLib3Session, request: Any) -> Any:
        address = urlsplit(request.url)
        asked = f"{request.method} {address.path}?{address.query}"
        points.reach(f"before {asked}")
        response = send(session, request)
        points.reach(f"after {asked}")
        return response

    URLLib3Session.send = watched  # type: ignore[method-assign]


def _short(statement: str) -> str:
    return " ".join(statement.split())[:60]

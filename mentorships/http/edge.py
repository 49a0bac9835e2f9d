"""The outermost layer of every request: its id, its figures, its headers, and the last answer.

It lies on the path of every webhook, so it asks nothing of the database, logs nothing when all is
well, and prepares its headers once.
"""

from __future__ import annotations

import time
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mentorships.http import failures
from mentorships.http.policy import Header, Policies
from services import metrics, tracing
from services.addresses import is_trusted
from services.config import Settings

log = structlog.get_logger()

ROUTE = "mentorships.route"
"""Set in the scope by an application that knows its route; else the matched route's path counts."""
TRACE_HEADER = b"x-request-id"
FOREVER = b"public, max-age=31536000, immutable"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SEEN = "mentorships.edge"
_FOLDERS = ("/assets/", "/fonts/", "/styles/", "/files/photos/", "/sandbox/", "/_event")
_CLIENT_LEFT = 499


class Edge:
    """Wraps the whole application. One inside another passes everything through."""

    def __init__(self, app: ASGIApp, chosen: Settings, pages_dir: Path) -> None:
        self._app = app
        self._policies = Policies(chosen, pages_dir)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its id; whatever happens, it is answered and counted."""
        if scope["type"] not in ("http", "websocket") or _SEEN in scope:
            await self._app(scope, receive, send)
            return
        with tracing.bound(_trace_of(scope) or tracing.new_id()) as trace:
            scope[_SEEN] = trace
            if scope["type"] == "websocket":
                await self._stay_open(scope, receive, send)
            else:
                await _Exchange(self._policies, scope, send).run(self._app, receive)

    async def _stay_open(self, scope: Scope, receive: Receive, send: Send) -> None:
        metrics.websockets(+1)
        try:
            await self._app(scope, receive, send)
        finally:
            metrics.websockets(-1)


class _Exchange:
    """One request and its answer."""

    def __init__(self, policies: Policies, scope: Scope, send: Send) -> None:
        self._policies, self._scope, self._send = policies, scope, send
        self._status = 0
        self._complete = False
        self._begun = time.perf_counter()

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        try:
            await app(self._scope, receive, self._answer)
        except Exception as error:
            await self._fail(error, receive)
        finally:
            method = self._scope["method"]
            metrics.request(
                method if method in METHODS else "other",
                route_of(self._scope),
                self._status or _CLIENT_LEFT,
                time.perf_counter() - self._begun,
            )

    async def _answer(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status: int = message["status"]
            message["headers"] = self._with_ours(list(message.get("headers", ())), status)
            self._status = status  # only now has the answer begun
        elif message["type"] == "http.response.body":
            self._complete = not message.get("more_body", False)
        elif message["type"] == "http.response.pathsend":
            self._complete = True
        await self._send(message)

    def _with_ours(self, headers: list[Header], status: int) -> list[Header]:
        """Add our headers to those that the application chose itself, which stay."""
        path: str = self._scope["path"]
        chosen = {name.lower() for name, _ in headers}
        headers += [pair for pair in self._policies.headers(path) if pair[0] not in chosen]
        if b"cache-control" not in chosen:
            hashed = path.startswith("/assets/") and status in (200, 304)
            headers.append((b"cache-control", FOREVER if hashed else b"no-cache"))
        if TRACE_HEADER not in chosen:
            headers.append((TRACE_HEADER, self._scope[_SEEN].encode()))
        return headers

    async def _fail(self, error: Exception, receive: Receive) -> None:
        """Answer if nobody has; an answer that broke off half-way can only be broken off."""
        route = route_of(self._scope)
        if self._status == 0:
            response = failures.answer(error, self._scope, route=route)
            await response(self._scope, receive, self._answer)
            return
        if self._scope.get(failures.TOLD) is not error:
            failures.tell(error, route=route)
        if not self._complete:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def route_of(scope: Scope) -> str:
    """The route of a request as a label: from the code or one of a few words, never its address."""
    if known := scope.get(ROUTE):
        return str(known)
    path: str = scope["path"]
    for folder in _FOLDERS:
        if path.startswith(folder):
            return folder.rstrip("/")
    template = getattr(scope.get("route"), "path", "")
    return template or "page"


def _trace_of(scope: Scope) -> str:
    """The id that a trusted proxy gave this request, if it is a sane one."""
    for name, value in scope["headers"]:
        if name == TRACE_HEADER:
            client = scope.get("client")
            given = value.decode("latin-1")
            if client and tracing.is_well_formed(given) and is_trusted(client[0]):
                return given
    return ""

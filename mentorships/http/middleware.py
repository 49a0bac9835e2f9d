"""Who may send unsafe requests, and deep links. What else holds for every answer is in edge.py."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mentorships.http.edge import Edge
from services.config import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Their signature decides: no browser sends webhooks, and mail programs leave a list (RFC 8058).
SIGNED_PATHS = ("/api/webhooks/", "/unsubscribe/")


def protect(app: ASGIApp, chosen: Settings, pages_dir: Path) -> ASGIApp:
    """Wrap the whole application in the edge's rules."""
    return Edge(OriginGuard(DeepLinks(app, pages_dir), chosen), chosen, pages_dir)


class OriginGuard:
    """Refuses unsafe requests that another site may have made a browser send.

    The cookie alone proves nothing: an allowed `Origin`, or `Sec-Fetch-Site: same-origin` when a
    browser sends no Origin, shows that the request began on a page of ours. None of both: refused.
    """

    def __init__(self, app: ASGIApp, chosen: Settings) -> None:
        self._app = app
        self._allowed = chosen.allowed_origins
        self._refusal = (
            "This request did not come from a page of this site, so nothing was changed. "
            f"Open {chosen.public_url} and try again."
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] == "http" and not self._may_pass(scope):
            await PlainTextResponse(self._refusal, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS or scope["path"].startswith(SIGNED_PATHS):
            return True
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None:
            return origin in self._allowed
        return headers.get("sec-fetch-site") == "same-origin"


class DeepLinks:
    """Serves a page's address as it is.

    The static files would answer `/mentors` with an absolute redirect to `/mentors/`, which names
    the wrong scheme and host behind a proxy.
    """

    def __init__(self, app: ASGIApp, pages_dir: Path) -> None:
        self._app = app
        self._pages = frozenset(
            "/" + index.parent.relative_to(pages_dir).as_posix()
            for index in pages_dir.glob("**/index.html")
            if index.parent != pages_dir
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the slash that the static files want."""
        if scope["type"] == "http" and scope["path"] in self._pages:
            scope = {**scope, "path": scope["path"] + "/", "raw_path": _with_slash(scope)}
        await self._app(scope, receive, send)


def _with_slash(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw + b"/"

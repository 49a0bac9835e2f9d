"""What holds for every HTTP answer: who may send unsafe requests, headers, caching, deep links."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.config import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Their signature decides, and no browser sends them.
SIGNED_PATHS = "/api/webhooks/"
FOREVER = "public, max-age=31536000, immutable"

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'self'; object-src 'none'",
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
}


def protect(app: ASGIApp, chosen: Settings, pages_dir: Path) -> ASGIApp:
    """Wrap the whole application in the edge's rules."""
    return AnswerHeaders(OriginGuard(DeepLinks(app, pages_dir), chosen), chosen)


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


class AnswerHeaders:
    """Adds security headers, and lets browsers keep hashed files forever and pages not at all."""

    def __init__(self, app: ASGIApp, chosen: Settings) -> None:
        self._app = app
        self._headers = dict(SECURITY_HEADERS)
        if chosen.secure_cookies:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; headers that the application chose itself stay."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                hashed = scope["path"].startswith("/assets/") and message["status"] in (200, 304)
                headers.setdefault("Cache-Control", FOREVER if hashed else "no-cache")
            await send(message)

        await self._app(scope, receive, send_with_headers)


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

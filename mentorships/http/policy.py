"""The security headers of every answer, and which scripts a page may run.

Built pages carry a few inline scripts (the colour scheme before the first paint, the router's
data). Each page's policy names the hashes of its own, so an injected one does not run. Styles need
'unsafe-inline': components set them as attributes, which no hash covers.
"""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import suppress
from pathlib import Path

from services.config import Settings
from services.providers.storage.profiles import PROFILES

Header = tuple[bytes, bytes]
_Stamp = tuple[int, ...]

_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_FALLBACKS = ("404.html", "__spa-fallback.html")
_NO_PAGES = (
    *("/api/", "/health", "/ready", "/metrics", "/auth/", "/oauth/", "/calendar/", "/files/"),
    *("/assets/", "/fonts/", "/_event"),
)
"""What answers with redirects, data, files and sentences: nothing there loads anything."""
_SANDBOX = "/sandbox/"
_ROOM = re.compile(r"/sessions/[^/]{1,60}/room/?")
"""A session's room. It is loaded as a document, so that no other page's policy holds there."""
_AGORA = "https://*.agora.io:* wss://*.agora.io:* https://*.sd-rtn.com:* wss://*.sd-rtn.com:*"
"""Agora's SDK finds the nearest of its servers under hundreds of names, some at odd ports."""
_LONGEST_PATH = 200
_KEPT = 500
"""How many pages' policies are remembered; there are far fewer pages."""

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": (
        "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), "
        "usb=(), serial=(), midi=(), magnetometer=(), gyroscope=(), accelerometer=()"
    ),
}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class Policies:
    """The headers for an address, made once per built page."""

    def __init__(self, chosen: Settings, pages_dir: Path) -> None:
        self._pages_dir = pages_dir
        self._https = chosen.public_url.startswith("https://")
        self._origins = sorted(chosen.allowed_origins)
        fixed = ALWAYS | (HTTPS_ONLY if self._https else {})
        self._fixed = [(name.lower().encode(), value.encode()) for name, value in fixed.items()]
        self._data = [*self._fixed, _policy_header(NOTHING)]
        self._sandbox = [*self._fixed, _policy_header(self._simulators())]
        self._agora = bool(chosen.agora_app_id)
        self._films = " ".join(_films(chosen))
        self._pages: dict[tuple[str, bool], tuple[_Stamp, list[Header]]] = {}

    def headers(self, path: str) -> list[Header]:
        """The headers of an answer at this address; what the route itself chose stays."""
        if path.startswith(_NO_PAGES):
            return self._data
        if path.startswith(_SANDBOX) or path == "/sandbox":
            return self._sandbox
        file, calls = self._file(path), self._agora and _ROOM.fullmatch(path) is not None
        stamp = self._stamp(file)
        known = self._pages.get((file, calls))
        if known and known[0] == stamp:
            return known[1]
        made = [*self._fixed, _policy_header(self._page(file, calls))]
        if known or len(self._pages) < _KEPT:
            self._pages[file, calls] = stamp, made
        return made

    def _file(self, path: str) -> str:
        """The built page that is served at this address, relative to the build; "" for none."""
        name = path.strip("/")
        plain = name.isascii() and name.isprintable() and len(name) <= _LONGEST_PATH
        if not plain or ".." in name:
            return ""
        page = "index.html" if not name else f"{name}/index.html"
        file = name if name.endswith(".html") else page
        return file if (self._pages_dir / file).is_file() else ""

    def _stamp(self, file: str) -> _Stamp:
        """When a page was built: a new build under a running server brings other scripts."""
        found: list[int] = []
        for name in (file,) if file else _FALLBACKS:
            with suppress(OSError):
                found.append((self._pages_dir / name).stat().st_mtime_ns)
        return tuple(found)

    def _page(self, file: str, calls: bool) -> str:
        scripts: set[str] = set()
        for name in (file,) if file else _FALLBACKS:
            built = self._pages_dir / name
            if built.is_file():
                scripts |= hashes(built.read_text("utf-8"))
        sockets = " ".join(origin.replace("http", "ws", 1) for origin in self._origins)
        outside = f" {_AGORA}" if calls else ""
        return self._joined(
            "default-src 'self'",
            " ".join(["script-src 'self'", *sorted(scripts)]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            # Safari does not count a websocket of the same origin as 'self'.
            f"connect-src 'self' {sockets}{outside}",
            f"media-src 'self' blob: {self._films}".rstrip(),
            "worker-src 'self' blob:",
            "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )

    def _simulators(self) -> str:
        """Their pages have no script; a payment's form ends on the studio's own address."""
        return self._joined(
            "default-src 'none'",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: {' '.join(self._origins)}",
            "font-src 'self'",
            f"form-action 'self' {' '.join(self._origins)}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )

    def _joined(self, *directives: str) -> str:
        more = ("upgrade-insecure-requests",) if self._https else ()
        return "; ".join([*directives, *more])


def _films(chosen: Settings) -> list[str]:
    """The origins that stores' links lead to: recordings are played from there. Every page has
    them, because one comes to a recording's without loading a document."""
    found = {chosen.files_cdn_base} if chosen.files_cdn_base else set[str]()
    for store in chosen.stores.values():
        if not store.is_folder:
            scheme, _, host = store.endpoint.partition("://")
            by_host = PROFILES[store.kind].by_host
            found.add(f"{scheme}://{store.bucket}.{host}" if by_host else store.endpoint)
    return sorted(found)


def hashes(page: str) -> set[str]:
    """The sources that allow exactly the inline scripts of a page."""
    found: set[str] = set()
    for script in _INLINE_SCRIPT.findall(page):
        digest = hashlib.sha256(script.encode()).digest()
        found.add(f"'sha256-{base64.b64encode(digest).decode()}'")
    return found


def _policy_header(policy: str) -> Header:
    return b"content-security-policy", policy.encode()

"""Stands between an adapter and a server that speaks S3, and plays what goes wrong on the way and
at Backblaze B2: refused checksums, SlowDown, resets, answers that break off, bytes that change."""

from __future__ import annotations

import http.client
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

Kind = Literal[
    "slow_down",
    "no_tomes",
    "refused",
    "not_offered",
    "reset",
    "answer_lost",
    "truncated",
    "changed_on_the_way",
    "changed_on_the_way_back",
    "slow",
]
_NOT_PASSED = frozenset({"connection", "expect", "transfer-encoding", "content-length", "date"})
_NO_LINGER = struct.pack("ii", 1, 0)
_ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
    "<Message>{message}</Message></Error>"
)
B2_REFUSES = "Unsupported header 'x-amz-sdk-checksum-algorithm' received for this API call."


@dataclass(frozen=True)
class Seen:
    """A request that came by."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body_bytes: int


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of this method whose query holds `query`,
    after `skip` that go well."""

    kind: Kind
    method: str = ""
    query: str = ""
    times: int = 1
    skip: int = 0
    retry_after: int | None = None
    seconds: float = 0.0


@dataclass
class Proxy:
    """The proxy's own address, what it saw, and what it shall spoil. `before` is called with each
    request before it is passed on."""

    endpoint: str
    as_b2: bool = False
    before: Callable[[Seen], None] | None = None
    seen: list[Seen] = field(default_factory=list[Seen])
    _under_way: int = 0
    _faults: list[Fault] = field(default_factory=list[Fault])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, kind: Kind, method: str = "", **more: Any) -> None:
        """Spoil requests to come."""
        with self._lock:
            self._faults.append(Fault(kind, method, **more))

    def count(self, method: str, query: str = "") -> int:
        """How many requests of this method came by, whose query holds that."""
        return sum(each.method == method and query in each.query for each in self.seen)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Inside, a request is under way."""
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def settle(self, patience: float = 20.0) -> None:
        """Wait until nothing is under way: a client that was killed leaves requests behind."""
        until = time.monotonic() + patience
        while self._under_way:
            assert time.monotonic() < until, "a request never ends"
            time.sleep(0.01)

    def take(self, seen: Seen) -> Fault | None:
        """Note the request; what shall go wrong with it."""
        with self._lock:
            self.seen.append(seen)
            for fault in self._faults:
                if fault.method not in ("", seen.method) or fault.query not in seen.query:
                    continue
                if fault.skip:
                    fault.skip -= 1
                elif fault.times:
                    fault.times -= 1
                    return fault
        return None


@contextmanager
def proxied(target: str, *, as_b2: bool = False) -> Iterator[Proxy]:
    """A proxy before the server at `target`, as long as the `with` block lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.target = urlsplit(target).netloc  # type: ignore[attr-defined]
    server.proxy = Proxy(f"http://127.0.0.1:{server.server_port}", as_b2)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.proxy  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed leave connections behind; anything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        with self.server.proxy.passing():  # type: ignore[attr-defined]
            self._pass()

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT

    def log_message(self, format: str, *args: object) -> None:
        return

    def _pass(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        announced = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(announced)
        if len(body) < announced:
            return  # whoever sent it is no more
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, parts.path, parts.query, headers, len(body))
        fault = proxy.take(seen)
        if proxy.before:
            proxy.before(seen)
        if proxy.as_b2 and _has_checksums(seen):
            self._error(400, "InvalidArgument", B2_REFUSES)
        elif fault is None:
            self._answer(*self._ask(body))
        else:
            self._spoil(fault, body)

    def _spoil(self, fault: Fault, body: bytes) -> None:
        match fault.kind:
            case "slow_down":
                self._error(503, "SlowDown", "Please slow down", fault.retry_after)
            case "no_tomes":
                self._error(503, "ServiceUnavailable", "no tomes available", fault.retry_after)
            case "refused":
                self._error(403, "AccessDenied", "not entitled")
            case "not_offered":
                self._error(501, "NotImplemented", "not implemented")
            case "reset":
                self._reset()
            case "answer_lost":
                self._ask(body)
                self._reset()
            case "truncated":
                status, headers, content = self._ask(body)
                self._answer(status, headers, content, sent=len(content) // 2)
            case "changed_on_the_way":
                self._answer(*self._ask(_changed(body)))
            case "changed_on_the_way_back":
                status, headers, content = self._ask(body)
                self._answer(status, headers, _changed(content))
            case "slow":
                time.sleep(fault.seconds)
                self._answer(*self._ask(body))

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """The server's answer. The Host header goes along as it came, since it is signed."""
        target: str = self.server.target  # type: ignore[attr-defined]
        connection = http.client.HTTPConnection(target, timeout=60)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in _NOT_PASSED:
                    connection.putheader(name, value)
            if body or self.command in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, sent: int | None = None
    ) -> None:
        told = {name.lower(): value for name, value in headers}
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _NOT_PASSED:
                self.send_header(name, value)
        of_head = told.get("content-length", "0") if self.command == "HEAD" else str(len(content))
        if status != 204:
            self.send_header("Content-Length", of_head)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content if sent is None else content[:sent])
        if sent is not None:
            self._close()

    def _error(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        content = _ERROR.format(code=code, message=message).encode()
        headers = [("Content-Type", "application/xml")]
        if retry_after is not None:
            headers.append(("Retry-After", str(retry_after)))
        self._answer(status, headers, b"" if self.command == "HEAD" else content)

    def _reset(self) -> None:
        """As a network does: no farewell, but RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._close()

    def _close(self) -> None:
        self.close_connection = True
        self.rfile.close()
        self.connection.close()


def _has_checksums(seen: Seen) -> bool:
    return any(
        name.startswith(("x-amz-sdk-checksum", "x-amz-checksum-")) or name == "x-amz-trailer"
        for name in seen.headers
    )


def _changed(body: bytes) -> bytes:
    """The same, but for one byte in the middle."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :] if body else body

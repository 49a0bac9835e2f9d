"""The load: a process of its own that posts signed webhooks over kept connections.

`python -m benchmarks.load ADDRESS COUNT CONNECTIONS`; the secret comes in WEBHOOK_SECRET. Every
request is written before the clock starts, and answers are hardly parsed: it must not be what is
measured. Prints `{"seconds", "answers", "p50_ms", "p99_ms"}`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import secrets
import sys
import time
from collections import Counter
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

BODY_BYTES = 3_800
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def event(number: int, run: str) -> bytes:
    """One event of Stripe's size and shape, with an id that no other run uses."""
    thing: dict[str, Any] = {
        "id": f"cs_test_{run}{number:08d}",
        "object": "checkout.session",
        "amount_total": 24_000,
        "currency": "eur",
        "customer_details": {"name": "Demo Person", "email": "demo.person@example.com"},
        "metadata": {"order": f"ord_{run}{number:08d}"},
        "payment_status": "paid",
        "status": "complete",
        "lines": [],
    }
    whole = {
        "id": f"evt_{run}{number:08d}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "type": "checkout.session.completed",
        "data": {"object": thing},
    }
    line = {"id": "li_0123456789", "description": "4 sessions", "price": {"unit_amount": 24_000}}
    while len(json.dumps(whole)) < BODY_BYTES:
        thing["lines"].append(line)
    return json.dumps(whole).encode()[:-1].ljust(BODY_BYTES - 1) + b"}"


def requests(address: str, count: int, secret: bytes) -> list[bytes]:
    """Signed requests, ready to be sent."""
    parts = urlsplit(address)
    run, at = secrets.token_hex(6), str(int(time.time()))
    made: list[bytes] = []
    for number in range(count):
        body = event(number, run)
        signature = hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()
        head = (
            f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            "content-type: application/json; charset=utf-8\r\nuser-agent: Stripe/1.0\r\n"
            f"stripe-signature: t={at},v1={signature}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


class Connection(asyncio.Protocol):
    """Sends a request, waits for its answer, sends the next; `done` ends when none is left."""

    def __init__(self, waiting: list[bytes], statuses: Counter[str], times: list[float]) -> None:
        self._waiting, self._statuses, self._times = waiting, statuses, times
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the first request is sent by `go`."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it

    def go(self) -> None:
        """Send the next request."""
        assert self._transport is not None
        if not self._waiting:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(self._waiting.pop())

    def data_received(self, data: bytes) -> None:
        """Count the answer once it is whole."""
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(rest) < int(length[1]):
            return
        self._times.append(time.perf_counter() - self._sent)
        self._statuses[head[9:12].decode()] += 1
        self._buffer = b""
        self.go()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, by us or by the server; who still had something to send is missed in the sum."""
        del exc
        self.done.set_result(None)


async def run(address: str, count: int, connections: int, secret: bytes) -> dict[str, Any]:
    """Send everything; what came back and how long it took."""
    parts = urlsplit(address)
    waiting, statuses, times = requests(address, count, secret), Counter[str](), list[float]()
    loop, (host, _, port) = asyncio.get_running_loop(), parts.netloc.partition(":")
    open_ones = [
        (
            await loop.create_connection(
                lambda: Connection(waiting, statuses, times), host, int(port)
            )
        )[1]
        for _ in range(connections)
    ]
    began = time.perf_counter()
    for connection in open_ones:
        connection.go()
    await asyncio.gather(*(connection.done for connection in open_ones))
    seconds = time.perf_counter() - began
    ordered = sorted(times)
    return {
        "seconds": seconds,
        "answers": dict(statuses),
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
    }


if __name__ == "__main__":
    uvloop.install()
    whole = run(
        sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), os.environ["WEBHOOK_SECRET"].encode()
    )
    print(json.dumps(asyncio.run(whole)))

"""Many open tabs in one process: websocket clients that speak the pages' protocol, without a
browser and without a thread each."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping, Request, TextMessage

NAMESPACE = "/_event"
OPEN_SECONDS = 30


class Tab:
    """One tab. `on_update` is called with the text of each update and when it came."""

    def __init__(self, on_update: Callable[[str, float], None]) -> None:
        self.on_update = on_update
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._joined = asyncio.Event()
        self._answered = asyncio.Event()
        self._text: list[str] = []

    async def open(self, address: str, cookie: str) -> None:
        """Connect with a sign-in's cookie."""
        parts = urlsplit(address)
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", parts.port)
        request = Request(
            host=parts.netloc,
            target=f"/_event/?EIO=4&transport=websocket&token={uuid.uuid4()}",
            extra_headers=[(b"Cookie", cookie.encode()), (b"Origin", address.encode())],
        )
        self._write(request)
        self._reading = asyncio.create_task(self._read())
        await asyncio.wait_for(self._joined.wait(), OPEN_SECONDS)

    async def event(self, name: str, payload: dict[str, Any], path: str) -> float:
        """Send an event and wait for its first answer; the seconds that it took."""
        page = path.partition("?")[0]
        data = {"pathname": page, "asPath": path, "query": {}}
        event = {"name": name, "payload": payload, "router_data": data}
        self._answered.clear()
        began = time.perf_counter()
        self._say(f"42{NAMESPACE},{json.dumps(['event', event])}")
        await asyncio.wait_for(self._answered.wait(), OPEN_SECONDS)
        return time.perf_counter() - began

    async def close(self) -> None:
        """Leave."""
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        self._writer.close()

    def _say(self, text: str) -> None:
        self._write(TextMessage(data=text))

    def _write(self, event: Any) -> None:
        self._writer.write(self._connection.send(event))

    async def _read(self) -> None:
        while data := await self._reader.read(65_536):
            self._connection.receive_data(data)
            for event in self._connection.events():
                match event:
                    case AcceptConnection():
                        self._say(f"40{NAMESPACE},")
                    case Ping():
                        self._write(event.response())
                    case Message():
                        self._hear(str(event.data), event.message_finished)
                    case CloseConnection():
                        return
                    case _:
                        pass

    def _hear(self, part: str, finished: bool) -> None:
        self._text.append(part)
        if not finished:
            return
        text, self._text = "".join(self._text), []
        if text == "2":  # Engine.IO asks whether we live
            self._say("3")
        elif text.startswith(f"40{NAMESPACE}"):
            self._joined.set()
        elif text.startswith("42"):
            self._answered.set()
            self.on_update(text, time.perf_counter())

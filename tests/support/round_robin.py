"""A proxy in front of several web processes: each new connection goes to the next one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_CHUNK = 65_536


class RoundRobin:
    """Passes bytes on, and knows nothing of what they mean. It needs no memory of who was where, so
    what works behind it needs no sticky sessions. A process that refuses is passed over."""

    def __init__(self, port: int, targets: list[int]) -> None:
        self._port = port
        self._targets = targets
        self._next = 0
        self.served = dict.fromkeys(targets, 0)

    async def serve(self, ready: threading.Event, stopped: asyncio.Event) -> None:
        """Listen until `stopped`."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
        async with server:
            ready.set()
            await stopped.wait()

    async def _connect(self, came: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        for _ in self._targets:
            target = self._targets[self._next % len(self._targets)]
            self._next += 1
            try:
                answer, there = await asyncio.open_connection("127.0.0.1", target)
            except OSError:
                continue
            self.served[target] += 1
            await asyncio.gather(_pump(came, there), _pump(answer, back))
            return
        back.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
    with contextlib.suppress(OSError):
        sink.close()


@contextmanager
def round_robin(port: int, targets: list[int]) -> Iterator[RoundRobin]:
    """Run the proxy in a thread of its own."""
    proxy, ready = RoundRobin(port, targets), threading.Event()
    loop, stopped = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=_run, args=(loop, proxy, ready, stopped), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)


def _run(
    loop: asyncio.AbstractEventLoop,
    proxy: RoundRobin,
    ready: threading.Event,
    stopped: asyncio.Event,
) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(proxy.serve(ready, stopped))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()

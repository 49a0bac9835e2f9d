"""A web process without worker, pages and browser, and tabs on it that look at live pages."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentorships.launch import ROOT, child_environment
from services import signin
from state.base import AppState
from state.cookies import session_name
from tests.support.people import PASSWORD
from tests.support.raw_socket import RawTab, merged
from tests.support.servers import settings_for

START_SECONDS = 60
PATIENCE_SECONDS = 20.0
# Open websockets would keep a stopping server waiting, as in mentorships.serve.
GRANIAN = ("granian", "--interface", "asgi", "--factory", "--log-level", "warning")
STOP = ("--workers-kill-timeout", "4")


@dataclass(frozen=True)
class Web:
    """One running web process."""

    address: str
    statements_file: Path

    def statements(self) -> list[str]:
        """Every statement that it has sent so far, look-ups of sign-ins apart."""
        sent = self.statements_file.read_text().splitlines()
        return [one for one in sent if "FROM sign_in" not in one and one != "BEGIN"]

    def open(self, page: type[AppState], path: str, cookie: str = "") -> LiveTab:
        """A tab that has loaded a page."""
        tab = LiveTab(self.address, cookie=cookie, origin=self.address)
        tab.look(page, path)
        return tab


class LiveTab(RawTab):
    """A tab that waits for what the server sends by itself."""

    def look(self, page: type[AppState], path: str) -> None:
        """Turn to a page; returns when its data is there."""
        name = page.get_full_name()
        self.send(f"{name}.load", path=path)
        phase = f"{name.rpartition('.')[2]}.phase"  # Reflex adds a suffix to it
        self.sees(lambda shown: any(k.startswith(phase) and shown[k] == "ready" for k in shown))

    def sees(self, wanted: Callable[[dict[str, Any]], bool]) -> int:
        """Wait until the updates, taken together, show it; how many updates with data it took."""
        updates: list[dict[str, Any]] = []
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            update = self._receive()
            self.received.append(update)
            updates.append(update)
            if wanted(merged(updates)):
                return sum(bool(one.get("delta")) for one in updates)
        raise AssertionError(f"not seen; the last was {self.received[-1:]}")

    def reads(self, text: str) -> int:
        """Wait until some variable holds this text."""
        return self.sees(lambda shown: text in repr(shown))


def cookie_of(email: str) -> str:
    """The Cookie header of a new sign-in."""
    secret = signin.sign_in(email=email, password=PASSWORD, address=email)
    return f"{session_name()}={secret}"


@contextmanager
def web(folder: Path, **more: str) -> Iterator[Web]:
    """The web process on the database in use; only its websocket and routes, no built pages.
    `more` goes into its environment."""
    folder.mkdir(parents=True, exist_ok=True)
    values = settings_for(folder)
    environment = child_environment() | values
    environment |= {
        "APP_ENV": "test",
        "__REFLEX_SKIP_COMPILE": "true",
        "STATEMENTS_FILE": str(folder / "statements"),
        **more,
    }
    address = f"http://localhost:{values['PORT']}"
    command = [
        *GRANIAN,
        *STOP,
        "--host",
        "127.0.0.1",
        "--port",
        values["PORT"],
        "tests.support.counted_web:app",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(process, f"{address}/health", folder / "log")
            yield Web(address, folder / "statements")
        finally:
            process.terminate()
            process.wait(20)


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer: {log.read_text()} {os.getpid()}")

"""The product's processes, started by the same code that `make run` uses."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from mentorships import frontend, migrations
from mentorships.launch import ROOT, child_environment
from mentorships.processes import Supervisor, procfile, wait_until
from services.config import settings
from tests.support.ports import free_ports

WEB_DIR = ".web-test"


@dataclass(frozen=True)
class Sandbox:
    """The simulators' process: what the product is pointed at, and its machine control."""

    port: int
    environment: dict[str, str]

    @property
    def address(self) -> str:
        """Its address on loopback."""
        return f"http://127.0.0.1:{self.port}"

    def control(self, path: str, body: dict[str, object] | None = None) -> object:
        """Ask `/control/<path>`: GET without a body, POST with one; the JSON answer.

        Raises:
            AssertionError: it refused; the text is its answer.
        """
        request = urllib.request.Request(
            f"{self.address}/control/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"/control/{path}: {error.code} {error.read()!r}") from None


@dataclass(frozen=True)
class LiveApp:
    """A running product: web, worker and simulators."""

    address: str
    database_url: str
    data_dir: Path
    sandbox: Sandbox
    environment: dict[str, str]


@contextmanager
def environment_of(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables, and let the settings be read anew, inside the `with` block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    settings.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        settings.cache_clear()


def settings_for(folder: Path) -> dict[str, str]:
    """Settings of a studio of its own: free ports, its own folder."""
    port, sandbox_port = free_ports(2)
    return {
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "PUBLIC_URL": f"http://localhost:{port}",
        "DATA_DIR": str(folder),
        "REFLEX_WEB_WORKDIR": WEB_DIR,
    }


@contextmanager
def running(names: tuple[str, ...], ready: Callable[[], str]) -> Iterator[None]:
    """Run lines of the Procfile until the `with` block ends."""
    supervisor = Supervisor(procfile(), child_environment())
    try:
        for name in names:
            supervisor.start(name)
        wait_until(supervisor, ready())
        yield
    finally:
        supervisor.stop()


@contextmanager
def sandbox_process(folder: Path) -> Iterator[Sandbox]:
    """The simulators alone."""
    values = settings_for(folder)
    with environment_of(values):
        port = settings().sandbox_port
        with running(("sandbox",), lambda: f"http://127.0.0.1:{port}/control/health"):
            yield Sandbox(port, values)


def built() -> None:
    """Build the tests' front end, unless it is there; one at a time."""
    with environment_of({"REFLEX_WEB_WORKDIR": WEB_DIR}), FileLock(ROOT / f"{WEB_DIR}.lock"):
        if not frontend.is_current():
            frontend.build()


@contextmanager
def live(folder: Path, database_url: str | None = None) -> Iterator[LiveApp]:
    """The whole product on SQLite in `folder`, or on the migrated database at `database_url`."""
    values = settings_for(folder)
    values["DATABASE_URL"] = database_url or f"sqlite:///{folder / 'app.db'}"
    with environment_of(values):
        if database_url is None:
            migrations.upgrade(values["DATABASE_URL"])
        built()
        address = f"http://127.0.0.1:{values['PORT']}"
        with running(("sandbox", "web", "worker"), lambda: f"{address}/ready"):
            yield LiveApp(
                settings().public_url,
                values["DATABASE_URL"],
                folder,
                Sandbox(settings().sandbox_port, values),
                values,
            )

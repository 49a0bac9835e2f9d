"""What benchmarks run in: databases as durable as a studio's, and server processes of their own."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from filelock import FileLock

from mentorships import frontend
from mentorships.launch import ROOT, child_environment
from mentorships.processes import Supervisor, wait_until
from mentorships.serve import GRANIAN
from services.config import settings
from tests.support import databases, postgres
from tests.support.ports import free_ports
from tests.support.servers import WEB_DIR, Sandbox, environment_of, sandbox_process

DATABASES = databases.DATABASES
# The tests' PostgreSQL does not wait for its disk; here the waiting is part of the figure.
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@contextmanager
def fresh_databases(kind: str, folder: Path, count: int = 1) -> Iterator[list[str]]:
    """The addresses of `count` migrated databases of one kind, durable, gone at the end."""
    made = databases.Databases(folder)
    try:
        with ExitStack() as all_of_them:
            places = [folder / f"database-{number}" for number in range(count)]
            for place in places:
                place.mkdir(parents=True)
            urls = [all_of_them.enter_context(made.fresh(kind, place)) for place in places]
            if kind == "postgres":
                _make_durable(urls[0])
            yield urls
    finally:
        made.close()
        postgres.stop(folder)


@contextmanager
def simulators() -> Iterator[tuple[Sandbox, Path]]:
    """The vendors' simulators, in use by this process, and a folder that is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="mentorships-bench-") as name:
        folder = Path(name)
        with (
            sandbox_process(folder / "sandbox") as running,
            environment_of(running.environment),
        ):
            yield running, folder


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """One fresh database, in use by this process and by those that it starts."""
    with fresh_databases(kind, folder) as (url,), databases.in_use(url):
        yield url


@contextmanager
def serving(folder: Path, url: str, *arguments: str) -> Iterator[str]:
    """A server with one worker on the database at `url`, by the flags of the product's own; yields
    its address. `arguments` say what it serves."""
    with environment_of(_settings(folder, url)):
        port = settings().port
        command = [*GRANIAN, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        with _running(shlex.join([*command, *arguments]), port) as address:
            yield address


@contextmanager
def product(folder: Path, url: str) -> Iterator[str]:
    """The product's web process on its production build, as the Procfile starts it; its address."""
    with environment_of(_settings(folder, url)):
        with FileLock(ROOT / f"{WEB_DIR}.lock"):
            if not frontend.is_current():
                frontend.build()
        with _running("python -m mentorships.serve web", settings().port) as address:
            yield address


@contextmanager
def _running(command: str, port: int) -> Iterator[str]:
    supervisor = Supervisor({"server": f"exec {command}"}, child_environment())
    address = f"http://127.0.0.1:{port}"
    try:
        supervisor.start("server")
        wait_until(supervisor, f"{address}/health")
        yield address
    finally:
        supervisor.stop()


def _settings(folder: Path, url: str) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    port, sandbox_port = free_ports(2)
    return {
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "PUBLIC_URL": f"http://localhost:{port}",
        "DATA_DIR": str(folder),
        "DATABASE_URL": url,
        "REFLEX_WEB_WORKDIR": WEB_DIR,
    }


def _make_durable(url: str) -> None:
    address = url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(address, autocommit=True) as connection:
        for name in DURABLE:
            connection.execute(f"ALTER SYSTEM SET {name} = on")
        connection.execute("SELECT pg_reload_conf()")

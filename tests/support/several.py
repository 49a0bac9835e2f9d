"""The product on several hosts, as far as one machine can play them: a PostgreSQL, a Valkey, two
web servers behind a proxy (the first with two workers of its own) and two job workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mentorships.launch import ROOT, child_environment
from mentorships.processes import procfile
from tests.support import postgres
from tests.support.ports import free_ports
from tests.support.postgres import Postgres
from tests.support.round_robin import RoundRobin, round_robin
from tests.support.servers import WEB_DIR, LiveApp, Sandbox, built
from tests.support.valkey import Valkey

READY_SECONDS = 90
STOP_SECONDS = 15
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Member:
    """One process of the product (a line of the Procfile) on a host of its own."""

    def __init__(self, line: str, environment: dict[str, str], log: Path) -> None:
        self._command = procfile()[line]
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it may take seconds until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", self._command],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to finish; what is left after a while is killed."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to it and its children: no goodbye."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        """The process's id while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """Everything it has said."""
        return self._log.read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@dataclass(frozen=True)
class Several(LiveApp):
    """The running product on several hosts; `address` is the proxy's."""

    webs: tuple[Member, Member]
    workers: tuple[Member, Member]
    web_addresses: tuple[str, str]
    proxy: RoundRobin
    valkey: Valkey
    postgres_folder: Path

    def stop_postgres(self) -> None:
        """Fast shutdown: whoever is connected is thrown out."""
        postgres.stop(self.postgres_folder)

    def start_postgres(self) -> None:
        """Start it again, with what it holds."""
        postgres.start_again(self.postgres_folder)

    def whole(self) -> bool:
        """Both web servers are ready, and both job workers are alive."""
        return all(readiness(address)[0] == 200 for address in self.web_addresses)


def readiness(address: str) -> tuple[int, dict[str, object]]:
    """Status and body of /ready; 0 when nobody answers."""
    try:
        with _DIRECT.open(f"{address}/ready", timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")
    except OSError:
        return 0, {}


def eventually(true: Callable[[], bool], why: str, seconds: float = READY_SECONDS) -> None:
    """Wait for something that another process does."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, why
        time.sleep(0.1)


@contextmanager
def several_hosts(folder: Path) -> Iterator[Several]:
    """All of it, in `folder`, until the `with` block ends. The front end is built already."""
    built()
    public, first, second, sandbox_port = free_ports(4)
    with ExitStack() as running:
        valkey = Valkey(folder / "valkey")
        valkey.start()
        running.callback(valkey.stop)
        server = Postgres(folder, "several")
        running.callback(postgres.stop, folder)
        running.callback(server.close)
        values = {
            "PORT": str(public),
            "SANDBOX_PORT": str(sandbox_port),
            "PUBLIC_URL": f"http://localhost:{public}",
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": server.url(server.create()),
            "REDIS_URL": valkey.url,
            "REFLEX_WEB_WORKDIR": WEB_DIR,
        }

        def member(line: str, name: str, **own: str) -> Member:
            log = folder / f"{name}.log"
            started = Member(line, child_environment() | values | own, log)
            started.start()
            running.callback(started.stop)
            return started

        member("sandbox", "sandbox")
        webs = (
            member("web", "web-1", PORT=str(first), WEB_WORKERS="2"),
            member("web", "web-2", PORT=str(second)),
        )
        workers = (member("worker", "worker-1"), member("worker", "worker-2"))
        proxy = running.enter_context(round_robin(public, [first, second]))
        app = Several(
            address=values["PUBLIC_URL"],
            database_url=values["DATABASE_URL"],
            data_dir=folder / "data",
            sandbox=Sandbox(sandbox_port, values),
            environment=values,
            webs=webs,
            workers=workers,
            web_addresses=(f"http://127.0.0.1:{first}", f"http://127.0.0.1:{second}"),
            proxy=proxy,
            valkey=valkey,
            postgres_folder=folder,
        )
        eventually(app.whole, "\n".join(each.output[-2_000:] for each in (*webs, *workers)))
        yield app

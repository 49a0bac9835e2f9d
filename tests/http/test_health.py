"""/ready tells the truth about a real worker: alive, stopped, and alive again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.queue import HEARTBEAT_EVERY_SECONDS
from mentorships import migrations
from mentorships.http import health
from mentorships.launch import ROOT, child_environment
from mentorships.processes import procfile
from tests.support.servers import environment_of

PATIENCE_SECONDS = 40
NEARLY_A_MINUTE = health.HEARTBEAT_SECONDS - 4

OBSERVER = """
import json, sys, time
from jobs import queue
from mentorships.http import health
for line in sys.stdin:
    if line.startswith("ready"):
        print(json.dumps(health.readiness()), flush=True)
    else:
        for name, age in queue.workers().items():
            earlier = time.time() - age - float(line)
            queue.huey.storage.put_data("worker:" + name, str(earlier).encode())
        print("done", flush=True)
"""


class Studio:
    """A worker of its own queue and database, and somebody who asks whether all is well."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.worker = subprocess.Popen(
            ["sh", "-c", procfile()["worker"]],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.observer = subprocess.Popen(
            [sys.executable, "-c", OBSERVER],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what: str) -> str:
        assert self.observer.stdin
        assert self.observer.stdout
        self.observer.stdin.write(what + "\n")
        self.observer.stdin.flush()
        return self.observer.stdout.readline()

    def checks(self) -> dict[str, bool]:
        return json.loads(self.ask("ready"))

    def becomes(self, *, ready: bool) -> bool:
        """Whether `/ready` comes to say so about the worker while one waits."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self.checks()["worker"] is ready:
                return True
            time.sleep(0.25)
        return False

    def let_pass(self, seconds: float) -> None:
        """As if the last heartbeat had been so many seconds earlier."""
        self.ask(str(seconds))

    def signal(self, number: signal.Signals) -> None:
        os.killpg(self.worker.pid, number)

    def end(self) -> None:
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait()
        self.observer.kill()
        self.observer.communicate()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    address = f"sqlite:///{tmp_path / 'app.db'}"
    with environment_of({"DATA_DIR": str(tmp_path), "DATABASE_URL": address}):
        migrations.upgrade(address)
        studio = Studio(child_environment())
    yield studio
    studio.end()


def test_a_worker_that_stops_shows_within_a_minute_and_one_that_lives_does_not(
    studio: Studio,
) -> None:
    assert studio.becomes(ready=True)
    assert all(studio.checks().values())

    # The heartbeat of a living worker is new before the minute is over.
    studio.let_pass(NEARLY_A_MINUTE)
    time.sleep(HEARTBEAT_EVERY_SECONDS + 8)
    assert studio.checks()["worker"] is True

    studio.signal(signal.SIGSTOP)
    studio.let_pass(NEARLY_A_MINUTE)
    assert studio.becomes(ready=False)
    assert studio.checks() == {"database": True, "migrations": True, "queue": True, "worker": False}

    studio.signal(signal.SIGCONT)
    assert studio.becomes(ready=True)
    studio.signal(signal.SIGKILL)
    studio.let_pass(health.HEARTBEAT_SECONDS)
    assert studio.checks()["worker"] is False

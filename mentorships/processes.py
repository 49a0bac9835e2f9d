"""Runs the lines of the Procfile together: prefixed output, and nothing left behind at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

from mentorships.launch import ROOT, StartError

READY_SECONDS = 60
STOP_SECONDS = 10
_LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
_printing = threading.Lock()


@dataclass(frozen=True)
class Running:
    """One process of the product, in a process group of its own."""

    name: str
    process: subprocess.Popen[str]
    output: threading.Thread


def procfile() -> dict[str, str]:
    """The commands of the Procfile by their names."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    pairs = (line.partition(":") for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): command.strip() for name, _, command in pairs}


def say(name: str, text: str) -> None:
    """Print one line with the process's name in front."""
    with _printing:
        sys.stdout.write(f"{name:<8}| {text.rstrip()}\n")
        sys.stdout.flush()


class Interrupts:
    """Ctrl-C, a closed terminal or a polite kill, as one KeyboardInterrupt and never a second one.

    `make` and a terminal both pass a signal on, so the same stop arrives twice; the second must not
    interrupt the stopping itself. Nothing is interrupted inside `held()`.
    """

    def __init__(self) -> None:
        self._held = False
        self._came = False
        self._raised = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._receive)

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True
        if not self._held:
            self._raise_once()

    def _raise_once(self) -> None:
        if not self._raised:
            self._raised = True
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Put an interrupt off until the end of the `with` block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._came:
            self._raise_once()


class Supervisor:
    """Starts processes and stops all of them. Ctrl-C reaches only the supervisor, because each
    process has its own group; it then asks everyone to finish, and insists after 10 seconds."""

    def __init__(self, commands: dict[str, str], environment: dict[str, str]) -> None:
        self._commands = commands
        self._environment = environment
        self._running: list[Running] = []

    def start(self, name: str) -> None:
        """Start the process of this name."""
        process = subprocess.Popen(
            ["sh", "-c", self._commands[name]],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        output = threading.Thread(target=_relay, args=(name, process), daemon=True)
        output.start()
        self._running.append(Running(name, process, output))

    def ended(self) -> Running | None:
        """A process that ended by itself, if any."""
        return next((r for r in self._running if r.process.poll() is not None), None)

    def wait(self) -> Running:
        """Block until some process ends by itself."""
        while not (ended := self.ended()):
            time.sleep(0.2)
        return ended

    def stop(self) -> None:
        """Ask every process to finish, wait, and kill what is left of each group."""
        for running in self._running:
            _signal_group(running.process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for running in self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(max(0.1, deadline - time.monotonic()))
            _signal_group(running.process, signal.SIGKILL)
            running.process.wait()
            running.output.join(1)
        self._running.clear()


def wait_until(supervisor: Supervisor, address: str) -> None:
    """Wait until `address` answers with success.

    Raises:
        StartError: a process died meanwhile, or nothing good came within a minute.
    """
    deadline = time.monotonic() + READY_SECONDS
    last = "no answer"
    while time.monotonic() < deadline:
        if died := supervisor.ended():
            raise StartError(f"The process '{died.name}' did not start; its last lines are above.")
        try:
            with _LOCAL.open(address, timeout=5):
                return
        except urllib.error.HTTPError as error:
            last = error.read(500).decode(errors="replace")
        except OSError:
            pass
        time.sleep(0.05)
    raise StartError(f"Not ready after {READY_SECONDS} seconds: {last}")


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    # The group may outlive its leader (a worker of the web server): the leader's end says nothing.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _relay(name: str, process: subprocess.Popen[str]) -> None:
    for line in process.stdout or ():
        say(name, line)

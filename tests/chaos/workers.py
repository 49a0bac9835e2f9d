"""The tests' side of the warm parent in worker.py."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mentorships.launch import ROOT, child_environment


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one child. `points` are the moments it passed, if it lived to tell."""

    begun: bool
    ended: bool
    killed: bool
    points: list[str]
    answer: Any
    error: str

    @property
    def landed(self) -> bool:
        """It was killed while its job ran."""
        return self.begun and self.killed and not self.ended


class Workers:
    """Forked workers on this test's database and simulators."""

    def __init__(self, parent: subprocess.Popen[str]) -> None:
        self._parent = parent
        assert self._read() == "ready"

    def run(self, job: str, *, kill_at: int | None = None, **more: Any) -> Report:
        """One child; it dies at its point number `kill_at`, if it gets that far."""
        return self.run_together([{"job": job, "kill_at": kill_at, **more}])[0]

    def run_together(self, tasks: list[dict[str, Any]]) -> list[Report]:
        """Several children at the same time, each a process of its own."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(json.dumps(tasks) + "\n")
        self._parent.stdin.flush()
        return [_report(told) for told in json.loads(self._read())]

    def _read(self) -> str:
        assert self._parent.stdout is not None
        line = self._parent.stdout.readline()
        assert line, "the parent of the workers has died"
        return line.strip()


@contextmanager
def warm() -> Iterator[Workers]:
    """Start the parent with the settings of this moment."""
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.worker"],
        cwd=ROOT,
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Workers(parent)
    finally:
        assert parent.stdin is not None
        parent.stdin.close()  # its loop ends
        try:
            parent.wait(20)
        except subprocess.TimeoutExpired:
            parent.kill()
            parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()


def _report(told: dict[str, Any]) -> Report:
    end: dict[str, Any] = told["end"] or {"points": [], "answer": None, "error": ""}
    return Report(
        begun=told["begun"],
        ended=told["end"] is not None,
        killed=told["killed"],
        points=end["points"],
        answer=end["answer"],
        error=end["error"],
    )

"""Every test that touches a database runs on SQLite and PostgreSQL, or says why not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mentorships.launch import ROOT
from tests.support.databases import REPORT, Report

LIST = ROOT / "tests" / "one_database_only.txt"


def _listed() -> set[tuple[str, str]]:
    """Pairs of test and database. A file stands for all tests in it."""
    found: set[tuple[str, str]] = set()
    for line in LIST.read_text().splitlines():
        if line and not line.startswith("#"):
            test, database, reason = (part.strip() for part in line.split("|"))
            assert reason, f"{test} has no reason"
            found.add((test, database))
    return found


def _collected(mine: Report, report: Path) -> dict[str, list[str]]:
    """What this run collected, or, when that is a part only, what the whole suite is."""
    if mine.files >= set((ROOT / "tests").rglob("test_*.py")):
        return mine.tests
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-n", "0"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--databases-report", str(report)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return json.loads(report.read_text())


def test_what_runs_on_one_database_only_is_listed_with_its_reason(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    listed = _listed()
    collected = _collected(request.config.stash[REPORT], tmp_path / "report.json")
    lonely = {(test, found[0]) for test, found in collected.items() if len(found) == 1}
    by_file = {(test.partition("::")[0], database) for test, database in lonely}

    unlisted = {
        (test, database)
        for test, database in lonely
        if not {(test, database), (test.partition("::")[0], database)} & listed
    }
    outdated = listed - lonely - by_file

    assert not unlisted, f"on one database only, and not in {LIST.name}: {unlisted}"
    assert not outdated, f"in {LIST.name}, but not on one database only: {outdated}"

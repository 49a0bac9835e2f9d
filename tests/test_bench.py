"""The benchmarks run and produce the figures they promise; how fast it is, no test asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.figure import at_least, at_most, without_goal
from mentorships.launch import ROOT
from tests.support import ground

PROMISED = (
    "webhook_intake_sqlite",
    "webhook_intake_postgres",
    "fulfilment",
    "contention_sqlite",
    "contention_postgres",
    "page_js_home",
    "page_js_admin",
    "event_roundtrip_100",
    "revenue_dashboard_100k",
    "seats_dashboard_100k",
    "slots_30_days",
    "slots_growth",
    "next_free_500",
    "booking_50_sqlite",
    "booking_50_postgres",
    "refunds",
    "invariants_100k",
    "order_page",
    "jobs_page_1m",
    "due_scan_1m",
    "outbox_drain",
    "transfer_1gib",
    "transfer_rss",
    "cost_dashboard_1m",
)


def test_every_promised_figure_is_produced() -> None:
    produced = [name for _, names in BENCHMARKS.values() for name in names]
    assert len(produced) == len(set(produced))
    for promised in PROMISED:
        assert any(name == promised or name.startswith(f"{promised}_") for name in produced)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: sockets will lie in it, and the length of their paths is
    limited."""
    with tempfile.TemporaryDirectory(prefix="b", dir=os.environ[ground.RUN_DIR]) as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        yield Path(name)


@pytest.mark.parametrize(
    "names",
    [
        "contention fulfilment dashboards cost_dashboard slots booking",
        "ledger order_page refunds due_scan jobs_page outbox_drain",
        "intake",
        "transfer",
    ],
)
def test_benchmarks_run_in_their_smallest_size(names: str, folder: Path) -> None:
    kept = results.FILE.read_bytes() if results.FILE.exists() else None
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *names.split()],
        cwd=ROOT,
        env=os.environ | {"BENCH": "small", "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in names.split():
        for figure in BENCHMARKS[name][1]:
            assert f"\n{figure} " in done.stdout
    assert kept == (results.FILE.read_bytes() if results.FILE.exists() else None)
    assert list(folder.glob("mentorships-bench-*")) == []


def test_an_unknown_name_is_told_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contention", "speed"]) == 2
    told = capsys.readouterr().err
    assert "Unknown: speed." in told
    assert "contention" in told


def test_a_goal_is_about_the_ratio_where_there_is_a_baseline() -> None:
    assert at_least("rate", 70, "x/s", baseline=100, goal=0.7).holds is True
    assert at_least("rate", 69, "x/s", baseline=100, goal=0.7).holds is False
    assert at_most("time", 200, "ms", baseline=100, goal=2).holds is True
    assert at_most("time", 201, "ms", baseline=100, goal=2).holds is False
    assert at_most("size", 300, "kB", goal=300).holds is True
    assert without_goal("pace", 10, "x/s", baseline=20).ratio == 0.5


def test_a_run_of_some_figures_keeps_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results.write([at_most("b", 1, "ms", goal=2), without_goal("a", 2.34567, "ms")], file)
    first = json.loads(file.read_text())
    results.write([at_most("b", 3, "ms", goal=2)], file)
    second = json.loads(file.read_text())
    assert [figure["name"] for figure in second["figures"]] == ["a", "b"]
    assert second["figures"][0] == first["figures"][0] | {"value": 2.346}
    assert second["figures"][1]["holds"] is False
    assert set(second) == {"machine", "commit", "at", "figures"}

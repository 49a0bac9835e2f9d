"""The benchmarks run and produce the figures they promise; how fast it is, no test asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.__main__ import BENCHMARKS
from benchmarks.figure import at_least, at_most, without_goal
from mentorships.launch import ROOT

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
)


def test_every_promised_figure_is_produced() -> None:
    produced = [name for _, names in BENCHMARKS.values() for name in names]
    assert len(produced) == len(set(produced))
    for promised in PROMISED:
        assert any(name == promised or name.startswith(f"{promised}_") for name in produced)


@pytest.mark.parametrize("name", ["contention", "fulfilment", "intake"])
def test_a_benchmark_runs_in_its_smallest_size(name: str, tmp_path: Path) -> None:
    kept = results.FILE.read_bytes() if results.FILE.exists() else None
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", name],
        cwd=ROOT,
        env=os.environ | {"BENCH": "small", "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for figure in BENCHMARKS[name][1]:
        assert figure in done.stdout
    assert kept == (results.FILE.read_bytes() if results.FILE.exists() else None)
    assert list(tmp_path.glob("mentorships-bench-*")) == []


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "speed"],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert "speed" in done.stderr
    assert "contention" in done.stderr


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

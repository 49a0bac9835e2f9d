"""Counting by several processes in one folder: sums never fall, whoever dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mentorships.launch import ROOT
from services import metric_files

PROGRAM = """
import resource, sys, time
from pathlib import Path
from services import metrics
if sys.argv[2] != "full":
    metrics.share(Path(sys.argv[1]))
match sys.argv[2]:
    case "count":
        for _ in range(int(sys.argv[3])):
            metrics.job("mail", "succeeded", 0.02)
        metrics.websockets(+1)
        print("counted", flush=True)
        time.sleep(60)
    case "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            metrics.share(Path(sys.argv[1]))
        except OSError:
            metrics.job("mail", "succeeded", 0.02)
            sys.stdout.buffer.write(metrics.exposition())
    case "show":
        sys.stdout.buffer.write(metrics.exposition())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "metrics"


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def counting(
    folder: Path, times: int, started: list[subprocess.Popen[str]]
) -> subprocess.Popen[str]:
    """A living process that has counted so often."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), "count", str(times)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    assert process.stdout
    assert process.stdout.readline() == "counted\n"
    return process


def shown(folder: Path, how: str = "show") -> dict[str, float]:
    """What another process tells about all of them."""
    text = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), how],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("le") in (None, "+Inf")
    }


def test_the_living_and_the_dead_are_added_up_and_nothing_is_counted_twice(
    folder: Path, started: list[subprocess.Popen[str]]
) -> None:
    first = counting(folder, 3, started)
    counting(folder, 4, started)
    for _ in range(2):
        now = shown(folder)
        assert now["mentorships_jobs_total"] == 7
        assert now["mentorships_job_seconds_count"] == 7
        assert now["mentorships_job_seconds_sum"] == pytest.approx(0.14)
        assert now["mentorships_websockets_open"] == 2
    first.send_signal(signal.SIGKILL)
    first.wait()
    for _ in range(2):
        now = shown(folder)
        assert now["mentorships_jobs_total"] == 7
        assert now["mentorships_job_seconds_count"] == 7
        assert now["mentorships_websockets_open"] == 1
    counting(folder, 1, started)
    assert shown(folder)["mentorships_jobs_total"] == 8
    assert len(list(folder.glob("*.alive"))) <= 3


def test_a_file_that_a_full_disk_left_half_written_does_not_stop_the_others(
    folder: Path, started: list[subprocess.Popen[str]]
) -> None:
    counting(folder, 2, started)
    (folder / "aaaaaaaaaaaa.alive").write_text("")
    (folder / "counter_aaaaaaaaaaaa.db").write_bytes(b"\xff\xff\x00\x00\x00\x00\x00\x00broken")
    (folder / "histogram_aaaaaaaaaaaa.db").write_bytes(b"")
    assert shown(folder)["mentorships_jobs_total"] == 2
    assert not list(folder.glob("*_aaaaaaaaaaaa.db"))


def test_a_process_without_room_on_the_disk_counts_for_itself_and_leaves_nothing_behind(
    folder: Path,
) -> None:
    assert shown(folder, "full")["mentorships_jobs_total"] == 1
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_the_room_that_a_process_counts_in_is_on_the_disk_before_it_counts(
    folder: Path, started: list[subprocess.Popen[str]]
) -> None:
    counting(folder, 1, started).kill()
    counting(folder, 1, started)
    files = list(folder.glob("*.db"))
    assert {file.name.rpartition("_")[0] for file in files} == {
        "counter",
        "gauge_livesum",
        "histogram",
    }
    for file in files:
        assert file.stat().st_blocks * 512 >= file.stat().st_size >= metric_files.ROOM_BYTES

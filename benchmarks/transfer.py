"""A recording of 1 GiB crosses from one S3 server to another, and what memory that takes.

Both servers are SeaweedFS on this machine, on its disk; `rclone copyto` with its defaults moves the
same file between them, in turns with the product. The product's process has loaded all that its
worker loads, and is warm; of rclone's time its start is taken off.

`transfer_1gib` ends when the file stands at its destination: hashed with SHA-256, each part on its
way and the whole. `transfer_1gib_ready` ends when the recording can be watched: every byte was read
back and compared, and the source is deleted. It has no goal; its baseline is `rclone copyto` and
then `rclone hashsum SHA256 --download`, which reads back as well and deletes nothing.

`transfer_rss` is the most memory that the process ever had resident, over 1 GiB and 4 GiB, each in
a process of its own; `transfer_rss_4gib` compares the two, and what two runs of one size differ by
is allowed.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final, cast

from typing_extensions import override

from benchmarks.figure import Figure, at_least, at_most, middle, sized, without_goal
from benchmarks.surroundings import database
from mentorships.launch import ROOT, child_environment
from services import clock, db
from services.models import FileStatus, Recording, RecordingFile, RecordingStatus
from services.providers.storage.base import Written
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording, waiting
from tests.support import s3
from tests.support.servers import environment_of

MB: Final = 10**6
BLOCK: Final = 2**20
GIB: Final = sized(2**30, 9 * 2**20)
ROUNDS: Final = sized(5, 1)
MOST_MB: Final = 200
ABOUT_THE_SAME: Final = 1.05
SOURCE, KEPT = "source", "kept"
MASTER: Final = "master.mp4"
"""The key that each recording is copied from, within the source: the product deletes what it has
brought over."""
FIGURES = ("transfer_1gib", "transfer_1gib_ready", "transfer_rss", "transfer_rss_4gib")
_films = count(1)


@dataclass(frozen=True)
class Took:
    """What one transfer took: seconds until the file stood there, and until all was done."""

    stood: float
    over: float
    peak_mb: float = 0.0


@dataclass(frozen=True)
class Stores:
    """Two buckets on two servers."""

    source: s3.Bucket
    kept: s3.Bucket
    servers: tuple[s3.SeaweedFS, s3.SeaweedFS]

    def tidy(self) -> None:
        """What was deleted takes no place on the disk any more."""
        for server in self.servers:
            server.tidy()

    @property
    def environment(self) -> dict[str, str]:
        named = {"RECORDING_SOURCE": SOURCE, "STORAGE_DEFAULT": KEPT}
        return {**self.source.settings(SOURCE), **self.kept.settings(KEPT), **named}


def measure() -> list[Figure]:
    """Both speeds beside rclone's, and both memories."""
    with tempfile.TemporaryDirectory(prefix="mentorships-bench-") as name:
        folder = Path(name)
        with two_stores(folder) as stores, database("sqlite", folder), in_use(stores):
            return [*_speeds(stores), *_memories(stores)]


def _speeds(stores: Stores) -> list[Figure]:
    film = put(stores, GIB)
    with Mover() as mover:
        rclone = Rclone(stores)
        mover.move(stores, film)  # what is loaded and made at first use
        ours, theirs = list[Took](), list[Took]()
        for turn in range(ROUNDS):
            if turn % 2:
                theirs.append(rclone.move(film))
            ours.append(mover.move(stores, film))
            if not turn % 2:
                theirs.append(rclone.move(film))
            stores.tidy()
    stores.source.store().delete(MASTER)
    stood = [_speed(film, [took.stood for took in taken]) for taken in (ours, theirs)]
    over = [_speed(film, [took.over for took in taken]) for taken in (ours, theirs)]
    return [
        at_least("transfer_1gib", stood[0], "MB/s", baseline=stood[1], goal=1.0),
        without_goal("transfer_1gib_ready", over[0], "MB/s", baseline=over[1]),
    ]


def _speed(film: Written, seconds: list[float]) -> float:
    return film.size / MB / middle(seconds)


def _memories(stores: Stores) -> list[Figure]:
    peaks: list[float] = []
    for size in (GIB, 4 * GIB):
        film = put(stores, size)
        with Mover() as mover:
            peaks.append(mover.move(stores, film).peak_mb)
        stores.source.store().delete(MASTER)
        stores.tidy()
    one, four = peaks
    return [
        at_most("transfer_rss", max(peaks), "MB", goal=MOST_MB),
        at_most("transfer_rss_4gib", four, "MB", baseline=one, goal=ABOUT_THE_SAME),
    ]


class Film(io.RawIOBase):
    """So many bytes, no two blocks of which are alike."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left, self._noise = size, os.urandom(BLOCK)
        self._numbers = count()

    @override
    def read(self, size: int = -1, /) -> bytes:
        size = min(BLOCK if size < 0 else size, self._left, BLOCK)
        self._left -= size
        number = next(self._numbers).to_bytes(8)
        return (number + self._noise[8:])[:size]


def put(stores: Stores, size: int) -> Written:
    """The file that is copied and moved from now on."""
    content = cast(BinaryIO, Film(size))
    return stores.source.store().put(MASTER, content, content_type="video/mp4")


class Mover:
    """The product's moving process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.moving"],
            cwd=ROOT,
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def move(self, stores: Stores, film: Written) -> Took:
        """A recording with this file crosses; nothing is left of it afterwards.

        Raises:
            AssertionError: it is not ready, or not what it was.
        """
        number = next(_films)
        recording = a_recording(
            a_held_session(a_pair(f"Mentee {number}", f"Mentor {number}")),
            RecordingStatus.TRANSFERRING,
            source=SOURCE,
            look_at=clock.utc_now(),
        )
        file = a_file(recording, place=KEPT, **waiting(SOURCE, film.size))
        stores.source.copy(MASTER, file.source_key)
        assert self._process.stdin is not None
        self._process.stdin.write("move\n")
        self._process.stdin.flush()
        told = json.loads(self._read())
        _check(recording, file, film)
        left = list(stores.source.store().list_versions(file.source_key))
        assert left == [], "the source was not cleared"
        stores.kept.store().delete(file.key)
        return Took(told["stood"], told["over"], told["peak_mb"])

    def __enter__(self) -> Mover:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the moving process has died"
        return line


def _check(recording: Recording, file: RecordingFile, film: Written) -> None:
    with db.reading() as tx:
        after, row = tx.get_one(Recording, recording.id), tx.get_one(RecordingFile, file.id)
    assert after.status is RecordingStatus.READY, after.trouble
    assert row.status is FileStatus.CHECKED
    assert Written(row.bytes, row.sha256) == film, "another file arrived"


class Rclone:
    """What people use instead, with its defaults."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._environment = {
            **os.environ,
            **_remote(SOURCE, stores.source),
            **_remote(KEPT, stores.kept),
            "RCLONE_CONFIG": os.devnull,
        }
        self._start = middle([self._seconds("version") for _ in range(3)])

    def move(self, film: Written) -> Took:
        """It copies the file, and reads it back."""
        there = f"{KEPT}:{self._stores.kept.name}/by-rclone.mp4"
        copied = self._seconds("copyto", f"{SOURCE}:{self._stores.source.name}/{MASTER}", there)
        read = self._seconds("hashsum", "SHA256", "--download", there)
        assert self._stores.kept.store().stat("by-rclone.mp4").size == film.size
        self._stores.kept.store().delete("by-rclone.mp4")
        return Took(copied - self._start, copied + read - 2 * self._start)

    def _seconds(self, *arguments: str) -> float:
        begun = time.perf_counter()
        subprocess.run(
            [s3.program("rclone"), *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        return time.perf_counter() - begun


def _remote(name: str, bucket: s3.Bucket) -> dict[str, str]:
    """A remote of rclone, by its environment."""
    parts = {
        "TYPE": "s3",
        "PROVIDER": "SeaweedFS",
        "ENDPOINT": bucket.endpoint,
        "REGION": s3.REGION,
        "ACCESS_KEY_ID": s3.KEY_ID,
        "SECRET_ACCESS_KEY": s3.SECRET,
    }
    return {f"RCLONE_CONFIG_{name.upper()}_{part}": value for part, value in parts.items()}


@contextmanager
def two_stores(folder: Path) -> Iterator[Stores]:
    """Two servers, each with a bucket; what they hold is gone at the end."""
    source, kept = s3.SeaweedFS(folder / SOURCE), s3.SeaweedFS(folder / KEPT)
    with source, kept:
        yield Stores(source.bucket("bench-source"), kept.bucket("bench-kept"), (source, kept))


@contextmanager
def in_use(stores: Stores) -> Iterator[None]:
    """By this process, and those that it starts."""
    with environment_of(stores.environment):
        yield

"""One folder in which all processes of an installation count, so that one scrape sees them all.

Each process writes files of its own (prometheus-client's format) and holds a lock on a third for
as long as it lives. What a dead process has counted is added to a common past, because a sum that
falls looks to Prometheus like a restart of everything.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

ALIVE = ".alive"
PAST = "past"
_ADDED_UP = ("counter", "histogram")
_KINDS = ("counter", "histogram", "gauge_livesum")
"""How prometheus-client names the files of a process."""
ROOM_BYTES = 1 << 20
"""For some thousand figures, several times what the product has."""


class Folder:
    """The folder, and this process in it. Meters made afterwards count in its files.

    Raises:
        OSError: nothing can be written there, or the disk is full; nothing has changed then.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        # Not the process id: it is the same in every container.
        name = secrets.token_hex(6)
        with self._locked():
            self._gather_the_dead()
            self._alive = (path / f"{name}{ALIVE}").open("w")
            fcntl.flock(self._alive, fcntl.LOCK_EX)
            try:
                for kind in _KINDS:
                    _reserve(path / f"{kind}_{name}.db")
            except OSError:
                self._leave(name)
                raise
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(path)
        values.ValueClass = values.MultiProcessValue(lambda: name)  # type: ignore[assignment]

    def exposition(self) -> bytes:
        """The sum of all processes, in Prometheus' text format."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._path))
        with self._locked():
            self._gather_the_dead()
            return generate_latest(registry)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time reads the files or puts them in order; counting needs no lock."""
        with (self._path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _gather_the_dead(self) -> None:
        for alive in self._path.glob(f"*{ALIVE}"):
            with alive.open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue
                # Without room for the past a dead one's files stay, and are counted as they are.
                with suppress(OSError):
                    self._bury(alive.name.removesuffix(ALIVE))
                    alive.unlink(missing_ok=True)

    def _leave(self, name: str) -> None:
        """Take back what was begun."""
        for file in self._path.glob(f"*_{name}.db"):
            file.unlink(missing_ok=True)
        self._alive.close()
        (self._path / f"{name}{ALIVE}").unlink(missing_ok=True)

    def _bury(self, name: str) -> None:
        for file in self._path.glob(f"*_{name}.db"):
            kind = file.name.partition("_")[0]
            if kind in _ADDED_UP:
                # A file that a full disk left half written has nothing to add.
                with suppress(RuntimeError, struct.error, UnicodeDecodeError):
                    self._add(file, self._path / f"{kind}_{PAST}.db")
            file.unlink(missing_ok=True)

    @staticmethod
    def _add(file: Path, past: Path) -> None:
        _reserve(past)
        total = MmapedDict(str(past))
        try:
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):
                total.write_value(key, total.read_value(key)[0] + value, 0.0)
        finally:
            total.close()


def _reserve(file: Path) -> None:
    """Give a file its room on the disk before it is mapped: a page that turns out not to have any
    ends the process with SIGBUS, where a full disk here is only an OSError."""
    with file.open("ab") as opened:
        size = os.fstat(opened.fileno()).st_size
        os.posix_fallocate(opened.fileno(), 0, max(size, ROOM_BYTES))

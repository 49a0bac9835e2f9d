"""The folder of a whole test run. It lies in memory where there is room: a run makes more than two
thousand databases, and no test asks whether a disk keeps them."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

RUN_DIR = "MENTORSHIPS_TEST_RUN"
"""The environment's name for it; the workers of the run find it there."""
MEMORY = Path("/dev/shm")
ROOM_BYTES = 6 * 2**30
"""What must be free in memory; a run takes a third of it."""
_PREFIX = "ms-tests-"  # short: the path of a socket has room for a hundred characters
_OWNER = "owner"
_owners: list[FileLock] = []


def make() -> Path:
    """Make the folder, and let everything of this process and its children that is temporary lie
    in it. A TMPDIR that the caller chose is where it is made."""
    chosen = os.environ.get("TMPDIR") or (str(MEMORY) if _memory_has_room() else None)
    _sweep(Path(chosen or tempfile.gettempdir()))
    run_dir = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=chosen))
    _owners.append(FileLock(run_dir / _OWNER))
    _owners[-1].acquire()  # until this process ends, however it ends
    temporary = run_dir / "tmp"
    temporary.mkdir()
    for folder in (run_dir, temporary):
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
    os.environ |= {
        RUN_DIR: str(run_dir),
        "TMPDIR": str(temporary),
    }
    tempfile.tempdir = None  # it is looked up once and then remembered
    return run_dir


def take_away(run_dir: Path) -> None:
    """Remove the folder of a run that is over."""
    shutil.rmtree(run_dir, ignore_errors=True)
    os.environ.pop(RUN_DIR, None)


def _sweep(place: Path) -> None:
    """Remove what runs left behind that were killed: memory does not empty itself."""
    for owner in place.glob(f"{_PREFIX}*/{_OWNER}"):
        with suppress(Timeout), FileLock(owner, timeout=0):
            shutil.rmtree(owner.parent, ignore_errors=True)


def _memory_has_room() -> bool:
    if not os.access(MEMORY, os.W_OK):
        return False
    return min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) > ROOM_BYTES

"""The folders that a backup works in."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from mentorships.backup.errors import BackupError
from services.providers.storage.base import BadKey, checked

_PIECE: Final = 1 << 20


@contextmanager
def staging(data_dir: Path) -> Iterator[Path]:
    """An empty folder in DATA_DIR, for one backup or restore at a time; gone at the end.

    What a killed run left behind is removed first: the lock ends with its process.

    Raises:
        BackupError: another one is running, or DATA_DIR cannot be written.
    """
    folder = data_dir / ".backup"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with (data_dir / "backup.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupError("Another backup or restore is running on this data.") from None
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise BackupError(f"{error.filename or data_dir}: {error.strerror}.") from error


def stored(folder: Path) -> dict[str, Path]:
    """The files of a store by key; half-written ones have no key."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        with suppress(BadKey):
            if path.is_file() and not path.is_symlink():
                found[checked(path.relative_to(folder).as_posix())] = path
    return found


def keep_links(source: Path, target: Path) -> None:
    """Give every stored file a second name below `target`, where a deletion does not reach it.

    Stored files are never changed in place, so the second name needs no second copy.
    """
    for key, path in stored(source).items():
        link = target / key
        if link.exists():
            continue
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # deleted since it was listed
            try:
                os.link(path, link)
            except FileNotFoundError:
                raise
            except OSError:  # another file system, or one without hard links
                shutil.copyfile(path, link)


def put(source: Path, target: Path) -> None:
    """Copy a file, for its owner alone, over `target`: after a power failure the old one or the
    new one is there. The two may lie on different file systems."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_name(f".writing-{target.name}")
    written.unlink(missing_ok=True)
    try:
        with source.open("rb") as old, open(written, "xb", opener=_for_its_owner) as new:
            shutil.copyfileobj(old, new, _PIECE)
            new.flush()
            os.fsync(new.fileno())
        written.replace(target)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    flush_folder(target.parent)


def move(source: Path, target: Path) -> None:
    """Like `put`, but by one rename where both lie on one file system."""
    flush(source)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        put(source, target)
    else:
        flush_folder(target.parent)


def flush(path: Path) -> None:
    """Make the content of a file survive a power failure."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def flush_folder(folder: Path) -> None:
    """Make renames in a folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Files on this machine's disk, for a laptop or a small studio."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from services.errors import ProviderUnavailable
from services.providers.storage.base import FileMissing, checked

NAME = "storage"


class LocalStorage:
    """A folder; keys are paths below it. Files appear by a rename, so never half written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, content: BinaryIO) -> int:
        """Write next to the target, flush to the disk, rename."""
        path = self._path(key)
        with _failures():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, written = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
            try:
                with os.fdopen(handle, "wb") as file:
                    shutil.copyfileobj(content, file)
                    file.flush()
                    os.fsync(file.fileno())
                    size = file.tell()
                Path(written).replace(path)
            except BaseException:
                Path(written).unlink(missing_ok=True)
                raise
            _flush_folder(path.parent)
        return size

    def open(self, key: str) -> BinaryIO:
        """Open the file below the folder."""
        path = self._path(key)
        with _failures():
            try:
                return path.open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise FileMissing(key) from None

    def delete(self, key: str) -> None:
        """Unlink the file if it is there."""
        path = self._path(key)
        with _failures():
            path.unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        """Whether the path is a file."""
        path = self._path(key)
        with _failures():
            return path.is_file()

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)


@contextmanager
def _failures() -> Iterator[None]:
    """A full or unreadable disk is an outage of the store, in the words of every adapter."""
    try:
        yield
    except OSError as error:
        raise ProviderUnavailable(NAME, error.strerror or type(error).__name__) from error


def _flush_folder(folder: Path) -> None:
    """Make the rename itself survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Files on this machine's disk, for a laptop or a small studio."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from typing_extensions import override

from services.errors import ProviderUnavailable
from services.providers.storage.base import (
    BINARY,
    BLOCK,
    LINK_SECONDS,
    BadKey,
    FileMissing,
    Part,
    PartRules,
    Removed,
    Stat,
    Upload,
    UploadGone,
    Version,
    Written,
    checked,
    checked_foreign,
)
from services.providers.storage.local_uploads import (
    LocalUploads,
    remove_forgotten,
    writing_name,
    writing_room,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

NAME = "storage"
LONGEST_NAME = 255


class LocalStorage:
    """A folder; keys are paths below it. Files appear by a rename, so never half written."""

    def __init__(self, folder: Path, name: str = NAME) -> None:
        self._folder = folder
        self._writing = folder / ".writing"
        self._uploads = LocalUploads(folder / ".uploads", self._writing)
        self.name = name
        self.place = f"file://{folder.resolve()}"
        self.part_rules = PartRules(smallest=1)

    def put(self, key: str, content: BinaryIO, *, content_type: str = BINARY) -> Written:
        """Write into a hidden folder, flush to the disk, rename."""
        del content_type  # a folder keeps none
        digest = hashlib.sha256()

        def write(file: BinaryIO) -> None:
            while block := content.read(BLOCK):
                digest.update(block)
                file.write(block)

        size = self._write(checked(key), write)
        return Written(size, digest.hexdigest())

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open the file below the folder."""
        path = self._found(key)
        with self._failures():
            try:
                file = path.open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise FileMissing(key) from None
            file.seek(start)
        return file if length is None else cast(BinaryIO, BufferedReader(_Window(file, length)))

    def stat(self, key: str) -> Stat:
        """The file's size and times."""
        path = self._found(key)
        with self._failures():
            try:
                found = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                raise FileMissing(key) from None
            if not path.is_file():
                raise FileMissing(key)
        return Stat(key, found.st_size, f"{found.st_ino}-{found.st_mtime_ns}", _at(found))

    def exists(self, key: str) -> bool:
        """Whether the path is a file."""
        path = self._found(key)
        with self._failures():
            return path.is_file()

    def list_versions(self, prefix: str = "") -> Iterator[Version]:
        """Every file below the folder whose key begins so; a folder keeps no versions."""
        with self._failures():
            for path in self._files(prefix):
                with suppress(FileNotFoundError):  # removed meanwhile
                    found = path.stat()
                    yield Version(self._key(path), "", found.st_size, _at(found))

    def delete(self, key: str) -> Removed:
        """Unlink the file if it is there, what a killed process has written of it, and the folder
        that it leaves empty."""
        path = self._found(key)
        with self._failures():
            remove_forgotten(self._writing)
            uploads = self._uploads.forget(key)
            for left in self._writing.glob(f"{writing_name(key)}*"):
                left.unlink(missing_ok=True)
            try:
                size = path.stat().st_size
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return Removed(uploads=uploads)
            if path.parent.parent != self._folder and path.parent != self._folder:
                with suppress(OSError):
                    path.parent.rmdir()
        return Removed(versions=1, uploads=uploads, bytes=size)

    def begin(self, key: str, *, content_type: str = BINARY) -> str:
        """Make a folder for the parts."""
        del content_type
        with self._failures():
            return self._uploads.begin(checked(key))

    def put_part(self, key: str, upload: str, number: int, content: bytes | bytearray) -> Part:
        """Write the part into the upload's folder."""
        with self._failures():
            return self._uploads.put_part(checked(key), upload, number, content)

    def list_parts(self, key: str, upload: str) -> list[Part]:
        """The parts in the upload's folder."""
        with self._failures():
            return self._uploads.list_parts(checked(key), upload)

    def complete(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        """Write the parts one after another into one file, rename."""
        with self._failures():
            try:
                paths = self._uploads.paths(checked(key), upload, parts)
            except UploadGone:
                path = self._path(key)
                if path.is_file() and path.stat().st_size == sum(part.size for part in parts):
                    return
                raise

        def write(file: BinaryIO) -> None:
            for path in paths:
                with path.open("rb") as part:
                    shutil.copyfileobj(part, file, BLOCK)

        self._write(key, write)
        self.abort(key, upload)

    def abort(self, key: str, upload: str) -> None:
        """Remove the upload's folder."""
        with self._failures():
            self._found(key)
            self._uploads.abort(key, upload)

    def list_uploads(self, prefix: str = "") -> Iterator[Upload]:
        """The uploads that have a folder."""
        with self._failures():
            remove_forgotten(self._writing)
            yield from (each for each in self._uploads.all() if each.key.startswith(prefix))

    def link(
        self,
        key: str,
        *,
        seconds: int = LINK_SECONDS,
        download_name: str = "",
        content_type: str = "",
    ) -> str | None:
        """None: only this product can read this machine's disk."""
        del seconds, download_name, content_type
        self._found(key)
        return None

    def _write(self, key: str, write: Callable[[BinaryIO], None]) -> int:
        path = self._path(key)
        with self._failures():
            room = writing_room(self._writing)
            handle, written = tempfile.mkstemp(prefix=writing_name(key), dir=room)
            try:
                with os.fdopen(handle, "wb") as file:
                    write(file)
                    file.flush()
                    os.fsync(file.fileno())
                    size = file.tell()
                with self._durable_folder(path.parent):
                    Path(written).replace(path)
            except BaseException:
                Path(written).unlink(missing_ok=True)
                raise
        return size

    @contextmanager
    def _durable_folder(self, folder: Path) -> Iterator[None]:
        """Make it if need be; what is put into it survives a power failure, and so does itself."""
        new = [each for each in (folder, *folder.parents) if not each.is_dir()]
        folder.mkdir(parents=True, exist_ok=True)
        yield
        for each in (folder, *(each.parent for each in new)):
            _flush_folder(each)

    def _files(self, prefix: str) -> Iterator[Path]:
        """By key: a folder's name counts with the slash that follows it."""
        folder = self._folder
        if "/" in prefix:
            folder = self._found(f"{prefix}x").parent
        elif prefix:
            self._found(f"{prefix}x")
        if not folder.is_dir():
            return
        found = (path for path in folder.rglob("*") if path.is_file())
        for path in sorted(found, key=self._key):
            key = self._key(path)
            if key.startswith(prefix) and not any(part.startswith(".") for part in key.split("/")):
                yield path

    def _key(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)

    def _found(self, key: str) -> Path:
        """Where a file lies that others may have named; never one of our own hidden ones."""
        for part in checked_foreign(key).split("/"):
            if part.startswith(".") or ":" in part or len(part.encode()) > LONGEST_NAME:
                raise BadKey(f"not a key of a file: {key[:60]!r}")
        return self._folder / key

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """A full or unreadable disk is an outage of the store, in the words of every adapter."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ProviderUnavailable(self.name, reason) from error


class _Window(RawIOBase):
    """So many of the bytes that come next in a file."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = length

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: WriteableBuffer, /) -> int:
        room = memoryview(buffer)
        block = self._file.read(min(len(room), self._left))
        room[: len(block)] = block
        self._left -= len(block)
        return len(block)

    @override
    def close(self) -> None:
        self._file.close()
        super().close()


def _at(found: os.stat_result) -> datetime:
    return datetime.fromtimestamp(found.st_mtime, UTC)


def _flush_folder(folder: Path) -> None:
    """Make what was renamed into it survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Unfinished uploads of a local store: a hidden folder for each, whose files are the parts.

A part's name holds its number and its SHA-256, so a part is there as a whole or not at all, and a
listing needs to read none of them.

What is still being written lies in a folder of its own, so that what a killed process left there is
found again and removed.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from services.providers.storage.base import Part, Upload, UploadGone

FORGOTTEN_SECONDS: Final = 3600.0
"""What was not written to for so long is nobody's any more."""
MOST_PARTS: Final = 10_000
_ID: Final = re.compile(r"[0-9a-f]{32}")
_PART: Final = re.compile(r"(\d{5})-([0-9a-f]{64})")
_KEY: Final = "key"


class LocalUploads:
    """The folder of all unfinished uploads of a store, and the one of what is being written. Lets
    OSError through."""

    def __init__(self, folder: Path, writing: Path) -> None:
        self._folder = folder
        self._writing = writing

    def begin(self, key: str) -> str:
        """Make the folder of a new upload; its id."""
        self._folder.mkdir(parents=True, exist_ok=True)
        made, upload = (
            Path(tempfile.mkdtemp(dir=writing_room(self._writing))),
            secrets.token_hex(16),
        )
        (made / _KEY).write_text(key)
        made.rename(self._folder / upload)
        return upload

    def put_part(self, key: str, upload: str, number: int, content: bytes | bytearray) -> Part:
        """Write one part, and remove what was there under its number.

        Raises:
            UploadGone
        """
        if not 1 <= number <= MOST_PARTS:
            raise ValueError(f"parts are counted from 1 to {MOST_PARTS}")
        folder = self._of(key, upload)
        sha256 = hashlib.sha256(content).hexdigest()
        path = folder / f"{number:05}-{sha256}"
        writing = folder / f".{path.name}"
        with writing.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        writing.replace(path)
        for other in folder.glob(f"{number:05}-*"):
            if other != path:
                other.unlink(missing_ok=True)
        return Part(number, len(content), sha256, sha256)

    def list_parts(self, key: str, upload: str) -> list[Part]:
        """The parts by number.

        Raises:
            UploadGone
        """
        found: list[Part] = []
        for path in sorted(self._of(key, upload).iterdir()):
            if match := _PART.fullmatch(path.name):
                found.append(Part(int(match[1]), path.stat().st_size, match[2], match[2]))
        return found

    def paths(self, key: str, upload: str, parts: Sequence[Part]) -> list[Path]:
        """Where these parts lie, in the order of their numbers.

        Raises:
            UploadGone: one of them is not there.
        """
        there = {(part.number, part.etag) for part in self.list_parts(key, upload)}
        if any((part.number, part.etag) not in there for part in parts):
            raise UploadGone(upload)
        ordered = sorted(parts, key=lambda part: part.number)
        return [self._folder / upload / f"{part.number:05}-{part.etag}" for part in ordered]

    def abort(self, key: str, upload: str) -> None:
        """Remove the upload's folder, if it is there."""
        try:
            folder = self._of(key, upload)
        except UploadGone:
            return
        shutil.rmtree(folder, ignore_errors=True)

    def forget(self, key: str) -> int:
        """Remove all uploads under a key; how many there were."""
        mine = [upload for upload in self.all() if upload.key == key]
        for upload in mine:
            self.abort(key, upload.id)
        return len(mine)

    def all(self) -> Iterator[Upload]:
        """Every upload, by its id."""
        if not self._folder.is_dir():
            return
        for folder in sorted(self._folder.iterdir()):
            if _ID.fullmatch(folder.name) and (folder / _KEY).is_file():
                began_at = datetime.fromtimestamp((folder / _KEY).stat().st_mtime, UTC)
                yield Upload((folder / _KEY).read_text(), folder.name, began_at)

    def _of(self, key: str, upload: str) -> Path:
        folder = self._folder / upload
        if not _ID.fullmatch(upload) or not folder.is_dir():
            raise UploadGone(upload)
        if (folder / _KEY).read_text() != key:
            raise UploadGone(upload)
        return folder


def writing_room(folder: Path) -> Path:
    """The folder for what is being written, without what a killed process left there."""
    folder.mkdir(parents=True, exist_ok=True)
    remove_forgotten(folder)
    return folder


def writing_name(key: str) -> str:
    """How the name of a file begins while it is written: whoever deletes the key finds it."""
    return f"{hashlib.sha256(key.encode()).hexdigest()}-"


def remove_forgotten(folder: Path) -> None:
    """Remove what nobody writes to any more; no folder is no error."""
    with suppress(FileNotFoundError):
        for left in folder.iterdir():
            with suppress(FileNotFoundError):  # somebody else was faster, or has finished it
                if time.time() - left.stat().st_mtime <= FORGOTTEN_SECONDS:
                    continue
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink()

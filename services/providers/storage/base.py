"""What every store of files can do. Keys look like `recordings/rec_3fA9/1.mp4`.

A file appears whole or not at all: by `put` in one go, or in parts that are put together at the
end, which survives that whoever sends it is killed in between.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final, Protocol, cast
from urllib.parse import quote

from services.clock import utc_now
from services.errors import ProviderUnavailable

KEY_LENGTH = 240
LONGEST_FOREIGN_KEY = 1024
LINK_SECONDS: Final = 3600
BINARY: Final = "application/octet-stream"
BLOCK: Final = 2**18
"""How much is read at a time."""
WORKERS: Final = 4
"""How many parts of one file are read or sent at once."""
PROBES: Final = "probe-"
OLD_PROBE: Final = timedelta(hours=1)
_PART = r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"
_KEY = re.compile(rf"{_PART}(?:/{_PART})*")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\\]+")
_UNQUOTED = re.compile(r'[^\x20-\x7e]|["%\\]')


class FileMissing(Exception):
    """The store has no file under this key."""


class UploadGone(Exception):
    """The store knows no such unfinished upload: it was finished, given up, or never begun."""


class Damaged(Exception):
    """What the store holds is not what was written."""


class BadKey(ValueError):
    """The key could mean something outside the store, or differ between stores."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: bytes, and their SHA-256 in hexadecimal digits."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Stat:
    """A file as its store describes it.

    `etag` changes whenever the content does, and says no more. `sha256` is the store's own
    checksum of the whole file and `parts_sha256` the one over the checksums of its parts; both
    are "" where it keeps none.
    """

    key: str
    size: int
    etag: str
    modified_at: datetime
    content_type: str = ""
    sha256: str = ""
    parts_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an unfinished upload, counted from 1. `sha256` is "" where the store lists
    parts without it."""

    number: int
    size: int
    etag: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that was begun and not finished: its parts lie in the store and are paid for.
    `began_at` is None where the store does not tell."""

    key: str
    id: str
    began_at: datetime | None


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a file. `id` is "" where the store keeps no versions; one that `hides` holds
    no bytes, and stands for a file that was deleted by its name alone."""

    key: str
    id: str
    size: int
    modified_at: datetime
    latest: bool = True
    hides: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed under a key; nothing is listed under it any more."""

    versions: int = 0
    uploads: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class PartRules:
    """How an upload may be cut. All parts but the last are of one size, which every store takes."""

    smallest: int = 5 * 2**20
    usual: int = 8 * 2**20
    largest: int = 5 * 2**30
    most: int = 10_000

    def size_for(self, total: int) -> int:
        """The size of the parts of a file of so many bytes.

        Raises:
            ValueError: the store takes no file that large.
        """
        needed = -(-total // self.most)
        size = max(self.usual, self.smallest, -(-needed // 2**20) * 2**20)
        if size > self.largest:
            raise ValueError(f"a file of {total} bytes is too large for one upload")
        return size


class Storage(Protocol):
    """One store. Every method may raise ProviderUnavailable, what names a key BadKey; what else it
    raises stands there. ProviderRejected means that the store understood and refused."""

    @property
    def name(self) -> str:
        """What the settings call it; a file's row remembers this."""
        ...

    @property
    def place(self) -> str:
        """Where it is. Two stores with one place are the same; see also `proving.share_files`."""
        ...

    @property
    def part_rules(self) -> PartRules: ...

    def put(self, key: str, content: BinaryIO, *, content_type: str = BINARY) -> Written:
        """Write a file as it is read, replacing the one under this key."""
        ...

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open a file, or `length` bytes of it from `start`, for reading; the caller closes it.
        Where the file ends earlier, so does what is read.

        Raises:
            FileMissing. While reading: ProviderUnavailable, never an end that comes too early.
        """
        ...

    def stat(self, key: str) -> Stat:
        """What the store tells of a file.

        Raises:
            FileMissing
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether there is a file under this key."""
        ...

    def list_versions(self, prefix: str = "") -> Iterator[Version]:
        """Every version of every file whose key begins so, by key; also the hidden ones."""
        ...

    def delete(self, key: str) -> Removed:
        """Remove every version and every unfinished upload under this key, and look whether they
        are gone; nothing there is no error.

        Raises:
            ProviderUnavailable: something is still there, or may be.
        """
        ...

    def begin(self, key: str, *, content_type: str = BINARY) -> str:
        """Begin an upload in parts; its id."""
        ...

    def put_part(self, key: str, upload: str, number: int, content: bytes | bytearray) -> Part:
        """Send one part (1 to 10,000); the same number again replaces it.

        Raises:
            UploadGone
        """
        ...

    def list_parts(self, key: str, upload: str) -> list[Part]:
        """The parts that have arrived, by number: what need not be sent again.

        Raises:
            UploadGone
        """
        ...

    def complete(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        """Put the parts together, as `put_part` gave them: a store that keeps checksums may want
        them here again. Once more is right when the file is there already.

        Raises:
            UploadGone: and there is no file of that size either.
        """
        ...

    def abort(self, key: str, upload: str) -> None:
        """Give an upload up; one that is gone is no error."""
        ...

    def list_uploads(self, prefix: str = "") -> Iterator[Upload]:
        """The unfinished uploads whose key begins so."""
        ...

    def link(
        self,
        key: str,
        *,
        seconds: int = LINK_SECONDS,
        download_name: str = "",
        content_type: str = "",
    ) -> str | None:
        """An address that anybody can read the file at for so long, also in ranges; shown in place,
        or saved under the name. None where the store can make none: then we serve it ourselves."""
        ...


def probe(store: Storage) -> None:
    """Write, read and remove a small file: what a store must be able to do.

    Raises:
        ProviderUnavailable: one of the three failed.
    """
    key, content = a_probe(), secrets.token_bytes(64)
    try:
        store.put(key, io.BytesIO(content))
        with store.open(key) as file:
            if file.read() != content:
                raise ProviderUnavailable(store.name, "a file came back changed")
    except FileMissing:
        raise ProviderUnavailable(store.name, "a file that was written is not there") from None
    finally:
        store.delete(key)


def a_probe() -> str:
    """The key of a small file that is written to see something, and removed at once."""
    return f"{PROBES}{secrets.token_hex(16)}"


def remove_old_probes(store: Storage) -> None:
    """Remove those that a killed process has left.

    Raises:
        ProviderUnavailable
    """
    old = utc_now() - OLD_PROBE
    for key in {each.key for each in store.list_versions(PROBES) if each.modified_at < old}:
        store.delete(key)


def checked(key: str) -> str:
    """The key, if it is short, relative and plain: every key that we make.

    Raises:
        BadKey
    """
    if len(key) > KEY_LENGTH or not _KEY.fullmatch(key):
        raise BadKey(f"not a key of a file: {key[:60]!r}")
    return key


def checked_foreign(key: str) -> str:
    """The key, if it cannot mean something outside the store: one that others may have made.

    Raises:
        BadKey
    """
    if len(key.encode()) > LONGEST_FOREIGN_KEY or not _PLAIN.fullmatch(key):
        raise BadKey(f"not a key of a file: {key[:60]!r}")
    if any(part in ("", ".", "..") for part in key.split("/")):
        raise BadKey(f"not a key of a file: {key[:60]!r}")
    return key


def read_up_to(content: BinaryIO, size: int) -> bytearray:
    """The next so many bytes, fewer only at the end: a stream may give less at a time."""
    found, filled = bytearray(size), 0
    while filled < size and (block := content.read(min(BLOCK, size - filled))):
        found[filled : filled + len(block)] = block
        filled += len(block)
    del found[filled:]
    return found


def read_into(room: bytearray, content: BinaryIO, size: int) -> int:
    """The next so many bytes into the beginning of `room`; how many came, fewer only at the end."""
    filled, reader = 0, cast(Any, content)  # what stores open can do this; BinaryIO does not say so
    with memoryview(room) as whole:
        while filled < size and (
            came := reader.readinto(whole[filled : min(filled + BLOCK, size)])
        ):
            filled += came
    return filled


def disposition(download_name: str) -> str:
    """A Content-Disposition: shown in place without a name, else saved under it (RFC 6266)."""
    if not download_name:
        return "inline"
    plain = _UNQUOTED.sub("_", download_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(download_name, safe='')}"

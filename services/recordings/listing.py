"""What a recorder has left in its bucket: the truth about what there is."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

from services.models.recording import FileKind
from services.providers.storage.base import BadKey, FileMissing, Storage, checked_foreign

MOST_FILES: Final = 20_000
"""A recorder writes a slice every fifteen seconds, a day at most."""
_LONGEST_NAME: Final = 240
_LARGEST_PLAYLIST: Final = 2_000_000
_ENDED: Final = "#EXT-X-ENDLIST"
_KINDS: Final = {
    ".mp4": FileKind.VIDEO,
    ".m3u8": FileKind.PLAYLIST,
    ".ts": FileKind.SEGMENT,
}
_BACKUP: Final = re.compile(r"bak\d+_")
"""What another server wrote after a failover begins so."""
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the bucket; `name` is its own, without where it lies."""

    key: str
    name: str
    size: int
    modified_at: datetime

    @property
    def kind(self) -> FileKind:
        """By its name: what it really is, nobody has looked."""
        return kind_of(self.name)


def kind_of(name: str) -> FileKind:
    """What a file of that name, or key, seems to be."""
    return _KINDS.get(PurePosixPath(name).suffix.lower(), FileKind.OTHER)


def below(store: Storage, prefix: str) -> list[Found]:
    """The files below a prefix, by key, in their present versions. Names that nobody could have
    given on purpose are left where they are: they are orphans.

    Raises:
        ProviderUnavailable
    """
    found: dict[str, Found] = {}
    for version in islice(store.list_versions(f"{prefix}/"), MOST_FILES):
        if not version.latest or version.hides:
            continue
        try:
            key = checked_foreign(version.key)
        except BadKey:
            continue
        name = key.rsplit("/", 1)[-1]
        if len(name) <= _LONGEST_NAME:
            found.setdefault(name, Found(key, name, version.size, version.modified_at))
    return list(found.values())


def fingerprint(files: Iterable[Found]) -> str:
    """Changes when anything that is listed does."""
    listed = sorted((file.key, file.size, file.modified_at.isoformat()) for file in files)
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def sids_of(files: Iterable[Found], channel: str) -> list[str]:
    """The ids of the recorders that wrote these files, by their names (`<sid>_<channel>…`)."""
    plain, sids = _NOT_PLAIN.sub("-", channel), dict[str, None]()
    for file in files:
        sid, separator, rest = _BACKUP.sub("", file.name, count=1).partition("_")
        if separator and rest.startswith(plain) and sid.isascii() and sid.isalnum():
            sids[sid] = None
    return list(sids)


def is_whole(store: Storage, files: Sequence[Found], playlist: Found) -> bool:
    """Whether a playlist has come to its end, and all of its slices lie beside it.

    Raises:
        ProviderUnavailable
    """
    if not 0 < playlist.size <= _LARGEST_PLAYLIST:
        return False
    try:
        with store.open(playlist.key) as content:
            lines = content.read(_LARGEST_PLAYLIST).decode(errors="replace").split()
    except FileMissing:
        return False
    slices = {line for line in lines if not line.startswith("#")}
    sizes = {file.name: file.size for file in files}
    return _ENDED in lines and bool(slices) and all(sizes.get(name, 0) > 0 for name in slices)

"""What every store of files can do. Keys look like `photos/3fa9-large.webp`."""

from __future__ import annotations

import re
from typing import BinaryIO, Protocol

KEY_LENGTH = 240
_PART = r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*"
_KEY = re.compile(rf"{_PART}(?:/{_PART})*")


class FileMissing(Exception):
    """The store has no file under this key."""


class BadKey(ValueError):
    """The key could mean something outside the store, or differ between stores."""


class Storage(Protocol):
    """One store. A file is either there as a whole or not at all."""

    def put(self, key: str, content: BinaryIO) -> int:
        """Write a file, replacing the one under this key; the number of bytes.

        Raises:
            BadKey, ProviderUnavailable: the store cannot be written right now.
        """
        ...

    def open(self, key: str) -> BinaryIO:
        """Open a file for reading; the caller closes it.

        Raises:
            BadKey, FileMissing, ProviderUnavailable
        """
        ...

    def delete(self, key: str) -> None:
        """Remove a file; removing one that is not there is no error.

        Raises:
            BadKey, ProviderUnavailable
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether there is a file under this key.

        Raises:
            BadKey, ProviderUnavailable
        """
        ...


def checked(key: str) -> str:
    """The key, if it is lower-case, relative and plain.

    Raises:
        BadKey
    """
    if len(key) > KEY_LENGTH or not _KEY.fullmatch(key):
        raise BadKey(f"not a key of a file: {key[:60]!r}")
    return key

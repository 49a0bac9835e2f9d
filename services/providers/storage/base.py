"""What every store of files can do. Keys look like `photos/3fa9-large.webp`."""

from __future__ import annotations

import io
import re
import secrets
from typing import BinaryIO, Protocol

from services.errors import ProviderUnavailable

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


def probe(store: Storage) -> None:
    """Write, read and remove a small file: what a store must be able to do.

    Raises:
        ProviderUnavailable: one of the three failed.
    """
    key, content = f"probe-{secrets.token_hex(8)}", secrets.token_bytes(64)
    try:
        store.put(key, io.BytesIO(content))
        with store.open(key) as file:
            if file.read() != content:
                raise ProviderUnavailable("storage", "a file came back changed")
    except FileMissing:
        raise ProviderUnavailable("storage", "a file that was written is not there") from None
    finally:
        store.delete(key)


def checked(key: str) -> str:
    """The key, if it is lower-case, relative and plain.

    Raises:
        BadKey
    """
    if len(key) > KEY_LENGTH or not _KEY.fullmatch(key):
        raise BadKey(f"not a key of a file: {key[:60]!r}")
    return key

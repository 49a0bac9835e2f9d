"""Whether a film is whole, as far as its own table of contents tells: MP4 is a row of boxes, each
of which begins with its length. One that was cut off has a box that goes on behind its end, or
never got to its index or to its pictures.
"""

from __future__ import annotations

import struct
from typing import Final

from services.providers.storage.base import Storage

MOST_BOXES: Final = 64
"""A film in one piece has four or five; one in fragments has thousands, and is believed."""
_HEAD: Final = 16
_SHORTEST: Final = 8
_BEGINS: Final = b"ftyp"
_NEEDED: Final = frozenset({b"moov", b"mdat"})


def is_cut_off(store: Storage, key: str, size: int) -> bool:
    """Whether an MP4 of that size ends too early. Nothing is said of what is no MP4.

    Raises:
        FileMissing, ProviderUnavailable
    """
    at, kinds = 0, set[bytes]()
    for _ in range(MOST_BOXES):
        if at == size:
            return not kinds >= _NEEDED
        if size - at < _SHORTEST:
            return True
        length, kind = _box(store, key, at)
        if not kinds and kind != _BEGINS:
            return False
        kinds.add(kind)
        if length == 0:  # up to the end, however far that is
            return not kinds >= _NEEDED
        if length < _SHORTEST or at + length > size:
            return True
        at += length
    return False


def _box(store: Storage, key: str, at: int) -> tuple[int, bytes]:
    """Length and kind of the box that begins here."""
    with store.open(key, start=at, length=_HEAD) as content:
        head = content.read(_HEAD)
    length, kind = struct.unpack(">I4s", head[:_SHORTEST])
    if length == 1 and len(head) == _HEAD:  # too long for 32 bits
        length = struct.unpack(">Q", head[_SHORTEST:])[0]
    return length, kind

"""Whether a store really holds what was sent to it, and whether two stores are one.

A stored checksum proves it without reading; where the store keeps none, every byte is read back.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import accumulate
from typing import BinaryIO

from services.providers.storage.base import (
    BLOCK,
    WORKERS,
    Damaged,
    Part,
    Stat,
    Storage,
    Written,
    a_probe,
    read_into,
    remove_old_probes,
)


def prove(
    store: Storage, key: str, *, parts: Sequence[Part], sha256: str = "", workers: int = WORKERS
) -> Written:
    """That the file holds exactly these parts, whose SHA-256 must be known. With the `sha256` of
    the whole, as whoever sent it in one go knows it, a stored checksum is proof enough; without a
    stored one the parts are read back, several at once.

    Raises:
        Damaged, FileMissing, ProviderUnavailable
    """
    size = sum(part.size for part in parts)
    stat = store.stat(key)
    if stat.size != size:
        raise Damaged(f"{key}: {stat.size} bytes instead of {size}")
    if not sha256:
        return _read_back(store, key, parts)
    if not _vouched(stat, parts, sha256):
        _read_back_at_once(store, key, parts, workers)
    return Written(size, sha256)


def _read_back(store: Storage, key: str, parts: Sequence[Part]) -> Written:
    """From the beginning to the end: only so the SHA-256 of the whole becomes known."""
    with store.open(key) as content:
        whole, digests = read_in_parts(content, [part.size for part in parts])
    for part, digest in zip(parts, digests, strict=True):
        _same(key, part, digest)
    if whole.size != sum(part.size for part in parts):
        raise Damaged(f"{key}: it grew while it was read")
    return whole


def _read_back_at_once(store: Storage, key: str, parts: Sequence[Part], workers: int) -> None:
    """Each worker reads a stretch of the file in one go."""
    starts = list(accumulate((part.size for part in parts), initial=0))
    stretch = max(1, -(-len(parts) // workers))

    def check(first: int) -> None:
        some = parts[first : first + stretch]
        length = starts[first + len(some)] - starts[first]
        with store.open(key, start=starts[first], length=length) as content:
            for part in some:
                _same(key, part, _digest(content, part.size))

    with ThreadPoolExecutor(workers, "proving") as pool:
        each = [
            pool.submit(copy_context().run, check, first) for first in range(0, len(parts), stretch)
        ]
        for one in each:
            one.result()


def _digest(content: BinaryIO, size: int) -> str:
    """The SHA-256 of the next so many bytes, or of fewer where it ends."""
    digest, room = hashlib.sha256(), bytearray(min(size, BLOCK))
    while size and (came := read_into(room, content, min(size, BLOCK))):
        digest.update(memoryview(room)[:came])
        size -= came
    return digest.hexdigest()


def _same(key: str, part: Part, digest: str) -> None:
    if digest != part.sha256:
        raise Damaged(f"{key}: part {part.number} is not what was sent")


def fingerprint(store: Storage, key: str) -> Written:
    """The size and the SHA-256 of a file, by reading all of it.

    Raises:
        FileMissing, ProviderUnavailable
    """
    with store.open(key) as content:
        return read_in_parts(content, [])[0]


def read_in_parts(content: BinaryIO, sizes: Sequence[int]) -> tuple[Written, list[str]]:
    """Size and SHA-256 of all that comes, and the SHA-256 of each of its parts; what comes after
    the last part counts for the whole alone."""
    whole, size, digests = hashlib.sha256(), 0, list[str]()
    for wanted in sizes:
        part = hashlib.sha256()
        for block in _blocks(content, wanted):
            whole.update(block)
            part.update(block)
            size += len(block)
        digests.append(part.hexdigest())
    for block in _blocks(content, None):
        whole.update(block)
        size += len(block)
    return Written(size, whole.hexdigest()), digests


def of_parts(parts: Sequence[Part]) -> str:
    """The checksum over the checksums of the parts, as stores compute it that keep one."""
    return hashlib.sha256(b"".join(bytes.fromhex(part.sha256) for part in parts)).hexdigest()


def share_files(destination: Storage, source: Storage) -> bool:
    """Whether what lies in the one lies in the other: two names, or two ways to write an address,
    for one store. Nothing may be deleted from a source that is the destination.

    Raises:
        ProviderUnavailable: it is not known.
    """
    if destination.place == source.place:
        return True
    remove_old_probes(destination)
    key = a_probe()
    try:
        destination.put(key, io.BytesIO(key.encode()))
        return source.exists(key)
    finally:
        destination.delete(key)


def _vouched(stat: Stat, parts: Sequence[Part], sha256: str) -> bool:
    return stat.sha256 == sha256 or (
        bool(stat.parts_sha256) and stat.parts_sha256 == of_parts(parts)
    )


def _blocks(content: BinaryIO, wanted: int | None) -> Iterator[bytes]:
    """Blocks of what is left, or of the next so many bytes."""
    while wanted is None or wanted > 0:
        block = content.read(BLOCK if wanted is None else min(BLOCK, wanted))
        if not block:
            return
        if wanted is not None:
            wanted -= len(block)
        yield block

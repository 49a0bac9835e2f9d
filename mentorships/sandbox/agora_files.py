"""The files of a recording: a few real seconds of picture and sound, a little different in each.

Named as Agora names them (VENDORS.md): special characters of the channel become `-`; what another
server wrote after a failover begins with `bak0_`; what came late carries the moment and a number.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from mentorships.sandbox.store import Json

_SAMPLES = Path(__file__).parent / "samples"
_SECONDS = 6
"""What a sample lasts."""
_SLICE_SECONDS = 15
_PACKET = 188
_NO_STREAM = b"\x47\x1f\xff\x10"
"""How an MPEG transport packet begins that belongs to no stream: players skip it."""


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is written; `listed` are those that Agora tells of: not the slices."""

    key: str
    content: bytes
    listed: bool


@lru_cache
def _sample(name: str) -> bytes:
    return (_SAMPLES / name).read_bytes()


def _own(name: str, size: int) -> bytes:
    """Bytes of that number which only this file has."""
    seed = hashlib.sha256(name.encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


def mp4(name: str, size: int = 0) -> bytes:
    """A whole film, filled up to `size` bytes by a box that players skip."""
    film = _sample("recording.mp4")
    free = max(64, size - len(film) - 8)
    return film + struct.pack(">I4s", free + 8, b"free") + _own(name, free)


def slice_of(name: str) -> bytes:
    """A whole slice of a stream."""
    return _sample("recording.ts") + _NO_STREAM + _own(name, _PACKET - len(_NO_STREAM))


def playlist(slices: list[str], *, ended: bool) -> bytes:
    """The list of the slices, which lie beside it."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-ALLOW-CACHE:YES",
        f"#EXT-X-TARGETDURATION:{_SECONDS + 1}",
    ]
    for number, name in enumerate(slices):
        lines += ["#EXT-X-DISCONTINUITY"] if number else []
        lines += [f"#EXTINF:{_SECONDS:.6f}", name]
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else []), ""]).encode()


def first(recording: Json) -> list[File]:
    """What is in the bucket soon after the beginning."""
    base = _base(recording)
    name = _slice_name(recording, base, 0)
    found = [
        (name, slice_of(name), False),
        (f"{base}.m3u8", playlist([name], ended=False), True),
    ]
    return [_placed(recording, *each) for each in found]


def rest(recording: Json, behaviour: Json) -> list[File]:
    """Everything, as it is in the bucket in the end."""
    bases = [_base(recording)]
    if recording["moved_at"]:
        bases.append(f"bak0_{bases[0]}")
    return [
        _placed(recording, name, _spoilt(content, behaviour["content"]), listed)
        for base in bases
        for name, content, listed in _whole(recording, base, behaviour)
    ]


def _whole(recording: Json, base: str, behaviour: Json) -> Iterator[tuple[str, bytes, bool]]:
    slices = [_slice_name(recording, base, number) for number in range(behaviour["slices"])]
    for name in slices:
        yield name, slice_of(name), False
    late = f"_{recording['left_at']}_0" if behaviour["late_seconds"] else ""
    yield f"{base}{late}.m3u8", playlist(slices, ended=True), True
    if "mp4" in recording["formats"]:
        for number in range(behaviour["parts"]):
            name = f"{base}_{number}.mp4"
            yield name, mp4(name, behaviour["bytes"]), True


def _spoilt(content: bytes, how: str) -> bytes:
    return {"whole": content, "empty": b"", "cut": content[: len(content) // 2]}[how]


def _base(recording: Json) -> str:
    channel = re.sub(r"[^A-Za-z0-9]", "-", recording["cname"])
    return f"{recording['id']}_{channel}"


def _slice_name(recording: Json, base: str, number: int) -> str:
    moment = datetime.fromtimestamp(recording["created"] + number * _SLICE_SECONDS, UTC)
    return f"{base}_{moment.strftime('%Y%m%d%H%M%S')}000.ts"


def _placed(recording: Json, name: str, content: bytes, listed: bool) -> File:
    prefix = recording["prefix"]
    return File(f"{prefix}/{name}" if prefix else name, content, listed)

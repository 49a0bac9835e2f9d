"""What of a recording's files is watched, part by part: its films, and the streams that no film was
made of.

A recorder names films `<sid>_<channel>_<index>.mp4` and streams `<sid>_<channel>.m3u8`, or, when it
brings one late, `<sid>_<channel>_<tick>_<index>.m3u8`. After a failover another server goes on,
whose names begin with `bak<number>_`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.models import FileKind, Recording, RecordingFile, RecordingStatus
from services.recordings import places

_SERVER = re.compile(r"(?:\d+-)?(?:bak(\d+)_)?")
"""What an adopted file was numbered with stands before it."""
_NUMBER = re.compile(r"(\d+)")


def playable(recording: Recording, files: Iterable[RecordingFile]) -> list[RecordingFile]:
    """The parts of a recording in the order of their time: server after server, and as each numbers
    them (`_2` before `_10`). Of a ready one, that is what can be read now: a file that an admin
    added may be on its way still, or have come to nothing."""
    ready = recording.status is RecordingStatus.READY
    among = [file for file in files if not ready or places.place_of(file) is not None]
    films = [file for file in among if file.kind is FileKind.VIDEO]
    filmed = {stream_of(film.name) for film in films}
    streams = [
        file
        for file in among
        if file.kind is FileKind.PLAYLIST and stream_of(file.name) not in filmed
    ]
    return sorted([*films, *streams], key=_time)


def stream_of(name: str) -> tuple[int, str]:
    """What the names of one server's files have in common: which one it is, and
    `<sid>_<channel>`."""
    server, own = _server(name)
    return server, "_".join(own.rpartition(".")[0].split("_")[:2])


def _server(name: str) -> tuple[int, str]:
    """0 for the first server, 1 for the first backup, and the name without that."""
    begins = _SERVER.match(name)
    if begins is None:  # it matches anything
        return 0, name
    return int(begins[1]) + 1 if begins[1] else 0, name[begins.end() :]


def _time(file: RecordingFile) -> tuple[int, list[tuple[int, str]], int]:
    server, own = _server(file.name)
    return server, _natural(own), file.id


def _natural(name: str) -> list[tuple[int, str]]:
    """Digits count as the number that they are."""
    parts = _NUMBER.split(name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]

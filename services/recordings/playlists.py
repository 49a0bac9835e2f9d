"""A stream: its list, written anew for one reader, in which each segment is a link of that
reader's; and its segments one after the other, which together are a film too."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session, col, select

from services import db
from services.errors import NotFound
from services.models import FileKind, RecordingFile
from services.providers.storage import registry
from services.providers.storage.base import FileMissing
from services.recordings import links, places
from services.recordings.links import Opened

LARGEST: Final = 2_000_000
"""Bytes of a list: a day's, with a segment a second, has half of that."""
_FOREIGN_TAGS: Final = ("#EXT-X-KEY", "#EXT-X-MAP", "#EXT-X-MEDIA:", "#EXT-X-SESSION")
"""They name addresses, and no recorder of ours writes them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What lies somewhere, and follows what comes before it."""

    store: str
    key: str
    bytes: int


def rewritten(opened: Opened) -> str:
    """The list behind a link, with links that live as long as that one.

    Only what was kept of this very recording is linked: a name that is none of its segments, such
    as one that leads elsewhere, is left out with its lines.

    Raises:
        NotFound: it is no list, or not there any more.
        ProviderUnavailable: its store does not answer.
    """
    lines, segments = _read(opened)
    own = {
        name: links.path(reader=opened.reader, file=file, how=opened.how, until=opened.until)
        for name, file in segments.items()
    }
    return "\n".join([*(own.get(line, line) for line in _kept(lines, own)), ""])


def pieces(opened: Opened) -> tuple[Piece, ...]:
    """Where the segments of the list behind a link lie, in its order.

    Raises:
        NotFound: it is no list, or nothing of it is there any more.
        ProviderUnavailable: its store does not answer.
    """
    lines, segments = _read(opened)
    found = [segments[line] for line in lines if line in segments]
    there = [(places.place_of(file), file.bytes) for file in found]
    listed = tuple(Piece(*place, size) for place, size in there if place is not None)
    if not listed:
        raise NotFound("file")
    return listed


def _read(opened: Opened) -> tuple[list[str], dict[str, RecordingFile]]:
    """The lines of the list, and the segments by the names that it has for them."""
    if opened.kind is not FileKind.PLAYLIST:
        raise NotFound("file")
    try:
        with registry.store(opened.store).open(opened.key, length=LARGEST) as file:
            content = file.read(LARGEST)
    except FileMissing:
        raise NotFound("file") from None
    with db.reading() as session:
        segments = _segments(session, opened)
    lines = content.decode("utf-8", "replace").splitlines()
    return [line.strip() for line in lines], segments


def _segments(db: Session, opened: Opened) -> dict[str, RecordingFile]:
    whole = select(RecordingFile.recording_id).where(RecordingFile.public_id == opened.file)
    found = db.exec(
        select(RecordingFile).where(
            col(RecordingFile.recording_id).in_(whole), RecordingFile.kind == FileKind.SEGMENT
        )
    ).all()
    return {file.name: file for file in found if places.place_of(file) is not None}


def _kept(lines: list[str], segments: Container[str]) -> list[str]:
    """What is told on, and of nothing but these segments."""
    kept: list[str] = []
    waiting: list[str] = []  # what was said of the segment that comes next
    for line in lines:
        if line.startswith(_FOREIGN_TAGS) or not line:
            continue
        if line.startswith(("#EXTINF", "#EXT-X-DISCONTINUITY", "#EXT-X-PROGRAM-DATE-TIME")):
            waiting.append(line)
        elif line.startswith("#"):
            kept.append(line)
        else:
            if line in segments:
                kept += [*waiting, line]
            waiting = []
    return kept

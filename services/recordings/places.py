"""Where the files of a recording lie, and which of them may be touched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy import ColumnElement, literal_column
from sqlmodel import Session, col, select

from services.ids import RecordingId
from services.models import FileStatus, Recording, RecordingFile, RecordingStatus

FOLDER: Final = "recordings"
"""Below it lies everything that was brought to a store."""
IS_CHECKED: Final[ColumnElement[bool]] = col(RecordingFile.status) == literal_column("'checked'")
IS_WAITING: Final[ColumnElement[bool]] = col(RecordingFile.status) == literal_column("'waiting'")
"""Said without a parameter: SQLite must see that the indexes of these are meant."""
_PREFIX: Final = re.compile(r"[A-Za-z0-9]{8,128}")
_ENDING: Final = re.compile(r"[a-z0-9]{1,8}")


def key_for(recording: str, number: int, name: str) -> str:
    """The key in its store of a recording's (public id) file that the recorder has named so; of the
    name only a plain ending is kept."""
    ending = name.rpartition(".")[2].lower()
    return f"{FOLDER}/{recording}/{number}.{ending if _ENDING.fullmatch(ending) else 'bin'}"


def below(recording: Recording) -> str:
    """What the keys of all its files begin with in every store that it was brought to."""
    return f"{FOLDER}/{recording.public_id}/"


def recorded_below(recording: Recording) -> str:
    """What the keys of all that its recorder has left begin with, in the store `source`; "" when it
    never had a place of its own there: then nothing of it may be touched by its name."""
    return f"{recording.prefix}/" if _PREFIX.fullmatch(recording.prefix) else ""


def place_of(file: RecordingFile) -> tuple[str, str] | None:
    """Store and key at which the whole, checked file can be read now; None: nowhere."""
    if file.status is FileStatus.CHECKED:
        return file.store, file.key
    if file.status is FileStatus.WAITING and file.source_since is not None:
        return file.source, file.source_key
    return None


def is_going(recording: Recording) -> bool:
    """Whether its files are to be deleted now: somebody asked, and nobody holds it."""
    return recording.purge_asked_at is not None and recording.held_at is None


def files_of(
    db: Session, recording_id: RecordingId, *statuses: FileStatus
) -> tuple[RecordingFile, ...]:
    """A recording's files of these statuses, in the order in which they were found."""
    mine = select(RecordingFile).where(
        col(RecordingFile.recording_id) == recording_id, col(RecordingFile.status).in_(statuses)
    )
    return tuple(db.exec(mine.order_by(col(RecordingFile.id))).all())


def whole_size(files: Iterable[RecordingFile]) -> int:
    """The bytes of all of them."""
    return sum(file.bytes for file in files)


def has_way_to_go(db: Session, recording: Recording) -> bool:
    """Whether some of its files are still to be brought, or cleared where they came from."""
    left = files_of(db, recording.id, FileStatus.WAITING, FileStatus.CHECKED)
    ready = recording.status in {RecordingStatus.READY, RecordingStatus.TRANSFERRING}
    return ready and any(file.source for file in left)

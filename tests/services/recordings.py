"""Recordings on their way: files that a recorder has left in its store, with the rows of those who
found them there; and the worker's turns."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from services import clock, db
from services.config import settings
from services.models import (
    FileKind,
    FileStatus,
    MentoringSession,
    Notification,
    OutboxMessage,
    PurgeCertificate,
    Recording,
    RecordingFile,
    RecordingStatus,
    Usage,
    User,
)
from services.providers.storage.base import FileMissing, PartRules, Storage
from services.providers.storage.local import LocalStorage
from services.providers.storage.registry import store
from services.recordings import places, purging, transferring
from tests.services.recording_rows import a_held_session, a_pair, a_recording
from tests.services.rows import saved
from tests.support.servers import environment_of
from tests.support.studio import stored

RECORDER, LOCAL = "recorder", "local"
SMALL = PartRules(smallest=1, usual=2**20)
"""The smallest parts that there are."""
_ENDINGS = {"mp4": FileKind.VIDEO, "m3u8": FileKind.PLAYLIST, "ts": FileKind.SEGMENT}


def bytes_of(size: int, seed: int = 1) -> bytes:
    """So many bytes that look like nothing else."""
    block = bytes((seed * 31 + number * 7) % 256 for number in range(251))
    return (block * (size // 251 + 1))[:size]


def on_its_way(
    files: Mapping[str, bytes], session: MentoringSession | None = None, **fields: object
) -> Recording:
    """A recording whose recorder has left these files, which were found there."""
    meeting = session or a_held_session(a_pair())
    usual: dict[str, object] = {
        "source": settings().recording_source,
        "prefix": f"{meeting.id:032}",
        "look_at": clock.utc_now(),
    }
    recording = a_recording(meeting, RecordingStatus.TRANSFERRING, **usual | fields)
    for number, (name, content) in enumerate(files.items(), 1):
        left(recording, name, content)
        saved(
            RecordingFile(
                recording_id=recording.id,
                name=name,
                kind=_ENDINGS.get(name.rpartition(".")[2], FileKind.OTHER),
                source=recording.source,
                source_key=f"{recording.prefix}/{name}",
                store=settings().storage_default,
                key=places.key_for(recording.public_id, number, name),
                bytes=len(content),
            )
        )
    return recording


def left(recording: Recording, name: str, content: bytes) -> str:
    """The recorder writes a file into its store; its key."""
    key = f"{recording.prefix}/{name}"
    at = store(recording.source)
    if isinstance(at, LocalStorage):  # recorders name files as they like
        path = Path(settings().stores[recording.source].bucket) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    else:
        at.put(key, io.BytesIO(content))
    return key


def now(recording: Recording) -> Recording:
    """As it is stored now."""
    with db.reading() as session:
        return session.get_one(Recording, recording.id)


def files(recording: Recording) -> list[RecordingFile]:
    """Its files as they are stored now."""
    with db.reading() as session:
        return list(places.files_of(session, recording.id, *FileStatus))


def read(name: str, key: str) -> bytes | None:
    """What a store has under a key; None: nothing."""
    try:
        with store(name).open(key) as content:
            return content.read()
    except FileMissing:
        return None


def lying(name: str) -> dict[str, int]:
    """What a store lists: the versions under each key."""
    found: dict[str, int] = {}
    for version in store(name).list_versions():
        found[version.key] = found.get(version.key, 0) + 1
    return found


def arrived(recording: Recording) -> dict[str, bytes | None]:
    """The content of its files, read where their rows say, by the recorder's names."""
    return {
        file.name: read(*place) if (place := places.place_of(file)) else None
        for file in files(recording)
    }


def small_parts(*names: str) -> None:
    """These folders take files in the smallest parts."""
    for name in names or (LOCAL,):
        cast(LocalStorage, store(name)).part_rules = SMALL


def told(kind: str) -> int:
    """How many lines of a kind are in the app."""
    return sum(row.kind == kind for row in stored(Notification))


def mailed(kind: str) -> int:
    """How many mails of a kind wait."""
    mails = [row for row in stored(OutboxMessage) if row.kind == "mail"]
    return sum(row.data["template"] == kind for row in mails)


def used() -> list[tuple[str, str, int]]:
    """What was noted for the costs: kind, store, amount."""
    return sorted((row.kind.value, row.place, row.amount) for row in stored(Usage))


def person(session: MentoringSession, *, mentor: bool = False) -> User:
    """The mentee of a session, or its mentor."""
    with db.reading() as reading:
        return reading.get_one(User, session.mentor_user_id if mentor else session.mentee_id)


def certificate() -> PurgeCertificate:
    """The only one that there is."""
    [row] = stored(PurgeCertificate)
    return row


@contextmanager
def stores(**folders: str) -> Iterator[None]:
    """More folders as stores, by their names; STORAGE_DEFAULT and RECORDING_SOURCE may be among
    the arguments."""
    values: dict[str, str] = {}
    for name, value in folders.items():
        if name in ("STORAGE_DEFAULT", "RECORDING_SOURCE"):
            values[name] = value
        else:
            values[f"STORAGE_{name.upper()}_KIND"] = "local"
            values[f"STORAGE_{name.upper()}_BUCKET"] = value
    with environment_of(values):
        yield


@contextmanager
def later(**duration: float) -> Iterator[datetime]:
    """Some time after."""
    with ExitStack() as stack:
        stack.enter_context(clock.at(clock.utc_now() + timedelta(**duration)))
        yield clock.utc_now()


def whole_way(recording: Recording) -> Recording:
    """The recording after a worker's turn, ready."""
    transferring.transfer_due()
    ready = now(recording)
    assert ready.status is RecordingStatus.READY, ready.trouble
    return ready


def asked(recording: Recording, reason: str = "") -> bool:
    """Somebody asks for it to be deleted."""
    from services.audit import SYSTEM
    from services.recordings.reasons import RETENTION

    with db.transaction() as tx:
        row = tx.get_one(Recording, recording.id)
        return purging.ask(tx, recording=row, reason=reason or RETENTION, actor=SYSTEM)


def only_store() -> Storage:
    """Where recordings are kept by default."""
    return store(settings().storage_default)

"""Recordings in every state, for tests of what is seen of them: rows, and files in their stores."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from services import clock, db
from services.models import (
    RUNNING,
    Consent,
    ConsentAnswer,
    FileKind,
    FileStatus,
    MentoringSession,
    Pack,
    Recording,
    RecordingFile,
    RecordingStatus,
    SessionStatus,
    User,
)
from services.providers.storage.registry import store
from services.store_settings import LOCAL
from tests.services.rows import a_mentor, a_pack, a_seat, a_session, a_user, saved

FILM = Path("mentorships/sandbox/samples/recording.mp4")
SLICE = Path("mentorships/sandbox/samples/recording.ts")
DAY = timedelta(days=1)
_numbers = count(1)


def a_pair(mentee: str = "Nora Novak", mentor: str = "Mina Mentor") -> Pack:
    """The pack of a mentee with a mentor."""
    return a_pack(a_seat(a_user(mentee), a_mentor(mentor)))


def a_held_session(pack: Pack, *, days_ago: float = 1) -> MentoringSession:
    """A session that took place."""
    starts_at = clock.utc_now() - timedelta(days=days_ago)
    return a_session(pack, starts_at, status=SessionStatus.COMPLETED)


def a_recording(
    session: MentoringSession, status: RecordingStatus = RecordingStatus.READY, **fields: Any
) -> Recording:
    """A recording of a session, with the instants that belong to its status."""
    number = fields.pop("number", 1)
    usual: dict[str, Any] = {
        "session_id": session.id,
        "number": number,
        "status": status,
        "channel": "channel",
        "uid": 1000 + 10 * number,
        "source": "recorder",
        "prefix": f"prefix{next(_numbers)}",
        "began_at": session.starts_at,
        "recording_at": session.starts_at,
    }
    if status not in RUNNING:
        usual |= {"seconds": 3_600, "keep_until": session.ends_at + 30 * DAY}
    if status is RecordingStatus.READY:
        usual["ready_at"] = session.ends_at
    if status is RecordingStatus.PURGED:
        usual["purged_at"] = clock.utc_now()
    return saved(Recording(**usual | fields))


def a_file(
    recording: Recording,
    content: bytes = b"film",
    *,
    kind: FileKind = FileKind.VIDEO,
    name: str = "",
    place: str = LOCAL,
    **fields: Any,
) -> RecordingFile:
    """A file of a recording that lies, checked, in a store."""
    number = next(_numbers)
    name = name or f"{number:06}{_ENDINGS[kind]}"
    key = f"recordings/{recording.public_id}/{number}{_ENDINGS[kind]}"
    usual: dict[str, Any] = {
        "recording_id": recording.id,
        "name": name,
        "kind": kind,
        "status": FileStatus.CHECKED,
        "source": "",
        "source_key": f"{recording.prefix}/{name}",
        "store": place,
        "key": key,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "checked_at": clock.utc_now(),
    }
    row = saved(RecordingFile(**usual | fields))
    if row.status is FileStatus.CHECKED:
        store(row.store).put(row.key, io.BytesIO(content))
    return row


def waiting(source: str, size: int) -> dict[str, Any]:
    """What makes `a_file` one that lies in the store `source` still."""
    unknown = {"sha256": "", "checked_at": None}
    return {"status": FileStatus.WAITING, "source": source, "bytes": size, **unknown}


def answered(
    session: MentoringSession, user_id: int, answer: ConsentAnswer = ConsentAnswer.GRANTED
) -> Consent:
    """Somebody's answer about being recorded."""
    return saved(
        Consent(
            session_id=session.id,
            user_id=user_id,  # pyright: ignore[reportArgumentType]  # a row's own id
            answer=answer,
            text_version="1",
            answered_at=clock.utc_now(),
        )
    )


def mentor_user(session: MentoringSession) -> User:
    """The mentor's account."""
    with db.reading() as reading:
        return reading.get_one(User, session.mentor_user_id)


def mentee_user(session: MentoringSession) -> User:
    """The mentee's account."""
    with db.reading() as reading:
        return reading.get_one(User, session.mentee_id)


_ENDINGS = {
    FileKind.VIDEO: ".mp4",
    FileKind.PLAYLIST: ".m3u8",
    FileKind.SEGMENT: ".ts",
    FileKind.OTHER: ".bin",
}

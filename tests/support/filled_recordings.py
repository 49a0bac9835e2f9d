"""A row in every table of consent and recordings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.ids import UserId
from services.models import (
    Access,
    Consent,
    ConsentAnswer,
    FileKind,
    FileStatus,
    MentoringSession,
    Orphan,
    OrphanKind,
    PurgeCertificate,
    Recording,
    RecordingAccess,
    RecordingFile,
    RecordingStatus,
)
from tests.services.rows import saved

GIGABYTE = 10**9
SHA256 = "5f" * 32
STORE, KEY = "local", "recordings/rec_1/1.mp4"


def recorded(session: MentoringSession, mentee_id: UserId) -> Recording:
    """A row in every table of a session's recording: it is ready, was watched, its file checked;
    another one is purged, and proved so."""
    consent = ConsentAnswer.GRANTED
    saved(Consent(session_id=session.id, user_id=mentee_id, answer=consent, text_version="2026-11"))
    recording = saved(a_recording(session))
    file = saved(a_file(recording))
    saved(an_access(recording, file, mentee_id))
    purged = saved(
        a_recording(session, number=2, status=RecordingStatus.PURGED, purged_at=session.ends_at)
    )
    saved(a_certificate(purged))
    saved(an_orphan())
    return recording


def a_recording(session: MentoringSession, **changes: Any) -> Recording:
    """A session's first recording, ready, unwritten."""
    fields: dict[str, Any] = {
        "session_id": session.id,
        "number": 1,
        "status": RecordingStatus.READY,
        "channel": "channel1",
        "uid": 1_010,
        "source": "recorder",
        "prefix": "0f" * 16,
        "began_at": session.starts_at,
        "ready_at": session.ends_at,
        "seconds": 3_600,
        "keep_until": session.ends_at + timedelta(days=30),
    }
    return Recording(**fields | changes)


def a_file(recording: Recording, **changes: Any) -> RecordingFile:
    """A recording's one file, checked, unwritten."""
    checked: datetime = recording.ready_at or recording.began_at
    fields: dict[str, Any] = {
        "recording_id": recording.id,
        "name": "0.mp4",
        "kind": FileKind.VIDEO,
        "status": FileStatus.CHECKED,
        "source": "recorder",
        "source_key": "0f/0.mp4",
        "store": STORE,
        "key": KEY,
        "bytes": GIGABYTE,
        "sha256": SHA256,
        "copied": GIGABYTE,
        "checked_at": checked,
    }
    return RecordingFile(**fields | changes)


def an_access(recording: Recording, file: RecordingFile, user_id: UserId) -> RecordingAccess:
    """Somebody watched, unwritten."""
    about: dict[str, Any] = {"recording_id": recording.id, "file_id": file.id}
    return RecordingAccess(user_id=user_id, how=Access.WATCHED, **about)


def a_certificate(recording: Recording) -> PurgeCertificate:
    """That a recording is deleted, unwritten."""
    return PurgeCertificate(
        recording_id=recording.id,
        reason="The time to keep it was over.",
        versions=1,
        bytes=GIGABYTE,
        listed_at=recording.began_at,
    )


def an_orphan(**changes: Any) -> Orphan:
    """Always the same file that no row knows, unwritten."""
    fields: dict[str, Any] = {
        "kind": OrphanKind.FILE_WITHOUT_ROW,
        "store": STORE,
        "key": "recordings/unknown.mp4",
    }
    return Orphan(**fields | changes)

"""A session with a recording of every face, for the journeys and for the pictures of all pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services import clock
from services.consent_text import TEXT_VERSION
from services.models import (
    Access,
    Consent,
    ConsentAnswer,
    FileKind,
    FileStatus,
    MentoringSession,
    PurgeCertificate,
    Recording,
    RecordingAccess,
    RecordingStatus,
)
from services.recordings.reasons import RETENTION
from tests.services.recording_rows import FILM, SLICE, a_file, a_recording
from tests.services.rows import saved

DAY = timedelta(days=1)
GB = 10**9


@dataclass(frozen=True)
class Films:
    """The public ids: of the session, and of one recording of each face."""

    session: str
    ready: str
    parts: str
    stream: str
    coming: str
    failed: str
    held: str
    going: str
    gone: str


def made(session: MentoringSession) -> Films:
    """Recordings of a session that took place: watched, on their way, failed, held, deleted."""
    _agreed(session)
    ready = _ready(session, 1)
    parts = _ready(session, 2, films=3)
    coming = a_recording(session, RecordingStatus.TRANSFERRING, number=4, seconds=3_480)
    a_file(
        coming,
        name="sid_channel_0.mp4",
        status=FileStatus.WAITING,
        checked_at=None,
        bytes=1_180_000_000,
        copied=531_000_000,
    )
    failed = a_recording(
        session,
        RecordingStatus.FAILED,
        number=5,
        seconds=0,
        trouble="The recorder heard and saw nothing for five minutes, so it left.",
    )
    why = "A question about this session is open."
    held = _ready(session, 6, held_at=clock.utc_now() - DAY, hold_reason=why)
    going = _ready(session, 7, purge_asked_at=clock.utc_now(), purge_reason=RETENTION)
    return Films(
        session=session.public_id,
        ready=ready.public_id,
        parts=parts.public_id,
        stream=_stream(session).public_id,
        coming=coming.public_id,
        failed=failed.public_id,
        held=held.public_id,
        going=going.public_id,
        gone=_gone(session).public_id,
    )


def _agreed(session: MentoringSession) -> None:
    for person in (session.mentee_id, session.mentor_user_id):
        saved(
            Consent(
                session_id=session.id,
                user_id=person,
                answer=ConsentAnswer.GRANTED,
                text_version=TEXT_VERSION,
                answered_at=session.starts_at,
            )
        )


def _ready(session: MentoringSession, number: int, *, films: int = 1, **fields: Any) -> Recording:
    recording = a_recording(session, number=number, seconds=3_480, **fields)
    for part in range(films):
        file = a_file(recording, FILM.read_bytes(), name=f"sid_channel_{part}.mp4")
        if part == 0:
            for person, how in (
                (session.mentor_user_id, Access.WATCHED),
                (session.mentee_id, Access.DOWNLOADED),
            ):
                saved(
                    RecordingAccess(
                        recording_id=recording.id,
                        file_id=file.id,
                        user_id=person,
                        how=how,
                        at=clock.utc_now() - DAY,
                    )
                )
    return recording


def _stream(session: MentoringSession) -> Recording:
    recording = a_recording(session, number=3, seconds=12)
    pieces = [
        a_file(recording, SLICE.read_bytes(), kind=FileKind.SEGMENT, name=f"sid_channel_{part}.ts")
        for part in (0, 1)
    ]
    listed = "".join(f"#EXT-X-DISCONTINUITY\n#EXTINF:6.0,\n{piece.name}\n" for piece in pieces)
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-TARGETDURATION:7\n"
    content = f"{head}{listed}#EXT-X-ENDLIST\n".encode()
    a_file(recording, content, kind=FileKind.PLAYLIST, name="sid_channel.m3u8")
    return recording


def _gone(session: MentoringSession) -> Recording:
    recording = a_recording(
        session, RecordingStatus.PURGED, number=8, seconds=3_480, purge_reason=RETENTION
    )
    lines = [{"key": f"recordings/{recording.public_id}/1.mp4", "bytes": GB, "versions": 2}]
    saved(
        PurgeCertificate(
            recording_id=recording.id,
            reason=RETENTION,
            files=lines,
            places=[f"local recordings/{recording.public_id}/"],
            versions=2,
            bytes=GB,
            listed_at=clock.utc_now(),
        )
    )
    return recording

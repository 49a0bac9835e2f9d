"""What the export holds of recordings: one's consents, the recordings that one is on, their files,
and that they were deleted. Who watched them has a rule of its own (`told`)."""

from __future__ import annotations

from services import models as m
from services.privacy.which import File, Person, by_recording, by_user


def _recordings_hide(_row: m.Recording, _person: Person) -> frozenset[str]:
    """How programs ran that made it."""
    recorder = {"channel", "uid", "mode", "resource_id", "sid", "source", "prefix", "seen"}
    worker = {"started_at", "absent_since", "look_at", "lease", "tries", "trouble", "reminded_of"}
    return frozenset(recorder | worker)


def _files_hide(_row: m.RecordingFile, _person: Person) -> frozenset[str]:
    """Where it lay, and how it came there."""
    place = {"name", "source", "source_key", "source_since", "store", "key"}
    return frozenset(place | {"upload", "parts", "copied", "began_at"})


def _certificates_hide(_row: m.PurgeCertificate, _person: Person) -> frozenset[str]:
    return frozenset({"files", "places"})


RECORDED: tuple[File, ...] = (
    File(
        m.Consent,
        "recording_consents",
        "What you answered about being recorded.",
        by_user(m.Consent.user_id),
    ),
    File(
        m.Recording,
        "recordings",
        "Recordings of your sessions.",
        by_recording(m.Recording.id),
        _recordings_hide,
    ),
    File(
        m.RecordingFile,
        "recording_files",
        "Their files.",
        by_recording(m.RecordingFile.recording_id),
        _files_hide,
    ),
    File(
        m.PurgeCertificate,
        "recording_deletions",
        "That they were deleted, and when that was proved.",
        by_recording(m.PurgeCertificate.recording_id),
        _certificates_hide,
    ),
)

"""The files of a recording as an admin sees them: where each one lies, how far it is, and the proof
that it is gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.models import FileStatus, RecordingStatus
from services.recordings.views import CertificateView, FileView, RecordingView
from state.recording_words import FILE_KIND, FILE_STATUS, arrived, weight
from state.shown import NEVER, Moment, count, moment


@dataclass(frozen=True)
class FileLine:
    """A file; while it is on its way, `copied` thousandths of it have arrived."""

    public_id: str = ""
    name: str = ""
    kind: str = ""
    status: str = ""
    tone: str = "quiet"
    at: Moment = NEVER
    store: str = ""
    key: str = ""
    origin: str = ""
    size: str = ""
    sha256: str = ""
    copied: int = 0
    progress: str = ""


@dataclass(frozen=True)
class PurgedLine:
    """A file that is proved to be gone."""

    key: str = ""
    size: str = ""
    sha256: str = ""
    versions: str = ""


@dataclass(frozen=True)
class Proof:
    """The certificate of a purge; `public_id` is "" where there is none."""

    public_id: str = ""
    reason: str = ""
    by: str = ""
    gone: str = ""
    places: list[str] = field(default_factory=list[str])
    listed: Moment = NEVER


def file_lines(files: Iterable[FileView], *, moving: bool, zone: str) -> list[FileLine]:
    """The files in words; `moving` when they are on their way at all."""
    return [_line(one, moving, zone) for one in files]


def may_retry(view: RecordingView) -> bool:
    """Whether something of it could be tried at once: it failed with files that never arrived, or
    before any were found, or it waits before a worker tries again."""
    row = view.row
    if row.status is RecordingStatus.FAILED:
        missing = any(file.status is FileStatus.WAITING for file in view.files)
        return not row.purging and (missing or bool(view.sid and not view.files))
    return row.tries > 0 and not row.purging and row.purged_at is None and not row.running


def proof_of(found: CertificateView | None, zone: str) -> Proof:
    """The certificate in words."""
    if found is None:
        return Proof()
    return Proof(
        public_id=found.public_id,
        reason=found.reason,
        by=found.by_name,
        gone=f"{count(found.files, 'file')}, {count(found.versions, 'version')}, "
        f"{weight(found.bytes)}",
        places=list(found.places),
        listed=moment(found.listed_at, zone),
    )


def purged_lines(found: CertificateView | None) -> list[PurgedLine]:
    """The files that it names."""
    lines = found.lines if found else ()
    return [PurgedLine(one.key, weight(one.bytes), one.sha256, str(one.versions)) for one in lines]


def _line(one: FileView, moving: bool, zone: str) -> FileLine:
    words, tone = FILE_STATUS[one.status]
    waits = one.status is FileStatus.WAITING
    return FileLine(
        public_id=one.public_id,
        name=one.name,
        kind=f"{FILE_KIND[one.kind]} {one.part}" if one.part else FILE_KIND[one.kind],
        status=words if moving or not waits else "did not arrive",
        tone=tone if moving or not waits else "bad",
        at=moment(one.gone_at or one.checked_at, zone),
        store=one.store,
        key=one.key,
        origin=f"from {one.from_store}" if waits and one.from_store else "",
        size=weight(one.bytes),
        sha256=one.sha256,
        copied=one.copied * 1_000 // one.bytes if waits and one.bytes else 0,
        progress=arrived(one.copied, one.bytes) if waits and moving and one.bytes else "",
    )

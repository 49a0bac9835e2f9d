"""What is read of recordings: rows of lists, one recording whole, and what a session has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.models import (
    RUNNING,
    Access,
    ConsentAnswer,
    FileKind,
    FileStatus,
    RecordingStatus,
)
from services.sessions.views import HistoryLine, Side


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One recording as lists show it, with the session that it is of. `session` and `mentee` are
    public ids; `mentee_email` is filled for admins only.

    `number` counts the recordings of its session from 1. `seconds` is what was recorded, 0 while it
    runs. `bytes` is the size of all files and `copied` how much of that has arrived at its place;
    `stores` says where they are, or were. `videos` are the films among the files. `purging`: it is
    to be deleted, whatever else was to be done with it. `trouble` is what stands against it, in
    words for people.
    """

    public_id: str
    number: int
    status: RecordingStatus
    began_at: datetime
    ready_at: datetime | None
    seconds: int
    bytes: int
    copied: int
    files: int
    videos: int
    stores: tuple[str, ...]
    tries: int
    trouble: str
    keep_until: datetime | None
    extended: bool
    held: bool
    purging: bool
    purged_at: datetime | None
    session: str
    starts_at: datetime
    ends_at: datetime
    mentee: str
    mentee_name: str
    mentee_email: str
    mentor_slug: str
    mentor_name: str
    mentor_photo: str | None

    @property
    def running(self) -> bool:
        """Whether a recorder is, or may be, in the room."""
        return self.status in RUNNING

    @property
    def watchable(self) -> bool:
        """Whether its files may be watched and downloaded."""
        return self.status is RecordingStatus.READY and not self.purging

    @property
    def percent(self) -> int:
        """How much of the files has arrived: 100 only when all of it has."""
        return self.copied * 100 // self.bytes if self.bytes else 0


@dataclass(frozen=True, slots=True)
class FileView:
    """One file of a recording. What is watched (`services.recordings.parts`) is counted from 1 in
    `part`, in the order of its time; the rest has 0.

    `name` is the recorder's, `store` and `key` are where it is (`from_store`: where it comes from,
    "" when nothing is left to clear there); all four are filled for admins only.
    """

    public_id: str
    kind: FileKind
    status: FileStatus
    part: int
    bytes: int
    copied: int
    sha256: str
    checked_at: datetime | None
    gone_at: datetime | None
    removed: int
    name: str = ""
    store: str = ""
    key: str = ""
    from_store: str = ""


@dataclass(frozen=True, slots=True)
class AccessView:
    """Somebody was given a link. `name` is empty for an admin, unless an admin reads it."""

    at: datetime
    how: Access
    side: Side
    name: str
    part: int


@dataclass(frozen=True, slots=True)
class PurgedFile:
    """One file of a certificate; `versions` of it were removed."""

    key: str
    bytes: int
    sha256: str
    versions: int


@dataclass(frozen=True, slots=True)
class CertificateView:
    """That the files are deleted: `listed_at` is when a listing showed nothing any more. `places`
    are what was looked through, and `lines` the files; both are filled for admins only."""

    public_id: str
    reason: str
    versions: int
    bytes: int
    files: int
    listed_at: datetime
    places: tuple[str, ...] = ()
    lines: tuple[PurgedFile, ...] = ()
    by_name: str = ""


@dataclass(frozen=True, slots=True)
class ConsentView:
    """One person's answer about being recorded; None: not asked, or not answered, which is no."""

    side: Side
    name: str
    mine: bool
    answer: ConsentAnswer | None
    text_version: str
    answered_at: datetime | None

    @property
    def granted(self) -> bool:
        """Whether they agreed, to whatever version of the text."""
        return self.answer is ConsentAnswer.GRANTED


@dataclass(frozen=True, slots=True)
class SessionRecordings:
    """What a session has of recordings: its two people's answers, the mentee's first, and the
    recordings by number. `answerable`: a yes still makes sense, since the session may yet be
    recorded."""

    consents: tuple[ConsentView, ...]
    recordings: tuple[RecordingRow, ...]
    answerable: bool

    @property
    def running(self) -> RecordingRow | None:
        """The one that runs now."""
        return next((row for row in self.recordings if row.running), None)

    @property
    def mine(self) -> ConsentView | None:
        """The reader's own answer; None for an admin."""
        return next((one for one in self.consents if one.mine), None)


@dataclass(frozen=True, slots=True)
class RecordingView:
    """One recording whole, for one of its two people or an admin.

    `extend_reason` and `hold_reason` are what the admin said to both people. `accesses` are the
    newest ones, the last one first, of `accessed` in all. From `sid` on it is filled for admins
    only: what the recorder is called at the video service, the store that it writes to, when a
    worker looks at it next, and what was done to it, the oldest first.
    """

    row: RecordingRow
    side: Side
    files: tuple[FileView, ...]
    consents: tuple[ConsentView, ...]
    accesses: tuple[AccessView, ...]
    accessed: int
    certificate: CertificateView | None
    started_at: datetime | None
    recording_at: datetime | None
    stopped_at: datetime | None
    stop_reason: str
    extend_reason: str
    hold_reason: str
    held_at: datetime | None
    purge_asked_at: datetime | None
    purge_reason: str
    sid: str = ""
    source: str = ""
    look_at: datetime | None = None
    history: tuple[HistoryLine, ...] = ()

    @property
    def parts(self) -> tuple[FileView, ...]:
        """What is watched, in the order of its time."""
        return tuple(file for file in self.files if file.part)

# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""What people answered about being recorded, the recordings, and what became of their files."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import RecordingFileId, RecordingId, SessionId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class ConsentAnswer(StrEnum):
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Consent(SQLModel, table=True):
    """One person's answer about one session's recording, to one version of the text.

    No row is no answer, and no answer is no consent. Earlier answers are in the audit trail.
    """

    __tablename__ = "consent"
    __table_args__ = (Index("uq_consent", "session_id", "user_id", unique=True),)

    id: int = pk()
    session_id: SessionId = fk("mentoring_session.id", index=False)
    user_id: UserId = fk("user.id")
    answer: ConsentAnswer = choice(ConsentAnswer, name="consent_answer")
    text_version: str = text(20)
    answered_at: datetime = instant()


class RecordingStatus(StrEnum):
    STARTING = "starting"
    RECORDING = "recording"
    STOPPING = "stopping"
    TRANSFERRING = "transferring"
    READY = "ready"
    FAILED = "failed"
    PURGED = "purged"


RUNNING = frozenset({RecordingStatus.STARTING, RecordingStatus.RECORDING, RecordingStatus.STOPPING})
"""A recorder is, or may be, in the room: a session has one of them at most."""

_RUNNING = "status IN ('starting', 'recording', 'stopping')"
_LOOKED_AT = "look_at IS NOT NULL"
_KEPT = "keep_until IS NOT NULL AND purged_at IS NULL"
_TROUBLED = "trouble <> '' AND purged_at IS NULL"
_UNPURGED = "purged_at IS NULL"
_HELD = "held_at IS NOT NULL"
_GOING = "purge_asked_at IS NOT NULL AND purged_at IS NULL"
_CHECKED, _WAITING = "status = 'checked'", "status = 'waiting'"


class Recording(SQLModel, table=True):
    """One recorder's work in one session, and its files; a session may have several, by `number`.

    The recorder: `uid` in the room, `resource_id` while it is reserved, `sid` once it was started
    ("" as long as the video service has not told it), `prefix` below which it writes into the store
    `source`. `look_at` is when a worker looks at this row next (None: nothing is left to do); while
    one has taken it, under the name in `lease`, it is until when that lasts. `absent_since` is when
    the video service first said that it does not know the recorder; `seen` is what was seen and
    heard of it so far: the numbers that it was tried under, what the service has named, how the
    bucket looked, which must not change any more before it counts.

    The files are kept in their stores until `keep_until` (None while it runs); `reminded_of` is the
    end that both people were reminded of. `purge_asked_at` says that the files are to be deleted,
    whatever else was to be done with them; only a hold (`held_at`) stands above that.
    """

    __tablename__ = "recording"
    __table_args__ = (
        Index("uq_recording_number", "session_id", "number", unique=True),
        Index(
            "uq_recording_running",
            "session_id",
            unique=True,
            sqlite_where=sql(_RUNNING),
            postgresql_where=sql(_RUNNING),
        ),
        Index(
            "ix_recording_look_at",
            "look_at",
            sqlite_where=sql(_LOOKED_AT),
            postgresql_where=sql(_LOOKED_AT),
        ),
        Index(
            "ix_recording_keep_until",
            "keep_until",
            "seconds",
            "held_at",
            sqlite_where=sql(_KEPT),
            postgresql_where=sql(_KEPT),
        ),
        *(
            Index(name, "began_at", "id", sqlite_where=sql(few), postgresql_where=sql(few))
            for name, few in (
                ("ix_recording_troubled", _TROUBLED),
                ("ix_recording_held", _HELD),
                ("ix_recording_going", _GOING),
            )
        ),
        Index("ix_recording_status_began_at", "status", "began_at"),
        Index("ix_recording_began_at_id", "began_at", "id"),
        Index("ix_recording_sid", "sid"),
        Index("ix_recording_prefix", "prefix"),
        Index(
            "ix_recording_source",
            "source",
            "keep_until",
            sqlite_where=sql(_UNPURGED),
            postgresql_where=sql(_UNPURGED),
        ),
        CheckConstraint("seconds >= 0", name="seconds_not_negative"),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("(status = 'purged') = (purged_at IS NOT NULL)", name="purged_when_purged"),
        CheckConstraint(
            "status NOT IN ('ready', 'failed', 'purged') OR keep_until IS NOT NULL",
            name="kept_until_when_ended",
        ),
        CheckConstraint("held_at IS NULL OR hold_reason <> ''", name="hold_reason_when_held"),
    )

    id: RecordingId = pk()
    public_id: str = public_id("rec")
    session_id: SessionId = fk("mentoring_session.id", index=False)
    number: int
    status: RecordingStatus = choice(
        RecordingStatus, RecordingStatus.STARTING, name="recording_status"
    )
    channel: str = text(64)
    uid: int = Field(sa_type=BigInteger)
    mode: str = text(20, default="mix")
    resource_id: str = Field(default="", sa_type=Text)
    sid: str = text(255, default="")
    source: str = text(40)
    prefix: str = text(128)
    seen: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    began_at: datetime = instant()
    started_at: datetime | None = instant(nullable=True)
    recording_at: datetime | None = instant(nullable=True)
    stop_asked_at: datetime | None = instant(nullable=True)
    stop_reason: str = text(300, default="")
    stopped_at: datetime | None = instant(nullable=True)
    absent_since: datetime | None = instant(nullable=True)
    ready_at: datetime | None = instant(nullable=True)
    seconds: int = Field(default=0)
    look_at: datetime | None = instant(nullable=True)
    lease: str = text(40, default="")
    tries: int = Field(default=0)
    trouble: str = text(300, default="")
    keep_until: datetime | None = instant(nullable=True)
    reminded_of: datetime | None = instant(nullable=True)
    extended_by: UserId | None = fk("user.id", nullable=True, index=False)
    extend_reason: str = text(300, default="")
    held_at: datetime | None = instant(nullable=True)
    held_by: UserId | None = fk("user.id", nullable=True, index=False)
    hold_reason: str = text(300, default="")
    purge_asked_at: datetime | None = instant(nullable=True)
    purge_reason: str = text(300, default="")
    purge_asked_by: UserId | None = fk("user.id", nullable=True, index=False)
    purged_at: datetime | None = instant(nullable=True)


class FileKind(StrEnum):
    VIDEO = "video"
    PLAYLIST = "playlist"
    SEGMENT = "segment"
    OTHER = "other"


class FileStatus(StrEnum):
    WAITING = "waiting"
    CHECKED = "checked"
    GONE = "gone"


class RecordingFile(SQLModel, table=True):
    """One file of a recording.

    WAITING: it lies at (`source`, `source_key`) and is on its way to (`store`, `key`), in the parts
    of `upload` of which `copied` bytes have arrived. CHECKED: it is at (`store`, `key`), with the
    size and the SHA-256 that stand here; while `source` is not "", its old place is still to be
    cleared. GONE: every version of it is deleted.

    A file that is moved to another store is WAITING again: until then it is read from its source,
    where it has been, checked, since `source_since` (None: the source is the recorder's).
    `removed` counts the versions that were deleted of it.
    """

    __tablename__ = "recording_file"
    __table_args__ = (
        Index("uq_recording_file_name", "recording_id", "name", unique=True),
        Index("ix_recording_file_store_key", "store", "key"),
        *(
            Index(name, *columns, sqlite_where=sql(few), postgresql_where=sql(few))
            for name, columns, few in (
                (
                    "ix_recording_file_checked",
                    ("store", "id", "recording_id", "bytes", "checked_at"),
                    _CHECKED,
                ),
                ("ix_recording_file_arriving", ("store",), _WAITING),
                ("ix_recording_file_leaving", ("source", "id"), _WAITING),
            )
        ),
        Index("ix_recording_file_source_source_key", "source", "source_key"),
        CheckConstraint("bytes >= 0 AND copied >= 0 AND removed >= 0", name="not_negative"),
        CheckConstraint(
            "status = 'waiting' OR length(sha256) = 64 OR checked_at IS NULL",
            name="sha256_when_checked",
        ),
        CheckConstraint(
            "status <> 'checked' OR (checked_at IS NOT NULL AND bytes > 0)", name="checked_is_whole"
        ),
        CheckConstraint("(status = 'gone') = (gone_at IS NOT NULL)", name="gone_at_when_gone"),
    )

    id: RecordingFileId = pk()
    public_id: str = public_id("fil")
    recording_id: RecordingId = fk("recording.id", index=False)
    name: str = text(240)
    kind: FileKind = choice(FileKind, name="file_kind")
    status: FileStatus = choice(FileStatus, FileStatus.WAITING, name="file_status")
    source: str = text(40)
    source_key: str = text(1024)
    source_since: datetime | None = instant(nullable=True)
    store: str = text(40)
    key: str = text(1024)
    bytes: int = Field(default=0, sa_type=BigInteger)
    sha256: str = text(64, default="")
    upload: str = text(1024, default="")
    parts: list[Any] = Field(default_factory=list, sa_type=JSON)
    copied: int = Field(default=0, sa_type=BigInteger)
    removed: int = Field(default=0)
    began_at: datetime | None = instant(nullable=True)
    checked_at: datetime | None = instant(nullable=True)
    gone_at: datetime | None = instant(nullable=True)


class PurgeCertificate(SQLModel, table=True):
    """That a recording's files are deleted: which, why, and when a listing showed nothing any more.
    Append-only: triggers refuse update and delete."""

    __tablename__ = "purge_certificate"

    id: int = pk()
    public_id: str = public_id("pur")
    recording_id: RecordingId = fk("recording.id", unique=True)
    reason: str = text(300)
    by_id: UserId | None = fk("user.id", nullable=True, index=False)
    files: list[Any] = Field(default_factory=list, sa_type=JSON)
    places: list[Any] = Field(default_factory=list, sa_type=JSON)
    versions: int
    bytes: int = Field(sa_type=BigInteger)
    listed_at: datetime = instant()
    created_at: datetime = instant()


class Access(StrEnum):
    WATCHED = "watched"
    DOWNLOADED = "downloaded"


class RecordingAccess(SQLModel, table=True):
    """Somebody asked for a recording's file, and was given a link. Append-only."""

    __tablename__ = "recording_access"
    __table_args__ = (Index("ix_recording_access_recording_id_at", "recording_id", "at"),)

    id: int = pk()
    recording_id: RecordingId = fk("recording.id", index=False)
    file_id: RecordingFileId = fk("recording_file.id", index=False)
    user_id: UserId = fk("user.id")
    how: Access = choice(Access, name="recording_access_how")
    at: datetime = instant()


class OrphanKind(StrEnum):
    FILE_WITHOUT_ROW = "file without row"
    ROW_WITHOUT_FILE = "row without file"


class Orphan(SQLModel, table=True):
    """A file that no row knows, or a row whose file is missing, since the nightly check found it;
    `settled_at` when it is so no more, and how."""

    __tablename__ = "orphan"
    __table_args__ = (
        Index(
            "uq_orphan_open",
            "store",
            "key",
            unique=True,
            sqlite_where=sql("settled_at IS NULL"),
            postgresql_where=sql("settled_at IS NULL"),
        ),
        Index("ix_orphan_settled_at_found_at", "settled_at", "found_at"),
        CheckConstraint("bytes >= 0", name="bytes_not_negative"),
    )

    id: int = pk()
    public_id: str = public_id("orp")
    kind: OrphanKind = choice(OrphanKind, name="orphan_kind")
    store: str = text(40)
    key: str = text(1024)
    bytes: int = Field(default=0, sa_type=BigInteger)
    recording_id: RecordingId | None = fk("recording.id", nullable=True)
    found_at: datetime = instant()
    seen_at: datetime = instant()
    settled_at: datetime | None = instant(nullable=True)
    settled_by: UserId | None = fk("user.id", nullable=True, index=False)
    settled_how: str = text(200, default="")

"""Links to recordings: made on demand for one person, good for an hour, written down.

A store's own link leads to the store, or to the CDN before it. Where a store makes none, and for a
stream, whose list is written anew for each reader and whose segments are saved as one film, the
link leads to us: it is signed, names its reader, and opens for whoever is signed in as that person
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast
from zoneinfo import ZoneInfo

from itsdangerous import BadData, URLSafeSerializer
from limits import parse
from sqlmodel import Session, col, select

from services import access, audit, clock, costs, db, inputs, locking, ratelimits, topics
from services.audit import Actor
from services.config import settings
from services.costs import Sent
from services.errors import AppError, Conflict, NotAllowed, NotFound
from services.models import (
    Access,
    FileKind,
    FileStatus,
    MentoringSession,
    Recording,
    RecordingAccess,
    RecordingFile,
    RecordingStatus,
    User,
)
from services.providers.storage import registry
from services.providers.storage.base import LINK_SECONDS, disposition
from services.ratelimits import Limit
from services.recordings import parts, places

PATH: Final = "/files/recordings"
LINKS: Final = Limit("recording-links", parse("120/hour"))
LONGEST_KEY: Final = 400
_CONTENT_TYPES: Final = {
    "mp4": "video/mp4",
    "m3u8": "application/vnd.apple.mpegurl",
    "ts": "video/mp2t",
}
_ENDINGS: Final = {FileKind.VIDEO: "mp4", FileKind.PLAYLIST: "m3u8", FileKind.SEGMENT: "ts"}
_WATCHED: Final = (FileKind.VIDEO, FileKind.PLAYLIST)
_TOO_OLD = "This link is too old. Open the recording's page and press Watch or Download again."
_FORGED = "This link is not valid: it was changed, or not copied whole. Open the recording's page."
_FOREIGN = "This link was made for somebody else. Open the recording's page while signed in."


class Gone(AppError):
    """The recording was there, and is deleted or being deleted."""

    code = "gone"

    def __init__(self) -> None:
        super().__init__("This recording is deleted, or is being deleted.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that a link of ours opens. It lies at (`store`, `key`); `disposition` says whether it
    is shown or saved. `reader` (a public id), `how` and `until` are the link's. A stream (a list)
    is watched by its list, and saved as its segments one after the other."""

    file: str
    kind: FileKind
    store: str
    key: str
    bytes: int
    sha256: str
    content_type: str
    disposition: str
    reader: str
    how: Access
    until: datetime


@dataclass(frozen=True, slots=True)
class _Found:
    """A file, what it belongs to, and who asks for it."""

    file: RecordingFile
    recording: Recording
    session: MentoringSession
    reader: User
    place: tuple[str, str]


def link(*, actor: Actor, file: str, how: Access, reason: str = "") -> str:
    """The address at which the person's browser opens a file (its public id) for an hour: a path of
    ours, or a store's. An admin who is none of the two gives a reason, which is written down.

    Raises:
        SignInNeeded, NotFound, Gone
        Conflict: there is nothing to watch yet.
        InvalidInput: an admin gave no reason.
        TooManyAttempts
        ProviderUnavailable: its store is not set up any more.
    """
    with db.reading() as session:
        found = _find(session, actor, file)
        name = _saved_name(session, found) if how is Access.DOWNLOADED else ""
    said = _reason(actor, found.session, reason)
    ratelimits.hit(LINKS, found.reader.public_id)
    address = _address(found, how, name)  # no transaction is open: a store may be asked
    with db.transaction() as session:
        _write_down(session, actor, found, how, said)
    return address


def opened(*, actor: Actor, key: str, name: str) -> Opened:
    """The file that a link of ours leads to, for the person it was made for.

    Raises:
        SignInNeeded, NotFound, Gone
        NotAllowed: too old, changed, or made for somebody else.
        Conflict: it is not to be watched now.
    """
    access.require_user(actor)
    reader, file, how, until = _read(key)
    with db.reading() as session:
        if session.get_one(User, actor.user_id).public_id != reader:
            raise NotAllowed(_FOREIGN)
        found = _find(session, actor, file)
        if name != own_name(found.file, how):
            raise NotFound("file")
        saved = _saved_name(session, found) if how is Access.DOWNLOADED else ""
    store, place = found.place
    return Opened(
        file=file,
        kind=found.file.kind,
        store=store,
        key=place,
        bytes=found.file.bytes,
        sha256=found.file.sha256,
        content_type=_content_type(found.file, how),
        disposition=disposition(saved),
        reader=reader,
        how=how,
        until=until,
    )


def path(*, reader: str, file: RecordingFile, how: Access, until: datetime) -> str:
    """A link of ours to a file, for this reader (a public id) and until then."""
    key = str(_signer().dumps([reader, file.public_id, how.value, int(until.timestamp())]))
    return f"{PATH}/{key}/{own_name(file, how)}"


def own_name(file: RecordingFile, how: Access) -> str:
    """What our links call a file: nothing of what the recorder or a person has named."""
    return f"{file.kind.value}.{_ending(file, how)}"


def _ending(file: RecordingFile, how: Access) -> str:
    """A stream is saved as what its segments are."""
    saved = file.kind is FileKind.PLAYLIST and how is Access.DOWNLOADED
    return _ENDINGS.get(FileKind.SEGMENT if saved else file.kind, "bin")


def _find(db: Session, actor: Actor, file: str) -> _Found:
    """A file that this person may open now."""
    user_id = access.require_user(actor)
    named = select(RecordingFile, Recording.public_id).join(
        Recording, col(Recording.id) == col(RecordingFile.recording_id)
    )
    row = db.exec(named.where(RecordingFile.public_id == file)).one_or_none()
    if row is None:
        raise NotFound("file")
    recording, session = access.recording_for(db, actor, row[1])
    place = _open_place(recording, row[0])
    return _Found(row[0], recording, session, db.get_one(User, user_id), place)


def _open_place(recording: Recording, file: RecordingFile) -> tuple[str, str]:
    """Where the file can be read."""
    purging = recording.purge_asked_at is not None
    if recording.status is RecordingStatus.PURGED or purging or file.status is FileStatus.GONE:
        raise Gone
    place = places.place_of(file)
    if recording.status is not RecordingStatus.READY or place is None:
        raise Conflict("This recording is not ready yet. Its page says how far it is.")
    return place


def _reason(actor: Actor, session: MentoringSession, reason: str) -> str:
    """Why an admin looks at what is other people's; "" for the two themselves."""
    if actor.user_id in {session.mentee_id, session.mentor_user_id}:
        return ""
    return inputs.line(reason, field="reason", what="The reason", least=1, most=300)


def _address(found: _Found, how: Access, name: str) -> str:
    file = found.file
    if file.kind is not FileKind.PLAYLIST:
        store, key = found.place
        made = registry.store(store).link(
            key, seconds=LINK_SECONDS, download_name=name, content_type=_content_type(file, how)
        )
        if made is not None:
            return made
    until = clock.utc_now() + timedelta(seconds=LINK_SECONDS)
    return path(reader=found.reader.public_id, file=file, how=how, until=until)


def _write_down(db: Session, actor: Actor, found: _Found, how: Access, reason: str) -> None:
    """Who was given the link, and what it may cost; unless it changed meanwhile."""
    recording = locking.lock_recording(db, found.recording.id)
    file = db.get_one(RecordingFile, found.file.id, populate_existing=True)
    if _open_place(recording, file) != found.place:
        raise Conflict("This recording was just moved to another store. Please try again.")
    row = RecordingAccess(
        recording_id=recording.id, file_id=file.id, user_id=found.reader.id, how=how
    )
    db.add(row)
    db.flush()
    session = db.get_one(MentoringSession, recording.session_id)
    costs.note(db, session=session, use=_sent(db, row, file, found))
    if reason:
        audit.record(
            db,
            actor=actor,
            action=f"recording.{how.value}",
            thing=recording.public_id,
            after={"reason": reason},
        )
    topics.publish(db, topics.session(session.id), topics.RECORDINGS)


def _sent(db: Session, row: RecordingAccess, file: RecordingFile, found: _Found) -> Sent:
    """All of it, though nobody tells whether the browser fetched it whole, or parts of it twice."""
    store, _ = found.place
    size, by_cdn = file.bytes, False
    if file.kind is FileKind.PLAYLIST:
        segments = select(RecordingFile.name, RecordingFile.bytes).where(
            RecordingFile.recording_id == file.recording_id, RecordingFile.kind == FileKind.SEGMENT
        )
        own = parts.stream_of(file.name)
        size += sum(each for name, each in db.exec(segments) if parts.stream_of(name) == own)
    else:
        chosen = settings()
        by_cdn = bool(chosen.files_cdn_base) and store == chosen.storage_default
    return Sent(f"access:{row.id}", store, size, row.at, by_cdn=by_cdn)


def _saved_name(db: Session, found: _Found) -> str:
    """`recording-2026-03-02-part-2.mp4`: the day is the reader's."""
    day = found.session.starts_at.astimezone(ZoneInfo(found.reader.time_zone))
    words = ["recording", f"{day:%Y-%m-%d}"]
    if found.recording.number > 1:
        words.append(str(found.recording.number))
    own = select(RecordingFile).where(
        RecordingFile.recording_id == found.recording.id, col(RecordingFile.kind).in_(_WATCHED)
    )
    watched = [each.id for each in parts.playable(found.recording, db.exec(own).all())]
    if len(watched) > 1 and found.file.id in watched:
        words.append(f"part-{watched.index(found.file.id) + 1}")
    return f"{'-'.join(words)}.{_ending(found.file, Access.DOWNLOADED)}"


def _content_type(file: RecordingFile, how: Access) -> str:
    return _CONTENT_TYPES.get(_ending(file, how), "application/octet-stream")


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().signing_key, salt="recording link")


def _read(key: str) -> tuple[str, str, Access, datetime]:
    """Reader, file, how and until when, of a key that was signed here and lives."""
    try:
        if len(key) > LONGEST_KEY:
            raise ValueError("longer than any key")
        reader, file, how, until = cast("tuple[str, str, str, int]", _signer().loads(key))
        ends_at = datetime.fromtimestamp(int(until), tz=ZoneInfo("UTC"))
        access_how = Access(how)
    except (BadData, TypeError, ValueError):
        raise NotAllowed(_FORGED) from None
    if ends_at <= clock.utc_now():
        raise NotAllowed(_TOO_OLD)
    return reader, file, access_how, ends_at

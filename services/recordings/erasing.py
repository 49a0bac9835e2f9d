"""Deleting the files of one recording, and the proof: a listing that shows nothing any more.

Deleted is every version and every unfinished upload of each file, in its store and where it came
from, and whatever else lies below the recording's own folders. How many versions there are of a
file is written down before they are deleted: whoever is killed in between has counted them. Of a
checked file there must have been one. What is there goes at once; the proof waits until nothing
more can come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session
from typing_extensions import override

from services import clock, db, recording_reasons, topics
from services.audit import SYSTEM
from services.db import insert_or_ignore
from services.errors import ProviderUnavailable
from services.ids import RecordingFileId
from services.models import (
    FileStatus,
    MentoringSession,
    Orphan,
    OrphanKind,
    PurgeCertificate,
    Recording,
    RecordingFile,
    RecordingStatus,
)
from services.providers.storage import registry
from services.providers.storage.base import Storage, Version
from services.recordings import changing, keeping, leases, news, over, places, strays, trouble
from services.recordings.leases import Lease
from services.storage import nights

GONE: Final = "nothing is left"
MAY_COME: Final = "all that has come is deleted, and more may come"
LOOKS_EVERY: Final = timedelta(minutes=5)
"""While more may come."""
BY_AN_ADMIN: Final = "An admin asked for it."
"""What a certificate says instead of an admin's own words, which may name somebody."""
_ANY: Final = tuple(FileStatus)


class Held(Exception):
    """Somebody holds it now."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where files of a recording may lie: everything whose key is `key`, or begins with it where
    that ends with a slash."""

    store: str
    key: str

    @override
    def __str__(self) -> str:
        return f"{self.store}: {self.key}"

    def is_in(self, folder: Place) -> bool:
        """Whether a listing of the folder shows it."""
        return self.store == folder.store and self.key.startswith(folder.key)


def erase(lease: Lease) -> str:
    """Delete everything; prove it, and say so, once nothing more can come. How that ended.

    Raises:
        Held, Lost, ProviderUnavailable, ProviderRejected, BadKey
    """
    began = clock.utc_now()
    with db.reading() as session:
        recording = session.get_one(Recording, lease.recording_id)
        files = places.files_of(session, lease.recording_id, *_ANY)
    for file in files:
        if not (file.removed and "erased" in recording.seen):
            _erase_file(lease, file)
    looked = places_of(recording, files)
    more = sum(_erase_below(lease, place) for place in looked)
    for place in looked:
        _check_empty(place)
    _check_was_there(lease)
    return _certify(lease, looked, more, listed_after=began)


def places_of(recording: Recording, files: Iterable[RecordingFile]) -> tuple[Place, ...]:
    """Where something of the recording may lie: its own folders, and files that lie elsewhere."""
    folders: set[Place] = set()
    single: set[Place] = set()
    for file in files:
        folders.add(Place(file.store, places.below(recording)))
        single.add(Place(file.store, file.key))
        if file.source:
            single.add(Place(file.source, file.source_key))
    if below := places.recorded_below(recording):
        folders.add(Place(recording.source, below))
    single = {one for one in single if not any(one.is_in(folder) for folder in folders)}
    return tuple(sorted(folders | single, key=str))


def _erase_file(lease: Lease, file: RecordingFile) -> None:
    """One file, in its store and where it came from."""
    spots = [Place(file.store, file.key)]
    if file.source:
        spots.append(Place(file.source, file.source_key))
    there = {spot: len(_versions(registry.store(spot.store), spot.key)) for spot in spots}
    _count(lease, file.id, sum(there.values()))
    for spot in spots:
        registry.store(spot.store).delete(spot.key)


def _versions(store: Storage, key: str) -> list[Version]:
    """The versions of this very key; those that only hide others are no bytes, but are there."""
    return [version for version in store.list_versions(key) if version.key == key]


def _count(lease: Lease, file_id: RecordingFileId, versions: int) -> None:
    """Note how many versions there are, right before they are deleted."""
    with db.transaction() as tx:
        recording = _ours(tx, lease)
        file = tx.get_one(RecordingFile, file_id, populate_existing=True)
        file.removed = max(file.removed, versions)
        recording.look_at = clock.utc_now() + leases.LEASE


def _erase_below(lease: Lease, place: Place) -> int:
    """What else lies there: backups, what came late, what a killed worker has left; how many
    versions there were."""
    store, removed = registry.store(place.store), 0
    for key in sorted(_keys(store, place)):
        with db.transaction() as tx:
            _ours(tx, lease).look_at = clock.utc_now() + leases.LEASE
        removed += store.delete(key).versions
    return removed


def _keys(store: Storage, place: Place) -> set[str]:
    """The keys of everything that lies at a place, finished or not."""
    listed = (version.key for version in store.list_versions(place.key))
    begun = (upload.key for upload in store.list_uploads(place.key))
    folder = place.key.endswith("/")
    return {key for each in (listed, begun) for key in each if folder or key == place.key}


def _check_empty(place: Place) -> None:
    """The proof.

    Raises:
        ProviderUnavailable: something is still listed, or has just come.
    """
    if _keys(registry.store(place.store), place):
        raise ProviderUnavailable(place.store, "files are still listed", code="still_there")


def _check_was_there(lease: Lease) -> None:
    """An empty listing proves nothing of a file that was never seen there: its store's name may
    mean another place by now. It becomes an orphan, of which an admin may note that it is lost.

    Raises:
        ProviderUnavailable: a file that was checked is not where it was, and nobody has noted that.
    """
    with db.transaction() as tx:
        recording = _ours(tx, lease)
        missing = [
            Orphan(
                kind=OrphanKind.ROW_WITHOUT_FILE,
                store=place[0],
                key=place[1],
                bytes=file.bytes,
                recording_id=recording.id,
            )
            for file in places.files_of(tx, recording.id, *_ANY)
            if (place := places.place_of(file)) and file.removed == 0
        ]
        strange = [one for one in missing if not nights.is_noted(tx, one)]
        for one in strange:
            insert_or_ignore(tx, one)
        topics.publish(tx, topics.RECORDINGS)
    if strange:
        where = strange[0].store
        raise ProviderUnavailable(where, "a file is not where it was", code=trouble.LOST, stop=True)


def _certify(lease: Lease, looked: Sequence[Place], more: int, *, listed_after: datetime) -> str:
    now = clock.utc_now()
    with db.transaction() as tx:
        recording, session = changing.locked(tx, lease.recording_id)
        _check_ours(recording, lease)
        files = places.files_of(tx, recording.id, *_ANY)
        more += recording.seen.get("erased", 0)
        settles_at = _settles_at(recording, session)
        if settles_at is not None and listed_after < settles_at:
            recording.seen = {**recording.seen, "erased": more}
            recording.tries, recording.trouble = 0, ""
            leases.give_back(recording, look_at=min(settles_at, now + LOOKS_EVERY))
            return MAY_COME
        _write_certificate(tx, recording, files, looked, more)
        for file in files:
            _let_go(file)
        keeping.note_kept(tx, recording=recording, session=session)
        before = recording.status
        recording.status, recording.purged_at = RecordingStatus.PURGED, now
        recording.keep_until = recording.keep_until or now
        recording.tries, recording.trouble = 0, ""
        leases.give_back(recording, look_at=None)
        tx.flush()
        changing.note(
            tx,
            recording=recording,
            session=session,
            action="purged",
            before={"status": before.value},
            after={"files": len(files), "bytes": places.whole_size(files)},
            actor=SYSTEM,
        )
        news.purged(tx, recording=recording, session=session)
    return GONE


def _settles_at(recording: Recording, session: MentoringSession) -> datetime | None:
    """Until when something may still come, from its recorder or from one that nobody knows of."""
    each = over.settles_at(recording), strays.settles_at(recording, session)
    return max((at for at in each if at), default=None)


def _write_certificate(
    db: Session,
    recording: Recording,
    files: Sequence[RecordingFile],
    looked: Sequence[Place],
    more: int,
) -> None:
    now = clock.utc_now()
    reason = recording.purge_reason
    ours = reason in recording_reasons.OURS
    db.add(
        PurgeCertificate(
            recording_id=recording.id,
            reason=reason if ours else BY_AN_ADMIN,
            by_id=recording.purge_asked_by,
            files=[_told(file) for file in files],
            places=[f"{one} in {registry.store(one.store).place}" for one in looked],
            versions=sum(file.removed for file in files) + more,
            bytes=places.whole_size(files),
            listed_at=now,
        )
    )


def _told(file: RecordingFile) -> dict[str, Any]:
    """One that is `missing` was not where it should be, and an admin has noted that."""
    missing = places.place_of(file) is not None and file.removed == 0
    return ({"missing": True} if missing else {}) | {
        "store": file.store,
        "key": file.key,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "versions": file.removed,
    }


def _let_go(file: RecordingFile) -> None:
    file.status, file.gone_at = FileStatus.GONE, clock.utc_now()
    file.source, file.source_since, file.upload, file.parts = "", None, "", []


def _ours(db: Session, lease: Lease) -> Recording:
    recording = leases.held(db, lease)
    _check_ours(recording, lease)
    return recording


def _check_ours(recording: Recording, lease: Lease) -> None:
    """Still ours to delete.

    Raises:
        Lost, Held
    """
    leases.check_ours(recording, lease)
    if not places.is_going(recording):
        raise Held(recording.public_id)

"""Every night: what lies in the stores is compared with the rows that should know it.

A file that no row knows is an orphan, and so is a row whose file is missing, or of another size. Of
a recording that was deleted nothing may stay: what came late is deleted at once. Nothing else is
ever deleted here but what this product itself has left: unfinished uploads, and probes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Final

import structlog
from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from services import audit, clock, db, topics
from services.audit import SYSTEM
from services.config import settings
from services.errors import ProviderError
from services.ids import RecordingFileId, RecordingId
from services.jobs import runs
from services.models import (
    RUNNING,
    FileKind,
    FileStatus,
    Orphan,
    OrphanKind,
    Recording,
    RecordingFile,
    RecordingStatus,
)
from services.providers.storage import registry
from services.providers.storage.base import BadKey, Storage, Version
from services.providers.storage.proving import share_files
from services.recordings import listing, places
from services.storage import missing, nights
from services.storage.nights import Night, Tally

LATE: Final = "Deleted at once: its recording was deleted before it came."
_PROBE: Final = re.compile(r"probe-[0-9a-f]{16,32}")
_PIECES: Final = frozenset({FileKind.SEGMENT, FileKind.PLAYLIST})
_OF_RECORDING: Final = re.compile(rf"{places.FOLDER}/(rec_[A-Za-z0-9]+)/")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Lies:
    """What lies under a key: all its versions together, and the size of the present one."""

    key: str
    bytes: int
    size: int | None
    came_at: datetime


def check() -> Tally:
    """Compare every store with its rows. One that does not answer keeps the others from nothing."""
    tally, began_at = Tally(), clock.utc_now()
    for store, names in _stores(tally):
        try:
            _check(Night(store, names, began_at, tally))
        except ProviderError as error:
            _leave_out(tally, names, error)
    return tally


def _stores(tally: Tally) -> list[tuple[Storage, list[str]]]:
    """The stores, each with all the names that lead to it."""
    found: list[tuple[Storage, list[str]]] = []
    for name in settings().stores:
        try:
            store = registry.store(name)
            same = next((names for other, names in found if _are_one(other, store)), None)
        except ProviderError as error:
            _leave_out(tally, [name], error)
            continue
        if same is None:
            found.append((store, [name]))
        else:
            same.append(name)
    return found


def _are_one(one: Storage, other: Storage) -> bool:
    """Asked of the one that can be written: from an older one we may only read."""
    try:
        return share_files(one, other)
    except ProviderError:
        return share_files(other, one)


def _leave_out(tally: Tally, names: list[str], error: ProviderError) -> None:
    """Its run has failed, so that admins hear of it; the other stores are checked."""
    log.warning("store_not_checked", store=names[0], error=str(error))
    runs.stumble(f"the store {names[0]} was not checked", error)
    tally.away += names


def _check(night: Night) -> None:
    files = _lying(night.store.list_versions())
    while page := list(islice(files, nights.PAGE)):
        _compare(night, page)
    missing.find(night)
    nights.settle(night)
    _give_up_uploads(night)


def _lying(versions: Iterable[Version]) -> Iterator[_Lies]:
    """What lies there key by key; what only hides a file that is gone is no file."""
    for key, group in groupby(versions, key=lambda version: version.key):
        its = list(group)
        if all(version.hides for version in its):
            continue
        present = next((one for one in its if one.latest and not one.hides), None)
        yield _Lies(
            key=key,
            bytes=sum(version.size for version in its),
            size=present.size if present else None,
            came_at=max(version.modified_at for version in its),
        )


def _compare(night: Night, page: Sequence[_Lies]) -> None:
    with db.reading() as session:
        known = _known(session, night.names, [lies.key for lies in page])
        strange = [lies for lies in page if lies.key not in known]
        owners = _owners(session, night.names, [lies.key for lies in strange])
    for lies in page:
        night.seen.update(dict.fromkeys(known.get(lies.key, ()), lies.size))
    open_ones: list[tuple[_Lies, RecordingId | None]] = []
    for lies in strange:
        owner = owners.get(lies.key)
        if owner is not None and owner.status is RecordingStatus.PURGED:
            _delete_late(night, lies, owner)
        elif _is_left_behind(night, lies):
            _delete_probe(night, lies.key)
        elif _is_orphan(night, lies, owner):
            open_ones.append((lies, owner.id if owner else None))
    if open_ones:
        _note_all(night, open_ones)


def _known(
    db: Session, names: Sequence[str], keys: Sequence[str]
) -> dict[str, list[RecordingFileId]]:
    """The keys that rows know, with those rows whose whole file this should be."""
    file = RecordingFile
    here = and_(col(file.store).in_(names), col(file.key).in_(keys))
    from_here = and_(col(file.source).in_(names), col(file.source_key).in_(keys))
    rows = db.exec(
        select(file).where(or_(here, from_here), col(file.status) != FileStatus.GONE)
    ).all()
    found: dict[str, list[RecordingFileId]] = {}
    for row in rows:
        for store, key in ((row.store, row.key), (row.source, row.source_key)):
            if store in names and key in keys:
                mine = found.setdefault(key, [])
                if places.place_of(row) == (store, key):
                    mine.append(row.id)
    return found


def _owners(db: Session, names: Sequence[str], keys: Sequence[str]) -> dict[str, Recording]:
    """The recordings whose folders these keys are in."""
    ids = {match[1]: key for key in keys if (match := _OF_RECORDING.match(key))}
    prefixes = {key.partition("/")[0] for key in keys if "/" in key} - {places.FOLDER}
    if not ids and not prefixes:
        return {}
    wrote = and_(col(Recording.prefix).in_(prefixes), col(Recording.source).in_(names))
    rows = db.exec(select(Recording).where(or_(col(Recording.public_id).in_(ids), wrote))).all()
    by_folder = {places.below(row): row for row in rows}
    by_folder |= {places.recorded_below(row): row for row in rows if row.source in names}
    by_folder.pop("", None)  # it never had a folder of its own
    found: dict[str, Recording] = {}
    for key in keys:
        match = _OF_RECORDING.match(key)
        folder = match[0] if match else f"{key.partition('/')[0]}/"
        if folder in by_folder:
            found[key] = by_folder[folder]
    return found


def _is_left_behind(night: Night, lies: _Lies) -> bool:
    """A probe of ours, whose process was killed."""
    return bool(_PROBE.fullmatch(lies.key)) and not nights.is_young(night, lies.came_at)


def _delete_probe(night: Night, key: str) -> None:
    try:
        night.store.delete(key)
    except ProviderError as error:
        log.warning("probe_not_deleted", store=night.store.name, error=str(error))


def _is_orphan(night: Night, lies: _Lies, owner: Recording | None) -> bool:
    if _PROBE.fullmatch(lies.key) or nights.is_young(night, lies.came_at):
        return False
    if owner is None:
        return True
    if owner.status is RecordingStatus.FAILED and listing.kind_of(lies.key) in _PIECES:
        return False  # hundreds of one stream: all are tried again together, or purged
    return not (owner.status in RUNNING | {RecordingStatus.TRANSFERRING} or places.is_going(owner))


def _delete_late(night: Night, lies: _Lies, owner: Recording) -> None:
    try:
        night.store.delete(lies.key)
    except (BadKey, ProviderError) as error:  # of this one alone, as far as one can know
        log.warning("late_file_not_deleted", store=night.store.name, error=str(error))
        _note_all(night, [(lies, owner.id)])
        return
    now = clock.utc_now()
    with db.transaction() as tx:
        tx.add(
            Orphan(
                kind=OrphanKind.FILE_WITHOUT_ROW,
                store=night.names[0],
                key=lies.key,
                bytes=lies.bytes,
                recording_id=owner.id,
                settled_at=now,
                settled_how=LATE,
            )
        )
        after = {"store": night.names[0], "key": lies.key, "bytes": lies.bytes}
        audit.record(
            tx, actor=SYSTEM, action="recording.late_file", thing=owner.public_id, after=after
        )
        topics.publish(tx, topics.RECORDINGS)
    night.tally.deleted += 1


def _note_all(night: Night, strange: Sequence[tuple[_Lies, RecordingId | None]]) -> None:
    with db.transaction() as tx:
        for lies, owner in strange:
            nights.note(tx, night, OrphanKind.FILE_WITHOUT_ROW, lies.key, lies.bytes, owner)


def _give_up_uploads(night: Night) -> None:
    """Uploads that nobody goes on with: their parts are paid for, and no listing shows them."""
    begun = list(night.store.list_uploads(f"{places.FOLDER}/"))
    old = [
        upload
        for upload in begun
        if upload.began_at is None or not nights.is_young(night, upload.began_at)
    ]
    for first in range(0, len(old), nights.PAGE):
        some = old[first : first + nights.PAGE]
        with db.reading() as session:
            waiting = select(RecordingFile.key).where(
                col(RecordingFile.store).in_(night.names),
                col(RecordingFile.key).in_([upload.key for upload in some]),
                col(RecordingFile.status) == FileStatus.WAITING,
            )
            still = set(session.exec(waiting).all())
        for upload in some:
            if upload.key not in still:
                night.store.abort(upload.key, upload.id)
                night.tally.given_up += 1

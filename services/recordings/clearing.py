"""Clearing the place that a file came from, once it is whole and checked in its store.

Never before, never where both are one store, and never while a link to the old place may still be
open: links live an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services import clock, db
from services.errors import ProviderUnavailable
from services.models import FileStatus, RecordingFile
from services.providers.storage.base import LINK_SECONDS, FileMissing, Storage
from services.recordings import leases, places, trouble
from services.recordings.bringing import Pairs, check_stays, leave_source
from services.recordings.leases import Lease

LINKS_LIVE: Final = timedelta(seconds=LINK_SECONDS)


def clear(lease: Lease, pairs: Pairs) -> datetime | None:
    """Delete every version of what was copied from its source; when to look again, because links
    to the source may still be open, or None. A file that is not in its store any more is brought
    once more, from the source that it still has.

    Raises:
        Going, Lost, ProviderRejected
        ProviderUnavailable: also when a file is to be brought once more.
    """
    with db.reading() as session:
        files = places.files_of(session, lease.recording_id, FileStatus.CHECKED)
    later: list[datetime] = []
    vanished = ""
    for file in files:
        if not file.source:
            continue
        at = _open_until(file)
        if at is not None and at > clock.utc_now():
            later.append(at)
        elif not _clear(lease, file, pairs):
            vanished = file.store
    if vanished:
        raise ProviderUnavailable(vanished, "files are gone again", code=trouble.VANISHED)
    return min(later, default=None)


def _open_until(file: RecordingFile) -> datetime | None:
    """Until when somebody may have a link to the source; None: nobody had one."""
    if file.source_since is None or file.checked_at is None:
        return None
    return file.checked_at + LINKS_LIVE


def _clear(lease: Lease, file: RecordingFile, pairs: Pairs) -> bool:
    """False when it is not in its store any more: then its source is kept."""
    source, destination, shared = pairs.of(file)
    if not shared:
        if not _is_there(file, destination):
            _bring_again(lease, file)
            return False
        with db.transaction() as tx:  # still ours, right before it is deleted
            check_stays(leases.held(tx, lease))
        source.delete(file.source_key)
    with db.transaction() as tx:
        recording = leases.held(tx, lease)
        row = tx.get_one(RecordingFile, file.id, populate_existing=True)
        leave_source(row)
        recording.look_at = clock.utc_now() + leases.LEASE
    return True


def _is_there(file: RecordingFile, destination: Storage) -> bool:
    try:
        return destination.stat(file.key).size == file.bytes
    except FileMissing:
        return False


def _bring_again(lease: Lease, file: RecordingFile) -> None:
    with db.transaction() as tx:
        check_stays(leases.held(tx, lease))
        row = tx.get_one(RecordingFile, file.id, populate_existing=True)
        row.status, row.began_at = FileStatus.WAITING, None
        row.upload, row.parts, row.copied = "", [], 0

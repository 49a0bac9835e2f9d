"""What a recording keeps in each store, and what was fetched to bring it there: noted for the costs
once of the whole recording, however many files it has."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, or_
from sqlmodel import Session, col

from services import clock, costs
from services.analytics.sql import fetch, pick
from services.config import settings
from services.models import FileStatus, MentoringSession, Recording, RecordingFile
from services.providers.storage.profiles import PROFILES


def note_kept(db: Session, *, recording: Recording, session: MentoringSession) -> None:
    """Note what has come and gone since this was called last. The recording is locked."""
    db.flush()
    there: dict[str, int] = defaultdict(int)
    brought: dict[str, dict[str, int]] = defaultdict(dict)
    for store, source, came_from_us, status, size in _sums(db, recording):
        if status is FileStatus.CHECKED:
            there[store] += size
            if source:
                brought[store][source] = brought[store].get(source, 0) + size
        if came_from_us:
            there[source] += size
    now = clock.utc_now()
    grown = costs.note_kept(db, session=session, recording=recording.public_id, there=there, at=now)
    for store, size in grown.items():
        for place, fetched in _fetched(store, size, brought[store]).items():
            name = f"{recording.public_id}:{store}:{place}:{int(now.timestamp())}"
            costs.note(db, session=session, use=costs.Sent(name, place, fetched, now))


def _sums(db: Session, recording: Recording) -> list[tuple[str, str, bool, FileStatus, int]]:
    """The bytes by where they lie and come from, and whether they lie there as ours; one query."""
    file = RecordingFile
    ours = col(file.source_since).is_not(None)
    key = (col(file.store), col(file.source), ours, col(file.status))
    there = or_(ours, col(file.status) == FileStatus.CHECKED)
    rows = fetch(
        db,
        pick(*key, func.sum(col(file.bytes)))
        .where(col(file.recording_id) == recording.id, there)
        .group_by(*key),
    )
    return [
        (store, source, bool(own), status, int(size)) for store, source, own, status, size in rows
    ]


def _fetched(store: str, size: int, sources: dict[str, int]) -> dict[str, int]:
    """What was fetched, by store, so that so many bytes more are whole in one: from where they
    were, and again from where they are, to check them, unless that store keeps a checksum."""
    found: dict[str, int] = {}
    left = size
    for source, brought in sources.items():
        found[source] = min(left, brought)
        left -= found[source]
    in_place = left
    kept = settings().stores.get(store)
    profile = PROFILES.get(kept.kind) if kept else None
    read_back = in_place if profile and profile.checksums else size
    return {**found, store: read_back}

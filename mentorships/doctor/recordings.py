"""Recordings: what nobody looks after, what should be deleted by now, and where files lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_
from sqlmodel import Session, col, func, select

from mentorships import migrations
from mentorships.doctor.findings import Finding, right, skipped, wrong
from mentorships.migrations import DatabaseAway
from services import clock, db
from services.config import settings
from services.models import FileStatus, Orphan, Recording, RecordingFile
from services.recordings import purging, transferring

LATE = timedelta(minutes=10)
DELETED_WITHIN = timedelta(hours=26)
"""A store may be away for a while, and files may come for a day; so long nobody needs to worry."""


def looked_after() -> Iterator[Finding]:
    """Recorders are watched, files are moved and deleted in time, and every store is known."""
    if not _is_migrated():
        yield skipped("recordings", "needs this version's tables")
        return
    with db.reading() as session:
        late, undeleted, orphans = _late(session), _undeleted(session), _orphans(session)
        unknown = _files_in_unknown_stores(session)
    if late:
        seen = f"nobody has looked after {late} for more than ten minutes"
        yield wrong("recordings", seen, "See the worker above.")
    if undeleted:
        seen = f"not deleted a day after it was to be: {undeleted}"
        advice = "See the admin's page of recordings for the reasons: people were promised it."
        yield wrong("recordings", seen, advice)
    for name, files in unknown.items():
        yield wrong(
            "recordings",
            f"the store {name} is not set up, and files or recordings need it: {files}",
            f"Set STORAGE_{name.upper()}_KIND and what belongs to it again.",
        )
    if orphans:
        seen = f"files without a recording, or recordings without a file: {orphans}"
        yield wrong("recordings", seen, "Decide about them on the admin's page of storage.")
    if not (late or undeleted or unknown or orphans):
        yield right("recordings", "all are looked after, and every file is where it should be")


def _late(session: Session) -> int:
    """What nobody looks after; not what waits in line while workers are at others of its kind."""
    now, at = clock.utc_now(), col(Recording.look_at)
    count = select(func.count()).select_from(Recording)
    late = count.where(at < now - LATE)
    for wanted in (and_(*transferring.is_wanted()), and_(*purging.is_wanted())):
        if session.exec(count.where(wanted, col(Recording.lease) != "", at > now)).one():
            late = late.where(~wanted)
    return session.exec(late).one()


def _undeleted(session: Session) -> int:
    asked = select(func.count()).where(
        col(Recording.purge_asked_at) < clock.utc_now() - DELETED_WITHIN,
        col(Recording.purged_at).is_(None),
        col(Recording.held_at).is_(None),
    )
    return session.exec(asked).one()


def _orphans(session: Session) -> int:
    open_ones = select(func.count()).where(col(Orphan.settled_at).is_(None))
    return session.exec(open_ones).one()


def _files_in_unknown_stores(session: Session) -> dict[str, int]:
    """How many files lie in stores that the settings do not name, or are not cleared there, and how
    many recordings came from there: a deletion looks there as well."""
    store, source, recorder = (
        col(RecordingFile.store),
        col(RecordingFile.source),
        col(Recording.source),
    )
    left = col(RecordingFile.status) != FileStatus.GONE
    there = select(store, func.count()).where(left).group_by(store)
    came = select(source, func.count()).where(left, source != "").group_by(source)
    recorded = select(recorder, func.count()).where(col(Recording.purged_at).is_(None))
    found: Counter[str] = Counter()
    for counted in (there, came, recorded.group_by(recorder)):
        found.update(dict(session.exec(counted).all()))
    return {name: files for name, files in sorted(found.items()) if name not in settings().stores}


def _is_migrated() -> bool:
    try:
        return migrations.at_head()
    except DatabaseAway:
        return False

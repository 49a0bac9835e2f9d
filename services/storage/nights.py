"""One night's check of one store: what was found, and the open orphans that are its books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select, update

from services import clock, db, topics
from services.db import insert_or_ignore
from services.ids import RecordingFileId, RecordingId
from services.models import Orphan, OrphanKind
from services.providers.storage.base import Storage

YOUNG: Final = timedelta(days=1)
"""What has come since may still be about to get its row."""
PAGE: Final = 200
MOST_OPEN: Final = 1_000
"""New ones of one store and night: who finds more has set up a bucket that is somebody else's."""
NO_MORE: Final = "It was so no more at the nightly check."
NOTED: Final = "Noted: "
"""What an admin has noted about an orphan begins so: it may stay, as it is."""


@dataclass
class Tally:
    """What a night's check has found and done. `away` are the stores that could not be read."""

    found: int = 0
    settled: int = 0
    deleted: int = 0
    given_up: int = 0
    away: list[str] = field(default_factory=list[str])

    def words(self) -> str:
        """For the job's run."""
        away = f", not read: {', '.join(self.away)}" if self.away else ""
        return (
            f"{self.found} new, {self.settled} settled, {self.deleted} late files deleted, "
            f"{self.given_up} uploads given up{away}"
        )


@dataclass
class Night:
    """The check of one store, under all its names; `seen` are the sizes of the files that rows
    know."""

    store: Storage
    names: list[str]
    began_at: datetime
    tally: Tally
    new: int = 0
    seen: dict[RecordingFileId, int | None] = field(
        default_factory=dict[RecordingFileId, "int | None"]
    )


def is_young(night: Night, came_at: datetime) -> bool:
    """Whether it may still be about to get its row."""
    return came_at > night.began_at - YOUNG


def note(
    db: Session,
    night: Night,
    kind: OrphanKind,
    key: str,
    size: int,
    owner: RecordingId | None,
) -> None:
    """An orphan is open once, however many nights find it."""
    name, now = night.names[0], clock.utc_now()
    orphan = Orphan(kind=kind, store=name, key=key, bytes=size, recording_id=owner)
    if is_noted(db, orphan, names=night.names):
        return
    again = db.connection().execute(
        update(Orphan)
        .where(col(Orphan.store).in_(night.names), col(Orphan.key) == key)
        .where(col(Orphan.settled_at).is_(None))
        .values(seen_at=now, bytes=size, kind=kind, recording_id=owner)
    )
    if again.rowcount or night.new >= MOST_OPEN:
        return
    if insert_or_ignore(db, orphan):
        night.new += 1
        night.tally.found += 1
        topics.publish(db, topics.RECORDINGS)


def is_noted(db: Session, orphan: Orphan, *, names: Sequence[str] = ()) -> bool:
    """Whether an admin has seen the very same, under one of its store's names, and left it as it
    is."""
    noted = select(Orphan.id).where(
        col(Orphan.store).in_(names or [orphan.store]),
        Orphan.key == orphan.key,
        Orphan.kind == orphan.kind,
        Orphan.bytes == orphan.bytes,
        col(Orphan.settled_how).startswith(NOTED),
    )
    return db.exec(noted.limit(1)).first() is not None


def settle(night: Night) -> None:
    """What this night has not found any more."""
    with db.transaction() as tx:
        over = tx.connection().execute(
            update(Orphan)
            .where(
                col(Orphan.store).in_(night.names),
                col(Orphan.settled_at).is_(None),
                col(Orphan.seen_at) < night.began_at,
            )
            .values(settled_at=clock.utc_now(), settled_how=NO_MORE)
        )
        if over.rowcount:
            topics.publish(tx, topics.RECORDINGS)
    night.tally.settled += over.rowcount

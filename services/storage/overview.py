"""What each store holds, by its rows; and whether it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.sql.functions import coalesce
from sqlmodel import Session, col, select

from services import access
from services.audit import Actor
from services.config import settings
from services.errors import NotFound, ProviderError, ProviderUnavailable
from services.models import Recording, RecordingFile
from services.providers.storage import registry
from services.recordings import places

SETTING_GONE = "It is not set up any more: rows name it, and the settings do not."
REFUSES = "It refuses us: look at its key, its bucket and its region."
SILENT = "It does not answer now."


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store, and what lies there by our rows. `place` is its folder or bucket.

    `arriving` files are on their way to it, of which `arrived_bytes` have come by now. It is not
    `known` where rows name it and the settings do not. `needed_until` is the latest end of what was
    recorded there, since a deletion looks there as well; a hold may need it for longer.
    """

    name: str
    kind: str
    place: str
    files: int
    bytes: int
    oldest_at: datetime | None
    arriving: int
    arriving_bytes: int
    arrived_bytes: int
    is_default: bool
    is_source: bool
    known: bool
    needed_until: datetime | None = None


@dataclass
class _Held:
    files: int = 0
    bytes: int = 0
    oldest_at: datetime | None = None
    arriving: int = 0
    arriving_bytes: int = 0
    arrived_bytes: int = 0
    needed_until: datetime | None = None

    def add(self, files: int, size: int, since: datetime | None) -> None:
        self.files += files
        self.bytes += size
        if since is not None and (self.oldest_at is None or since < self.oldest_at):
            self.oldest_at = since


def list_stores(db: Session, *, actor: Actor) -> tuple[StoreView, ...]:
    """Every store of the settings, and those that only rows name; four queries, and no store
    is asked.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    chosen = settings()
    held = {name: _Held() for name in chosen.stores}
    for name, files, size, since in (*_checked(db), *_moved(db)):
        held.setdefault(name, _Held()).add(files, size, since)
    for name, files, size, copied in _arriving(db):
        to = held.setdefault(name, _Held())
        to.arriving, to.arriving_bytes, to.arrived_bytes = files, size, copied
    for name, until in _recorded(db):
        held.setdefault(name, _Held()).needed_until = until
    return tuple(_view(name, its) for name, its in sorted(held.items()))


def look(*, actor: Actor, store: str) -> str:
    """Ask a store; "" when it answers, else a sentence.

    Raises:
        SignInNeeded, NotAllowed
        NotFound: no store of that name.
    """
    access.require_admin(actor)
    if store not in settings().stores:
        raise NotFound("store")
    try:
        next(iter(registry.store(store).list_versions("probe-")), None)
    except ProviderUnavailable as error:
        return REFUSES if error.stop else SILENT
    except ProviderError:
        return REFUSES
    return ""


Group = tuple[str, int, int, datetime | None]
"""A store, files in it, their bytes, and since when the oldest is there."""


def _checked(db: Session) -> list[Group]:
    """The files that are at their place."""
    store, since = col(RecordingFile.store), col(RecordingFile.checked_at)
    here = select(store, func.count(), _bytes(), func.min(since)).group_by(store)
    rows = db.exec(here.where(places.IS_CHECKED)).all()
    return [(name, files, int(size), oldest) for name, files, size, oldest in rows]


def _moved(db: Session) -> list[Group]:
    """The files that are on their way, and can be read at their old place meanwhile."""
    source, since = col(RecordingFile.source), col(RecordingFile.source_since)
    there = select(source, func.count(), _bytes(), func.min(since)).group_by(source)
    rows = db.exec(there.where(places.IS_WAITING, since.is_not(None))).all()
    return [(name, files, int(size), oldest) for name, files, size, oldest in rows]


def _arriving(db: Session) -> list[tuple[str, int, int, int]]:
    """The files that are on their way to each store, their bytes, and those that have come."""
    store = col(RecordingFile.store)
    copied = func.coalesce(func.sum(col(RecordingFile.copied)), 0)
    coming = select(store, func.count(), _bytes(), copied).group_by(store)
    rows = db.exec(coming.where(places.IS_WAITING)).all()
    return [(name, files, int(size), int(came)) for name, files, size, came in rows]


def _recorded(db: Session) -> list[tuple[str, datetime | None]]:
    """Where recorders wrote what is not deleted yet, and until when the last of it is kept."""
    source = col(Recording.source)
    kept = select(source, func.max(Recording.keep_until)).group_by(source)
    return list(db.exec(kept.where(col(Recording.purged_at).is_(None))).all())


def _bytes() -> coalesce[int]:
    return func.coalesce(func.sum(col(RecordingFile.bytes)), 0)


def _view(name: str, held: _Held) -> StoreView:
    chosen = settings()
    its = chosen.stores.get(name)
    return StoreView(
        name=name,
        kind=its.kind if its else "",
        place=its.bucket if its else "",
        files=held.files,
        bytes=held.bytes,
        oldest_at=held.oldest_at,
        arriving=held.arriving,
        arriving_bytes=held.arriving_bytes,
        arrived_bytes=held.arrived_bytes,
        is_default=name == chosen.storage_default,
        is_source=name == chosen.recording_source,
        known=its is not None,
        needed_until=held.needed_until,
    )

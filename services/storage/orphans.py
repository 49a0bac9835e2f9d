"""Orphans: files that no row knows, and rows whose file is missing; found every night, and settled
by an admin, or by themselves when they are none any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, audit, clock, db, inputs, locking, topics
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, InvalidInput, NotFound, ProviderError
from services.models import (
    FileStatus,
    Orphan,
    OrphanKind,
    Recording,
    RecordingFile,
    RecordingStatus,
    User,
)
from services.outbox import wake_soon
from services.paging import Part, bounded, cut, older_than
from services.providers.storage import registry
from services.providers.storage.base import BadKey
from services.recordings import changing, leases, places, purging
from services.recordings.listing import Found
from services.storage.checking import check
from services.storage.nights import NOTED, Tally

__all__ = ["OrphanView", "Tally", "check", "list_orphans", "settle"]

DELETE, ADOPT, NOTE = "delete", "adopt", "note"
WAYS: Final = (DELETE, ADOPT, NOTE)
LONGEST_REASON: Final = 180
_LONGEST_NAME: Final = 200
_ADOPTABLE: Final = frozenset({RecordingStatus.READY, RecordingStatus.FAILED})


@dataclass(frozen=True, slots=True)
class OrphanView:
    """An orphan as it is listed. `recording` is the public id of the one it seems to be of, or "";
    `settled_by` a name, or "" where nobody did."""

    public_id: str
    kind: OrphanKind
    store: str
    key: str
    bytes: int
    recording: str
    found_at: datetime
    seen_at: datetime
    settled_at: datetime | None
    settled_by: str
    settled_how: str
    may_adopt: bool


def list_orphans(
    db: Session,
    *,
    actor: Actor,
    settled: bool = False,
    before: str | None = None,
    limit: int = 50,
) -> Part[OrphanView]:
    """The open ones, or those that are settled, the newest first.

    Raises:
        SignInNeeded, NotAllowed
        InvalidInput: there is no row `before`.
    """
    access.require_admin(actor)
    limit = bounded(limit)
    wanted = [col(Orphan.settled_at).is_not(None) if settled else col(Orphan.settled_at).is_(None)]
    found = (
        select(Orphan, Recording, User.name)
        .outerjoin(Recording, col(Recording.id) == col(Orphan.recording_id))
        .outerjoin(User, col(User.id) == col(Orphan.settled_by))
        .where(*wanted, *older_than(db, Orphan, before, at="found_at", among=wanted))
        .order_by(col(Orphan.found_at).desc(), col(Orphan.id).desc())
        .limit(limit + 1)
    )
    rows, more = cut(db.exec(found).all(), limit)
    views = tuple(_view(orphan, recording, name) for orphan, recording, name in rows)
    total = db.exec(select(func.count()).select_from(Orphan).where(*wanted)).one()
    return Part(views, views[-1].public_id if more else None, total)


def settle(*, actor: Actor, orphan: str, how: str, reason: str) -> None:
    """Settle an open orphan: `delete` the file, `adopt` it into the recording it is of, or `note`
    that it may stay, which holds as long as it is as large as it is now.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        InvalidInput: `how` or `reason`.
        Conflict: it is settled already, or that cannot be done with it.
    """
    access.require_admin(actor)
    if how not in WAYS:
        raise InvalidInput("how", "Choose what is to be done.")
    said = inputs.line(reason, field="reason", what="The reason", least=1, most=LONGEST_REASON)
    match how:
        case "delete":
            _delete(actor, orphan, said)
        case "adopt":
            _adopt(actor, orphan, said)
        case _:
            _note(actor, orphan, said)


def _view(orphan: Orphan, recording: Recording | None, name: str | None) -> OrphanView:
    return OrphanView(
        public_id=orphan.public_id,
        kind=orphan.kind,
        store=orphan.store,
        key=orphan.key,
        bytes=orphan.bytes,
        recording=recording.public_id if recording else "",
        found_at=orphan.found_at,
        seen_at=orphan.seen_at,
        settled_at=orphan.settled_at,
        settled_by=name or "",
        settled_how=orphan.settled_how,
        may_adopt=_why_not_adopted(orphan, recording) == "" and orphan.settled_at is None,
    )


def _locked(db: Session, public_id: str) -> Orphan:
    """An open orphan: whoever comes second finds it settled."""
    mine = select(Orphan).where(Orphan.public_id == public_id).with_for_update()
    orphan = db.exec(mine).one_or_none()
    if orphan is None:
        raise NotFound("orphan")
    if orphan.settled_at is not None:
        raise Conflict("Somebody has settled this already, or it is so no more.")
    return orphan


def _close(db: Session, actor: Actor, orphan: Orphan, how: str) -> None:
    orphan.settled_at, orphan.settled_by = clock.utc_now(), actor.user_id
    orphan.settled_how = how
    audit.record(
        db,
        actor=actor,
        action="orphan.settled",
        thing=orphan.public_id,
        after={"store": orphan.store, "key": orphan.key, "how": how},
    )
    topics.publish(db, topics.RECORDINGS)


def _delete(actor: Actor, public_id: str, said: str) -> None:
    """It is settled first, so that nobody adopts what is being deleted; if the store does not
    answer, it is open again."""
    with db.transaction() as tx:
        orphan = _locked(tx, public_id)
        if orphan.kind is not OrphanKind.FILE_WITHOUT_ROW:
            raise Conflict("There is no file that could be deleted.")
        if _is_known(tx, orphan):
            raise Conflict("A recording knows this file by now: it is none without a row.")
        _close(tx, actor, orphan, f"Deleted: {said}")
    try:
        registry.store(orphan.store).delete(orphan.key)
    except BadKey:
        _open_again(public_id)
        raise Conflict("No store can be asked for such a name: delete it at the provider") from None
    except ProviderError:
        _open_again(public_id)
        raise Conflict("The store does not answer. Nothing was deleted: try again later.") from None


def _note(actor: Actor, public_id: str, said: str) -> None:
    with db.transaction() as tx:
        orphan = _locked(tx, public_id)
        _close(tx, actor, orphan, f"{NOTED}{said}")
        if orphan.recording_id is None:
            return
        recording = locking.lock_recording(tx, orphan.recording_id)
        if places.is_going(recording):  # that the file is lost was all that was missing
            purging.hurry(tx, recording)


def _open_again(public_id: str) -> None:
    with db.transaction() as tx:
        orphan = tx.exec(select(Orphan).where(Orphan.public_id == public_id)).one()
        orphan.settled_at, orphan.settled_by, orphan.settled_how = None, None, ""
        topics.publish(tx, topics.RECORDINGS)


def _is_known(db: Session, orphan: Orphan) -> bool:
    """Whether a row has come to know the file since it was found."""
    file = RecordingFile
    here = (col(file.store) == orphan.store) & (col(file.key) == orphan.key)
    from_here = (col(file.source) == orphan.store) & (col(file.source_key) == orphan.key)
    known = select(file.id).where(here | from_here, col(file.status) != FileStatus.GONE)
    return db.exec(known.limit(1)).first() is not None


def _why_not_adopted(orphan: Orphan, recording: Recording | None) -> str:
    if orphan.kind is not OrphanKind.FILE_WITHOUT_ROW:
        return "There is no file that could be adopted."
    if orphan.bytes == 0:
        return "This file is empty."
    if recording is None:
        return "It is not known which recording this file is of."
    if recording.purge_asked_at is not None or recording.status not in _ADOPTABLE:
        return "Its recording takes no more files now."
    return ""


def _adopt(actor: Actor, public_id: str, said: str) -> None:
    """The file gets a row, and is brought and checked like any other."""
    with db.transaction() as tx:
        orphan = _locked(tx, public_id)
        found = tx.get(Recording, orphan.recording_id) if orphan.recording_id else None
        if (why := _why_not_adopted(orphan, found)) or found is None:
            raise Conflict(why)
        recording, session = changing.locked(tx, found.id)
        if why := _why_not_adopted(orphan, recording):
            raise Conflict(why)
        if _is_known(tx, orphan):
            raise Conflict("A recording knows this file by now.")
        number = len(places.files_of(tx, recording.id, *FileStatus)) + 1
        tx.add(_row_for(recording, orphan, number))
        _close(tx, actor, orphan, f"Adopted: {said}")
        before = recording.status
        if before is RecordingStatus.FAILED:  # one that is ready can be watched meanwhile
            recording.status = RecordingStatus.TRANSFERRING
        leases.look_soon(recording)
        tx.flush()
        changing.note(
            tx,
            recording=recording,
            session=session,
            action="adopted",
            before={"status": before.value},
            after={"key": orphan.key, "bytes": orphan.bytes},
            actor=actor,
        )
        wake_soon(tx, leases.WAKES)


def _row_for(recording: Recording, orphan: Orphan, number: int) -> RecordingFile:
    """Its own name may be that of another file of the recording already: a number goes before."""
    name = f"{number}-{PurePosixPath(orphan.key).name[-_LONGEST_NAME:]}"
    found = Found(orphan.key, name, orphan.bytes, orphan.found_at)
    return RecordingFile(
        recording_id=recording.id,
        name=name,
        kind=found.kind,
        source=orphan.store,
        source_key=orphan.key,
        store=settings().storage_default,
        key=places.key_for(recording.public_id, number, name),
    )

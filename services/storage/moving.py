"""Bringing recordings to another store. Their files wait again, with their present place as the
source: they can be watched there until they are whole and checked in the new one, and an hour
longer.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Final

import structlog
from sqlalchemy import distinct, func
from sqlmodel import Session, col, select

from services import access, clock, db, outages, outbox
from services.audit import SYSTEM, Actor
from services.config import settings
from services.errors import Conflict, InvalidInput, NotFound, ProviderError, ProviderUnavailable
from services.ids import RecordingId, UserId
from services.jobs import runs
from services.models import AuditEntry, FileStatus, Recording, RecordingFile, RecordingStatus
from services.outbox import wake_soon
from services.providers.storage import registry
from services.providers.storage.base import probe
from services.recordings import changing, clearing, leases, places

PAGE = 200
MOST_NAMED = 1_000
KIND: Final = "move_recordings"
SENT_AT_ONCE = 200
SECONDS_AT_ONCE = 20.0
"""After so many, or so long, the rest of a store is left to the next message: a worker that is
killed, or a pause, loses little."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Underway:
    """What is still on its way to a store from another one; `trouble` is why some of it waits, and
    a worker is at the `taken` of the recordings just now."""

    recordings: int
    bytes: int
    copied: int
    trouble: tuple[str, ...]
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """The recordings that still need a store: `staying` have files there and cannot go now,
    `leaving` are on their way from there, and `recorded` there, as what is to be deleted is looked
    for there as well. Their last old copy is cleared at `cleared_at`, or None: there is none."""

    staying: int
    leaving: int
    recorded: int
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stayed:
    """A recording (its public id) that could not be moved, and why."""

    recording: str
    why: str


def move(*, actor: Actor, to: str, recordings: Sequence[str] = (), store: str = "") -> int:
    """Send these recordings, or all that have files in a store, on their way to the store `to`; how
    many that are. What is there already, or is no recording to watch, is left as it is.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        InvalidInput: `to`: there is no such store, or it cannot be written to.
        Conflict: one of the named recordings cannot be moved now.
    """
    if actor != SYSTEM:
        access.require_admin(actor)
    if bool(recordings) == bool(store):
        raise InvalidInput("recordings", "Name recordings, or a store: not both, and not neither.")
    if len(recordings) > MOST_NAMED:
        raise InvalidInput("recordings", f"Name {MOST_NAMED} recordings at most.")
    _check_store(to)
    if store:
        return sum(_move(actor, each, to, store) for _, each in _of_store(store, to))
    with db.reading() as session:
        named = [_named(session, actor, each) for each in dict.fromkeys(recordings)]
    return sum(_move(actor, each, to, "") for each in named)


def ask(*, actor: Actor, store: str, to: str) -> bool:
    """Have the worker send all that has files in a store on its way to the store `to`, some at a
    time; whether anything there can be moved.

    Raises:
        SignInNeeded, NotAllowed
        InvalidInput: `to`: there is no such store, or it cannot be written to.
    """
    access.require_admin(actor)
    _check_store(to)
    movable = (
        select(col(Recording.id))
        .join(RecordingFile, col(RecordingFile.recording_id) == col(Recording.id))
        .where(col(RecordingFile.store) == store, places.IS_CHECKED)
        .where(Recording.status == RecordingStatus.READY)
    )
    with db.transaction() as tx:
        there = store != to and tx.exec(movable.limit(1)).first() is not None
        if there:
            wish = f"{KIND}:{secrets.token_hex(8)}"
            _write(tx, {"wish": wish, "store": store, "to": to, "by": actor.user_id, "after": 0})
    return there


def go_on(message: outbox.Message, *, most: int = SENT_AT_ONCE) -> int:
    """Send some of what somebody `ask`ed for on its way, and write the message for the rest; how
    many recordings that were. What was sent already stays as it is; one that fails keeps none of
    the others waiting.

    Raises:
        InvalidInput: `to`: there is no such store any more.
        ProviderUnavailable: it cannot be written to now.
        DatabaseUnavailable: all others would only say the same.
        Unsendable: the message does not say what is to be moved.
    """
    store, to = message.text("store"), message.text("to")
    _check_known(to)
    try:
        probe(registry.store(to))
    except ProviderError as error:  # never a `stop`: what else is in the lane needs no store
        raise ProviderUnavailable(to, f"it cannot be written to now: {error}") from error
    actor, ends = Actor("user", UserId(message.number("by"))), time.monotonic() + SECONDS_AT_ONCE
    sent = 0
    for last, recording in _of_store(store, to, after=message.number("after")):
        sent += _try(actor, recording, to, store)
        if sent >= most or time.monotonic() >= ends:
            with db.transaction() as tx:
                _write(tx, message.data | {"after": last})
            break
    return sent


def _try(actor: Actor, recording_id: RecordingId, to: str, store: str) -> bool:
    try:
        return _move(actor, recording_id, to, store)
    except Exception as error:
        if outages.away(error):
            raise
        log.exception("move_stuck", id=recording_id)
        runs.stumble("move", error)
        return False


def _write(db: Session, data: dict[str, Any]) -> None:
    outbox.add(db, kind=KIND, key=f"{data['wish']}:{data['after']}", data=data)


def underway(*, to: str) -> Underway:
    """What is still on its way to a store because somebody moved it."""
    moved = (
        places.IS_WAITING,
        col(RecordingFile.source_since).is_not(None),
        col(RecordingFile.store) == to,
    )
    sums = select(
        func.count(distinct(col(RecordingFile.recording_id))),
        func.coalesce(func.sum(col(RecordingFile.bytes)), 0),
        func.coalesce(func.sum(col(RecordingFile.copied)), 0),
    ).where(*moved)
    mine = col(Recording.id) == col(RecordingFile.recording_id)
    words = select(Recording.trouble).distinct().join(RecordingFile, mine)
    at_it = select(func.count(distinct(col(Recording.id)))).join(RecordingFile, mine)
    alive = col(Recording.lease) != "", col(Recording.look_at) > clock.utc_now()
    with db.reading() as session:
        recordings, size, copied = session.exec(sums).one()
        trouble = session.exec(words.where(*moved, Recording.trouble != "").limit(10)).all()
        taken = session.exec(at_it.where(*moved, *alive)).one()
    return Underway(recordings, int(size), int(copied), tuple(sorted(trouble)), taken)


def find_left(store: str) -> Left:
    """What still needs a store."""
    many = func.count(distinct(col(RecordingFile.recording_id)))
    status, source = col(RecordingFile.status), col(RecordingFile.source)
    staying = select(many).where(col(RecordingFile.store) == store, status != FileStatus.GONE)
    leaving = select(many).where(source == store, places.IS_WAITING)
    old = select(func.max(RecordingFile.checked_at)).where(
        source == store, status == FileStatus.CHECKED
    )
    recorded = select(func.count()).where(
        col(Recording.source) == store, col(Recording.purged_at).is_(None)
    )
    with db.reading() as session:
        last = session.exec(old).one()
        return Left(
            session.exec(staying).one(),
            session.exec(leaving).one(),
            session.exec(recorded).one(),
            last + clearing.LINKS_LIVE if last else None,
        )


def list_stayed(*, since: datetime) -> tuple[Stayed, ...]:
    """What was to be moved, and was found since to be something that cannot be: it is where it
    was."""
    line = col(AuditEntry.action) == "recording.not_moved"
    found = select(AuditEntry).where(col(AuditEntry.at) >= since, line)
    with db.reading() as session:
        rows = session.exec(found.order_by(col(AuditEntry.at), col(AuditEntry.id))).all()
    return tuple(Stayed(row.thing, str(row.after.get("why", ""))) for row in rows)


def _check_known(to: str) -> None:
    if to not in settings().stores:
        raise InvalidInput("to", "There is no such store.")


def _check_store(to: str) -> None:
    _check_known(to)
    try:
        probe(registry.store(to))
    except ProviderError:
        raise InvalidInput("to", "This store cannot be written to now. Look at it first.") from None


def _named(db: Session, actor: Actor, recording: str) -> RecordingId:
    if actor != SYSTEM:
        return access.recording_for(db, actor, recording)[0].id
    found = db.exec(select(col(Recording.id)).where(Recording.public_id == recording)).one_or_none()
    if found is None:
        raise NotFound("recording")
    return found


def _of_store(store: str, to: str, after: int = 0) -> Iterator[tuple[int, RecordingId]]:
    """The recordings with files in a store, page by page, each with the file (its id) that it was
    found by, all of them behind `after`; one may come again."""
    last, identity = after, col(RecordingFile.id)
    there = select(identity, col(RecordingFile.recording_id)).where(
        col(RecordingFile.store) == store, places.IS_CHECKED
    )
    while store != to:
        with db.reading() as session:
            page = session.exec(there.where(identity > last).order_by(identity).limit(PAGE)).all()
        found: dict[RecordingId, int] = {}
        for file, recording in page:
            found.setdefault(recording, file)
        yield from ((file, recording) for recording, file in found.items())
        if len(page) < PAGE:
            return
        last = page[-1][0]


def _move(actor: Actor, recording_id: RecordingId, to: str, store: str) -> bool:
    """Send one on its way; with `store` only what lies there, and nothing that cannot go now."""
    with db.transaction() as tx:
        recording, session = changing.locked(tx, recording_id)
        files = places.files_of(tx, recording.id, *FileStatus)
        why = _why_not(recording, files)
        if why and store:
            return False
        if why:
            raise Conflict(why)
        numbered = zip(count(1), files, strict=False)
        wanted = [
            (number, file)
            for number, file in numbered
            if file.status is FileStatus.CHECKED and file.store != to and store in ("", file.store)
        ]
        if not wanted:
            return False
        for number, file in wanted:
            _send(file, to, places.key_for(recording.public_id, number, file.name))
        leases.look_soon(recording)
        tx.flush()
        changing.note(
            tx,
            recording=recording,
            session=session,
            action="moved",
            before={"stores": sorted({file.source for _, file in wanted})},
            after={"store": to, "files": len(wanted)},
            actor=actor,
        )
        wake_soon(tx, leases.WAKES)
    return True


def _send(file: RecordingFile, to: str, key: str) -> None:
    file.source, file.source_key, file.source_since = file.store, file.key, file.checked_at
    file.store, file.key, file.status = to, key, FileStatus.WAITING
    file.upload, file.parts, file.copied, file.began_at = "", [], 0, None


def _why_not(recording: Recording, files: Sequence[RecordingFile]) -> str:
    """Why a recording cannot be moved now; "" when it can."""
    if recording.status is not RecordingStatus.READY:
        return "Only a recording that is ready can be moved."
    if places.is_going(recording):
        return "This recording is being deleted."
    if any(file.status is FileStatus.WAITING for file in files):
        return "This recording is being moved already."
    if any(file.source for file in files):
        return "The place that this recording came from is still being cleared. Try in an hour."
    return ""

"""Bringing recordings to their store: every file whole and checked, then `ready`, then the source
is cleared. A recording that is moved to another store goes the same way, and can be watched
meanwhile.

Any number of workers may be at it: each takes a recording for itself, so many at once over all of
them. One that is killed anywhere costs two minutes, and another one goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import Session, col, select

from services import access, clock, db, outages
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, ProviderError
from services.ids import RecordingFileId
from services.jobs import runs
from services.models import (
    FileStatus,
    MentoringSession,
    Orphan,
    Recording,
    RecordingFile,
    RecordingStatus,
)
from services.outbox import wake_soon
from services.recordings import (
    bringing,
    changing,
    clearing,
    keeping,
    leases,
    news,
    places,
    trouble,
)
from services.recordings.bringing import Going, Pairs, Spoilt
from services.recordings.leases import Lease, Lost

KIND: Final = "transfer_recordings"
"""What an admin pauses."""
SMALL_AT_ONCE: Final = 4

log = structlog.get_logger()


def transfer_due() -> int:
    """Work on every recording whose files wait, the longest waiting first; on how many."""
    worked = 0
    for lease in leases.turns(KIND, *is_wanted(), most=settings().transfers_at_once):
        with runs.recorded("transfer", lease.recording, about=lease.recording) as run:
            run.result = work(lease)
        worked += 1
    return worked


def count_due() -> int:
    """How many recordings wait for a worker."""
    return leases.count_due(*is_wanted())


def is_wanted() -> tuple[ColumnElement[bool], ...]:
    """The recordings with something left to bring or to clear. Those without files are still
    looked for (`looking.watched`); those that are to be deleted are `purging`'s."""
    files = exists().where(col(RecordingFile.recording_id) == col(Recording.id))
    gathered = and_(col(Recording.status) == RecordingStatus.TRANSFERRING, files)
    return (
        or_(gathered, col(Recording.status) == RecordingStatus.READY),
        or_(col(Recording.purge_asked_at).is_(None), col(Recording.held_at).is_not(None)),
    )


def work(lease: Lease) -> str:
    """Do what is left to be done for a recording that was taken; how that ended."""
    try:
        with leases.kept(lease):
            return _work(lease)
    except Lost:
        return "somebody else goes on"
    except Going:
        return _hand_over(lease)
    except Spoilt as spoilt:
        return _spoilt(lease, str(spoilt))
    except ProviderError as error:
        return _put_off(lease, error)
    except Exception as error:
        if outages.away(error):
            raise
        log.exception("transfer_stuck", about=lease.recording)
        runs.stumble("transfer", error)
        return _put_off(lease, error)


def try_again(*, actor: Actor, recording: str) -> None:
    """Try at once what has failed, or waits for another try: its files are taken as they are now.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        Conflict: there is nothing to try.
    """
    access.require_admin(actor)
    with db.transaction() as tx:
        found, _ = access.recording_for(tx, actor, recording)
        row, session = changing.locked(tx, found.id)
        before = row.status
        _check_waits(tx, row)
        row.status = RecordingStatus.TRANSFERRING if row.status in _FAILED else row.status
        if before in _FAILED:
            for file in places.files_of(tx, row.id, FileStatus.WAITING):
                file.bytes = file.bytes if file.source_since else 0  # as they are now
        leases.look_soon(row)
        tx.flush()
        changing.note(
            tx,
            recording=row,
            session=session,
            action="retried",
            before={"status": before.value},
            after={"status": row.status.value},
            actor=actor,
        )
        wake_soon(tx, leases.WAKES)


_FAILED: Final = frozenset({RecordingStatus.FAILED})


def _check_waits(db: Session, recording: Recording) -> None:
    if places.is_going(recording):
        raise Conflict("This recording is being deleted: there is nothing to bring any more.")
    left = places.files_of(db, recording.id, FileStatus.WAITING, FileStatus.CHECKED)
    match recording.status:
        case RecordingStatus.FAILED if left or recording.sid:
            return  # without files its bucket is listed once more
        case RecordingStatus.TRANSFERRING | RecordingStatus.READY if recording.look_at:
            return
        case RecordingStatus.FAILED:
            raise Conflict("The recorder left no file that could be brought.")
        case _:
            raise Conflict("There is nothing to try again: nothing of this recording waits.")


def _work(lease: Lease) -> str:
    pairs = Pairs()
    brought = 0
    while waiting := _waiting(lease):
        spoilt = _bring_all(lease, waiting, pairs)
        if spoilt:
            raise spoilt[0]
        brought += len(waiting)
    if not _end(lease):
        return "nothing to do"
    _leave(lease, look_at=clearing.clear(lease, pairs))
    return f"{brought} files brought"


def _leave(lease: Lease, *, look_at: datetime | None) -> None:
    """Nothing is left to do until then; or at once, if somebody has moved it since, has added a
    file to it, or wants it deleted: they left it to whoever was at it."""
    with db.transaction() as tx:
        recording = leases.held(tx, lease)
        more = places.files_of(tx, recording.id, FileStatus.WAITING)
        at_once = bool(more) or places.is_going(recording)
        session = tx.get_one(MentoringSession, recording.session_id)
        keeping.note_kept(tx, recording=recording, session=session)
        recording.tries, recording.trouble = 0, ""
        leases.give_back(recording, look_at=clock.utc_now() if at_once else look_at)


def _waiting(lease: Lease) -> tuple[RecordingFile, ...]:
    with db.reading() as session:
        return places.files_of(session, lease.recording_id, FileStatus.WAITING)


def _bring_all(lease: Lease, files: Sequence[RecordingFile], pairs: Pairs) -> list[Spoilt]:
    """Small ones some at a time, since each of their requests waits; large ones one by one, since
    each goes in parts. What is spoilt keeps the others from nothing."""
    _, destination, _ = pairs.of(files[0])
    part = destination.part_rules.usual
    small = [file.id for file in files if 0 < file.bytes < part]
    large = [file.id for file in files if file.id not in set(small)]
    spoilt: list[Spoilt | None] = []
    with ThreadPoolExecutor(SMALL_AT_ONCE, "bringing") as pool:
        for first in range(0, len(small), SMALL_AT_ONCE):
            some = small[first : first + SMALL_AT_ONCE]
            tasks = [pool.submit(_in_context(partial(_bring, lease, each, pairs))) for each in some]
            spoilt += [task.result() for task in tasks]
    spoilt += [_bring(lease, each, pairs) for each in large]
    return [one for one in spoilt if one is not None]


def _in_context(call: Any) -> Any:
    """The call, with the log lines and the clock of whoever asks for it."""
    return partial(copy_context().run, call)


def _bring(lease: Lease, file: RecordingFileId, pairs: Pairs) -> Spoilt | None:
    try:
        bringing.bring(lease, file, pairs)
    except Spoilt as spoilt:
        return spoilt
    return None


def _end(lease: Lease) -> bool:
    """Everything has arrived: it can be watched, and both people hear of it. False when there are
    no files at all, or more of them wait since."""
    with db.transaction() as tx:
        recording, session = changing.locked(tx, lease.recording_id)
        leases.check_ours(recording, lease)
        bringing.check_stays(recording)
        waiting = places.files_of(tx, recording.id, FileStatus.WAITING)
        there = places.files_of(tx, recording.id, FileStatus.CHECKED)
        if waiting or not there:
            leases.give_back(recording, look_at=clock.utc_now() if waiting else None)
            return False
        if recording.status is RecordingStatus.TRANSFERRING:
            _become_ready(tx, recording, session, there)
        keeping.note_kept(tx, recording=recording, session=session)
    return True


def _become_ready(
    db: Session, recording: Recording, session: MentoringSession, files: Sequence[RecordingFile]
) -> None:
    recording.status, recording.ready_at = RecordingStatus.READY, clock.utc_now()
    recording.tries, recording.trouble = 0, ""
    recording.keep_until = recording.keep_until or changing.kept_until(session)
    db.flush()
    changing.note(
        db,
        recording=recording,
        session=session,
        action="ready",
        before={"status": RecordingStatus.TRANSFERRING.value},
        after={"files": len(files), "bytes": places.whole_size(files)},
    )
    news.ready(db, recording=recording, session=session)


def _hand_over(lease: Lease) -> str:
    """It is to be deleted: whoever does that need not wait."""
    with db.transaction() as tx:
        try:
            recording = leases.held(tx, lease)
        except Lost:
            return "somebody else goes on"
        leases.give_back(recording, look_at=clock.utc_now())
        wake_soon(tx, leases.WAKES)
    return "is to be deleted"


def _put_off(lease: Lease, error: Exception) -> str:
    try:
        return trouble.put_off(lease, error, unless_going=True)
    except Lost:
        return "somebody else goes on"


def _spoilt(lease: Lease, words: str) -> str:
    """A recording that is not whole is none: it has failed, and its source stays. One that was only
    moved stays where it is whole."""
    try:
        _take_back(lease)
        with db.transaction() as tx:
            recording, session = changing.locked(tx, lease.recording_id)
            leases.check_ours(recording, lease)
            bringing.check_stays(recording)
            if recording.status is RecordingStatus.READY:
                _stay(tx, recording, session, words)
            else:
                changing.fail(tx, recording=recording, session=session, words=words)
            keeping.note_kept(tx, recording=recording, session=session)
    except Lost:
        return "somebody else goes on"
    except Going:
        return _hand_over(lease)
    except ProviderError as error:
        return _put_off(lease, error)
    return words


def _take_back(lease: Lease) -> None:
    """Remove what has arrived by now of files that will not arrive: their key is used again. Never
    where the source may be what would be removed."""
    pairs = Pairs()
    for file in _waiting(lease):
        if file.began_at is None:
            continue
        _, destination, shared = pairs.of(file)
        with db.transaction() as tx:  # still ours, right before it is deleted
            bringing.check_stays(leases.held(tx, lease))
        if not shared:
            destination.delete(file.key)


def _stay(db: Session, recording: Recording, session: MentoringSession, words: str) -> None:
    """What was to be moved, and cannot be, is where it was. A file that an admin had given to the
    recording goes back to where they found it."""
    waiting = places.files_of(db, recording.id, FileStatus.WAITING)
    moved = any(file.checked_at is not None for file in waiting)
    for file in waiting:
        if file.checked_at is None:
            _open_orphan_again(db, file)
            file.status, file.gone_at = FileStatus.GONE, clock.utc_now()
        else:
            if file.source_since is not None:
                file.store, file.key = file.source, file.source_key
            file.status, file.checked_at = FileStatus.CHECKED, file.source_since or file.checked_at
            file.copied = file.bytes
        file.source, file.source_since, file.upload, file.parts = "", None, "", []
    known, recording.trouble, recording.tries = recording.trouble, words[:300], 0
    leases.give_back(recording, look_at=_next_clearing(db, recording))
    trouble.tell_admins(db, recording)
    if known != recording.trouble:  # it is looked at again and again
        action, after = "not_moved" if moved else "not_adopted", {"why": recording.trouble}
        changing.note(db, recording=recording, session=session, action=action, after=after)


def _open_orphan_again(db: Session, file: RecordingFile) -> None:
    here = col(Orphan.store) == file.source, col(Orphan.key) == file.source_key
    mine = select(Orphan).where(*here).order_by(col(Orphan.id).desc()).limit(1)
    orphan = db.exec(mine).one_or_none()
    if orphan is not None:
        orphan.settled_at, orphan.settled_by, orphan.settled_how = None, None, ""


def _next_clearing(db: Session, recording: Recording) -> datetime | None:
    """When what has arrived is to be cleared at its source, though the rest has not."""
    files = places.files_of(db, recording.id, FileStatus.CHECKED)
    left = any(file.source for file in files)
    return clock.utc_now() + clearing.LINKS_LIVE if left else None

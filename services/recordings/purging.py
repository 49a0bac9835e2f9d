"""Deleting recordings: every version of every file, wherever it lies, and proving that by listing.

What is asked for is carried out by a worker, as soon as no recorder runs and nobody holds it; one
that is killed anywhere is followed by another one. The session, its notes and its money stay.
"""

from __future__ import annotations

from typing import Final

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from services import access, clock, db, inputs, locking, outages, recording_reasons
from services.audit import Actor
from services.errors import Conflict, ProviderError
from services.jobs import runs
from services.models import MentoringSession, Recording, RecordingStatus
from services.models.recording import RUNNING
from services.outbox import wake_soon
from services.providers.storage.base import BadKey
from services.recordings import changing, erasing, leases, places, running, trouble
from services.recordings.leases import Lease, Lost

KIND: Final = "purge_recordings"
"""What an admin pauses."""
PURGES_AT_ONCE: Final = 2
"""A recording may be hundreds of files: whatever waits, most threads of a worker stay free."""
LONGEST_REASON: Final = 300
HELD: Final = "This recording is held: release it first, and it is deleted."
NOTHING_LEFT: Final = "This recording is deleted already."

log = structlog.get_logger()


def ask(db: Session, *, recording: Recording, reason: str, actor: Actor) -> bool:
    """Have a recording deleted: its recorder leaves, its files go. False when somebody holds it:
    it stays until it is released, and is deleted then. Asked twice is once.

    The caller may hold the session's lock, or those of its people; this takes the recording's.
    """
    row = locking.lock_recording(db, recording.id)
    if row.status is RecordingStatus.PURGED:
        return True
    if row.purge_asked_at is None:
        row.purge_asked_at, row.purge_reason = clock.utc_now(), reason[:LONGEST_REASON]
        row.purge_asked_by = actor.user_id
        db.flush()
        changing.note(
            db,
            recording=row,
            session=db.get_one(MentoringSession, row.session_id),
            action="purge_asked",
            after={"reason": row.purge_reason, "held": row.held_at is not None},
            actor=actor,
        )
    if row.status in RUNNING:
        ours = reason in recording_reasons.OURS
        running.stop(db, recording=row, reason=reason if ours else erasing.BY_AN_ADMIN)
    elif row.held_at is None:
        hurry(db, row)
    else:
        leave_failed(row)
    return row.held_at is None


def hurry(db: Session, recording: Recording) -> None:
    """Have somebody look at a recording that is to be deleted; whoever is at it sees it as well."""
    if not leases.is_taken(recording):
        leases.give_back(recording, look_at=clock.utc_now())
    wake_soon(db, leases.WAKES)


def leave_failed(recording: Recording) -> None:
    """One that came to nothing, is held, and is to be deleted: nobody has anything to do about it,
    or to tell, until it is released."""
    failed = recording.status is RecordingStatus.FAILED
    if failed and recording.purge_asked_at is not None and not leases.is_taken(recording):
        leases.give_back(recording, look_at=None)


def purge_now(*, actor: Actor, recording: str, reason: str) -> None:
    """Have a recording deleted before its time; both people are told why.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        InvalidInput: no reason.
        Conflict: it is held, or deleted already.
    """
    access.require_admin(actor)
    said = inputs.line(reason, field="reason", what="The reason", least=1, most=LONGEST_REASON)
    with db.transaction() as tx:
        found, _ = access.recording_for(tx, actor, recording)
        row, _ = changing.locked(tx, found.id)
        if row.held_at is not None:
            raise Conflict(HELD)
        if row.status is RecordingStatus.PURGED:
            raise Conflict(NOTHING_LEFT)
        ask(tx, recording=row, reason=said, actor=actor)


def purge_due() -> int:
    """Delete every recording that is to be deleted, the longest waiting first, so many at once over
    all workers; of how many there is nothing left."""
    gone = 0
    for lease in leases.turns(KIND, *is_wanted(), most=PURGES_AT_ONCE):
        with runs.recorded("purge", lease.recording, about=lease.recording) as run:
            run.result = work(lease)
            gone += run.result == erasing.GONE
    return gone


def count_due() -> int:
    """How many recordings wait to be deleted."""
    return leases.count_due(*is_wanted())


def is_wanted() -> tuple[ColumnElement[bool], ...]:
    """The recordings that are to be deleted now: no recorder runs, and nobody holds them."""
    over = set(RecordingStatus) - RUNNING - {RecordingStatus.PURGED}
    return (
        col(Recording.purge_asked_at).is_not(None),
        col(Recording.held_at).is_(None),
        col(Recording.status).in_(sorted(over)),
    )


def work(lease: Lease) -> str:
    """Delete a recording that was taken; how that ended."""
    try:
        with leases.kept(lease):
            return erasing.erase(lease)
    except Lost:
        return "somebody else goes on"
    except erasing.Held:
        return _leave(lease)
    except (ProviderError, BadKey) as error:
        return _put_off(lease, error)
    except Exception as error:
        if outages.away(error):
            raise
        log.exception("purge_stuck", about=lease.recording)
        runs.stumble("purge", error)
        return _put_off(lease, error)


def _leave(lease: Lease) -> str:
    """Held meanwhile: what is left stays, and goes on its way; unless that is over by now."""
    with db.transaction() as tx:
        try:
            recording = leases.held(tx, lease)
        except Lost:
            return "somebody else goes on"
        again = places.is_going(recording) or places.has_way_to_go(tx, recording)
        leases.give_back(recording, look_at=clock.utc_now() if again else None)
    return "is held"


def _put_off(lease: Lease, error: Exception) -> str:
    try:
        return trouble.put_off(lease, error)
    except Lost:
        return "somebody else goes on"

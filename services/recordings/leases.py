"""A worker takes a recording for itself, for two minutes, and renews that as long as it lives.

Whoever lost a recording, because it stood still for too long, notices at its next write: `held`
stands before each. A worker that was killed renews nothing, and another one goes on.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from services import clock, db, locking
from services.ids import RecordingId
from services.jobs import pauses
from services.models import Recording

WAKES: Final = "recording_files"
"""What a worker is woken with, when files are to be brought or deleted."""
LEASE: Final = timedelta(minutes=2)
RENEW_EVERY_SECONDS: Final = 30.0
stopping: Final = threading.Event()
"""Set while this worker ends: what it is at it finishes, and it takes nothing more."""

log = structlog.get_logger()


class Lost(Exception):
    """Somebody else works on the recording now, or it was settled."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A recording that was taken: its id, its public id, and the name under which."""

    recording_id: RecordingId
    recording: str
    name: str


def take(*wanted: ColumnElement[bool], most: int | None = None) -> Lease | None:
    """Take the recording among the `wanted` that has been due for longest; None when none is due,
    or `most` of them are taken already, by whomever."""
    with db.transaction() as tx:
        locking.lock_taking(tx)
        now = clock.utc_now()
        if most is not None and _taken(tx, wanted, now) >= most:
            return None
        due = (
            select(Recording)
            .where(*wanted, col(Recording.look_at) <= now)
            .order_by(col(Recording.look_at))
            .limit(1)
            # Somebody changes it now: it is due in a moment as well.
            .with_for_update(key_share=True, skip_locked=True)
        )
        recording = tx.exec(due).one_or_none()
        if recording is None:
            return None
        recording.lease, recording.look_at = secrets.token_hex(16), now + LEASE
        return Lease(recording.id, recording.public_id, recording.lease)


def turns(kind: str, *wanted: ColumnElement[bool], most: int) -> Iterator[Lease]:
    """Take the `wanted` one after the other, until none is due, `most` of them are taken, an admin
    has paused the `kind`, or this worker is to stop."""
    while not (stopping.is_set() or _is_paused(kind)) and (lease := take(*wanted, most=most)):
        yield lease


def count_due(*wanted: ColumnElement[bool]) -> int:
    """How many of the `wanted` could be taken now."""
    due = select(func.count()).select_from(Recording)
    with db.reading() as session:
        return session.exec(due.where(*wanted, col(Recording.look_at) <= clock.utc_now())).one()


def held(db: Session, lease: Lease) -> Recording:
    """The recording, locked and as it is now.

    Raises:
        Lost
    """
    recording = locking.lock_recording(db, lease.recording_id)
    check_ours(recording, lease)
    return recording


def check_ours(recording: Recording, lease: Lease) -> None:
    """That a recording, which was read under its lock, is still taken by this lease.

    Raises:
        Lost
    """
    if recording.lease != lease.name:
        raise Lost(lease.recording)


def give_back(recording: Recording, *, look_at: datetime | None) -> None:
    """Nobody works on it any more; when somebody looks at it next."""
    recording.lease, recording.look_at = "", look_at


def is_taken(recording: Recording) -> bool:
    """Whether a worker is at it, as far as one can know."""
    until = recording.look_at
    return bool(recording.lease) and until is not None and until > clock.utc_now()


def look_soon(recording: Recording) -> None:
    """What went wrong before no longer counts, and somebody looks at it now; a worker that is at it
    goes on."""
    recording.tries, recording.trouble = 0, ""
    if not is_taken(recording):
        give_back(recording, look_at=clock.utc_now())


@contextmanager
def kept(lease: Lease) -> Iterator[None]:
    """Renew the lease inside, whatever takes its time there."""
    over = threading.Event()
    act = copy_context().run
    renewing = threading.Thread(target=act, args=(_renew, lease, over), name="lease", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()


def _renew(lease: Lease, over: threading.Event) -> None:
    while not over.wait(RENEW_EVERY_SECONDS):
        try:
            with db.transaction() as tx:
                held(tx, lease).look_at = clock.utc_now() + LEASE
        except Lost:
            return
        except Exception as error:  # the next try may find the database again
            log.warning("lease_not_renewed", about=lease.recording, error=type(error).__name__)


def _is_paused(kind: str) -> bool:
    with db.reading() as session:
        return kind in pauses.paused_kinds(session)


def _taken(db: Session, wanted: tuple[ColumnElement[bool], ...], now: datetime) -> int:
    taken = select(func.count()).select_from(Recording)
    mine = taken.where(*wanted, col(Recording.lease) != "", col(Recording.look_at) > now)
    return db.exec(mine).one()

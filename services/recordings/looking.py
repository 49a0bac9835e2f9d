"""Taking turns: whoever looks at a recording takes it first, asks the vendor outside of any
transaction, and writes down what came of it under the locks.

A turn is a lease: a worker that is killed in it costs a minute. Whatever cannot wait that long
(somebody takes a yes back) ends the turn of whoever has it, who then still writes down what they
learned, but does not say any more when to look again.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, or_, update
from sqlmodel import Session, col, select

from services import clock, db
from services.ids import RecordingId
from services.models import MentoringSession, Recording, RecordingFile, RecordingStatus
from services.models.recording import RUNNING
from services.recordings import changing

LEASE: Final = timedelta(minutes=1)
"""Longer than all time-outs of one turn together: two requests to the video service, each with two
connections that fail and a third that is slow to be made, to be sent to, and to answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A recording as it was when this turn began, and its session."""

    lease: str
    row: Recording
    session: MentoringSession


@dataclass(frozen=True, slots=True)
class Outcome:
    """A transaction in which the outcome of a turn is written: the rows as they are now."""

    db: Session
    row: Recording
    session: MentoringSession
    turn: Turn

    def look_again(self, *, after: float) -> None:
        """When to look next, in seconds; unless somebody has asked for it sooner meanwhile."""
        if self.row.lease == self.turn.lease:
            self.row.lease = ""
            self.row.look_at = clock.utc_now() + timedelta(seconds=after)


def watched() -> ColumnElement[bool]:
    """Recordings whose recorder is watched, or whose files are still to be found. From the moment
    that their files have rows they are on their way (`transferring`); one that is to be deleted is
    `purging`'s as soon as the recorder has left."""
    files = exists().where(col(RecordingFile.recording_id) == col(Recording.id))
    stays = or_(col(Recording.purge_asked_at).is_(None), col(Recording.held_at).is_not(None))
    gathered = and_(col(Recording.status) == RecordingStatus.TRANSFERRING, ~files, stays)
    return or_(col(Recording.status).in_(sorted(RUNNING)), gathered)


def has_files(db: Session, recording: Recording) -> bool:
    """Whether its files have rows."""
    file = select(RecordingFile.id).where(RecordingFile.recording_id == recording.id)
    return db.exec(file.limit(1)).first() is not None


def is_due(now: datetime) -> ColumnElement[bool]:
    """Watched, and nobody is at it."""
    return and_(watched(), col(Recording.look_at) <= now)


def take(recording: RecordingId, *, among: Collection[RecordingStatus] = ()) -> Turn | None:
    """Begin a turn; None when it is not due, or somebody else was faster. `among` names the states
    in which it is wanted at all."""
    now, lease = clock.utc_now(), secrets.token_urlsafe(12)
    statuses = sorted(among or set(RecordingStatus))
    with db.transaction() as session:
        taken = session.exec(
            update(Recording)
            .where(col(Recording.id) == recording, is_due(now), col(Recording.status).in_(statuses))
            .values(lease=lease, look_at=now + LEASE)
            .execution_options(synchronize_session=False)
        )
        if not taken.rowcount:
            return None
        row = session.get_one(Recording, recording)
        return Turn(lease, row, session.get_one(MentoringSession, row.session_id))


@contextmanager
def writing(turn: Turn) -> Iterator[Outcome]:
    """The transaction in which a turn's outcome is written."""
    with db.transaction() as session:
        row, meeting = changing.locked(session, turn.row.id)
        yield Outcome(session, row, meeting, turn)


def hurry(recording: Recording) -> None:
    """Have somebody look at once, whoever is at it. The caller holds the recording's lock."""
    recording.look_at, recording.lease = clock.utc_now(), ""

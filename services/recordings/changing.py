"""What every change of a recording does: lock, look again, write down, tell open pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from services import audit, clock, locking, meeting_news, topics
from services.audit import SYSTEM, Actor
from services.config import settings
from services.ids import RecordingId
from services.models import MentoringSession, Recording, RecordingStatus
from services.models.recording import RUNNING
from services.recordings import places

_LONGEST_WORDS = 300


def locked(db: Session, recording: RecordingId) -> tuple[Recording, MentoringSession]:
    """A recording and its session, both read under their locks.

    Raises:
        sqlalchemy.exc.NoResultFound: there is none.
    """
    row = db.get_one(Recording, recording)
    session = db.get_one(MentoringSession, row.session_id)
    locking.lock_session(db, session)
    return locking.lock_recording(db, recording), session


def locked_by_name(db: Session, public_id: str) -> tuple[Recording, MentoringSession]:
    """The same by the public id."""
    return locked(db, id_of(db, public_id))


def id_of(db: Session, public_id: str) -> RecordingId:
    """A recording's key.

    Raises:
        sqlalchemy.exc.NoResultFound: there is none.
    """
    return db.exec(select(col(Recording.id)).where(Recording.public_id == public_id)).one()


def note(
    db: Session,
    *,
    recording: Recording,
    session: MentoringSession,
    action: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    actor: Actor = SYSTEM,
) -> None:
    """Write down a change, and tell open pages."""
    audit.record(
        db,
        actor=actor,
        action=f"recording.{action}",
        thing=recording.public_id,
        before=before,
        after=after,
    )
    tell_pages(db, session)


def tell_pages(db: Session, session: MentoringSession) -> None:
    """Open pages that show the session, or recordings, look again."""
    meeting_news.changed(db, session)
    topics.publish(db, topics.RECORDINGS)


def kept_until(session: MentoringSession) -> datetime:
    """Until when a session's recordings are kept, if nobody says otherwise."""
    return session.ends_at + timedelta(days=settings().recording_days)


def find_running(db: Session, session: MentoringSession) -> Recording | None:
    """The recording whose recorder is, or may be, in the room."""
    running = select(Recording).where(
        Recording.session_id == session.id, col(Recording.status).in_(sorted(RUNNING))
    )
    return db.exec(running).one_or_none()


def learn(db: Session, *, recording: Recording, session: MentoringSession, sid: str) -> None:
    """A recorder's id has become known. The first one counts."""
    if recording.sid:
        return
    recording.sid, recording.started_at = sid, recording.started_at or clock.utc_now()
    recording.tries, recording.trouble = 0, ""
    note(
        db,
        recording=recording,
        session=session,
        action="started",
        after={"sid": sid, "uid": recording.uid},
    )


def fail(db: Session, *, recording: Recording, session: MentoringSession, words: str) -> None:
    """There is nothing to watch of this recorder's work; `words` are for people. Another one is
    sent in where one is wanted; who is told of it, and when, says `failures`."""
    from services.recordings import failures, running  # they stand on this

    before = recording.status
    recording.status, recording.trouble = RecordingStatus.FAILED, words[:_LONGEST_WORDS]
    recording.stopped_at = recording.stopped_at or clock.utc_now()
    recording.keep_until = recording.keep_until or kept_until(session)
    # What is to be deleted is looked at again: there may be files all the same.
    recording.look_at = clock.utc_now() if places.is_going(recording) else None
    recording.lease = ""
    db.flush()
    note(
        db,
        recording=recording,
        session=session,
        action="failed",
        before={"status": before.value},
        after={"trouble": recording.trouble},
    )
    running.reconsider(db, session=session)
    failures.tell_or_wait(db, recording=recording, session=session)

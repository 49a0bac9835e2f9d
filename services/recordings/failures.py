"""Telling people that there is nothing to watch, once that is sure: while the room is open, another
recorder may still come, and one that came to nothing beside another one's film is no news. Admins
hear at once of what no person has ended: a wrong setting would cost the next session as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, col, select

from services import clock, due, notifications, rooms
from services.ids import RecordingId
from services.models import MentoringSession, Recording, RecordingStatus
from services.recordings import changing, news, over, running

_BY_PEOPLE: Final = frozenset({running.EMPTY, running.NOT_ALLOWED, running.CANCELED})


def tell_due() -> int:
    """Tell people of the recordings that have failed, and whose room has closed; of how many."""
    return due.run(_find, _tell, what="recording_failed")


def tell_or_wait(db: Session, *, recording: Recording, session: MentoringSession) -> bool:
    """Tell both people, once, that a recording has failed; False when the room is still open, or
    there is nothing to tell. Admins hear of it where they can help, and do not wait for that. The
    caller holds the locks."""
    if recording.purge_asked_at is not None or recording.seen.get("told_failed"):
        return False
    if _is_empty(recording) and recording.stop_reason not in _BY_PEOPLE:
        _alert_admins(db, recording, session)
    closes_at = rooms.closes_at(session)
    if clock.utc_now() < closes_at:
        recording.look_at = closes_at
        return False
    recording.look_at = None
    if _others_say_enough(db, recording):
        return False
    recording.seen = {**recording.seen, "told_failed": True}
    news.failed(db, recording=recording, session=session)
    _alert_admins(db, recording, session)
    return True


def _alert_admins(db: Session, recording: Recording, session: MentoringSession) -> None:
    """Where they can help; once of all recorders of a session that recorded nothing."""
    if _can_be_helped(recording):
        notifications.alert_admins(
            db,
            alert="recording_failed",
            thing=recording.public_id,
            once=session.public_id if _is_empty(recording) else "",
        )


def _is_empty(recording: Recording) -> bool:
    """Whether nothing was recorded."""
    return recording.recording_at is None or bool(recording.seen.get("nothing"))


def _others_say_enough(db: Session, recording: Recording) -> bool:
    """Whether nothing was recorded here, and the session has another recording, or another failure
    of which people hear."""
    if not _is_empty(recording):
        return False
    others = db.exec(
        select(Recording).where(
            Recording.session_id == recording.session_id, col(Recording.id) != recording.id
        )
    ).all()
    return any(
        other.status is not RecordingStatus.FAILED
        or other.look_at is not None
        or other.seen.get("told_failed")
        for other in others
    )


def _can_be_helped(recording: Recording) -> bool:
    """Not where nobody sent anything, nor where people went, or said no, before it was started."""
    started = recording.resource_id or recording.sid
    unwanted = not started and recording.stop_reason in _BY_PEOPLE
    return not unwanted and recording.seen.get("nothing") != over.NOTHING_SENT


def _find(db: Session, *, limit: int) -> Sequence[RecordingId]:
    waiting = (
        select(col(Recording.id))
        .where(
            col(Recording.look_at) <= clock.utc_now(),
            col(Recording.status) == RecordingStatus.FAILED,
            col(Recording.purge_asked_at).is_(None),
        )
        .order_by(col(Recording.look_at), col(Recording.id))
        .limit(limit)
    )
    return db.exec(waiting).all()


def _tell(db: Session, recording_id: RecordingId) -> bool:
    row, session = changing.locked(db, recording_id)
    waits = row.status is RecordingStatus.FAILED and row.look_at is not None
    return waits and tell_or_wait(db, recording=row, session=session)

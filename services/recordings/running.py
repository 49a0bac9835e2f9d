"""Whether a session is to be recorded just now. One function decides, after whatever may change it:
somebody comes, goes, answers, or time passes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlmodel import Session, col, select

from services import clock, due, locking, outbox, rooms
from services.config import settings
from services.db import insert_or_ignore
from services.ids import SessionId
from services.models import MentoringSession, Recording, RecordingStatus
from services.models.recording import RUNNING
from services.recordings import allowed, changing, looking

FAILED_IN_A_ROW: Final = 3
"""After so many recorders that came to nothing, no other is sent into the same session."""
MOST_RECORDERS: Final = 20
"""Of one session, whatever becomes of them."""
EMPTY_SECONDS: Final = 60
FIRST_RECORDER_UID: Final = 1000
UIDS_OF_ONE: Final = 10

NOT_ALLOWED: Final = "Not everybody agrees to the recording any more."
CANCELED: Final = "The session was canceled."
OVER: Final = "The session was over."
EMPTY: Final = "Nobody was in the room any more."
BY_PEOPLE: Final = frozenset({NOT_ALLOWED, EMPTY})
"""One that was sent away so says nothing of whether the next one would come."""


def reconsider(db: Session, *, session: MentoringSession) -> None:
    """Send a recorder in, or have it leave, as things stand now. The caller holds the session's
    lock (`locking.lock_session`)."""
    running = changing.find_running(db, session)
    if running is None:
        if _is_wanted(db, session):
            begin(db, session=session)
    elif running.status is not RecordingStatus.STOPPING and (reason := _why_not(db, session)):
        stop(db, recording=running, reason=reason)


def stop(db: Session, *, recording: Recording, reason: str) -> None:
    """Have the recorder leave; its files come later. Nothing for one that is leaving, or has left.
    The caller holds the session's lock, or that of the recording."""
    if recording.status not in {RecordingStatus.STARTING, RecordingStatus.RECORDING}:
        return
    before = recording.status
    recording.status, recording.stop_asked_at = RecordingStatus.STOPPING, clock.utc_now()
    recording.stop_reason = reason[:300]
    looking.hurry(recording)
    db.flush()
    name = recording.public_id
    outbox.add(db, kind="recording_stop", key=f"recording_stop:{name}", data={"recording": name})
    changing.note(
        db,
        recording=recording,
        session=db.get_one(MentoringSession, recording.session_id),
        action="stop_asked",
        before={"status": before.value},
        after={"reason": recording.stop_reason},
    )


def check_due() -> int:
    """Reconsider each session that a recorder is in: time passes, and people just go. How many
    recorders were told to leave."""
    return due.run(_find_running, _check, what="recorder")


def _is_wanted(db: Session, session: MentoringSession) -> bool:
    people = rooms.people_of(session)
    return (
        settings().video_offered
        and _why_over(session) == ""
        and rooms.present(db, session) >= people
        and allowed.all_granted(db, session, people)
        and not _keeps_failing(db, session)
    )


def _why_not(db: Session, session: MentoringSession) -> str:
    """Why a recorder that is in the room must leave; "" while it may stay."""
    if over := _why_over(session):
        return over
    if allowed.somebody_refuses(db, session, rooms.people_of(session)):
        return NOT_ALLOWED
    last = rooms.last_seen(db, session)
    empty_since = clock.utc_now() - timedelta(seconds=EMPTY_SECONDS)
    gone = last is None or last <= empty_since
    return EMPTY if gone and not rooms.present(db, session) else ""


def _why_over(session: MentoringSession) -> str:
    if session.canceled_at is not None:  # also late, which is a no-show
        return CANCELED
    open_now = rooms.opens_at(session) <= clock.utc_now() < rooms.closes_at(session)
    return "" if open_now else OVER


def _keeps_failing(db: Session, session: MentoringSession) -> bool:
    of_session = select(Recording.number, Recording.status, Recording.stop_reason).where(
        Recording.session_id == session.id
    )
    last = db.exec(of_session.order_by(col(Recording.number).desc()).limit(MOST_RECORDERS)).all()
    telling = [status for _, status, reason in last if reason not in BY_PEOPLE][:FAILED_IN_A_ROW]
    failed = telling.count(RecordingStatus.FAILED) == FAILED_IN_A_ROW
    return failed or bool(last and last[0][0] >= MOST_RECORDERS)


def begin(db: Session, *, session: MentoringSession) -> bool:
    """Write a new recorder down, and the message that starts it; False where there is one. Whoever
    else is at it, the unique index over running recordings keeps a second one out."""
    last = select(Recording.number).where(Recording.session_id == session.id)
    number = (db.exec(last.order_by(col(Recording.number).desc()).limit(1)).first() or 0) + 1
    now = clock.utc_now()
    row = Recording(
        session_id=session.id,
        number=number,
        channel=rooms.channel_of(session),
        uid=uid_for(number, 0),
        source=settings().recording_source,
        prefix=uuid.uuid4().hex,
        began_at=now,
        look_at=now,
    )
    if not insert_or_ignore(db, row):
        return False
    name = row.public_id
    outbox.add(db, kind="recording_start", key=f"recording_start:{name}", data={"recording": name})
    changing.note(
        db, recording=row, session=session, action="began", after={"session": session.public_id}
    )
    return True


def uid_for(number: int, attempt: int) -> int:
    """The number in the channel of a session's n-th recorder, at its n-th attempt under a new one
    (from 0): nobody else's, and no earlier recorder's."""
    return FIRST_RECORDER_UID + number * UIDS_OF_ONE + min(attempt, UIDS_OF_ONE - 1)


def _find_running(db: Session, *, limit: int) -> Sequence[SessionId]:
    found = (
        select(col(Recording.session_id))
        .where(col(Recording.status).in_(sorted(RUNNING - {RecordingStatus.STOPPING})))
        .order_by(col(Recording.began_at), col(Recording.id))
        .limit(limit)
    )
    return db.exec(found).all()


def _check(db: Session, session_id: SessionId) -> bool:
    session = db.get_one(MentoringSession, session_id)
    locking.lock_session(db, session)
    before = changing.find_running(db, session)
    asked = before.stop_asked_at if before else None
    reconsider(db, session=session)
    return before is not None and before.stop_asked_at != asked

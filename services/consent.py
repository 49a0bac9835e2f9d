"""Asking the two people of a session whether it may be recorded.

No answer is no. A yes can be taken back until the recording is deleted anyway: then the recorder
leaves, and what was recorded is deleted. What was answered before is in the audit trail.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from services import access, audit, clock, db, locking, rooms
from services.audit import Actor
from services.config import settings
from services.consent_text import TEXT_VERSION, text_of
from services.errors import Conflict, NotAllowed, TooLate
from services.ids import UserId
from services.models import (
    Consent,
    ConsentAnswer,
    MentoringSession,
    Recording,
    RecordingStatus,
)
from services.recordings import changing, purging, running
from services.recordings.allowed import all_granted, answers
from services.recordings.reasons import WITHDRAWN

__all__ = ["TEXT_VERSION", "Withdrawn", "all_granted", "answer", "answers", "text_of", "withdraw"]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What taking a yes back has done: whether a recorder was `stopped`, how many recordings are
    being `deleted`, and how many an admin holds (`held`), so that they stay for now."""

    stopped: bool = False
    deleted: int = 0
    held: int = 0


def answer(*, actor: Actor, session: str, granted: bool, text_version: str) -> None:
    """Say yes or no to the recording of a session of one's own. A no after a yes takes it back.

    Raises:
        SignInNeeded, NotFound, NotAllowed
        Conflict: the text has changed since, or the session was canceled.
        TooLate: a yes to a session that is over.
    """
    user_id = access.require_user(actor)
    with db.transaction() as tx:
        row = _own_session(tx, actor, user_id, session)
        if text_version != TEXT_VERSION:
            raise Conflict("The text has changed. Read it again.", code="text_changed")
        present = answers(tx, row).get(user_id)
        if granted:
            _check_open(row)
            _write(tx, actor, row, user_id, ConsentAnswer.GRANTED)
        elif present is not None and present.answer is ConsentAnswer.GRANTED:
            _withdraw(tx, actor, row, user_id)
        elif present is None or present.answer is not ConsentAnswer.WITHDRAWN:
            _write(tx, actor, row, user_id, ConsentAnswer.DECLINED)
        running.reconsider(tx, session=row)


def withdraw(*, actor: Actor, session: str) -> Withdrawn:
    """Take one's yes back, whenever one likes: the recorder leaves, and every recording of the
    session is deleted that is not held. Twice is once.

    Raises:
        SignInNeeded, NotFound, NotAllowed
        Conflict: there was no yes.
    """
    user_id = access.require_user(actor)
    with db.transaction() as tx:
        row = _own_session(tx, actor, user_id, session)
        present = answers(tx, row).get(user_id)
        if present is None or present.answer is ConsentAnswer.DECLINED:
            raise Conflict("You have not agreed to a recording of this session.")
        return _withdraw(tx, actor, row, user_id)


def _own_session(db: Session, actor: Actor, user_id: UserId, session: str) -> MentoringSession:
    """A session of one's own, under its lock."""
    row = access.session_for(db, actor, session)
    if user_id not in rooms.people_of(row):
        raise NotAllowed("Only the two people of a session can answer for themselves.")
    locking.lock_session(db, row)
    return row


def _check_open(session: MentoringSession) -> None:
    if session.canceled_at is not None:
        raise Conflict("This session was canceled, so nothing will be recorded.")
    if clock.utc_now() >= rooms.closes_at(session):
        raise TooLate("This session is over, so nothing will be recorded any more.")


def _withdraw(db: Session, actor: Actor, session: MentoringSession, user_id: UserId) -> Withdrawn:
    at_work = changing.find_running(db, session)
    _write(db, actor, session, user_id, ConsentAnswer.WITHDRAWN)
    stopped = at_work is not None and at_work.status is not RecordingStatus.STOPPING
    if at_work is not None:
        running.stop(db, recording=at_work, reason=WITHDRAWN)
    there = select(Recording).where(
        Recording.session_id == session.id, col(Recording.status) != RecordingStatus.PURGED
    )
    gone = [
        purging.ask(db, recording=recording, reason=WITHDRAWN, actor=actor)
        for recording in db.exec(there.order_by(col(Recording.id))).all()
    ]
    return Withdrawn(stopped, deleted=gone.count(True), held=gone.count(False))


def _write(
    db: Session,
    actor: Actor,
    session: MentoringSession,
    user_id: UserId,
    given: ConsentAnswer,
) -> None:
    """The answer as it is from now on; the same one again changes nothing."""
    row = answers(db, session).get(user_id)
    again = row is not None and row.answer is given
    if row and again and (given is ConsentAnswer.WITHDRAWN or row.text_version == TEXT_VERSION):
        return
    before = {"answer": row.answer.value, "text": row.text_version} if row else {}
    if row is None:
        row = Consent(session_id=session.id, user_id=user_id, answer=given, text_version="")
    row.answer, row.answered_at = given, clock.utc_now()
    if given is not ConsentAnswer.WITHDRAWN:  # what is taken back keeps the text that it was to
        row.text_version = TEXT_VERSION
    db.add(row)
    db.flush()
    audit.record(
        db,
        actor=actor,
        action=f"consent.{given.value}",
        thing=session.public_id,
        before=before,
        after={
            "answer": given.value,
            "text": row.text_version,
            "days": settings().recording_days,  # what the text promised
        },
    )
    changing.tell_pages(db, session)

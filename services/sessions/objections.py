"""The mentee objects to an outcome, and an admin decides: at most once per session."""

from __future__ import annotations

from sqlmodel import Session, select

from services import access, audit, clock, db, inputs, locking, meeting_news
from services.audit import Actor
from services.errors import Conflict, NotAllowed, NotFound, OutOfDate, TooLate
from services.meeting_news import News
from services.models import (
    MentoringSession,
    Objection,
    ObjectionStatus,
    SessionStatus,
)
from services.sessions import settling
from services.sessions.settling import CREDIT_USED

MOST_TEXT = 1000
MOST_ANSWER = 300


def object_to(*, actor: Actor, session: str, text: str) -> None:
    """The mentee says that an outcome which used their credit is wrong, in time; or, while
    nobody has decided, that the mentor did not come.

    Raises:
        NotFound, NotAllowed, InvalidInput, TooLate, Conflict
    """
    access.require_user(actor)
    with db.transaction() as tx:
        row = access.session_for(tx, actor, session)
        if row.mentee_id != actor.user_id:
            raise NotAllowed("Only the mentee of a session can object to its outcome.")
        locking.lock_session(tx, row)
        write(tx, actor=actor, session=row, text=text)


def write(db: Session, *, actor: Actor, session: MentoringSession, text: str) -> None:
    """Keep the mentee's objection, and tell the mentor and the admins. Under the session's locks.

    Raises:
        InvalidInput, TooLate, Conflict
    """
    body = inputs.paragraphs(text, field="text", what="What happened", least=3, most=MOST_TEXT)
    known = _of_session(db, session)
    if known is not None:
        if known.body == body and known.status is ObjectionStatus.OPEN:
            return
        raise Conflict("You have objected to this session already.")
    now = clock.utc_now()
    if settling.is_over(session, now):
        settling.leave_open(db, actor=actor, session=session)
    if session.status in CREDIT_USED and session.object_until is not None:
        if now > session.object_until:
            raise TooLate("The time to object to this outcome is over. Write to the studio.")
    elif session.status is not SessionStatus.UNRESOLVED:
        raise Conflict("There is nothing to object to: this session did not use a credit.")
    db.add(Objection(session_id=session.id, outcome=session.status, body=body))
    audit.record(db, actor=actor, action="session.objected", thing=session.public_id)
    meeting_news.tell(db, session=session, news=News.OBJECTION, actor=actor)


def settle_objection(*, actor: Actor, objection: str, uphold: bool, answer: str) -> None:
    """An admin's answer. Upheld, the credit comes back and the pack is good for another while: the
    mentor did not come if that is what the mentee said before anybody had decided, else the
    session is canceled.

    Raises:
        SignInNeeded, NotAllowed: no admin, or the mentee; NotFound, InvalidInput
        Conflict: there is no outcome yet to stay with. OutOfDate: it was settled meanwhile.
    """
    access.require_admin(actor)
    answer = inputs.line(answer, field="answer", what="The answer", least=3, most=MOST_ANSWER)
    with db.transaction() as tx:
        row, session = _locked(tx, objection)
        if session.mentee_id == actor.user_id:
            raise NotAllowed("This objection is your own: another admin decides about it.")
        wanted = ObjectionStatus.UPHELD if uphold else ObjectionStatus.DENIED
        if row.status is not ObjectionStatus.OPEN:
            if row.status is wanted and row.decided_by == actor.user_id:
                return
            raise OutOfDate
        if not uphold and session.status is SessionStatus.UNRESOLVED:
            raise Conflict(
                "Nobody has said what happened yet. Say that instead: it answers the objection."
            )
        close(tx, actor=actor, session=session, uphold=uphold, note=answer)
        if not uphold or session.status in settling.CREDIT_BACK:
            meeting_news.tell(tx, session=session, news=News.OBJECTION_SETTLED, actor=actor)
            return
        claimed = row.outcome is SessionStatus.UNRESOLVED
        settling.settle(
            tx,
            actor=actor,
            session=session,
            outcome=SessionStatus.MENTOR_NO_SHOW if claimed else SessionStatus.CANCELED,
            reason=answer,
            news=News.OBJECTION_SETTLED,
        )


def withdraw_objection(*, actor: Actor, objection: str) -> None:
    """The mentee takes it back; it cannot be made again.

    Raises:
        SignInNeeded, NotFound, OutOfDate: it was settled meanwhile.
    """
    access.require_user(actor)
    with db.transaction() as tx:
        row, session = _locked(tx, objection)
        if session.mentee_id != actor.user_id:
            raise NotFound("objection")
        if row.status is ObjectionStatus.WITHDRAWN:
            return
        if row.status is not ObjectionStatus.OPEN:
            raise OutOfDate
        _end(tx, actor, session, row, ObjectionStatus.WITHDRAWN, "")


def close(db: Session, *, actor: Actor, session: MentoringSession, uphold: bool, note: str) -> None:
    """End the session's open objection, if there is one: something was decided about it."""
    row = _of_session(db, session)
    if row is not None and row.status is ObjectionStatus.OPEN:
        status = ObjectionStatus.UPHELD if uphold else ObjectionStatus.DENIED
        _end(db, actor, session, row, status, note)


def is_open(db: Session, session: MentoringSession) -> bool:
    """Whether the mentee's objection waits for an answer."""
    row = _of_session(db, session)
    return row is not None and row.status is ObjectionStatus.OPEN


def _end(
    db: Session,
    actor: Actor,
    session: MentoringSession,
    row: Objection,
    status: ObjectionStatus,
    answer: str,
) -> None:
    row.status, row.answer = status, answer
    row.decided_by, row.decided_at = actor.user_id, clock.utc_now()
    db.flush()
    meeting_news.changed(db, session)
    audit.record(
        db,
        actor=actor,
        action=f"session.objection_{status.value}",
        thing=session.public_id,
        after={"reason": answer},
    )


def _of_session(db: Session, session: MentoringSession) -> Objection | None:
    found = select(Objection).where(Objection.session_id == session.id)
    return db.exec(found.execution_options(populate_existing=True)).one_or_none()


def _locked(db: Session, objection: str) -> tuple[Objection, MentoringSession]:
    row = db.exec(select(Objection).where(Objection.public_id == objection)).one_or_none()
    if row is None:
        raise NotFound("objection")
    session = db.get_one(MentoringSession, row.session_id)
    locking.lock_session(db, session)
    locking.read_again(db, row)
    return row, session

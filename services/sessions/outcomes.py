"""Saying what became of a session: its mentor, its mentee, or an admin, who has the last word."""

from __future__ import annotations

from sqlmodel import Session

from services import access, clock, db, inputs, locking
from services.audit import Actor
from services.errors import Conflict, InvalidInput, NotAllowed, OutOfDate
from services.models import MentoringSession, SessionStatus
from services.sessions import objections, settling
from services.sessions.settling import CREDIT_BACK, CREDIT_USED, OUTCOMES
from services.sessions.views import Side, side_of

MOST_NOTE = 300


def decide(
    *,
    actor: Actor,
    session: str,
    outcome: SessionStatus,
    note: str = "",
    sequence: int | None = None,
) -> SessionStatus:
    """Say what happened in a session that is over; what it is now.

    The mentor decides what nobody has decided; so does the mentee, except that a word which
    brings their own credit back (the mentor did not come) is an objection: it is told to the
    mentor and the admins, and stands if nobody says otherwise in time. An admin decides, and
    corrects whatever was decided, with a reason; not in a session where they are the mentee.
    Saying the same again changes nothing.

    Raises:
        NotFound, InvalidInput, NotAllowed (one's own case), Conflict (not over yet)
        OutOfDate (decided meanwhile), NoCredit
    """
    access.require_user(actor)
    if outcome not in OUTCOMES:
        raise InvalidInput("outcome", "Choose what happened.")
    note = inputs.line(note, field="note", what="The note", most=MOST_NOTE)
    with db.transaction() as tx:
        row = access.session_for(tx, actor, session)
        locking.lock_session(tx, row)
        if row.status is outcome and row.outcome_by == actor.user_id:
            return outcome
        if sequence is not None and row.sequence != sequence:
            raise OutOfDate
        side = side_of(actor, row)
        if actor.is_admin and side is not Side.MENTEE:
            side = Side.ADMIN
        elif actor.is_admin and row.status in OUTCOMES:
            raise NotAllowed("You are the mentee of this session: another admin corrects it.")
        _check(row, side, outcome, note)
        if side is Side.MENTEE and outcome in CREDIT_BACK:
            objections.write(tx, actor=actor, session=row, text=note)
        else:
            _settle(tx, actor, side, row, outcome, note)
        return row.status


def _check(row: MentoringSession, side: Side, outcome: SessionStatus, note: str) -> None:
    now = clock.utc_now()
    over = row.status is SessionStatus.UNRESOLVED or settling.is_over(row, now)
    if not over and row.status not in OUTCOMES:
        raise Conflict("This session is not over yet. You can say what happened once it is.")
    if not over and side is not Side.ADMIN:
        raise OutOfDate
    if row.status is outcome:
        raise Conflict("That is what this session is already. Nothing was changed.")
    if row.starts_at > now and outcome is not SessionStatus.CANCELED:
        raise InvalidInput("outcome", "This session never began: it can only be canceled.")
    if len(note) < 3 and (side is Side.ADMIN or outcome is SessionStatus.CANCELED):
        raise InvalidInput("note", "Give a reason of 3 to 300 characters: both are told.")


def _settle(
    db: Session, actor: Actor, side: Side, row: MentoringSession, outcome: SessionStatus, note: str
) -> None:
    settling.settle(db, actor=actor, session=row, outcome=outcome, reason=note)
    # A mentor cannot turn an objection down: that is an admin's to do.
    if outcome in CREDIT_BACK or side is Side.ADMIN:
        objections.close(db, actor=actor, session=row, uphold=outcome not in CREDIT_USED, note=note)

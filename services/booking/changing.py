"""Moving and canceling a booked session: who may until when, and what becomes of the credit.

A mentee may until the limit before the start, to the second. Mentors and admins may always, with a
reason, and then the pack is good a while longer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from services import access, audit, clock, credits, db, meeting_news, testimonials
from services.audit import Actor
from services.booking import meeting, times
from services.booking.making import checked_reason
from services.booking.meeting import Meeting
from services.config import settings
from services.errors import TooLate
from services.meeting_news import News
from services.models import MentoringSession, SessionStatus

REFUNDED = "The pack is being refunded."
"""What both people read where a session ends with its pack."""


def reschedule(
    *, actor: Actor, session: str, sequence: int, starts_at: datetime, reason: str = ""
) -> None:
    """Move a session to another time; its credit stays reserved.

    `sequence` is the session's on the page or in the link. The same wish again, such as a double
    click, changes nothing. A mentee needs no reason, but a time that is offered.

    Raises:
        SignInNeeded, NotFound, InvalidInput
        OutOfDate: the session has changed since that page or link.
        TooLate: the mentee's limit is over, or the session has begun.
        NoCredit: the pack ends before the new time.
        SlotTaken, SlotNotOffered
    """
    actor_id = access.require_user(actor)
    wanted = times.checked_start(starts_at)
    meeting.refresh_calendars_of(actor, session)
    with times.overlaps_refused(), db.transaction() as tx:
        found = meeting.locked(tx, access.session_for(tx, actor, session))
        row = found.session
        if row.sequence == sequence + 1 and row.starts_at == wanted:
            return
        meeting.require_current(row, sequence)
        by_mentee = row.mentee_id == actor_id
        why = checked_reason(reason, least=0 if by_mentee else 3)
        meeting.require_movable(row, wanted)
        if by_mentee:
            _require_in_time(row)
            meeting.require_good_pack(tx, found, wanted, reader=row.mentee_id)
        slot = meeting.offered_for(tx, found, wanted, ignoring_rules=not by_mentee)
        meeting.move(tx, actor, found, slot, reason=why)
        if not by_mentee:
            meeting.extend(tx, actor, found, "the mentor moved a session")


def cancel(
    *, actor: Actor, session: str, sequence: int, reason: str = "", late_ok: bool = False
) -> bool:
    """Cancel a session; True when it was a mentee's, after the limit: then it counts as a no-show
    and the credit is used, which the mentee has to accept by `late_ok`. Else the credit returns.

    Raises:
        SignInNeeded, NotFound, InvalidInput
        OutOfDate: the session has changed since that page or link.
        TooLate: the limit is over (and `late_ok` is not given), or the session has begun or ended.
    """
    actor_id = access.require_user(actor)
    with db.transaction() as tx:
        found = meeting.locked(tx, access.session_for(tx, actor, session))
        row = found.session
        if row.sequence == sequence + 1 and row.canceled_by == actor_id:
            return row.late
        meeting.require_current(row, sequence)
        by_mentee = row.mentee_id == actor_id
        why = checked_reason(reason, least=0 if by_mentee else 3)
        if by_mentee:
            late = _is_late(row, late_ok=late_ok)
            _end(tx, actor, found, reason=why, late=late)
            return late
        if clock.utc_now() >= row.ends_at:
            raise TooLate("This session is over. Say what happened instead.")
        _call_off(tx, actor, found, why)
        return False


def call_off(db: Session, *, actor: Actor, session: MentoringSession, reason: str) -> None:
    """Cancel a live session for the mentor's side: the credit returns and the pack is good a while
    longer. Locks the session's people and reads the session again; nothing when it lives no more.
    """
    found = meeting.locked(db, session)
    if session.status in meeting.LIVE_SESSIONS:
        _call_off(db, actor, found, reason)


def call_off_for_refund(
    db: Session, *, actor: Actor, session: MentoringSession, reason: str = REFUNDED
) -> None:
    """Cancel a session to come whose money goes back: both people are told, the credit returns.

    The caller holds the locks of the session's people.
    """
    _end(db, actor, meeting.locked(db, session), reason=reason)


def give_up(db: Session, *, actor: Actor, session: MentoringSession, reason: str) -> None:
    """Cancel a session to come because its mentee leaves for good: in time its credit returns,
    after the limit it is used, as whenever a mentee cancels. Nothing when it lives no more."""
    found = meeting.locked(db, session)
    if session.status in meeting.LIVE_SESSIONS and not meeting.has_begun(session):
        late = clock.utc_now() > meeting.change_until(session)
        _end(db, actor, found, reason=reason, late=late)


def _call_off(db: Session, actor: Actor, found: Meeting, reason: str) -> None:
    _end(db, actor, found, reason=reason, extended="the mentor canceled a session")


def _require_in_time(session: MentoringSession) -> None:
    if clock.utc_now() > meeting.change_until(session):
        raise TooLate(
            f"A session can be moved until {settings().change_limit_hours} hours before it starts. "
            "You may still propose another time: your mentor decides."
        )


def _is_late(session: MentoringSession, *, late_ok: bool) -> bool:
    """Whether the mentee cancels after the limit.

    Raises:
        TooLate
    """
    if meeting.has_begun(session):
        raise TooLate("This session has begun: it cannot be canceled any more.")
    late = clock.utc_now() > meeting.change_until(session)
    if late and not late_ok:
        raise TooLate(
            f"It is less than {settings().change_limit_hours} hours to this session. "
            "Canceling now counts as a no-show, and the session of your pack is used."
        )
    return late


def _end(
    db: Session,
    actor: Actor,
    found: Meeting,
    *,
    reason: str,
    late: bool = False,
    extended: str = "",
) -> None:
    """Cancel a live session. Late means that the mentee gave up the credit; `extended` is why the
    pack is good for longer."""
    session, now = found.session, clock.utc_now()
    before = session.status
    session.canceled_at, session.canceled_by, session.cancel_reason = now, actor.user_id, reason
    session.sequence += 1
    if late:
        session.status, session.late = SessionStatus.MENTEE_NO_SHOW, True
        session.outcome_at, session.outcome_by = now, actor.user_id
        session.object_until = now + timedelta(days=settings().objection_days)
    else:
        session.status = SessionStatus.CANCELED
    times.free_time(db, session)
    meeting.lapse_proposals(db, session)
    if late:
        credits.consume(db, actor=actor, pack=found.pack, session=session)
        testimonials.ask(db, found.pack)
    else:
        credits.give_back(db, actor=actor, pack=found.pack, session=session, why=extended)
    audit.record(
        db,
        actor=actor,
        action="session.canceled",
        thing=session.public_id,
        before={"status": before.value},
        after={"status": session.status.value, "reason": reason, "late": late},
    )
    meeting_news.tell(db, session=session, news=News.CANCELED, actor=actor)

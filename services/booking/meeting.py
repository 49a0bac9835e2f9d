"""A booked session under the locks of its people, and how it moves: what changes and proposals
share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from services import access, audit, availability, calendar, clock, db, locking, meeting_news, packs
from services.audit import Actor
from services.booking import choice, times
from services.config import settings
from services.errors import InvalidInput, OutOfDate, TooLate
from services.ids import UserId
from services.meeting_news import News
from services.models import (
    LIVE_SESSIONS,
    Mentor,
    MentoringSession,
    Pack,
    Proposal,
    ProposalStatus,
    SessionStatus,
    User,
)


class Meeting(NamedTuple):
    """A session whose people are locked, with what hangs on it."""

    session: MentoringSession
    mentor: Mentor
    pack: Pack


def refresh_calendars_of(actor: Actor, session: str) -> None:
    """Look at the calendars of a session's people, outside of any transaction, for the mentee: an
    override of the mentor's side does not ask them.

    Raises:
        NotFound
    """
    with db.reading() as reading:
        row = access.session_for(reading, actor, session)
    if row.mentee_id == actor.user_id:
        calendar.refresh_if_stale(row.mentee_id, row.mentor_user_id)


def locked(db: Session, session: MentoringSession) -> Meeting:
    """Lock a session's people and read it again."""
    mentor = locking.lock_session(db, session)
    times.forget_lapsed(db, {session.mentee_id, session.mentor_user_id})
    pack = db.get_one(Pack, session.pack_id, populate_existing=True)
    return Meeting(session, mentor, pack)


def change_until(session: MentoringSession) -> datetime:
    """Until when, this instant included, the mentee may move or cancel."""
    return session.starts_at - timedelta(hours=settings().change_limit_hours)


def has_begun(session: MentoringSession) -> bool:
    """Whether the start is over, also before the sweep has said so."""
    return session.status is SessionStatus.IN_PROGRESS or clock.utc_now() >= session.starts_at


def require_current(session: MentoringSession, sequence: int) -> None:
    """Refuse what was wished for another state of the session.

    Raises:
        OutOfDate
    """
    if session.sequence != sequence or session.status not in LIVE_SESSIONS:
        raise OutOfDate


def require_movable(session: MentoringSession, wanted: datetime) -> None:
    """Refuse to move what has begun, into the past, or to where it is.

    Raises:
        TooLate, InvalidInput
    """
    if has_begun(session):
        raise TooLate("This session has begun: it cannot be moved any more.")
    if wanted <= clock.utc_now():
        raise InvalidInput("starts_at", "This time is over. Choose one to come.")
    if wanted == session.starts_at:
        raise InvalidInput("starts_at", "The session is at this time already.")


def require_good_pack(db: Session, found: Meeting, wanted: datetime, *, reader: UserId) -> None:
    """A session that the mentee moves starts by the end of its pack.

    Raises:
        NoCredit
    """
    if found.pack.expires_at is not None and wanted > found.pack.expires_at:
        raise choice.too_late_for([found.pack], db.get_one(User, reader))


def offered_for(
    db: Session, found: Meeting, wanted: datetime, *, ignoring_rules: bool
) -> availability.Offered:
    """The time to which a session may move; only overlaps count when the rules are ignored.

    Raises:
        SlotTaken, SlotNotOffered
    """
    return availability.check_offered(
        db,
        mentor=found.mentor,
        mentee_id=found.session.mentee_id,
        starts_at=wanted,
        moving=found.session.id,
        ignoring_rules=ignoring_rules,
    )


def move(
    db: Session,
    actor: Actor,
    found: Meeting,
    slot: availability.Offered,
    *,
    reason: str = "",
    proposal: Proposal | None = None,
) -> None:
    """Move a session to another time; its credit stays reserved. Open proposals lapse.

    An accepted proposal moves it without a reason: the proposal has one, of somebody else.
    """
    session = found.session
    before = session.starts_at
    lapse_proposals(db, session)
    times.free_time(db, session)
    session.starts_at, session.ends_at = slot.starts_at, slot.ends_at
    session.sequence += 1
    pair = times.Pair(session.mentee_id, found.mentor)
    times.occupy(db, pair, slot, session=session.id)
    db.flush()
    audit.record(
        db,
        actor=actor,
        action="session.moved",
        thing=session.public_id,
        before={"starts_at": before.isoformat()},
        after={"starts_at": session.starts_at.isoformat(), "reason": reason},
    )
    meeting_news.tell(
        db, session=session, news=News.MOVED, actor=actor, before=before, accepted=proposal
    )


def extend(db: Session, actor: Actor, found: Meeting, why: str) -> None:
    """The mentor's side could not: the pack is good for a while, and at the session's new time."""
    least = packs.extended_from_now()
    if found.session.status in LIVE_SESSIONS:
        least = max(least, found.session.starts_at)
    packs.extend(db, actor=actor, pack=found.pack, at_least=least, reason=why)


def lapse_proposals(db: Session, session: MentoringSession) -> None:
    """The session moves or does not live any more: nobody can answer its open proposal now."""
    open_ones = select(Proposal).where(
        col(Proposal.session_id) == session.id, col(Proposal.status) == ProposalStatus.OPEN
    )
    for proposal in db.exec(open_ones).all():
        settle(db, audit.SYSTEM, session, proposal, ProposalStatus.LAPSED)


def settle(
    db: Session,
    actor: Actor,
    session: MentoringSession,
    proposal: Proposal,
    status: ProposalStatus,
) -> None:
    """A proposal is open no more."""
    proposal.status, proposal.answered_at = status, clock.utc_now()
    db.flush()
    audit.record(
        db,
        actor=actor,
        action=f"proposal.{status.value}",
        thing=session.public_id,
        before={"starts_at": session.starts_at.isoformat()},
        after={"starts_at": proposal.starts_at.isoformat(), "proposal": proposal.public_id},
    )

"""Proposals: one side names another time for a session, and the other accepts or declines.

Accepting ignores the limit, the notice and the hours, for both have agreed; the time must be free.
A mentee's proposal starts by the end of the pack; after a mentor's the pack is good that long.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from services import access, audit, clock, db, due, meeting_news, ratelimits
from services.audit import Actor
from services.booking import meeting, times
from services.booking.making import checked_reason
from services.booking.meeting import Meeting
from services.errors import Conflict, NotAllowed, NotFound, OutOfDate
from services.ids import SessionId
from services.meeting_news import News
from services.models import LIVE_SESSIONS, MentoringSession, Proposal, ProposalStatus


def propose(
    *, actor: Actor, session: str, sequence: int, starts_at: datetime, reason: str = ""
) -> str:
    """Propose another time; the proposal's public id. One's own earlier proposal is withdrawn, and
    the same wish again, such as a double click, changes nothing.

    A mentor or an admin gives a reason of at least 3 characters.

    Raises:
        SignInNeeded, NotFound, InvalidInput
        TooManyAttempts: the other one would get too many mails.
        OutOfDate: the session has changed since that page or link.
        TooLate: the session has begun.
        Conflict: the other side's proposal waits for an answer.
        NoCredit: the pack ends before the new time.
        SlotTaken, SlotNotOffered
    """
    actor_id = access.require_user(actor)
    wanted = times.checked_start(starts_at)
    ratelimits.hit(ratelimits.PROPOSALS, str(actor_id), session)
    with db.transaction() as tx:
        found = meeting.locked(tx, access.session_for(tx, actor, session))
        row = found.session
        by_mentor = row.mentee_id != actor_id
        meeting.require_current(row, sequence)
        standing = _find_open(tx, row)
        if standing and (standing.by_id, standing.starts_at) == (actor_id, wanted):
            return standing.public_id
        why = checked_reason(reason, least=3 if by_mentor else 0)
        meeting.require_movable(row, wanted)
        if not by_mentor:
            meeting.require_good_pack(tx, found, wanted, reader=row.mentee_id)
        slot = meeting.offered_for(tx, found, wanted, ignoring_rules=True)
        if standing:
            _make_way(tx, actor, row, standing, by_mentor=by_mentor)
        proposal = Proposal(
            session_id=row.id,
            by_id=actor_id,
            by_mentor=by_mentor,
            sequence=row.sequence,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            reason=why,
        )
        tx.add(proposal)
        tx.flush()
        audit.record(
            tx,
            actor=actor,
            action="proposal.made",
            thing=row.public_id,
            before={"starts_at": row.starts_at.isoformat()},
            after={
                "starts_at": proposal.starts_at.isoformat(),
                "reason": why,
                "proposal": proposal.public_id,
            },
        )
        meeting_news.tell(tx, session=row, news=News.PROPOSED, actor=actor)
        return proposal.public_id


def answer(*, actor: Actor, proposal: str, accept: bool) -> None:
    """Accept or decline the other side's proposal. Giving the same answer again changes nothing.

    Raises:
        SignInNeeded, NotFound
        NotAllowed: it is one's own.
        OutOfDate: it is open no more, its time is over, or the session has begun.
        NoCredit: the pack ends before that time.
        SlotTaken, SlotNotOffered: the time is not free any more.
    """
    actor_id = access.require_user(actor)
    with times.overlaps_refused(), db.transaction() as tx:
        row, found = _locked(tx, actor, proposal)
        by_mentee = found.session.mentee_id == actor_id
        if by_mentee != row.by_mentor:
            raise NotAllowed("The other one answers your proposal. You may withdraw it.")
        if row.status is (ProposalStatus.ACCEPTED if accept else ProposalStatus.DECLINED):
            return
        _require_open(row)
        if not accept:
            meeting.settle(tx, actor, found.session, row, ProposalStatus.DECLINED)
            meeting_news.tell(tx, session=found.session, news=News.PROPOSAL_ANSWERED, actor=actor)
            return
        _require_fitting(row, found.session)
        if not row.by_mentor:
            meeting.require_good_pack(tx, found, row.starts_at, reader=actor_id)
        slot = meeting.offered_for(tx, found, row.starts_at, ignoring_rules=True)
        meeting.settle(tx, actor, found.session, row, ProposalStatus.ACCEPTED)
        meeting.move(tx, actor, found, slot, proposal=row)
        if row.by_mentor:
            meeting.extend(tx, actor, found, "the mentor proposed another time")


def withdraw(*, actor: Actor, proposal: str) -> None:
    """Take one's own side's proposal back. Doing it again changes nothing.

    Raises:
        SignInNeeded, NotFound
        NotAllowed: it is the other side's.
        OutOfDate: it is open no more.
    """
    actor_id = access.require_user(actor)
    with db.transaction() as tx:
        row, found = _locked(tx, actor, proposal)
        by_mentee = found.session.mentee_id == actor_id
        if by_mentee == row.by_mentor:
            raise NotAllowed("This is the other one's proposal. You may decline it.")
        if row.status is ProposalStatus.WITHDRAWN:
            return
        _require_open(row)
        meeting.settle(tx, actor, found.session, row, ProposalStatus.WITHDRAWN)
        meeting_news.tell(tx, session=found.session, news=News.PROPOSAL_ANSWERED, actor=actor)


def lapse_due() -> int:
    """End the open proposals whose time, or whose session's time, has come; how many."""
    return due.run(_find_over, _lapse, what="proposal_over")


def _find_over(db: Session, *, limit: int) -> Sequence[SessionId]:
    now = clock.utc_now()
    over = (
        select(col(Proposal.session_id))
        .join(MentoringSession, col(MentoringSession.id) == col(Proposal.session_id))
        .where(
            col(Proposal.status) == ProposalStatus.OPEN,
            (col(Proposal.starts_at) <= now) | (col(MentoringSession.starts_at) <= now),
        )
        .order_by(col(Proposal.id))
        .limit(limit)
    )
    return db.exec(over).all()


def _lapse(db: Session, session_id: SessionId) -> bool:
    """End a session's open proposal, if under the locks its time is still over."""
    session = db.get_one(MentoringSession, session_id)
    row, now = meeting.locked(db, session).session, clock.utc_now()
    standing = _find_open(db, row)
    if standing is None or min(standing.starts_at, row.starts_at) > now:
        return False
    meeting.settle(db, audit.SYSTEM, row, standing, ProposalStatus.LAPSED)
    meeting_news.changed(db, row)
    return True


def _find_open(db: Session, session: MentoringSession) -> Proposal | None:
    return db.exec(
        select(Proposal).where(
            col(Proposal.session_id) == session.id, col(Proposal.status) == ProposalStatus.OPEN
        )
    ).one_or_none()


def _make_way(
    db: Session,
    actor: Actor,
    session: MentoringSession,
    standing: Proposal,
    *,
    by_mentor: bool,
) -> None:
    """Withdraw one's own side's open proposal.

    Raises:
        Conflict: it is the other side's.
    """
    if standing.by_mentor != by_mentor:
        raise Conflict("Another time has been proposed to you already. Answer that first.")
    meeting.settle(db, actor, session, standing, ProposalStatus.WITHDRAWN)


def _locked(db: Session, actor: Actor, public_id: str) -> tuple[Proposal, Meeting]:
    """A proposal that the actor may reach, and its session, locked and read again."""
    row = db.exec(select(Proposal).where(col(Proposal.public_id) == public_id)).one_or_none()
    session = db.get_one(MentoringSession, row.session_id) if row else None
    own = session is not None and actor.user_id in {session.mentee_id, session.mentor_user_id}
    if row is None or session is None or not (own or actor.is_admin):
        raise NotFound("proposal")
    found = meeting.locked(db, session)
    db.refresh(row)
    return row, found


def _require_open(proposal: Proposal) -> None:
    if proposal.status is not ProposalStatus.OPEN:
        raise OutOfDate


def _require_fitting(proposal: Proposal, session: MentoringSession) -> None:
    """Whether the session is still what the proposal was made for, and both lie ahead."""
    moved = session.sequence != proposal.sequence or session.status not in LIVE_SESSIONS
    if moved or meeting.has_begun(session) or proposal.starts_at <= clock.utc_now():
        raise OutOfDate

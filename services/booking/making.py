"""Booking: one credit per session is reserved, all sessions of a request or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from services import (
    access,
    audit,
    availability,
    calendar,
    credits,
    db,
    inputs,
    meeting_news,
    topics,
)
from services.audit import Actor
from services.availability import Offered
from services.booking import choice, holds, times
from services.booking.times import Pair
from services.errors import Conflict, NotFound
from services.models import LIVE_SESSIONS, MentoringSession, Pack, User, UserStatus

REASON_LENGTH = 300
# Made once: making it takes longer than running it, and it runs under a rush.
_LIVE = (
    select(col(MentoringSession.public_id))
    .where(
        col(MentoringSession.mentee_id) == bindparam("mentee"),
        col(MentoringSession.mentor_id) == bindparam("mentor"),
        col(MentoringSession.starts_at).in_(bindparam("starts", expanding=True)),
        col(MentoringSession.status).in_(LIVE_SESSIONS),
    )
    .order_by(col(MentoringSession.starts_at))
)


def book(*, actor: Actor, mentor: str, starts: Sequence[datetime]) -> tuple[str, ...]:
    """Book sessions with a mentor at these times; their public ids, in the order of time.

    What the mentee holds is used, and not needed. The same request again, such as a double click,
    gives the same sessions.

    Raises:
        SignInNeeded, VerificationNeeded
        NotFound: no such mentor.
        InvalidInput: the times are no times, none, or too many.
        NoCredit: no pack pays for all of them.
        SlotTaken, SlotNotOffered: one of them cannot be booked; `starts_at` says which.
        Conflict: onboarding is not done, there is no seat, or the mentor is the mentee.
    """
    mentee_id = access.require_verified(actor)
    wanted = times.checked_starts(starts)
    with db.reading() as session:
        mentor_user_id = times.mentor_named(session, mentor).user_id
    calendar.refresh_if_stale(mentee_id, mentor_user_id)
    with times.overlaps_refused(), db.transaction() as session:
        pair = times.lock_pair(session, mentee_id=mentee_id, slug=mentor)
        before = _booked_before(session, pair, wanted)
        if before:
            return before
        packs = choice.require_bookable(
            session, mentee_id=mentee_id, mentor=pair.mentor, verified=actor.verified
        )
        paid = choice.pay(session, packs, wanted, reader=mentee_id)
        holds.use(session, mentee_id=mentee_id)
        offered = availability.check_all_offered(
            session, mentor=pair.mentor, mentee_id=mentee_id, starts=wanted
        )
        return _write(session, actor, pair, offered, paid, reason="")


def book_for(
    *, actor: Actor, mentor: str, mentee: str, starts: Sequence[datetime], reason: str
) -> tuple[str, ...]:
    """The mentor, or an admin, books for a mentee (by public id), with a reason.

    Availability, notice, and onboarding do not count; credits, the end of the pack, and both
    people's other sessions do.

    Raises:
        SignInNeeded, NotFound, InvalidInput, NoCredit, SlotTaken, SlotNotOffered, Conflict
    """
    access.require_user(actor)
    wanted = times.checked_starts(starts)
    why = checked_reason(reason, least=3)
    with times.overlaps_refused(), db.transaction() as session:
        access.mentor_for(session, actor, mentor)
        mentee_id = _mentee(session, mentee).id
        pair = times.lock_pair(session, mentee_id=mentee_id, slug=mentor)
        before = _booked_before(session, pair, wanted)
        if before:
            return before
        if pair.mentor.suspended_at is not None:
            raise Conflict("This mentor is suspended: nothing can be booked until that ends.")
        packs = choice.require_credit(session, mentee_id=mentee_id, mentor=pair.mentor)
        paid = choice.pay(session, packs, wanted, reader=access.require_user(actor))
        holds.use(session, mentee_id=mentee_id)
        offered = availability.check_all_offered(
            session,
            mentor=pair.mentor,
            mentee_id=mentee_id,
            starts=wanted,
            ignoring_rules=True,
        )
        return _write(session, actor, pair, offered, paid, reason=why)


def checked_reason(reason: str, *, least: int) -> str:
    """Why somebody changes a session, in one line.

    Raises:
        InvalidInput
    """
    what = "The reason"
    return inputs.line(reason, field="reason", what=what, least=least, most=REASON_LENGTH)


def _mentee(db: Session, public_id: str) -> User:
    found = db.exec(select(User).where(col(User.public_id) == public_id)).one_or_none()
    if found is None or found.status is not UserStatus.ACTIVE:
        raise NotFound("mentee")
    return found


def _booked_before(db: Session, pair: Pair, starts: Sequence[datetime]) -> tuple[str, ...]:
    """The sessions that a repeated request has booked already: all of them, or none."""
    params = {"mentee": pair.mentee_id, "mentor": pair.mentor.id, "starts": list(starts)}
    found = db.exec(_LIVE, params=params).all()
    return tuple(found) if len(found) == len(starts) else ()


def _write(
    db: Session,
    actor: Actor,
    pair: Pair,
    offered: Sequence[Offered],
    paid: Sequence[Pack],
    *,
    reason: str,
) -> tuple[str, ...]:
    times.require_apart(offered)
    rows = [
        MentoringSession(
            pack_id=pack.id,
            mentee_id=pair.mentee_id,
            mentor_id=pair.mentor.id,
            mentor_user_id=pair.mentor.user_id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
        for slot, pack in zip(offered, paid, strict=True)
    ]
    db.add_all(rows)
    db.flush()
    for row, slot, pack in zip(rows, offered, paid, strict=True):
        times.occupy(db, pair, slot, session=row.id)
        credits.reserve(db, actor=actor, pack=pack, session=row)
        audit.record(
            db,
            actor=actor,
            action="session.booked",
            thing=row.public_id,
            after={"starts_at": row.starts_at.isoformat(), "pack": pack.public_id}
            | ({"reason": reason} if reason else {}),
        )
    topics.publish(db, topics.availability(pair.mentor.id))
    meeting_news.tell_booked(db, sessions=rows, actor=actor)
    return tuple(row.public_id for row in rows)

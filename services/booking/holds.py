"""Slot holds: the times that a mentee is choosing block for five minutes, like sessions.

One set per mentee: the next one replaces it, and it ends by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from services import access, availability, calendar, clock, db, locking, topics
from services.audit import Actor
from services.booking import choice, times
from services.config import settings
from services.ids import MentorId, SlotHoldId, UserId
from services.models import SlotHold, SlotHoldStatus

# Made once: making it takes longer than running it, and it runs under a rush.
_HELD = select(col(SlotHold.id), col(SlotHold.mentor_id)).where(
    col(SlotHold.mentee_id) == bindparam("mentee"), col(SlotHold.status) == SlotHoldStatus.HELD
)


@dataclass(frozen=True, slots=True)
class HoldView:
    """The starts that are held, and until when."""

    holds: tuple[datetime, ...]
    until: datetime


def hold(*, actor: Actor, mentor: str, starts: Sequence[datetime]) -> HoldView:
    """Hold some times with a mentor, all or none, in place of what the mentee held before.

    Raises:
        SignInNeeded, VerificationNeeded, NotFound, InvalidInput, NoCredit, SlotTaken,
        SlotNotOffered, Conflict: see `book`.
    """
    mentee_id = access.require_verified(actor)
    wanted = times.checked_starts(starts)
    with db.reading() as session:
        mentor_user_id = times.mentor_named(session, mentor).user_id
    calendar.refresh_if_stale(mentee_id, mentor_user_id)
    with times.overlaps_refused(), db.transaction() as session:
        pair = times.lock_pair(session, mentee_id=mentee_id, slug=mentor)
        packs = choice.require_bookable(
            session, mentee_id=mentee_id, mentor=pair.mentor, verified=actor.verified
        )
        choice.pay(session, packs, wanted, reader=mentee_id)
        _let_go(session, mentee_id)
        until = clock.utc_now() + timedelta(minutes=settings().slot_hold_minutes)
        offered = availability.check_all_offered(
            session, mentor=pair.mentor, mentee_id=mentee_id, starts=wanted
        )
        times.require_apart(offered)
        rows = [
            SlotHold(
                mentee_id=mentee_id,
                mentor_id=pair.mentor.id,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                held_until=until,
            )
            for slot in offered
        ]
        session.add_all(rows)
        session.flush()
        for row, slot in zip(rows, offered, strict=True):
            times.occupy(session, pair, slot, hold=row.id)
        topics.publish(session, topics.availability(pair.mentor.id), topics.mentee(mentee_id))
    return HoldView(tuple(wanted), until)


def release_hold(*, actor: Actor) -> None:
    """Give back what the signed-in person holds; nothing is held is no error.

    Raises:
        SignInNeeded
    """
    mentee_id = access.require_user(actor)
    with db.reading() as session:
        if not _held(session, mentee_id):
            return
    with db.transaction() as session:
        locking.lock(session, users=[mentee_id])
        _let_go(session, mentee_id)


def use(db: Session, *, mentee_id: UserId) -> None:
    """The mentee books: whatever they held is free for it. The caller holds the mentee's lock."""
    held = _held(db, mentee_id)
    if held:
        times.end_holds(db, held, SlotHoldStatus.USED)


def lapse_due(*, limit: int = 100) -> int:
    """End the holds whose minutes are over; how many. They blocked nobody meanwhile."""
    due = (
        select(SlotHold)
        .where(
            col(SlotHold.status) == SlotHoldStatus.HELD,
            col(SlotHold.held_until) <= clock.utc_now(),
        )
        .order_by(col(SlotHold.held_until))
        .limit(limit)
    )
    with db.reading() as session:
        people = {row.mentee_id for row in session.exec(due).all()}
    if not people:
        return 0
    with db.transaction() as session:
        locking.lock(session, users=people)
        mine = due.where(col(SlotHold.mentee_id).in_(people))
        over = {row.id: row.mentor_id for row in session.exec(mine).all()}
        times.end_holds(session, over, SlotHoldStatus.LAPSED)
        topics.publish(session, *map(topics.mentee, people))
        return len(over)


def _let_go(db: Session, mentee_id: UserId) -> None:
    held = _held(db, mentee_id)
    if held:
        times.end_holds(db, held, SlotHoldStatus.LAPSED)
        topics.publish(db, topics.mentee(mentee_id))


def _held(db: Session, mentee_id: UserId) -> dict[SlotHoldId, MentorId]:
    return dict(db.exec(_HELD, params={"mentee": mentee_id}).all())

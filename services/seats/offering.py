"""A free place goes to whoever has waited longest (PRODUCT.md rule 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import exists
from sqlmodel import Session, col, select

from services import audit, clock, topics
from services.audit import SYSTEM, Actor
from services.config import settings
from services.ids import MentorId
from services.models import (
    Mentor,
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
    User,
    UserStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from services.seats import counting, entries, history, line, telling_line


class Obstacle(StrEnum):
    """Why a mentor's free places are offered to nobody."""

    GONE = "gone"
    SUSPENDED = "suspended"
    UNLISTED = "unlisted"
    NO_PACK = "no pack"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a mentor's places stand: how many are `free` (below zero: over by so many), and what
    keeps free ones from being offered, if anything does."""

    free: int
    obstacle: Obstacle | None


def standing(db: Session, mentor_id: MentorId) -> Standing:
    """How this mentor's places stand now; one query, which reads behind the lock."""
    capacity, used, status, suspended_at, listed, sells = db.exec(
        select(  # pyright: ignore[reportCallIssue]  # SQLModel types four columns at most
            Mentor.capacity,
            counting.taken(),
            User.status,
            Mentor.suspended_at,
            Mentor.listed,
            counting.sells(),
        )
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Mentor.id) == mentor_id)
    ).one()
    obstacle = None
    if status is UserStatus.ERASED:
        obstacle = Obstacle.GONE
    elif suspended_at is not None or status is not UserStatus.ACTIVE:
        obstacle = Obstacle.SUSPENDED
    elif not sells:
        obstacle = Obstacle.NO_PACK
    elif not listed:
        obstacle = Obstacle.UNLISTED
    return Standing(capacity - used, obstacle)


def can_be_taken(db: Session, offer: WaitlistEntry) -> bool:
    """Whether its reader could buy now. An unlisted mentor keeps the word that was given."""
    obstacle = standing(db, offer.mentor_id).obstacle
    reader = db.get_one(User, offer.mentee_id, populate_existing=True)
    return obstacle in {None, Obstacle.UNLISTED} and reader.status is UserStatus.ACTIVE


def fill(db: Session, *, mentor_id: MentorId, actor: Actor = SYSTEM) -> int:
    """Offer the mentor's free places to the first in line, each as a seat held for a while; how
    many found somebody. The caller holds the mentor's lock.

    Whoever has paid sessions left, and lost the place, has it back at once: there is nothing to
    buy. A mentor who sells nothing now offers nothing else.
    """
    stands = standing(db, mentor_id)
    if stands.free < 1 or stands.obstacle in {Obstacle.GONE, Obstacle.SUSPENDED}:
        return 0
    turns = _next_in_line(db, mentor_id, stands)
    for entry, owns_sessions in turns:
        if owns_sessions:
            _seat_again(db, actor, entry)
        else:
            _offer(db, actor, entry)
    return len(turns)


def _next_in_line(
    db: Session, mentor_id: MentorId, stands: Standing
) -> Sequence[tuple[WaitlistEntry, bool]]:
    """As many as there are places, in order. Should somebody have a seat all the same, nothing is
    offered to them."""
    seated = exists().where(
        col(Seat.mentor_id) == mentor_id,
        col(Seat.mentee_id) == col(WaitlistEntry.mentee_id),
        col(Seat.status) != SeatStatus.RELEASED,
    )
    turns = (
        select(WaitlistEntry, line.owns_sessions())
        .join(User, col(User.id) == col(WaitlistEntry.mentee_id))
        .where(
            col(WaitlistEntry.mentor_id) == mentor_id,
            col(WaitlistEntry.status) == WaitlistStatus.WAITING,
            line.can_be_offered(),
            ~seated,
        )
        .order_by(*line.in_order())
        .limit(stands.free)
        .execution_options(populate_existing=True)
    )
    if stands.obstacle is not None:
        turns = turns.where(line.owns_sessions())
    return db.exec(turns).all()


def _offer(db: Session, actor: Actor, entry: WaitlistEntry) -> None:
    now = clock.utc_now()
    until = now + timedelta(hours=settings().waitlist_offer_hours)
    seat = history.insert_held(
        db,
        actor=actor,
        mentee_id=entry.mentee_id,
        mentor_id=entry.mentor_id,
        until=until,
        reason="waitlist",
    )
    entry.status, entry.seat_id = WaitlistStatus.OFFERED, seat.id
    entry.offered_at, entry.offer_ends_at = now, until
    after = {"seat": seat.public_id, "until": until.isoformat()}
    entries.note(db, actor, entry, "offered", after=after)
    telling_line.offered(db, entry)


def _seat_again(db: Session, actor: Actor, entry: WaitlistEntry) -> None:
    seat = history.insert_active(
        db,
        actor=actor,
        mentee_id=entry.mentee_id,
        mentor_id=entry.mentor_id,
        reason="waitlist",
    )
    for pack in give_time(db, actor=actor, entry=entry):
        pack.seat_id = seat.id
    db.flush()
    telling_line.seated_again(db, entry)


def give_time(db: Session, *, actor: Actor, entry: WaitlistEntry) -> Sequence[Pack]:
    """Let the packs of somebody who waits no longer be good for another while: they could not book
    meanwhile (PRODUCT.md rule 8). The packs."""
    least = clock.utc_now() + timedelta(days=settings().pack_extension_days)
    own = select(Pack).where(
        Pack.mentee_id == entry.mentee_id,
        Pack.mentor_id == entry.mentor_id,
        Pack.status == PackStatus.ACTIVE,
        col(Pack.left) > 0,
    )
    packs = db.exec(own.execution_options(populate_existing=True)).all()
    for pack in packs:
        before = pack.expires_at
        if before is None or before >= least:
            continue
        pack.expires_at = least
        db.flush()
        topics.publish(db, topics.seats(pack.mentor_id), topics.mentee(pack.mentee_id))
        audit.record(
            db,
            actor=actor,
            action="pack.extended",
            thing=pack.public_id,
            before={"expires_at": before.isoformat()},
            after={"expires_at": least.isoformat(), "reason": "the end of the wait for a place"},
        )
    return packs

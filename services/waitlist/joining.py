"""Getting into a mentor's line."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, clock, locking, packs, ratelimits, seats
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, NotAllowed, NotFound
from services.ids import MentorId, UserId
from services.models import Mentor, Pack, PackStatus, SeatStatus, User, UserStatus, WaitlistEntry
from services.seats import entries, line


def join(db: Session, *, actor: Actor, mentor: str) -> str:
    """Wait for a place with a listed mentor (a slug) who is full or closed; the entry's public id.
    Who waits already keeps the place in the line.

    Raises:
        SignInNeeded, VerificationNeeded, NotFound, NotAllowed, TooManyAttempts
        Conflict: there is a seat already, or one to buy, or the mentor takes nobody for now.
    """
    mentee = access.require_verified(actor)
    row, name = _listed(db, mentor)
    if row.user_id == mentee:
        raise NotAllowed("You cannot wait for a seat with yourself.")
    ratelimits.hit(ratelimits.WAITLIST_JOINS, str(mentee))
    _lock(db, mentee, row)
    found = line.find_entry(db, mentee, row.id)
    if found is not None:
        return found.public_id
    _require_reason_to_wait(db, mentee, row, name)
    _require_few(db, mentee)
    return _write(db, actor, mentee, row.id).public_id


def join_first(db: Session, *, actor: Actor, pack: str) -> str:
    """Wait at the head of the line, because one's own pack (a public id) is usable again after its
    place was given to somebody else (PRODUCT.md rule 8); the entry's public id. A free place is
    theirs at once. The pack does not end while they wait.

    Raises:
        SignInNeeded, NotFound
        Conflict: they have a seat, the pack is not usable, or the mentor has left.
    """
    mentee = access.require_user(actor)
    row = db.exec(select(Pack).where(Pack.public_id == pack)).one_or_none()
    if row is None or row.mentee_id != mentee:
        raise NotFound("pack")
    mentor = db.get_one(Mentor, row.mentor_id)
    _lock(db, mentee, mentor)
    locking.read_again(db, row)
    if db.get_one(User, mentor.user_id).status is UserStatus.ERASED:
        raise Conflict("This mentor has left the studio. Ask for a refund of what is left.")
    entry = line.find_entry(db, mentee, mentor.id)
    if seats.find_unreleased(db, mentee, mentor.id) is not None:
        raise Conflict("You have a place with this mentor: you can book your sessions.")
    if not _is_usable(row, waits=entry is not None):
        raise Conflict("This pack has no sessions left that could be booked.")
    if entry is None:
        entry = _write(db, actor, mentee, mentor.id, priority=1, reason=line.PLACE_RESOLD)
    elif entry.priority != 1:
        entry.priority, entry.reason = 1, line.PLACE_RESOLD
        entries.note(db, actor, entry, "put_first", after={"reason": line.PLACE_RESOLD})
    seats.fill(db, mentor_id=mentor.id)
    return entry.public_id


def _listed(db: Session, slug: str) -> tuple[Mentor, str]:
    found = db.exec(
        select(Mentor, User.name)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(
            col(Mentor.slug) == slug,
            col(Mentor.listed).is_(True),
            col(User.status) == UserStatus.ACTIVE,
        )
    ).one_or_none()
    if found is None:
        raise NotFound("mentor")
    return found[0], found[1]


def _lock(db: Session, mentee: UserId, mentor: Mentor) -> None:
    """The person's account too: whoever is being erased or suspended now joins nothing."""
    locking.lock(db, users=[mentee], mentors=[mentor.id])
    locking.read_again(db, mentor)
    person = db.get_one(User, mentee)
    locking.read_again(db, person)
    if person.status is not UserStatus.ACTIVE:
        raise NotAllowed("This account is closed for now.")


def _require_reason_to_wait(db: Session, mentee: UserId, mentor: Mentor, name: str) -> None:
    seat = seats.find_unreleased(db, mentee, mentor.id)
    if seat is not None and seat.status is SeatStatus.HELD:
        raise Conflict(f"A seat with {name} is held for you: finish your checkout.")
    if seat is not None:
        raise Conflict(f"You have a seat with {name}: another pack keeps it.")
    if mentor.suspended_at is not None:
        raise Conflict(f"{name} cannot hold sessions for now, so nobody can join the waitlist.")
    if seats.has_place(db, mentor) and seats.standing(db, mentor.id).obstacle is None:
        raise Conflict(f"{name} has a free seat: choose a pack, nobody has to wait.")


def _require_few(db: Session, mentee: UserId) -> None:
    waiting = select(func.count(col(WaitlistEntry.id))).where(
        WaitlistEntry.mentee_id == mentee, col(WaitlistEntry.status).in_(line.OPEN_ENTRIES)
    )
    most = settings().waitlists_per_account
    if db.exec(waiting).one() >= most:
        raise Conflict(f"You are on {most} waitlists already. Leave one, then join this one.")


def _write(
    db: Session,
    actor: Actor,
    mentee: UserId,
    mentor_id: MentorId,
    *,
    priority: int = 0,
    reason: str = "",
) -> WaitlistEntry:
    entry = WaitlistEntry(
        mentee_id=mentee,
        mentor_id=mentor_id,
        priority=priority,
        joined_at=_after_the_last(db, mentor_id),
        reason=reason,
    )
    db.add(entry)
    db.flush()
    after = {"priority": priority} | ({"reason": reason} if reason else {})
    entries.note(db, actor, entry, "joined", after=after)
    return entry


def _after_the_last(db: Session, mentor_id: MentorId) -> datetime:
    """Now, or when the last one joined: the clocks of two hosts may differ by a little, and nobody
    may come to stand before somebody who was there."""
    last = db.exec(
        select(func.max(col(WaitlistEntry.joined_at))).where(
            WaitlistEntry.mentor_id == mentor_id,
            col(WaitlistEntry.status).in_(line.OPEN_ENTRIES),
        )
    ).one()
    return max(clock.utc_now(), last) if last else clock.utc_now()


def _is_usable(pack: Pack, *, waits: bool) -> bool:
    """While its owner waits, a pack does not end."""
    alive = pack.status is PackStatus.ACTIVE and pack.left > 0
    return alive and (waits or pack.paused_at is not None or not packs.has_ended(pack))

"""What the clock does to waitlists: offers end, and places go on to the next in line."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from services import clock, due, locking, seats
from services.audit import SYSTEM
from services.ids import MentorId, WaitlistEntryId
from services.models import (
    Mentor,
    User,
    UserStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from services.seats import kept, line, offering, releasing

_OFFERED = col(WaitlistEntry.status) == WaitlistStatus.OFFERED


def pass_on_due() -> int:
    """End the offers whose time is over; each place goes to the next in line, in a transaction of
    its own. How many ended. One whose checkout is open is left alone until that is settled."""
    return due.run(find_over, _lapse, what="waitlist_over")


def pass_on_idle() -> int:
    """Take back the offers that nobody could take, and offer the places that lie idle. How many
    entries and lines changed.

    Whatever frees a place, or keeps an offer from being taken, sees to it in its own transaction:
    this finds what was changed past the services.
    """
    withdrawn = due.run(find_void, _withdraw, what="waitlist_void")
    return withdrawn + due.run(find_lines, _fill, what="waitlist_line")


def find_over(db: Session, *, limit: int) -> Sequence[WaitlistEntryId]:
    """Offers whose time is over, the earliest end first, and whose checkout is not open."""
    found = (
        select(col(WaitlistEntry.id))
        .where(
            _OFFERED,
            col(WaitlistEntry.offer_ends_at) <= clock.utc_now(),
            ~line.is_being_paid(),
        )
        .order_by(col(WaitlistEntry.offer_ends_at))
        .limit(limit)
    )
    return db.exec(found).all()


def find_void(db: Session, *, limit: int) -> Sequence[WaitlistEntryId]:
    """Offers that nobody could take now, and whose checkout is not open."""
    void = or_(
        col(Mentor.suspended_at).is_not(None),
        ~seats.sells(),
        col(User.status) != UserStatus.ACTIVE,
    )
    found = (
        select(col(WaitlistEntry.id))
        .join(Mentor, col(Mentor.id) == col(WaitlistEntry.mentor_id))
        .join(User, col(User.id) == col(WaitlistEntry.mentee_id))
        .where(_OFFERED, void, ~line.is_being_paid())
        .order_by(col(WaitlistEntry.offer_ends_at))
        .limit(limit)
    )
    return db.exec(found).all()


def find_lines(db: Session, *, limit: int) -> Sequence[MentorId]:
    """Mentors with a free place, and somebody who can be offered it."""
    buys = and_(col(Mentor.listed).is_(True), seats.sells())
    somebody = (
        select(WaitlistEntry.id)
        .join(User, col(User.id) == col(WaitlistEntry.mentee_id))
        .where(
            col(WaitlistEntry.mentor_id) == col(Mentor.id),
            col(WaitlistEntry.status) == WaitlistStatus.WAITING,
            line.can_be_offered(),
            or_(line.owns_sessions(), buys),
        )
        .correlate(Mentor)
    )
    found = (
        select(col(Mentor.id))
        .where(
            col(Mentor.suspended_at).is_(None),
            somebody.exists(),
            col(Mentor.capacity) > seats.taken(),
        )
        .order_by(col(Mentor.id))
        .limit(limit)
    )
    return db.exec(found).all()


def _withdraw(db: Session, entry_id: WaitlistEntryId) -> bool:
    offer = _locked(db, entry_id)
    if offer is None or offering.can_be_taken(db, offer):
        return False
    releasing.withdraw(db, actor=SYSTEM, offer=offer)
    return True


def _lapse(db: Session, entry_id: WaitlistEntryId) -> bool:
    offer = _locked(db, entry_id)
    if offer is None or offer.offer_ends_at is None or offer.offer_ends_at > clock.utc_now():
        return False
    releasing.lapse(db, actor=SYSTEM, offer=offer)
    return True


def _locked(db: Session, entry_id: WaitlistEntryId) -> WaitlistEntry | None:
    """The offer behind its mentor's lock; None when meanwhile it ended, or is being paid."""
    offer = db.get_one(WaitlistEntry, entry_id)
    locking.lock(db, mentors=[offer.mentor_id])
    locking.read_again(db, offer)
    if offer.status is not WaitlistStatus.OFFERED or kept.is_being_paid(db, offer.seat_id):
        return None
    return offer


def _fill(db: Session, mentor_id: MentorId) -> bool:
    locking.lock(db, mentors=[mentor_id])
    return seats.fill(db, mentor_id=mentor_id) > 0

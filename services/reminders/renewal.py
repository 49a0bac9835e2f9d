"""Renew in time: told when one session is left over all packs of a pair, and when none is
(PRODUCT.md rule 10).

No scan looks for it: whatever uses up a credit, or lets one expire, asks here in its own
transaction. Another pack makes both due again.
"""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import clock, times, urls
from services.ids import MentorId, UserId
from services.models import Mentor, OfferStatus, Pack, PackOffer, Seat, SeatStatus, User
from services.reminders import book
from services.reminders.book import Moment
from services.telling import Line

KINDS = {1: "renewal_one_left", 0: "renewal_none_left"}
"""By the sessions that are left."""

NO_SEAT = "The seat had been given back."
NOTHING_SOLD = "The mentor sells no pack now."
AWAY = "The mentor is away."


def left(db: Session, *, mentee_id: UserId, mentor_id: MentorId) -> int:
    """The credits not yet consumed, over all packs of a mentee with a mentor."""
    found = select(func.coalesce(func.sum(col(Pack.left)), 0)).where(
        col(Pack.mentee_id) == mentee_id, col(Pack.mentor_id) == mentor_id
    )
    return db.exec(found).one()


def follow(db: Session, *, pack: Pack) -> None:
    """A credit of this pack is gone: remind its mentee to renew, if it was the last but one, or the
    last. The seat has followed already."""
    count = left(db, mentee_id=pack.mentee_id, mentor_id=pack.mentor_id)
    if count not in KINDS:
        return
    newest = select(func.max(col(Pack.id))).where(
        col(Pack.mentee_id) == pack.mentee_id, col(Pack.mentor_id) == pack.mentor_id
    )
    occasion = db.get_one(Pack, db.exec(newest).one()).public_id
    seat = db.get_one(Seat, pack.seat_id)
    moment = Moment(KINDS[count], seat.public_id, occasion, clock.utc_now())
    reader, mentor = db.get_one(User, pack.mentee_id), db.get_one(Mentor, pack.mentor_id)
    if reason := _why_not(db, seat, mentor):
        book.suppress(db, moment, user_id=reader.id, reason=reason)
        return
    line = _line(count, seat, reader, db.get_one(User, mentor.user_id).name, mentor.slug)
    book.remind(db, moment, reader=reader, line=line, data={"pack_id": pack.id})


def _why_not(db: Session, seat: Seat, mentor: Mentor) -> str:
    if seat.status is SeatStatus.RELEASED:
        return NO_SEAT
    if mentor.suspended_at is not None:
        return AWAY
    sold = select(PackOffer.id).where(
        col(PackOffer.mentor_id) == mentor.id, col(PackOffer.status) == OfferStatus.ACTIVE
    )
    return NOTHING_SOLD if db.exec(sold.limit(1)).first() is None else ""


def _line(count: int, seat: Seat, reader: User, mentor: str, slug: str) -> Line:
    href = urls.mentor(slug)
    if count:
        return Line(f"One session with {mentor} is left", "Renew now to keep going.", href)
    until = times.in_zone(seat.grace_ends_at, reader) if seat.grace_ends_at else ""
    kept = f"Your seat is kept until {until}." if until else "Renew to keep your seat."
    return Line(f"No session with {mentor} is left", kept, href)

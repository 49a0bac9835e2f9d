"""The facts of mails about waitlists and places: each looks again whether it still holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session, func, select

from services import clock, times, urls
from services.config import settings
from services.mail.shared import Skipped
from services.models import (
    AuditEntry,
    Mentor,
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
    User,
    WaitlistEntry,
    WaitlistStatus,
)

Facts = dict[str, Any]


def _offer(db: Session, user: User, data: Facts) -> Facts:
    entry = _entry(db, data)
    if entry.status is not WaitlistStatus.OFFERED or entry.offer_ends_at is None:
        raise Skipped("the offer was taken, declined, or has ended")
    if entry.offer_ends_at <= clock.utc_now():
        raise Skipped("the offer had ended before it could be sent")
    if not _is_same(entry, data):
        raise Skipped("the place was offered again since")
    until = times.in_zone(entry.offer_ends_at, user)
    return _about(db, entry.mentor_id) | {"until": until, "decline": urls.absolute("/dashboard")}


def _lapsed(db: Session, _user: User, data: Facts) -> Facts:
    entry = _entry(db, data)
    if entry.status is not WaitlistStatus.LAPSED:
        raise Skipped
    return _about(db, entry.mentor_id) | {"hours": settings().waitlist_offer_hours}


def _withdrawn(db: Session, _user: User, data: Facts) -> Facts:
    entry = _entry(db, data)
    if entry.status is not WaitlistStatus.WAITING:
        raise Skipped("they do not wait any more, or have an offer again")
    return _about(db, entry.mentor_id) | {"link": urls.absolute("/dashboard")}


def _place_back(db: Session, _user: User, data: Facts) -> Facts:
    entry = _entry(db, data)
    seat = db.get_one(Seat, entry.seat_id)
    if seat.status is SeatStatus.RELEASED:
        raise Skipped("the place was given back since")
    mentor = db.get_one(Mentor, entry.mentor_id)
    left = select(func.coalesce(func.sum(Pack.left), 0)).where(
        Pack.mentee_id == entry.mentee_id,
        Pack.mentor_id == entry.mentor_id,
        Pack.status == PackStatus.ACTIVE,
    )
    return _about(db, mentor.id) | {
        "left": int(db.exec(left).one()),
        "link": urls.absolute(f"/book/{mentor.slug}"),
    }


def _removed(db: Session, _user: User, data: Facts) -> Facts:
    entry = _entry(db, data)
    if entry.status is not WaitlistStatus.LEFT:
        raise Skipped
    return _about(db, entry.mentor_id) | {"reason": entry.reason}


def _ended(db: Session, _user: User, data: Facts) -> Facts:
    _entry(db, data)
    return {"link": urls.absolute("/mentors?seat=free")}


def _released_by_hand(db: Session, _user: User, data: Facts) -> Facts:
    seat = db.get_one(Seat, data["seat_id"])
    why = select(AuditEntry).where(
        AuditEntry.thing == seat.public_id, AuditEntry.action == "seat.released_by_hand"
    )
    line = db.exec(why).first()
    reason = str(line.after.get("reason", "")) if line is not None else ""
    return _about(db, seat.mentor_id) | {"reason": reason}


def _entry(db: Session, data: Facts) -> WaitlistEntry:
    entry = db.get(WaitlistEntry, data["entry_id"])
    if entry is None:
        raise Skipped("there is no such place in a line any more")
    return entry


def _is_same(entry: WaitlistEntry, data: Facts) -> bool:
    """Whether the mail is about the offer that stands, and not about an earlier one."""
    written = data.get("offered_at")
    now = entry.offered_at.isoformat() if entry.offered_at is not None else ""
    return not written or written == now


def _about(db: Session, mentor_id: int) -> Facts:
    mentor = db.get_one(Mentor, mentor_id)
    return {
        "mentor": db.get_one(User, mentor.user_id).name,
        "link": urls.absolute(urls.mentor(mentor.slug)),
    }


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {
    "waitlist_offer": _offer,
    "waitlist_offer_ending": _offer,
    "waitlist_offer_lapsed": _lapsed,
    "waitlist_offer_withdrawn": _withdrawn,
    "waitlist_place_back": _place_back,
    "waitlist_removed": _removed,
    "waitlist_ended": _ended,
    "seat_released_by_hand": _released_by_hand,
}

"""What the slash commands say, each to one person, in their own zone.

Reads the tables by itself: `seats` imports this package, so nothing here may import what needs it.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import clock, urls
from services.ids import MentorId, UserId
from services.models import (
    LIVE_SESSIONS,
    Mentor,
    MentoringSession,
    Onboarding,
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
    User,
)
from services.telling import plain
from services.times import in_zone, span_in_zone

MOST_SESSIONS = 5
MOST_SEATS = 10


def page(path: str) -> str:
    """The address of a page of ours, as Discord shows a link without a picture of it."""
    return f"<{urls.absolute(path)}>"


def sessions(db: Session, user: User) -> str:
    """The next sessions, as mentee or as mentor."""
    found = db.exec(
        select(MentoringSession)
        .where(
            (col(MentoringSession.mentee_id) == user.id)
            | (col(MentoringSession.mentor_user_id) == user.id),
            col(MentoringSession.status).in_(LIVE_SESSIONS),
            col(MentoringSession.ends_at) > clock.utc_now(),
        )
        .order_by(col(MentoringSession.starts_at))
        .limit(MOST_SESSIONS + 1)
    ).all()
    if not found:
        return f"You have no session ahead. Your next one: {page('/dashboard')}"
    names = _names(db, {_other(each, user) for each in found})
    lines = [
        f"• {span_in_zone(each.starts_at, each.ends_at, user)} "
        f"with {names[_other(each, user)]}: {page(f'/sessions/{each.public_id}')}"
        for each in found[:MOST_SESSIONS]
    ]
    more = [f"And more: {page('/sessions')}"] if len(found) > MOST_SESSIONS else []
    return "\n".join(["**Your next sessions**", *lines, *more])


def book(db: Session, user: User) -> str:
    """Where to book: with each mentor whose pack has a session to book."""
    free = _free(db, user.id)
    open_seats = [
        (mentor, name)
        for seat, mentor, name in _seats(db, user.id)
        if seat.status is SeatStatus.ACTIVE
        and mentor.suspended_at is None
        and free.get(mentor.id, 0) > 0
    ]
    if not open_seats:
        return f"You have no session to book. Mentors and their packs: {page('/mentors')}"
    if not _is_onboarded(db, user.id):
        return f"Tell us a little about you first, it takes two minutes: {page('/onboarding')}"
    lines = [
        f"• with {name}, {_count(free[mentor.id])} to book: {page(f'/book/{mentor.slug}')}"
        for mentor, name in open_seats
    ]
    return "\n".join(["**Choose a time**", *lines])


def seat(db: Session, user: User) -> str:
    """Each seat: its state, until when, and what is left of its packs."""
    seats = _seats(db, user.id)
    if not seats:
        return f"You have no seat with a mentor. Find one: {page('/mentors')}"
    packs = _packs(db, user.id)
    lines = [
        f"• with {name}: {_state(seat, user)} "
        f"{_left([pack for pack in packs if pack.mentor_id == mentor.id], user)}"
        for seat, mentor, name in seats
    ]
    return "\n".join(["**Your seats**", *lines, f"More: {page('/dashboard')}"])


def _other(session: MentoringSession, user: User) -> UserId:
    return session.mentor_user_id if session.mentee_id == user.id else session.mentee_id


def _names(db: Session, users: set[UserId]) -> dict[UserId, str]:
    found = db.exec(select(User.id, User.name).where(col(User.id).in_(users)))
    return {UserId(user): plain(name) for user, name in found}


def _seats(db: Session, user_id: UserId) -> list[tuple[Seat, Mentor, str]]:
    found = db.exec(
        select(Seat, Mentor, User.name)
        .join(Mentor, col(Mentor.id) == col(Seat.mentor_id))
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(Seat.mentee_id == user_id, Seat.status != SeatStatus.RELEASED)
        .order_by(col(Seat.created_at), col(Seat.id))
        .limit(MOST_SEATS)
    )
    return [(seat, mentor, plain(name)) for seat, mentor, name in found]


def _packs(db: Session, user_id: UserId) -> list[Pack]:
    """Those with something left, the one that expires first before the others."""
    found = db.exec(
        select(Pack)
        .where(
            Pack.mentee_id == user_id,
            col(Pack.status).in_([PackStatus.ACTIVE, PackStatus.FROZEN]),
            Pack.left > 0,
        )
        .order_by(col(Pack.expires_at).is_(None), col(Pack.expires_at), col(Pack.id))
    )
    return list(found)


def _free(db: Session, user_id: UserId) -> dict[MentorId, int]:
    """Sessions that could be booked now, by mentor; none of a pack whose clock stands still."""
    now, free = clock.utc_now(), dict[MentorId, int]()
    for pack in _packs(db, user_id):
        over = pack.expires_at is not None and pack.expires_at <= now
        if pack.status is PackStatus.ACTIVE and not over and pack.paused_at is None:
            available = pack.left - pack.reserved - pack.locked
            free[pack.mentor_id] = free.get(pack.mentor_id, 0) + available
    return free


def _is_onboarded(db: Session, user_id: UserId) -> bool:
    done = select(Onboarding.done_at).where(Onboarding.user_id == user_id)
    return db.exec(done).one_or_none() is not None


def _state(seat: Seat, user: User) -> str:
    if seat.status is SeatStatus.HELD and seat.held_until is not None:
        return f"held for you until {in_zone(seat.held_until, user)}."
    if seat.status is SeatStatus.GRACE and seat.grace_ends_at is not None:
        return f"yours until {in_zone(seat.grace_ends_at, user)}, unless you renew."
    return "active."


def _left(packs: list[Pack], user: User) -> str:
    usable = [pack for pack in packs if pack.status is PackStatus.ACTIVE]
    said = f"{_count(sum(pack.left for pack in usable))} left"
    ends = next((pack.expires_at for pack in usable if pack.expires_at is not None), None)
    if ends is not None:
        said += f", to be used until {in_zone(ends, user)}"
    if len(usable) < len(packs):
        said += "; a pack rests until the bank has settled a dispute"
    return said + "."


def _count(sessions: int) -> str:
    return f"{sessions} session" if sessions == 1 else f"{sessions} sessions"

"""What a mentor sees first: seats in use, and the mentees with what they have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, clock, paging, waitlist
from services.audit import Actor
from services.errors import NotAllowed
from services.ids import MentorId, UserId
from services.models import (
    Mentor,
    OfferStatus,
    Pack,
    PackOffer,
    PackStatus,
    Seat,
    SeatStatus,
    User,
)
from services.paging import Part

WITH_A_SEAT = (SeatStatus.ACTIVE, SeatStatus.GRACE)


@dataclass(frozen=True, slots=True)
class SeatUse:
    """A mentor's seats. `held` wait for a payment, or are on offer from the waitlist; `over_by`
    counts those beyond the capacity."""

    capacity: int
    active: int
    grace: int
    held: int

    @property
    def used(self) -> int:
        """Seats that nobody else can take."""
        return self.active + self.grace + self.held

    @property
    def free(self) -> int:
        """Seats on sale, never below zero."""
        return max(0, self.capacity - self.used)

    @property
    def over_by(self) -> int:
        """Seats in use beyond the capacity, never below zero."""
        return max(0, self.used - self.capacity)


@dataclass(frozen=True, slots=True)
class MentorHome:
    """A mentor's own dashboard. `packs_on_sale` 0 or an empty headline: setting up is not done;
    `waiting` people are on the waitlist."""

    slug: str
    name: str
    headline: str
    photo_key: str | None
    listed: bool
    packs_on_sale: int
    waiting: int
    seats: SeatUse


@dataclass(frozen=True, slots=True)
class MenteeRow:
    """One mentee with a seat. `left` and `total` count over the packs that can still be used;
    `expires_at` is the end of the first of these that ends."""

    seat: str
    name: str
    since: datetime
    seat_status: SeatStatus
    grace_ends_at: datetime | None
    left: int
    total: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Balance:
    left: int
    total: int
    expires_at: datetime | None


def require_mentor(actor: Actor) -> MentorId:
    """The mentor's id of somebody who is one.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_user(actor)
    if actor.mentor_id is None:
        raise NotAllowed("Only mentors have this page. An admin can make you one.")
    return actor.mentor_id


def get_home(db: Session, *, actor: Actor) -> MentorHome:
    """The signed-in mentor's dashboard; four queries.

    Raises:
        SignInNeeded, NotAllowed
    """
    mentor_id = require_mentor(actor)
    mentor, name = db.exec(
        select(Mentor, User.name)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Mentor.id) == mentor_id)
    ).one()
    on_sale = db.exec(
        select(func.count(col(PackOffer.id))).where(
            col(PackOffer.mentor_id) == mentor_id, col(PackOffer.status) == OfferStatus.ACTIVE
        )
    ).one()
    return MentorHome(
        slug=mentor.slug,
        name=name,
        headline=mentor.headline,
        photo_key=mentor.photo_key,
        listed=mentor.listed,
        packs_on_sale=on_sale,
        waiting=waitlist.count_waiting(db, mentor_id),
        seats=seat_use(db, [mentor])[mentor.id],
    )


def seat_use(db: Session, mentors: Sequence[Mentor]) -> dict[MentorId, SeatUse]:
    """How the seats of several mentors are used; one query."""
    rows = db.exec(
        select(col(Seat.mentor_id), col(Seat.status), func.count(col(Seat.id)))
        .where(
            col(Seat.mentor_id).in_([mentor.id for mentor in mentors]),
            col(Seat.status) != SeatStatus.RELEASED,
        )
        .group_by(col(Seat.mentor_id), col(Seat.status))
    ).all()
    counts = {(mentor, status): count for mentor, status, count in rows}
    return {
        mentor.id: SeatUse(
            capacity=mentor.capacity,
            active=counts.get((mentor.id, SeatStatus.ACTIVE), 0),
            grace=counts.get((mentor.id, SeatStatus.GRACE), 0),
            held=counts.get((mentor.id, SeatStatus.HELD), 0),
        )
        for mentor in mentors
    }


def list_mentees(
    db: Session, *, actor: Actor, before: str | None = None, limit: int = 50
) -> Part[MenteeRow]:
    """The mentees with a seat of the signed-in mentor, the newest first. Somebody who is still
    paying is not a mentee yet and is not named. Three queries, one more for a next part.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput: an unknown place to go on from.
    """
    limit = paging.bounded(limit)
    mentor = require_mentor(actor)
    mine = col(Seat.mentor_id) == mentor
    seated = [mine, col(Seat.status).in_(WITH_A_SEAT)]
    total = db.exec(select(func.count(col(Seat.id))).where(*seated)).one()
    # The place is looked up among all one's seats: the row may have been given back meanwhile.
    place = paging.older_than(db, Seat, before, among=[mine])
    rows = db.exec(
        select(Seat, User.name)
        .join(User, col(User.id) == col(Seat.mentee_id))
        .where(*seated, *place)
        .order_by(col(Seat.created_at).desc(), col(Seat.id).desc())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(rows, limit)
    balances = _balances(db, mentor, [seat.mentee_id for seat, _ in shown])
    mentees = tuple(_mentee(seat, name, balances[seat.mentee_id]) for seat, name in shown)
    return Part(mentees, mentees[-1].seat if more else None, total)


def _balances(
    db: Session, mentor: MentorId, mentees: Sequence[UserId]
) -> defaultdict[UserId, _Balance]:
    packs = db.exec(
        select(
            col(Pack.mentee_id),
            func.sum(col(Pack.left)),
            func.sum(col(Pack.total)),
            func.min(col(Pack.expires_at)),
        )
        .where(
            col(Pack.mentor_id) == mentor,
            col(Pack.mentee_id).in_(mentees),
            col(Pack.status) == PackStatus.ACTIVE,
            col(Pack.expires_at).is_(None) | (col(Pack.expires_at) > clock.utc_now()),
        )
        .group_by(col(Pack.mentee_id))
    ).all()
    balances: defaultdict[UserId, _Balance] = defaultdict(lambda: _Balance(0, 0, None))
    for mentee, left, total, expires_at in packs:
        balances[mentee] = _Balance(int(left), int(total), expires_at)
    return balances


def _mentee(seat: Seat, name: str, balance: _Balance) -> MenteeRow:
    return MenteeRow(
        seat=seat.public_id,
        name=name,
        since=seat.created_at,
        seat_status=seat.status,
        grace_ends_at=seat.grace_ends_at,
        left=balance.left,
        total=balance.total,
        expires_at=balance.expires_at,
    )

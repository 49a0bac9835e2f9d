"""The waitlists as admins see them: every mentor's line, and why each stands where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from services import access, paging, seats
from services.audit import Actor
from services.errors import NotFound
from services.models import (
    Mentor,
    Seat,
    SeatStatus,
    User,
    UserStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from services.paging import Part
from services.seats import Standing, line

MOST_IN_LINE = 200
MOST_ENDED = 20
MOST_SEATS = 100


@dataclass(frozen=True, slots=True)
class LineRow:
    """A mentor for whom somebody waits, or has an offer."""

    slug: str
    name: str
    waiting: int
    offered: int
    first_since: datetime | None
    capacity: int
    taken: int
    listed: bool
    suspended: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody in the line, or lately out of it. `position` counts from 1 among those who wait.
    `is_first` with its `reason`: put before those who came earlier; `is_owner`: because they have
    paid sessions left. `passed_over`: no place can be offered to them now."""

    entry: str
    user: str
    name: str
    email: str
    status: WaitlistStatus
    position: int
    is_first: bool
    is_owner: bool
    passed_over: bool
    is_buying: bool
    reason: str
    joined_at: datetime
    offer_ends_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeatLine:
    """A seat that nothing keeps any more: it waits for its mentee to renew."""

    seat: str
    name: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One mentor's line, in order; `standing` says how the places stand. `grace`: seats that may be
    given back by hand. `ended`: who left the line lately."""

    slug: str
    name: str
    capacity: int
    taken: int
    standing: Standing
    waiting: int
    places: tuple[Place, ...]
    ended: tuple[Place, ...]
    grace: tuple[SeatLine, ...]


def list_lines(
    db: Session, *, actor: Actor, after: str | None = None, limit: int = 50
) -> Part[LineRow]:
    """The mentors for whom somebody waits, by their slugs, after the slug `after`. Two queries.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    status = col(WaitlistEntry.status)
    waiting = func.count(case((status == WaitlistStatus.WAITING, 1)))
    offered = func.count(case((status == WaitlistStatus.OFFERED, 1)))
    first = func.min(case((status == WaitlistStatus.WAITING, col(WaitlistEntry.joined_at))))
    open_ones = (
        select(  # pyright: ignore[reportCallIssue]  # SQLModel types four columns at most
            col(WaitlistEntry.mentor_id).label("mentor_id"),
            waiting.label("waiting"),
            offered.label("offered"),
            first.label("first"),
        )
        .where(status.in_(line.OPEN_ENTRIES))
        .group_by(col(WaitlistEntry.mentor_id))
        .subquery()
    )
    counted = select(func.count(col(WaitlistEntry.mentor_id).distinct()))
    total = db.exec(counted.where(status.in_(line.OPEN_ENTRIES))).one()
    each = open_ones.c
    wanted = (
        select(Mentor, User.name, each.waiting, each.offered, each.first, seats.taken())  # pyright: ignore[reportCallIssue]
        .join(open_ones, each.mentor_id == col(Mentor.id))
        .join(User, col(User.id) == col(Mentor.user_id))
        .order_by(col(Mentor.slug))
        .limit(limit + 1)
    )
    if after:
        wanted = wanted.where(col(Mentor.slug) > after)
    shown, more = paging.cut(db.exec(wanted).all(), limit)
    rows = tuple(
        LineRow(
            slug=mentor.slug,
            name=name,
            waiting=in_line,
            offered=offers,
            first_since=since,
            capacity=mentor.capacity,
            taken=taken,
            listed=mentor.listed,
            suspended=mentor.suspended_at is not None,
        )
        for mentor, name, in_line, offers, since, taken in shown
    )
    return Part(rows, rows[-1].slug if more else None, total)


def get_line(db: Session, *, actor: Actor, mentor: str) -> Line:
    """One mentor's (a slug's) line, with the seats that may be given back. Seven queries at most.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    found = db.exec(
        select(Mentor, User.name)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Mentor.slug) == mentor)
    ).one_or_none()
    if found is None:
        raise NotFound("mentor")
    row, name = found
    waiting = db.exec(
        select(func.count(col(WaitlistEntry.id))).where(
            WaitlistEntry.mentor_id == row.id, WaitlistEntry.status == WaitlistStatus.WAITING
        )
    ).one()
    return Line(
        slug=row.slug,
        name=name,
        capacity=row.capacity,
        taken=seats.count_taken(db, row.id),
        standing=seats.standing(db, row.id),
        waiting=waiting,
        places=_in_line(db, row),
        ended=_ended(db, row),
        grace=_grace(db, row),
    )


def _in_line(db: Session, mentor: Mentor) -> tuple[Place, ...]:
    rows = db.exec(
        _with_people()
        .where(
            col(WaitlistEntry.mentor_id) == mentor.id,
            col(WaitlistEntry.status).in_(line.OPEN_ENTRIES),
        )
        .order_by(col(WaitlistEntry.status) == WaitlistStatus.WAITING, *line.in_order())
        .limit(MOST_IN_LINE)
    ).all()
    offers = sum(1 for row in rows if row[0].status is WaitlistStatus.OFFERED)
    return tuple(_place(row, number - offers) for number, row in enumerate(rows, 1))


def _ended(db: Session, mentor: Mentor) -> tuple[Place, ...]:
    rows = db.exec(
        _with_people()
        .where(
            col(WaitlistEntry.mentor_id) == mentor.id,
            col(WaitlistEntry.status).not_in(line.OPEN_ENTRIES),
        )
        .order_by(col(WaitlistEntry.ended_at).desc(), col(WaitlistEntry.id).desc())
        .limit(MOST_ENDED)
    ).all()
    return tuple(_place(row, 0) for row in rows)


def _with_people() -> Select[WaitlistEntry, User, bool, bool]:
    return select(WaitlistEntry, User, line.owns_sessions(), line.is_being_paid()).join(
        User, col(User.id) == col(WaitlistEntry.mentee_id)
    )


def _place(row: tuple[WaitlistEntry, User, bool, bool], position: int) -> Place:
    entry, person, owns, buying = row
    active = person.status is UserStatus.ACTIVE and person.email_verified_at is not None
    decided = entry.reason != line.PLACE_RESOLD or owns
    return Place(
        entry=entry.public_id,
        user=person.public_id,
        name=person.name,
        email="" if person.status is UserStatus.ERASED else person.email,
        status=entry.status,
        position=max(position, 0),
        is_first=entry.priority == 1,
        is_owner=bool(owns),
        passed_over=entry.status is WaitlistStatus.WAITING and not (active and decided),
        is_buying=entry.status is WaitlistStatus.OFFERED and bool(buying),
        reason=entry.reason,
        joined_at=entry.joined_at,
        offer_ends_at=entry.offer_ends_at,
        ended_at=entry.ended_at,
    )


def _grace(db: Session, mentor: Mentor) -> tuple[SeatLine, ...]:
    rows = db.exec(
        select(Seat, User.name)
        .join(User, col(User.id) == col(Seat.mentee_id))
        .where(col(Seat.mentor_id) == mentor.id, col(Seat.status) == SeatStatus.GRACE)
        .order_by(col(Seat.grace_ends_at), col(Seat.id))
        .limit(MOST_SEATS)
    ).all()
    return tuple(SeatLine(seat.public_id, name, seat.grace_ends_at) for seat, name in rows)

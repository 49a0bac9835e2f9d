"""A mentor's mentees: who has a seat or had one, what is left, and what was said about sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, func
from sqlmodel import Session, col, select

from services import clock, credits, onboarding, paging
from services.audit import Actor
from services.errors import NotFound
from services.ids import MentorId, SessionId, UserId
from services.mentor_home import WITH_A_SEAT, require_mentor
from services.models import (
    LIVE_SESSIONS,
    Mentor,
    MentoringSession,
    Onboarding,
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
    SessionNote,
    SessionStatus,
    User,
)
from services.onboarding import Standing
from services.paging import Columns, Part

HELD = (SessionStatus.COMPLETED, SessionStatus.MENTEE_NO_SHOW, SessionStatus.MENTOR_NO_SHOW)
"""Sessions that are over and were not called off."""
MOST_SESSIONS = 100
SORTS: Columns = {"name": (func.lower(col(User.name)),)}


class MenteeFilter(StrEnum):
    """Which mentees a mentor looks at."""

    SEATED = ""
    FORMER = "former"


@dataclass(frozen=True, slots=True)
class Balance:
    """Over the packs that can still be used: credits to book with, credits of booked sessions,
    all there ever were; `expires_at` is the end of the first pack that ends."""

    available: int = 0
    reserved: int = 0
    total: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MenteeRow:
    """One mentee in a mentor's list; `user` is a public id. Without a seat there is no status."""

    user: str
    name: str
    seat_status: SeatStatus | None
    grace_ends_at: datetime | None
    balance: Balance
    standing: Standing
    goals: str
    next_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class PackLine:
    """One pack of a mentee."""

    title: str
    total: int
    left: int
    reserved: int
    status: PackStatus
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note about a session: everybody's shared one, or one's own private one."""

    author_name: str
    mine: bool
    shared: bool
    body: str


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session with a mentee, and what was written about it."""

    public_id: str
    status: SessionStatus
    starts_at: datetime
    late: bool
    goals: str
    notes: tuple[NoteLine, ...]


@dataclass(frozen=True, slots=True)
class MenteeCard:
    """All that a mentor (a slug) knows of one mentee. `seat` is its public id, "" for none;
    `sessions` are the newest hundred of all."""

    user: str
    mentor: str
    name: str
    time_zone: str
    about: str
    goals: str
    preferences: str
    standing: Standing
    seat: str
    seat_status: SeatStatus | None
    grace_ends_at: datetime | None
    packs: tuple[PackLine, ...]
    sessions: tuple[SessionLine, ...]


def list_mentees(
    db: Session,
    *,
    actor: Actor,
    query: str = "",
    only: MenteeFilter = MenteeFilter.SEATED,
    sort: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Part[MenteeRow]:
    """The signed-in mentor's mentees by name: with a seat, or those who had one. Somebody who is
    still paying for the first pack is not a mentee yet and is not named. Five queries, one more
    for a next part.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    mentor_id = require_mentor(actor)
    limit = paging.bounded(limit)
    wanted = [_has_packs(mentor_id), _seat_id(mentor_id).is_not(None)]
    if only is MenteeFilter.FORMER:
        wanted[1] = _seat_id(mentor_id).is_(None)
    if query.strip():
        wanted.append(col(User.name).ilike(paging.pattern(query), escape="\\"))
    total = db.exec(select(func.count(col(User.id))).where(*wanted)).one()
    by = paging.sorting(sort, SORTS, default="name", unique=col(User.id))
    place = paging.beyond(db, User, User.public_id, before, by=by, among=[_has_packs(mentor_id)])
    found = db.exec(
        select(User, Seat, Onboarding)
        .outerjoin(Seat, _seat_of(mentor_id))
        .outerjoin(Onboarding, col(Onboarding.user_id) == col(User.id))
        .where(*wanted, *place)
        .order_by(*by.order())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(found, limit)
    ids = [user.id for user, _, _ in shown]
    stands, balances = onboarding.standing(db, ids), _balances(db, mentor_id, ids)
    meetings = _next_and_last(db, mentor_id, ids)
    rows = tuple(
        MenteeRow(
            user=user.public_id,
            name=user.name,
            seat_status=seat.status if seat else None,
            grace_ends_at=seat.grace_ends_at if seat else None,
            balance=balances[user.id],
            standing=stands[user.id],
            goals=told.goals if told else "",
            next_at=meetings[user.id][0],
            last_at=meetings[user.id][1],
        )
        for user, seat, told in shown
    )
    return Part(rows, rows[-1].user if more else None, total)


def get_mentee(db: Session, *, actor: Actor, mentee: str) -> MenteeCard:
    """One mentee (a user's public id) of the signed-in mentor, with the history; five queries.

    Raises:
        SignInNeeded, NotAllowed
        NotFound: nobody, or nobody who ever had a pack with this mentor.
    """
    mentor_id = require_mentor(actor)
    found = db.exec(
        select(User, Mentor.slug, Seat, Onboarding)
        .select_from(User)
        .join(Mentor, col(Mentor.id) == mentor_id)
        .outerjoin(Seat, _seat_of(mentor_id))
        .outerjoin(Onboarding, col(Onboarding.user_id) == col(User.id))
        .where(col(User.public_id) == mentee, _has_packs(mentor_id))
    ).one_or_none()
    if found is None:
        raise NotFound("mentee")
    user, slug, seat, told = found
    return MenteeCard(
        user=user.public_id,
        mentor=slug,
        name=user.name,
        time_zone=user.time_zone,
        about=told.about if told else "",
        goals=told.goals if told else "",
        preferences=told.preferences if told else "",
        standing=onboarding.standing(db, [user.id])[user.id],
        seat=seat.public_id if seat else "",
        seat_status=seat.status if seat else None,
        grace_ends_at=seat.grace_ends_at if seat else None,
        packs=_packs(db, mentor_id, user.id),
        sessions=_sessions(db, actor, mentor_id, user.id),
    )


def _has_packs(mentor_id: MentorId) -> ColumnElement[bool]:
    return col(User.id).in_(select(Pack.mentee_id).where(col(Pack.mentor_id) == mentor_id))


def _seat_of(mentor_id: MentorId) -> ColumnElement[bool]:
    return and_(
        col(Seat.mentee_id) == col(User.id),
        col(Seat.mentor_id) == mentor_id,
        col(Seat.status).in_(WITH_A_SEAT),
    )


def _seat_id(mentor_id: MentorId) -> ColumnElement[int]:
    return select(Seat.id).where(_seat_of(mentor_id)).correlate(User).scalar_subquery()


def _balances(
    db: Session, mentor_id: MentorId, mentees: Sequence[UserId]
) -> defaultdict[UserId, Balance]:
    rows = db.exec(
        select(Pack).where(
            col(Pack.mentor_id) == mentor_id,
            col(Pack.mentee_id).in_(mentees),
            col(Pack.status) == PackStatus.ACTIVE,
            col(Pack.expires_at).is_(None) | (col(Pack.expires_at) > clock.utc_now()),
        )
    ).all()
    by_mentee: defaultdict[UserId, list[Pack]] = defaultdict(list)
    for pack in rows:
        by_mentee[pack.mentee_id].append(pack)
    found: defaultdict[UserId, Balance] = defaultdict(Balance)
    for mentee_id, packs in by_mentee.items():
        ends = [pack.expires_at for pack in packs if pack.expires_at is not None]
        reserved = sum(pack.reserved for pack in packs)
        found[mentee_id] = Balance(
            available=sum(map(credits.available, packs)),
            reserved=reserved,
            total=sum(pack.total for pack in packs),
            expires_at=min(ends, default=None),
        )
    return found


def _next_and_last(
    db: Session, mentor_id: MentorId, mentees: Sequence[UserId]
) -> defaultdict[UserId, tuple[datetime | None, datetime | None]]:
    starts = col(MentoringSession.starts_at)
    status = col(MentoringSession.status)
    rows = db.exec(
        select(
            MentoringSession.mentee_id,
            func.min(case((status.in_(LIVE_SESSIONS), starts))),
            func.max(case((status.in_(HELD), starts))),
        )
        .where(
            col(MentoringSession.mentor_id) == mentor_id,
            col(MentoringSession.mentee_id).in_(mentees),
        )
        .group_by(col(MentoringSession.mentee_id))
    ).all()
    found: defaultdict[UserId, tuple[datetime | None, datetime | None]]
    found = defaultdict(lambda: (None, None))
    for mentee_id, coming, last in rows:
        found[UserId(mentee_id)] = (coming, last)
    return found


def _packs(db: Session, mentor_id: MentorId, mentee_id: UserId) -> tuple[PackLine, ...]:
    rows = db.exec(
        select(Pack)
        .where(col(Pack.mentor_id) == mentor_id, col(Pack.mentee_id) == mentee_id)
        .order_by(col(Pack.created_at).desc(), col(Pack.id).desc())
    ).all()
    return tuple(
        PackLine(row.title, row.total, row.left, row.reserved, row.status, row.expires_at)
        for row in rows
    )


def _sessions(
    db: Session, actor: Actor, mentor_id: MentorId, mentee_id: UserId
) -> tuple[SessionLine, ...]:
    rows = db.exec(
        select(MentoringSession)
        .where(
            col(MentoringSession.mentor_id) == mentor_id,
            col(MentoringSession.mentee_id) == mentee_id,
        )
        .order_by(col(MentoringSession.starts_at).desc(), col(MentoringSession.id).desc())
        .limit(MOST_SESSIONS)
    ).all()
    notes = _notes(db, actor, [row.id for row in rows])
    return tuple(
        SessionLine(
            row.public_id, row.status, row.starts_at, row.late, row.goals, tuple(notes[row.id])
        )
        for row in rows
    )


def _notes(
    db: Session, actor: Actor, sessions: Sequence[SessionId]
) -> defaultdict[SessionId, list[NoteLine]]:
    """What everybody shared, and the reader's own private notes; never somebody else's."""
    rows = db.exec(
        select(SessionNote, User.name)
        .join(User, col(User.id) == col(SessionNote.author_id))
        .where(
            col(SessionNote.session_id).in_(sessions),
            col(SessionNote.shared).is_(True) | (col(SessionNote.author_id) == actor.user_id),
            col(SessionNote.body) != "",
        )
        .order_by(col(SessionNote.id))
    ).all()
    found: defaultdict[SessionId, list[NoteLine]] = defaultdict(list)
    for note, name in rows:
        mine = note.author_id == actor.user_id
        found[note.session_id].append(NoteLine(name, mine, note.shared, note.body))
    return found

"""What admins see of people and mentors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import join
from sqlmodel import Session, col, select

from services import access, onboarding, paging
from services.audit import Actor
from services.mentor_home import SeatUse, seat_use
from services.models import Mentor, SignIn, User, UserStatus
from services.onboarding import Standing
from services.paging import Columns, Part
from services.seats import taken as seats_taken


class UserFilter(StrEnum):
    """Which users an admin looks at."""

    ALL = ""
    MENTORS = "mentors"
    ADMINS = "admins"
    SUSPENDED = "suspended"
    ERASED = "erased"
    UNVERIFIED = "unverified"


class MentorFilter(StrEnum):
    """Which mentors an admin looks at."""

    ALL = ""
    LISTED = "listed"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class UserRow:
    """One account. `mentor_slug` is empty for those who are no mentor; `onboarding` is where the
    account stands as a mentee."""

    public_id: str
    name: str
    email: str
    status: UserStatus
    verified: bool
    is_admin: bool
    mentor_slug: str
    created_at: datetime
    seen_at: datetime | None
    is_self: bool
    onboarding: Standing


@dataclass(frozen=True, slots=True)
class MentorRow:
    """One mentor with the use of the seats."""

    public_id: str
    slug: str
    name: str
    email: str
    headline: str
    photo_key: str | None
    listed: bool
    user_status: UserStatus
    seats: SeatUse
    created_at: datetime


_BY_NAME = func.lower(col(User.name))
USER_SORTS: Columns = {"name": (_BY_NAME,), "joined": (col(User.created_at),)}
MENTOR_SORTS: Columns = {
    "name": (_BY_NAME,),
    "seats": (seats_taken(),),
    "since": (col(Mentor.created_at),),
}
"""What the lists may be sorted by; the number of rows in all is small."""


def list_users(
    db: Session,
    *,
    actor: Actor,
    query: str = "",
    only: UserFilter = UserFilter.ALL,
    sort: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Part[UserRow]:
    """Accounts by name or address, the newest first, or by one of `USER_SORTS`.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    wanted = _users_wanted(query, only)
    total = db.exec(
        select(func.count(col(User.id)))
        .outerjoin(Mentor, col(Mentor.user_id) == col(User.id))
        .where(*wanted)
    ).one()
    by = paging.sorting(sort, USER_SORTS, default="-joined", unique=col(User.id))
    place = paging.beyond(db, User, User.public_id, before, by=by)
    seen = (
        select(func.max(col(SignIn.seen_at)))
        .where(col(SignIn.user_id) == col(User.id))
        .correlate(User)
        .scalar_subquery()
    )
    rows = db.exec(
        select(User, Mentor.slug, seen)
        .outerjoin(Mentor, col(Mentor.user_id) == col(User.id))
        .where(*wanted, *place)
        .order_by(*by.order())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(rows, limit)
    stands = onboarding.standing(db, [user.id for user, _, _ in shown])
    users = tuple(
        _user_row(user, slug, seen_at, actor, stands[user.id]) for user, slug, seen_at in shown
    )
    return Part(users, users[-1].public_id if more else None, total)


def _users_wanted(query: str, only: UserFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.strip():
        like = paging.pattern(query)
        by_words = (
            col(User.name).ilike(like, escape="\\"),
            col(User.email).ilike(like, escape="\\"),
        )
        wanted.append(or_(*by_words, col(User.public_id) == query.strip()))
    match only:
        case UserFilter.ALL:
            pass
        case UserFilter.MENTORS:
            wanted.append(col(Mentor.id).is_not(None))
        case UserFilter.ADMINS:
            wanted.append(col(User.is_admin).is_(True))
        case UserFilter.SUSPENDED:
            wanted.append(col(User.status) == UserStatus.SUSPENDED)
        case UserFilter.ERASED:
            wanted.append(col(User.status) == UserStatus.ERASED)
        case UserFilter.UNVERIFIED:
            wanted.append(col(User.email_verified_at).is_(None))
    return wanted


def _user_row(
    user: User, slug: str | None, seen_at: datetime | None, actor: Actor, standing: Standing
) -> UserRow:
    return UserRow(
        public_id=user.public_id,
        name=user.name,
        email="" if user.status is UserStatus.ERASED else user.email,
        status=user.status,
        verified=user.email_verified_at is not None,
        is_admin=user.is_admin,
        mentor_slug=slug or "",
        created_at=user.created_at,
        seen_at=seen_at,
        is_self=user.id == actor.user_id,
        onboarding=standing,
    )


def list_mentors(
    db: Session,
    *,
    actor: Actor,
    query: str = "",
    only: MentorFilter = MentorFilter.ALL,
    sort: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Part[MentorRow]:
    """All mentors, also those not listed, the newest first, or by one of `MENTOR_SORTS`.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    wanted: list[ColumnElement[bool]] = []
    if query.strip():
        like = paging.pattern(query)
        columns = (User.name, User.email, Mentor.headline, Mentor.slug)
        wanted.append(or_(*(col(column).ilike(like, escape="\\") for column in columns)))
    if only is not MentorFilter.ALL:
        wanted.append(col(Mentor.listed).is_(only is MentorFilter.LISTED))
    joined = col(User.id) == col(Mentor.user_id)
    total = db.exec(select(func.count(col(Mentor.id))).join(User, joined).where(*wanted)).one()
    by = paging.sorting(sort, MENTOR_SORTS, default="-since", unique=col(Mentor.id))
    place = paging.beyond(db, join(Mentor, User, joined), Mentor.public_id, before, by=by)
    rows = db.exec(
        select(Mentor, User)
        .join(User, joined)
        .where(*wanted, *place)
        .order_by(*by.order())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(rows, limit)
    use = seat_use(db, [mentor for mentor, _ in shown])
    mentors = tuple(_mentor_row(mentor, user, use[mentor.id]) for mentor, user in shown)
    return Part(mentors, mentors[-1].public_id if more else None, total)


def _mentor_row(mentor: Mentor, user: User, seats: SeatUse) -> MentorRow:
    return MentorRow(
        public_id=mentor.public_id,
        slug=mentor.slug,
        name=user.name,
        email=user.email,
        headline=mentor.headline,
        photo_key=mentor.photo_key,
        listed=mentor.listed,
        user_status=user.status,
        seats=seats,
        created_at=mentor.created_at,
    )

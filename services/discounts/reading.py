"""Discount codes as admins see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from services import access, clock, paging
from services.audit import Actor
from services.ids import DiscountCodeId, MentorId
from services.models import DiscountCode, DiscountRedemption, Mentor, User
from services.money import Money
from services.paging import Part


class CodeState(StrEnum):
    """What a code is at this moment."""

    WORKS = "works"
    NOT_YET = "not yet"
    OVER = "over"
    USED_UP = "used up"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class CodeView:
    """One code: `percent` or `amount`; `used` counts orders that are paid or may still be."""

    public_id: str
    code: str
    percent: int | None
    amount: Money | None
    used: int
    max_total: int | None
    max_per_person: int | None
    starts_at: datetime
    ends_at: datetime | None
    mentor_name: str
    state: CodeState


def list_codes(
    db: Session,
    *,
    actor: Actor,
    only_working: bool = False,
    query: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Part[CodeView]:
    """All codes for an admin, newest first; `query` looks in the code.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit, now = paging.bounded(limit), clock.utc_now()
    wanted: list[ColumnElement[bool]] = []
    if only_working:
        ends = col(DiscountCode.ends_at)
        wanted += [col(DiscountCode.active).is_(True), ends.is_(None) | (ends > now)]
    if query.strip():
        like = paging.pattern(query)
        wanted.append(col(DiscountCode.code).ilike(like, escape="\\"))
    total = db.exec(select(func.count(col(DiscountCode.id))).where(*wanted)).one()
    place = paging.older_than(db, DiscountCode, before, among=wanted)
    found = db.exec(
        select(DiscountCode)
        .where(*wanted, *place)
        .order_by(col(DiscountCode.created_at).desc(), col(DiscountCode.id).desc())
        .limit(limit + 1)
    ).all()
    rows, more = paging.cut(found, limit)
    used, names = _used(db, rows), _names(db, rows)
    views = tuple(
        _view(row, used.get(row.id, 0), names.get(row.mentor_id or MentorId(0), ""), now)
        for row in rows
    )
    return Part(views, views[-1].public_id if more else None, total)


def list_mentors(db: Session, *, actor: Actor) -> tuple[tuple[str, str], ...]:
    """The mentors a code may be for, by name: slug and name.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    rows = db.exec(
        select(Mentor.slug, User.name)
        .join(User, col(User.id) == col(Mentor.user_id))
        .order_by(col(User.name), col(Mentor.slug))
    )
    return tuple((slug, name) for slug, name in rows.all())


def _used(db: Session, rows: Sequence[DiscountCode]) -> dict[DiscountCodeId, int]:
    counted = db.exec(
        select(col(DiscountRedemption.code_id), func.count())
        .where(
            col(DiscountRedemption.code_id).in_([row.id for row in rows]),
            col(DiscountRedemption.released_at).is_(None),
        )
        .group_by(col(DiscountRedemption.code_id))
    )
    return {code: int(number) for code, number in counted.all()}


def _names(db: Session, rows: Sequence[DiscountCode]) -> dict[MentorId, str]:
    ids = {row.mentor_id for row in rows if row.mentor_id is not None}
    found = db.exec(
        select(Mentor.id, User.name)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Mentor.id).in_(ids))
    )
    return {MentorId(mentor): name for mentor, name in found.all()}


def _view(row: DiscountCode, used: int, mentor: str, now: datetime) -> CodeView:
    amount = None
    if row.amount_minor is not None and row.currency is not None:
        amount = Money(row.amount_minor, row.currency)
    return CodeView(
        public_id=row.public_id,
        code=row.code,
        percent=row.percent,
        amount=amount,
        used=used,
        max_total=row.max_total,
        max_per_person=row.max_per_person,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        mentor_name=mentor,
        state=_state(row, used, now),
    )


def _state(row: DiscountCode, used: int, now: datetime) -> CodeState:
    if not row.active:
        return CodeState.STOPPED
    if row.ends_at is not None and row.ends_at <= now:
        return CodeState.OVER
    if row.max_total is not None and used >= row.max_total:
        return CodeState.USED_UP
    return CodeState.NOT_YET if row.starts_at > now else CodeState.WORKS

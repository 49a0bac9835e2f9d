"""Testimonials as visitors read them, and as admins do who decide about them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, paging
from services.audit import Actor
from services.ids import MentorId
from services.models import Mentor, Testimonial, TestimonialStatus, User, UserStatus
from services.paging import Part
from services.testimonials.views import AdminView, Quote, shown_name


def list_for_mentor(db: Session, *, mentor_id: MentorId, limit: int = 6) -> tuple[Quote, ...]:
    """What is published about a mentor, the newest first; one query."""
    return _published(db, col(Mentor.id) == mentor_id, limit=limit)


def list_for_home(db: Session, *, limit: int = 3) -> tuple[Quote, ...]:
    """The newest ones about listed mentors, one each; one query."""
    newest: dict[str, Quote] = {}
    for one in _published(db, col(Mentor.listed).is_(True), limit=paging.MOST_ROWS):
        newest.setdefault(one.mentor_slug, one)
    return tuple(newest.values())[:limit]


def _published(db: Session, *wanted: ColumnElement[bool], limit: int) -> tuple[Quote, ...]:
    author, mentor_user = aliased(User), aliased(User)
    rows = db.exec(
        select(Testimonial, Mentor.slug, col(mentor_user.name), col(author.name))
        .join(Mentor, col(Mentor.id) == col(Testimonial.mentor_id))
        .join(mentor_user, col(mentor_user.id) == col(Mentor.user_id))
        .join(author, col(author.id) == col(Testimonial.mentee_id))
        .where(
            col(Testimonial.status) == TestimonialStatus.PUBLISHED,
            col(mentor_user.status) == UserStatus.ACTIVE,
            col(author.status) != UserStatus.ERASED,
            *wanted,
        )
        .order_by(col(Testimonial.decided_at).desc(), col(Testimonial.id).desc())
        .limit(paging.bounded(limit))
    ).all()
    return tuple(
        Quote(
            public_id=row.public_id,
            body=row.body,
            author=shown_name(author_name),
            mentor_name=mentor_name,
            mentor_slug=slug,
            at=row.decided_at or row.updated_at,
        )
        for row, slug, mentor_name, author_name in rows
    )


def list_all(
    db: Session,
    *,
    actor: Actor,
    query: str = "",
    status: TestimonialStatus | None = TestimonialStatus.WAITING,
    before: str | None = None,
    limit: int = 20,
) -> Part[AdminView]:
    """Testimonials in one state (None: all), the newest first; `query` is part of the mentee's or
    the mentor's name.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    author, mentor_user = aliased(User), aliased(User)
    wanted: list[ColumnElement[bool]] = []
    if status is not None:
        wanted.append(col(Testimonial.status) == status)
    if query.strip():
        like = paging.pattern(query)
        wanted.append(
            or_(*(col(one.name).ilike(like, escape="\\") for one in (author, mentor_user)))
        )
    joined = (
        select(Testimonial, Mentor.slug, col(mentor_user.name), col(author.name))
        .join(Mentor, col(Mentor.id) == col(Testimonial.mentor_id))
        .join(mentor_user, col(mentor_user.id) == col(Mentor.user_id))
        .join(author, col(author.id) == col(Testimonial.mentee_id))
        .where(*wanted)
    )
    total = db.exec(select(func.count()).select_from(joined.subquery())).one()
    place = paging.older_than(db, Testimonial, before)
    rows = db.exec(
        joined.where(*place)
        .order_by(col(Testimonial.created_at).desc(), col(Testimonial.id).desc())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(rows, limit)
    views = tuple(_admin_view(*row) for row in shown)
    return Part(views, views[-1].public_id if more else None, total)


def _admin_view(row: Testimonial, slug: str, mentor_name: str, author_name: str) -> AdminView:
    return AdminView(
        public_id=row.public_id,
        body=row.body,
        status=row.status,
        decline_reason=row.decline_reason,
        author_name=author_name,
        shown_as=shown_name(author_name),
        mentor_name=mentor_name,
        mentor_slug=slug,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )

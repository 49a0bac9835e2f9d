"""The facts of mails about mentors and testimonials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session, select

from services import urls
from services.mail.shared import Skipped
from services.models import (
    Mentor,
    Pack,
    Testimonial,
    TestimonialStatus,
    User,
)

Facts = dict[str, Any]


def _suspended(db: Session, user: User, data: Facts) -> Facts:
    mentor = db.get_one(Mentor, data["mentor_id"])
    if mentor.suspended_at is None:
        raise Skipped
    oneself = mentor.user_id == user.id
    return {
        "oneself": oneself,
        "mentor": db.get_one(User, mentor.user_id).name,
        "link": urls.absolute("/mentor" if oneself else "/dashboard"),
    }


def _resumed(db: Session, user: User, data: Facts) -> Facts:
    mentor = db.get_one(Mentor, data["mentor_id"])
    if mentor.suspended_at is not None:
        raise Skipped
    oneself = mentor.user_id == user.id
    return {
        "oneself": oneself,
        "mentor": db.get_one(User, mentor.user_id).name,
        "link": urls.absolute("/mentor/availability" if oneself else f"/book/{mentor.slug}"),
    }


def _testimonial_asked(db: Session, _user: User, data: Facts) -> Facts:
    pack = db.get_one(Pack, data["pack_id"])
    written = select(Testimonial.id).where(Testimonial.pack_id == pack.id)
    if db.exec(written).first() is not None:
        raise Skipped
    return _about(db, pack) | {"left": pack.left}


def _testimonial_declined(db: Session, _user: User, data: Facts) -> Facts:
    testimonial = db.get_one(Testimonial, data["testimonial_id"])
    if testimonial.status is not TestimonialStatus.DECLINED:
        raise Skipped
    pack = db.get_one(Pack, testimonial.pack_id)
    return _about(db, pack) | {"reason": testimonial.decline_reason}


def _about(db: Session, pack: Pack) -> Facts:
    mentor = db.get_one(Mentor, pack.mentor_id)
    return {
        "mentor": db.get_one(User, mentor.user_id).name,
        "link": urls.absolute(f"/testimonial/{pack.public_id}"),
    }


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {
    "mentor_suspended": _suspended,
    "mentor_resumed": _resumed,
    "testimonial_asked": _testimonial_asked,
    "testimonial_declined": _testimonial_declined,
}

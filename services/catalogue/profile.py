"""How mentors come to be, and what they and admins may change about them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from services import access, audit, clock, inputs, locking, seats, topics
from services.audit import Actor
from services.catalogue import words
from services.catalogue.listing import languages_of, skills_of
from services.config import settings
from services.errors import Conflict, NotFound
from services.models import CapacityEvent, Mentor, MentorLanguage, MentorSkill, User, UserStatus

MOST_CAPACITY = 1000
HEADLINE_LENGTH = 120
BIO_LENGTH = 4000
SLUGS_TRIED = 20


def update_profile(
    db: Session,
    *,
    actor: Actor,
    slug: str,
    headline: str,
    bio: str,
    skills: Iterable[str],
    languages: Iterable[str],
    capacity: int | str,
    name: str | None = None,
    share: int | str | None = None,
) -> None:
    """Change a mentor's profile and capacity (a number, or as typed); `name` None leaves the name
    as it is.

    A capacity below the seats in use evicts nobody: the mentor is over by some until they end.
    `share` is the mentor's percentage of what a session was paid, for sessions settled from now on,
    and admins alone set it: "" is the studio's own percentage, None leaves it as it is.

    Raises:
        NotFound, InvalidInput, NotAllowed: a share, and not an admin.
    """
    wanted: dict[str, Any] = {
        "headline": inputs.line(
            headline, field="headline", what="The headline", most=HEADLINE_LENGTH
        ),
        "bio": inputs.paragraphs(bio, field="bio", what="The text about you", most=BIO_LENGTH),
        "skills": words.skills(skills),
        "languages": words.languages(languages),
        "capacity": inputs.whole_number(
            capacity, field="capacity", what="The number of seats", least=0, most=MOST_CAPACITY
        ),
    }
    if name is not None:
        wanted["name"] = inputs.line(name, field="name", what="The name", least=1, most=80)
    if share is not None:
        access.require_admin(actor)
        wanted["share_percent"] = _share(share)
    mentor = access.mentor_for(db, actor, slug)
    locking.lock(db, mentors=[mentor.id])
    db.refresh(mentor)
    user = db.get_one(User, mentor.user_id)
    before = _profile(db, mentor, user)
    changed = {key: value for key, value in wanted.items() if before[key] != value}
    if changed:
        _apply(db, mentor, user, changed)
        audit.record(
            db,
            actor=actor,
            action="mentor.changed",
            thing=mentor.public_id,
            before={key: before[key] for key in changed},
            after=changed,
        )
    if "capacity" in changed:
        seats.fill(db, mentor_id=mentor.id)


def _share(typed: int | str) -> int | None:
    if not str(typed).strip():
        return None
    return inputs.whole_number(
        str(typed).replace("%", ""), field="share", what="The mentor's share", least=0, most=100
    )


def _profile(db: Session, mentor: Mentor, user: User) -> dict[str, Any]:
    return {
        "headline": mentor.headline,
        "bio": mentor.bio,
        "skills": list(skills_of(db, [mentor.id])[mentor.id]),
        "languages": list(languages_of(db, [mentor.id])[mentor.id]),
        "capacity": mentor.capacity,
        "share_percent": mentor.share_percent,
        "name": user.name,
    }


def _apply(db: Session, mentor: Mentor, user: User, changed: dict[str, Any]) -> None:
    for field in ("headline", "bio", "capacity", "share_percent"):
        if field in changed:
            setattr(mentor, field, changed[field])
    user.name = changed.get("name", user.name)
    db.add_all([mentor, user])
    if "capacity" in changed:
        _remember_capacity(db, mentor)
    if "skills" in changed:
        db.exec(delete(MentorSkill).where(col(MentorSkill.mentor_id) == mentor.id))
        for position, skill in enumerate(changed["skills"]):
            db.add(MentorSkill(mentor_id=mentor.id, name=skill, position=position))
    if "languages" in changed:
        db.exec(delete(MentorLanguage).where(col(MentorLanguage.mentor_id) == mentor.id))
        for code in changed["languages"]:
            db.add(MentorLanguage(mentor_id=mentor.id, code=code))
    db.flush()
    topics.publish(db, topics.seats(mentor.id))
    if "share_percent" in changed:
        topics.publish(db, topics.LEDGER)  # what mentors have open under their earnings


def _remember_capacity(db: Session, mentor: Mentor) -> None:
    """The history that the use of seats over time is computed from; it never runs backwards."""
    of_mentor = select(func.max(CapacityEvent.at)).where(CapacityEvent.mentor_id == mentor.id)
    last = db.exec(of_mentor).one()
    at = max(clock.utc_now(), last) if last else clock.utc_now()
    db.add(CapacityEvent(mentor_id=mentor.id, capacity=mentor.capacity, at=at))


def make_mentor(db: Session, *, actor: Actor, user: str) -> str:
    """Make a user (public id) a mentor, not listed yet; the new slug. Admins only.

    Raises:
        NotAllowed, NotFound, Conflict: a mentor already, or the account is not active.
    """
    access.require_admin(actor)
    person = db.exec(select(User).where(col(User.public_id) == user)).one_or_none()
    if person is None:
        raise NotFound("user")
    locking.lock(db, users=[person.id])
    if person.status is not UserStatus.ACTIVE:
        raise Conflict(f"This account is {person.status.value} and cannot become a mentor.")
    if db.exec(select(Mentor.id).where(col(Mentor.user_id) == person.id)).first() is not None:
        raise Conflict(f"{person.name} is a mentor already.")
    mentor = Mentor(
        user_id=person.id,
        slug=_free_slug(db, person.name),
        capacity=settings().default_capacity,
    )
    db.add(mentor)
    db.flush()
    _remember_capacity(db, mentor)
    topics.publish(db, topics.seats(mentor.id))
    audit.record(
        db, actor=actor, action="mentor.made", thing=mentor.public_id, after={"slug": mentor.slug}
    )
    return mentor.slug


def _free_slug(db: Session, name: str) -> str:
    """`ada`, else `ada-2` and so on; after some tries a random ending. Two admins who make
    namesakes at the same instant collide at the unique index, and the second tries again."""
    slug = words.slug_of(name)
    tries = [slug, *(f"{slug}-{number}" for number in range(2, SLUGS_TRIED))]
    taken = set(db.exec(select(Mentor.slug).where(col(Mentor.slug).in_(tries))).all())
    free = (one for one in tries if one not in taken)
    return next(free, f"{slug}-{secrets.token_hex(2)}")


def set_listed(db: Session, *, actor: Actor, slug: str, listed: bool) -> None:
    """Show a mentor in the catalogue, or stop showing one. Admins only.

    Unlisting ends no checkout and no seat. Listing needs a headline, so that the card says
    something.

    Raises:
        NotAllowed, NotFound, Conflict: nothing to show yet.
    """
    access.require_admin(actor)
    mentor = db.exec(select(Mentor).where(col(Mentor.slug) == slug)).one_or_none()
    if mentor is None:
        raise NotFound("mentor")
    if listed and not mentor.headline:
        raise Conflict("Write a headline first: it is what visitors read on the card.")
    locking.lock(db, mentors=[mentor.id])
    db.refresh(mentor)
    if mentor.listed == listed:
        return
    mentor.listed = listed
    db.add(mentor)
    db.flush()
    topics.publish(db, topics.seats(mentor.id))
    audit.record(
        db,
        actor=actor,
        action="mentor.listed" if listed else "mentor.unlisted",
        thing=mentor.public_id,
        before={"listed": not listed},
        after={"listed": listed},
    )
    if listed:
        seats.fill(db, mentor_id=mentor.id)

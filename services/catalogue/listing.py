"""The list of mentors that visitors search and filter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services import availability
from services.catalogue.words import language_name
from services.config import settings
from services.ids import MentorId
from services.models import (
    Mentor,
    MentorLanguage,
    MentorSkill,
    OfferStatus,
    PackOffer,
    User,
    UserStatus,
)
from services.money import Money
from services.paging import Part, bounded, cut, pattern
from services.seats import sells, waits_for
from services.seats import taken as seats_taken

CARD_SKILLS = 3


@dataclass(frozen=True, slots=True)
class MentorCard:
    """A mentor as the list shows one. `seats_free` is never below zero, and zero as long as
    somebody waits for a place (`waited_for`): then it is not for sale. `next_free` is when the next
    time begins that can be booked."""

    slug: str
    name: str
    headline: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    photo_key: str | None
    capacity: int
    seats_free: int
    price_from: Money | None
    next_free: datetime | None
    closed: bool
    full: bool
    waited_for: bool


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One chip of a filter: what goes into the address, what people read, how many mentors."""

    value: str
    label: str
    mentors: int


@dataclass(frozen=True, slots=True)
class Filters:
    """Every skill and language that a listed mentor has, the most frequent first."""

    skills: tuple[FilterChoice, ...]
    languages: tuple[FilterChoice, ...]


def list_mentors(
    db: Session,
    *,
    query: str = "",
    skill: str = "",
    language: str = "",
    with_seat: bool = False,
    after: str | None = None,
    limit: int = 24,
) -> Part[MentorCard]:
    """Listed mentors by slug, after the slug `after`; five queries however many there are, and
    those of `availability.next_free`. `with_seat`: only those where one can be bought."""
    limit = bounded(limit)
    taken = seats_taken()
    wanted = _wanted(query=query, skill=skill, language=language)
    if with_seat:
        wanted += [col(Mentor.suspended_at).is_(None), sells()]
        wanted += [col(Mentor.capacity) > taken, ~waits_for(col(Mentor.id))]
    total = db.exec(_count().where(*wanted)).one()
    if after:
        wanted.append(col(Mentor.slug) > after)
    rows = db.exec(
        select(Mentor, User.name, taken, waits_for(col(Mentor.id)))
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(*wanted)
        .order_by(col(Mentor.slug))
        .limit(limit + 1)
    ).all()
    shown, more = cut(rows, limit)
    cards = _cards(db, shown)
    return Part(cards, cards[-1].slug if more else None, total)


def _count() -> SelectOfScalar[int]:
    return select(func.count(col(Mentor.id))).join(User, col(User.id) == col(Mentor.user_id))


def _wanted(*, query: str, skill: str, language: str) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [
        col(Mentor.listed).is_(True),
        col(User.status) == UserStatus.ACTIVE,
    ]
    for word in query.split()[:6]:
        like = pattern(word)
        wanted.append(
            or_(
                col(User.name).ilike(like, escape="\\"),
                col(Mentor.headline).ilike(like, escape="\\"),
                col(Mentor.id).in_(
                    select(MentorSkill.mentor_id).where(
                        col(MentorSkill.name).ilike(like, escape="\\")
                    )
                ),
            )
        )
    if skill:
        named = func.lower(col(MentorSkill.name)) == func.lower(skill)
        wanted.append(col(Mentor.id).in_(select(MentorSkill.mentor_id).where(named)))
    if language:
        spoken = select(MentorLanguage.mentor_id).where(col(MentorLanguage.code) == language)
        wanted.append(col(Mentor.id).in_(spoken))
    return wanted


def _cards(db: Session, rows: Sequence[tuple[Mentor, str, int, bool]]) -> tuple[MentorCard, ...]:
    ids = [mentor.id for mentor, *_ in rows]
    skills, languages, prices = skills_of(db, ids), languages_of(db, ids), _lowest_prices(db, ids)
    free = availability.next_free(db, ids) if ids else {}
    return tuple(
        MentorCard(
            slug=mentor.slug,
            name=name,
            headline=mentor.headline,
            skills=skills[mentor.id][:CARD_SKILLS],
            languages=tuple(language_name(code) for code in languages[mentor.id]),
            photo_key=mentor.photo_key,
            capacity=mentor.capacity,
            seats_free=0 if waited_for else max(0, mentor.capacity - taken),
            price_from=prices.get(mentor.id),
            next_free=free.get(mentor.id),
            closed=mentor.capacity == 0,
            full=0 < mentor.capacity <= taken,
            waited_for=bool(waited_for),
        )
        for mentor, name, taken, waited_for in rows
    )


def skills_of(db: Session, mentors: Sequence[MentorId]) -> dict[MentorId, tuple[str, ...]]:
    """The skills of several mentors, in each one's own order; one query."""
    rows = db.exec(
        select(col(MentorSkill.mentor_id), col(MentorSkill.name))
        .where(col(MentorSkill.mentor_id).in_(mentors))
        .order_by(col(MentorSkill.position), col(MentorSkill.name))
    )
    return _grouped(rows.all())


def languages_of(db: Session, mentors: Sequence[MentorId]) -> dict[MentorId, tuple[str, ...]]:
    """The language codes of several mentors; one query."""
    rows = db.exec(
        select(col(MentorLanguage.mentor_id), col(MentorLanguage.code))
        .where(col(MentorLanguage.mentor_id).in_(mentors))
        .order_by(col(MentorLanguage.code))
    )
    return _grouped(rows.all())


def _grouped(rows: Sequence[tuple[MentorId, str]]) -> dict[MentorId, tuple[str, ...]]:
    grouped: defaultdict[MentorId, tuple[str, ...]] = defaultdict(tuple)
    for mentor, word in rows:
        grouped[mentor] += (word,)
    return grouped


def _lowest_prices(db: Session, mentors: Sequence[MentorId]) -> dict[MentorId, Money]:
    """Each mentor's lowest price in the studio's currency, else in the first other one."""
    rows = db.exec(
        select(
            col(PackOffer.mentor_id),
            col(PackOffer.currency),
            func.min(col(PackOffer.price_minor)),
        )
        .where(
            col(PackOffer.mentor_id).in_(mentors),
            col(PackOffer.status) == OfferStatus.ACTIVE,
        )
        .group_by(col(PackOffer.mentor_id), col(PackOffer.currency))
    ).all()
    studio = settings().studio_currency
    by_preference = sorted(rows, key=lambda row: (row[1] != studio, row[1]), reverse=True)
    return {mentor: Money(minor, currency) for mentor, currency, minor in by_preference}


def list_filters(db: Session) -> Filters:
    """The chips of the filters with how many listed mentors each finds; two queries."""
    listed = (
        select(Mentor.id)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Mentor.listed).is_(True), col(User.status) == UserStatus.ACTIVE)
    )
    lowered = func.lower(col(MentorSkill.name))
    skills = db.exec(
        select(func.min(col(MentorSkill.name)), func.count(col(MentorSkill.mentor_id).distinct()))
        .where(col(MentorSkill.mentor_id).in_(listed))
        .group_by(lowered)
        .order_by(func.count(col(MentorSkill.mentor_id).distinct()).desc(), lowered)
    ).all()
    spoken = db.exec(
        select(MentorLanguage.code, func.count(col(MentorLanguage.mentor_id)))
        .where(col(MentorLanguage.mentor_id).in_(listed))
        .group_by(col(MentorLanguage.code))
        .order_by(func.count(col(MentorLanguage.mentor_id)).desc(), col(MentorLanguage.code))
    ).all()
    return Filters(
        tuple(FilterChoice(name, name, count) for name, count in skills),
        tuple(FilterChoice(code, language_name(code), count) for code, count in spoken),
    )

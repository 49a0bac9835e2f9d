"""How people come to the demo studio: they sign up, confirm their address, get their role."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, urlsplit

from sqlmodel import col, select

from mentorships.seed import hours, people, portraits, words
from mentorships.seed.people import MentorSeed
from mentorships.seed.world import World
from services import (
    accounts,
    availability,
    catalogue,
    db,
    email_links,
    onboarding,
    operators,
    photos,
)
from services.audit import Actor
from services.availability import RulesInput, Window
from services.config import settings
from services.models import Document, EmailLink, Mentor, User
from services.money import Money, exponent
from services.privacy import documents

VALIDITY_DAYS = 45
OPENING_CAPACITY = 5
"""What a mentor who closes later began with."""


def admin(world: World) -> None:
    """The studio's first admin."""
    email, name = people.ADMIN
    public_id = operators.create_admin(email=email, name=name, password=people.DEMO_PASSWORD)
    with db.reading() as session:
        user = session.exec(select(User).where(User.public_id == public_id)).one()
    world.admin = Actor("user", user_id=user.id, is_admin=True, verified=True)


def sign_up(world: World, person: tuple[str, str, str]) -> User:
    """An account whose address is not confirmed yet."""
    email, name, zone = person
    world.arrivals += 1
    accounts.sign_up(
        email=email,
        name=name,
        password=people.DEMO_PASSWORD,
        time_zone=zone,
        accepts=documents.current(Document.TERMS),
        address=f"visitor {world.arrivals}",
    )
    with db.reading() as session:
        return session.exec(select(User).where(User.email == email)).one()


def mentee(world: World, person: tuple[str, str, str]) -> None:
    """An account with a confirmed address."""
    user = sign_up(world, person)
    with db.reading() as session:
        link = session.exec(select(EmailLink).where(EmailLink.user_id == user.id)).one()
        url = email_links.for_mail(session, link.id).url
    token = parse_qs(urlsplit(url).query)["token"][0]
    accounts.verify_email(token=token, address=f"visitor {world.arrivals}")
    world.mentees[person[0]] = Actor("user", user_id=user.id, verified=True)


def tell_about_oneself(world: World, person: tuple[str, str, str], *, steps: int = 5) -> None:
    """The first steps of the onboarding; all five open the booking."""
    email, name, zone = person
    actor, number = world.mentees[email], len(world.onboarded)

    def one_of(texts: tuple[str, ...]) -> str:
        return texts[number % len(texts)]

    told: tuple[Callable[[], object], ...] = (
        partial(onboarding.save_profile, actor=actor, name=name, about=one_of(words.ABOUT)),
        partial(onboarding.confirm_zone, actor=actor, zone=zone),
        partial(onboarding.save_goals, actor=actor, goals=one_of(words.GOALS)),
        partial(onboarding.save_preferences, actor=actor, preferences=one_of(words.PREFERENCES)),
        partial(onboarding.skip_calendar, actor=actor),
    )
    for tell in told[:steps]:
        tell()
    if steps == len(told):
        world.onboarded.add(email)


def mentor(world: World, seed: MentorSeed) -> None:
    """A mentor with a profile, a picture and packs, listed by the admin."""
    mentee(world, (seed.email, seed.name, seed.zone))
    user_id = world.mentees.pop(seed.email).user_id
    with db.transaction() as session:
        user = session.exec(select(User).where(User.email == seed.email)).one()
        slug = catalogue.make_mentor(session, actor=world.admin, user=user.public_id)
        row = session.exec(select(Mentor).where(col(Mentor.slug) == slug)).one()
    actor = Actor("user", user_id=user_id, mentor_id=row.id, verified=True)
    world.mentors[seed.email] = actor, slug
    set_hours(world, seed)
    set_profile(world, seed, capacity=seed.capacity or OPENING_CAPACITY)
    photos.replace(actor=actor, slug=slug, data=portraits.draw(seed.name, seed.colours))
    with db.transaction() as session:
        catalogue.set_listed(session, actor=world.admin, slug=slug, listed=True)
    _offer(world, seed, "Four sessions", 4, seed.price if seed.email != RAISES else OLD_PRICE)
    if seed.popularity > 5:
        _offer(world, seed, "Eight sessions", 8, seed.price * 2 - 40, days=90)


RAISES, OLD_PRICE = "mentor@example.com", 200
"""This mentor began with a lower price."""


def set_profile(world: World, seed: MentorSeed, *, capacity: int) -> None:
    """Write the mentor's profile, with this many seats."""
    actor, slug = world.mentors[seed.email]
    with db.transaction() as session:
        catalogue.update_profile(
            session,
            actor=actor,
            slug=slug,
            headline=seed.headline,
            bio=seed.bio,
            skills=seed.skills,
            languages=seed.languages,
            capacity=capacity,
        )


def set_hours(world: World, seed: MentorSeed) -> None:
    """Write when the mentor can be booked."""
    actor, slug = world.mentors[seed.email]
    told = hours.HOURS[seed.email]
    rules = RulesInput(
        time_zone=seed.zone,
        weekly=tuple(
            tuple(Window(start * 60, end * 60) for start, end in told.of(weekday))
            for weekday in range(7)
        ),
        overrides=(),
        session_minutes=settings().session_minutes,
        buffer_minutes=told.buffer_minutes,
        notice_minutes=told.notice_hours * 60,
        horizon_days=told.horizon_days,
        meeting_link=hours.link(slug),
    )
    availability.save_rules(actor=actor, mentor=slug, rules=rules)


def price(whole: int) -> Money:
    """So many whole units of the studio's currency."""
    currency = settings().studio_currency
    return Money(whole * 10 ** exponent(currency), currency)


def _offer(
    world: World,
    seed: MentorSeed,
    title: str,
    sessions: int,
    whole: int,
    *,
    days: int = VALIDITY_DAYS,
) -> None:
    actor, slug = world.mentors[seed.email]
    with db.transaction() as session:
        card = catalogue.create_offer(
            session,
            actor=actor,
            slug=slug,
            title=title,
            sessions=sessions,
            price=price(whole),
            validity_days=days,
        )
    world.offers.setdefault(seed.email, []).append(card.public_id)

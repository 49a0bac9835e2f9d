"""One mentor: the public page, and the profile that its editor fills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from services import access, availability, testimonials, waitlist
from services.audit import Actor
from services.catalogue.listing import languages_of, skills_of
from services.catalogue.words import language_name
from services.config import settings
from services.errors import NotAllowed, NotFound
from services.ids import MentorId
from services.models import (
    Availability,
    Mentor,
    OfferStatus,
    PackOffer,
    Seat,
    SeatStatus,
    User,
    UserStatus,
)
from services.money import Money
from services.seats import taken as seats_taken
from services.seats import waits_for
from services.testimonials import Quote
from services.waitlist import OwnEntry


@dataclass(frozen=True, slots=True)
class OfferCard:
    """A pack offer. `validity_days` None means that its sessions never expire."""

    public_id: str
    title: str
    sessions: int
    price: Money
    validity_days: int | None
    active: bool


@dataclass(frozen=True, slots=True)
class OwnSeat:
    """The viewer's seat with a mentor; `until` ends a hold or a grace period."""

    status: SeatStatus
    until: datetime | None


@dataclass(frozen=True, slots=True)
class MentorPage:
    """A mentor's page as one viewer sees it. `public`: visitors may see it and buy. `next_free` is
    when the next time begins that can be booked.

    `seats_free` is zero as long as somebody waits who can be offered a place: then it is not for
    sale. Only what is one's own differs between those who may see the page.
    """

    slug: str
    name: str
    headline: str
    bio: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    photo_key: str | None
    capacity: int
    seats_free: int
    closed: bool
    full: bool
    waiting: int
    suspended: bool
    listed: bool
    public: bool
    offers: tuple[OfferCard, ...]
    quotes: tuple[Quote, ...]
    next_free: datetime | None
    session_minutes: int
    own_seat: OwnSeat | None
    own_entry: OwnEntry | None
    is_own: bool

    @property
    def can_buy(self) -> bool:
        """Whether this viewer may buy a pack: there is one, and a seat, on sale or on offer to
        them, or it is a renewal."""
        if self.is_own or self.suspended or not self.offers:
            return False
        offered = self.own_entry is not None and self.own_entry.offer_ends_at is not None
        has_place = self.seats_free > 0 or self.own_seat is not None
        return offered or (self.public and has_place)

    @property
    def can_wait(self) -> bool:
        """Whether this viewer may join the waitlist, once signed in."""
        nothing = self.own_seat is None and self.own_entry is None
        return self.public and nothing and not (self.is_own or self.can_buy or self.suspended)


@dataclass(frozen=True, slots=True)
class MentorProfile:
    """A mentor as the editor shows one: the codes of languages, and retired packs too.

    `share_percent` is the mentor's own part of what sessions were paid; None: the studio's.
    """

    slug: str
    name: str
    headline: str
    bio: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    photo_key: str | None
    capacity: int
    seats_taken: int
    over_by: int
    share_percent: int | None
    listed: bool
    suspended: bool
    offers: tuple[OfferCard, ...]


def get_mentor(db: Session, slug: str, *, actor: Actor) -> MentorPage:
    """A listed mentor; an unlisted one only for oneself, for admins, and for whoever has the offer
    of a place. Eight queries, and those of `availability.next_free`.

    Raises:
        NotFound: unknown, or not listed.
    """
    mentor, user, taken, minutes, waited_for = _load(db, slug)
    is_own = actor.user_id is not None and mentor.user_id == actor.user_id
    public = mentor.listed and user.status is UserStatus.ACTIVE
    own_entry = _own_entry(db, mentor, actor)
    offered = own_entry is not None and own_entry.offer_ends_at is not None
    if not (public or is_own or actor.is_admin or offered):
        raise NotFound("mentor")
    return MentorPage(
        slug=mentor.slug,
        name=user.name,
        headline=mentor.headline,
        bio=mentor.bio,
        skills=skills_of(db, [mentor.id])[mentor.id],
        languages=tuple(language_name(c) for c in languages_of(db, [mentor.id])[mentor.id]),
        photo_key=mentor.photo_key,
        capacity=mentor.capacity,
        seats_free=0 if waited_for else max(0, mentor.capacity - taken),
        closed=mentor.capacity == 0,
        full=0 < mentor.capacity <= taken,
        waiting=waitlist.count_waiting(db, mentor.id),
        suspended=mentor.suspended_at is not None,
        listed=mentor.listed,
        public=public,
        offers=offers_of(db, mentor.id, with_retired=False),
        quotes=testimonials.list_for_mentor(db, mentor_id=mentor.id),
        next_free=availability.next_free(db, [mentor.id])[mentor.id],
        session_minutes=minutes or settings().session_minutes,
        own_seat=_own_seat(db, mentor, actor),
        own_entry=own_entry,
        is_own=is_own,
    )


def find_mentor_id(db: Session, slug: str) -> MentorId:
    """The mentor behind an address, listed or not.

    Raises:
        NotFound
    """
    found = db.exec(select(Mentor.id).where(col(Mentor.slug) == slug)).one_or_none()
    if found is None:
        raise NotFound("mentor")
    return MentorId(found)


def get_profile(db: Session, slug: str, *, actor: Actor) -> MentorProfile:
    """The editor's view of a mentor: one's own, or any for an admin.

    Raises:
        NotFound
    """
    access.mentor_for(db, actor, slug)
    mentor, user, taken, *_ = _load(db, slug)
    return MentorProfile(
        slug=mentor.slug,
        name=user.name,
        headline=mentor.headline,
        bio=mentor.bio,
        skills=skills_of(db, [mentor.id])[mentor.id],
        languages=languages_of(db, [mentor.id])[mentor.id],
        photo_key=mentor.photo_key,
        capacity=mentor.capacity,
        seats_taken=taken,
        over_by=max(0, taken - mentor.capacity),
        share_percent=mentor.share_percent,
        listed=mentor.listed,
        suspended=mentor.suspended_at is not None,
        offers=offers_of(db, mentor.id, with_retired=True),
    )


def get_own_slug(db: Session, *, actor: Actor) -> str:
    """The slug of the mentor that the signed-in person is.

    Raises:
        SignInNeeded, NotAllowed: no mentor.
    """
    access.require_user(actor)
    if actor.mentor_id is None:
        raise NotAllowed("Only mentors have this page. An admin can make you one.")
    return db.get_one(Mentor, actor.mentor_id).slug


def offers_of(db: Session, mentor: MentorId, *, with_retired: bool) -> tuple[OfferCard, ...]:
    """A mentor's offers: those on sale by price, then the retired ones, newest first."""
    query = select(PackOffer).where(col(PackOffer.mentor_id) == mentor)
    if not with_retired:
        query = query.where(col(PackOffer.status) == OfferStatus.ACTIVE)
    offers = sorted(db.exec(query).all(), key=_place)
    return tuple(card_of(offer) for offer in offers)


def card_of(offer: PackOffer) -> OfferCard:
    """An offer as pages show it."""
    return OfferCard(
        public_id=offer.public_id,
        title=offer.title,
        sessions=offer.sessions,
        price=Money(offer.price_minor, offer.currency),
        validity_days=offer.validity_days,
        active=offer.status is OfferStatus.ACTIVE,
    )


def _place(offer: PackOffer) -> tuple[int, int, int]:
    if offer.status is OfferStatus.ACTIVE:
        return (0, offer.price_minor, offer.id)
    return (1, -offer.id, 0)


def _load(db: Session, slug: str) -> tuple[Mentor, User, int, int | None, bool]:
    row = db.exec(
        select(  # pyright: ignore[reportCallIssue]  # SQLModel types four columns at most
            Mentor, User, seats_taken(), Availability.session_minutes, waits_for(col(Mentor.id))
        )
        .join(User, col(User.id) == col(Mentor.user_id))
        .outerjoin(Availability, col(Availability.mentor_id) == col(Mentor.id))
        .where(col(Mentor.slug) == slug)
    ).one_or_none()
    if row is None:
        raise NotFound("mentor")
    return row[0], row[1], row[2], row[3], bool(row[4])


def _own_entry(db: Session, mentor: Mentor, actor: Actor) -> OwnEntry | None:
    if actor.user_id is None:
        return None
    return waitlist.find_own(db, mentee_id=actor.user_id, mentor_id=mentor.id)


def _own_seat(db: Session, mentor: Mentor, actor: Actor) -> OwnSeat | None:
    if actor.user_id is None:
        return None
    seat = db.exec(
        select(Seat).where(
            col(Seat.mentee_id) == actor.user_id,
            col(Seat.mentor_id) == mentor.id,
            col(Seat.status) != SeatStatus.RELEASED,
        )
    ).one_or_none()
    return OwnSeat(seat.status, seat.held_until or seat.grace_ends_at) if seat else None

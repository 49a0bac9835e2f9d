"""One mentor's page, as this visitor may use it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import reflex as rx

from services import catalogue, money, photos, pricing, topics, urls
from services.audit import Actor
from services.catalogue import MentorPage, OfferCard
from services.ids import MentorId
from services.models import SeatStatus
from services.signin import VISITOR
from state import live
from state.base import AppState, read
from state.guard import requires
from state.mentors import seat_marks, seat_words
from state.phase import Loads, loading
from state.quotes import QuoteFace, quote_face
from state.shown import count, initials, until
from state.slots import FreeFace, free_face
from state.waiting import NOWHERE, WaitFace, wait_face


@dataclass(frozen=True)
class OfferFace:
    """A pack on sale, in words."""

    href: str
    title: str
    sessions: str
    dots: list[bool]
    price: str
    each: str
    validity: str


def validity_words(days: int | None) -> str:
    """How long a pack lasts."""
    return "never expires" if days is None else f"to use within {count(days, 'day')}"


def offer_face(offer: OfferCard) -> OfferFace:
    """The words of a pack."""
    return OfferFace(
        href=f"/checkout/{offer.public_id}",
        title=offer.title,
        sessions=count(offer.sessions, "session"),
        dots=[True] * min(offer.sessions, 20),
        price=money.shown(offer.price),
        each=_each(offer),
        validity=validity_words(offer.validity_days),
    )


def _each(offer: OfferCard) -> str:
    """The price of one session, where it comes out even; nothing is rounded."""
    minor, rest = divmod(offer.price.minor, offer.sessions)
    if rest or offer.sessions == 1:
        return ""
    return f"{money.shown(money.Money(minor, offer.price.currency))} a session"


def audience(slug: str, mentor: MentorId, actor: Actor) -> live.Audience[MentorPage]:
    """All visitors who look at one mentor's page: one reading for all of them. Who is signed in
    may have a seat there, and may see more."""
    viewer = VISITOR if actor.user_id is None else actor
    own = set[str]() if actor.user_id is None else {topics.mentee(actor.user_id)}
    read = partial(catalogue.get_mentor, slug=slug, actor=viewer)
    about = {topics.seats(mentor), topics.availability(mentor), topics.TESTIMONIALS}
    watched = frozenset(about | own)
    return live.Audience(("mentor_page", slug, viewer), watched, read)


class MentorState(Loads, AppState):
    """The mentor shown."""

    slug: str = ""
    name: str = ""
    initials: str = ""
    photo: str = ""
    headline: str = ""
    bio: str = ""
    skills: list[str] = []
    languages: str = ""
    seats: str = ""
    marks: list[bool] = []
    offers: list[OfferFace] = []
    about_tax: str = ""
    own: bool = False
    can_buy: bool = False
    unlisted: bool = False
    seat_note: str = ""
    length: str = ""
    free: FreeFace = FreeFace()
    quotes: list[QuoteFace] = []
    book_href: str = ""
    why_not: str = ""
    can_wait: bool = False
    sign_in_href: str = ""
    ahead: str = ""
    wait: WaitFace = NOWHERE

    @rx.event
    @requires("anyone")
    async def load(self) -> AsyncGenerator[None, None]:
        """Show the mentor named in the address."""
        slug = str(self.router.url.path).rstrip("/").rsplit("/", 1)[-1]
        if slug != self.slug:
            self.phase = "loading"
            yield
        with loading(self):
            mentor = await read(catalogue.find_mentor_id, slug)
            self._show(await live.watch(self, audience(slug, mentor, await self._actor())))

    @rx.event
    @requires("anyone")
    async def refresh(self) -> AsyncGenerator[None, None]:
        """Show the seats and packs as they are now."""
        page = await live.news(self)
        if page is live.ANEW:
            async for _ in self.load():
                yield
        elif page is not None:
            with loading(self):
                self._show(page)

    def _show(self, page: MentorPage) -> None:
        self.slug, self.name, self.initials = page.slug, page.name, initials(page.name)
        self.photo = photos.url(page.photo_key, "large")
        self.headline, self.bio = page.headline, page.bio
        self.skills, self.languages = list(page.skills), ", ".join(page.languages)
        self.seats = seat_words(capacity=page.capacity, free=page.seats_free)
        self.marks = seat_marks(capacity=page.capacity, free=page.seats_free)
        self.offers = [offer_face(offer) for offer in page.offers]
        self.about_tax = pricing.words(pricing.tax_now()) if page.offers else ""
        self.own, self.can_buy = page.is_own, page.can_buy
        self.unlisted = not page.listed
        self.seat_note = self._about_seat(page)
        self.why_not, self.can_wait = _why_not(page), page.can_wait
        self.ahead = _ahead(page)
        self.sign_in_href = f"/sign-in?next={quote(urls.mentor(page.slug), safe='')}"
        entry = page.own_entry
        self.wait = wait_face(entry, self.time_zone) if entry is not None else NOWHERE
        self.length = count(page.session_minutes, "minute")
        self.free = free_face(page.next_free, self.time_zone)
        self.quotes = [quote_face(one) for one in page.quotes]
        seated = page.own_seat is not None and page.own_seat.status is SeatStatus.ACTIVE
        self.book_href = f"/book/{page.slug}" if seated else ""

    def _about_seat(self, page: MentorPage) -> str:
        """Of a seat that is on offer, the panel of the waitlist tells."""
        seat = page.own_seat
        offered = page.own_entry is not None and not page.own_entry.is_buying
        if seat is None or (offered and seat.status is SeatStatus.HELD):
            return ""
        end = until(seat.until, self.time_zone).text
        match seat.status:
            case SeatStatus.HELD:
                return f"A seat is held for you until {end}."
            case SeatStatus.GRACE:
                return f"Your seat is kept until {end}. Another pack keeps it longer."
            case _:
                return "You have a seat here. Another pack adds its sessions to it."


def _why_not(page: MentorPage) -> str:
    if page.can_buy or page.is_own or page.own_entry is not None:
        return ""
    if page.suspended:
        return f"{page.name} cannot hold sessions for now."
    if page.own_seat is not None:
        return ""  # nothing is on sale: the list of packs says so
    if page.closed:
        return f"{page.name} is not taking new mentees at the moment."
    if page.full:
        return f"All of {page.name}'s seats are taken at the moment."
    if not page.seats_free:
        return f"{page.name}'s free seats go to those who wait for one."
    if page.public:
        return f"{page.name} sells no pack at the moment."
    return f"{page.name} is not listed at the moment."


def _ahead(page: MentorPage) -> str:
    if not page.waiting:
        return "Nobody waits yet: you would be the first."
    return f"{count(page.waiting, 'person waits', 'people wait')} before you."

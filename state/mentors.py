"""The list of mentors: its search and filters stand in the address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from services import catalogue, money, photos, urls
from services.catalogue import FilterChoice, MentorCard
from state.base import AppState, read
from state.guard import requires
from state.phase import Loads, loading
from state.shown import count, initials, plain
from state.slots import FreeFace, free_face

PAGE_SIZE = 24
MOST_SKILLS = 10


@dataclass(frozen=True)
class MentorFace:
    """A mentor as a card shows one."""

    href: str
    name: str
    initials: str
    photo: str
    headline: str
    skills: list[str]
    languages: str
    seats: str
    marks: list[bool]
    price: str
    free: FreeFace


@dataclass(frozen=True)
class FilterChip:
    """One filter, and the address of the page with it switched."""

    label: str
    href: str
    chosen: bool


def seat_words(*, capacity: int, free: int) -> str:
    """How many places there are to buy, in words: `2 of 10 seats left`."""
    if capacity == 0:
        return "Closed: join the waitlist"
    return f"{free} of {count(capacity, 'seat')} left" if free else "Full: join the waitlist"


def seat_marks(*, capacity: int, free: int) -> list[bool]:
    """One mark for each place, the free ones first; at most as many as can be told apart."""
    return [place < free for place in range(min(capacity, 24))] if capacity <= 24 else []


def mentor_face(card: MentorCard, zone: str) -> MentorFace:
    """The words of a card for somebody in this zone."""
    return MentorFace(
        href=urls.mentor(card.slug),
        name=card.name,
        initials=initials(card.name),
        photo=photos.url(card.photo_key, "small"),
        headline=card.headline,
        skills=list(card.skills),
        languages=", ".join(card.languages),
        seats=seat_words(capacity=card.capacity, free=card.seats_free),
        marks=seat_marks(capacity=card.capacity, free=card.seats_free),
        price=money.shown(card.price_from) if card.price_from else "",
        free=free_face(card.next_free, zone),
    )


class MentorsState(Loads, AppState):
    """What the visitor searches for, and what was found."""

    query: str = ""
    skill: str = ""
    language: str = ""
    with_seat: bool = False
    mentors: list[MentorFace] = []
    found: str = ""
    skills: list[FilterChip] = []
    languages: list[FilterChip] = []
    seat_chip: FilterChip = FilterChip("Has a seat", "/mentors?seat=free", False)
    more_href: str = ""
    first_href: str = ""

    @rx.event
    @requires("anyone")
    async def load(self) -> None:
        """Read the filters from the address, and find the mentors."""
        asked = self.router.url.query_parameters
        self.query = plain(asked.get("q", ""), 80)
        self.skill = plain(asked.get("skill", ""), 40)
        self.language = plain(asked.get("language", ""), 8)
        self.with_seat = asked.get("seat", "") == "free"
        after = plain(asked.get("after", ""), 60)
        with loading(self):
            part = await read(
                catalogue.list_mentors,
                query=self.query,
                skill=self.skill,
                language=self.language,
                with_seat=self.with_seat,
                after=after or None,
                limit=PAGE_SIZE,
            )
            self.mentors = [mentor_face(card, self.time_zone) for card in part.rows]
            self.found = count(part.total or 0, "mentor")
            self.more_href = self._address(after=part.next) if part.next else ""
            self.first_href = self._address() if after else ""
            await self._load_chips()

    async def _load_chips(self) -> None:
        filters = await read(catalogue.list_filters)
        self.skills = self._chips("skill", self.skill, filters.skills[:MOST_SKILLS])
        self.languages = self._chips("language", self.language, filters.languages)
        self.seat_chip = FilterChip(
            "Has a seat", self._address(seat="" if self.with_seat else "free"), self.with_seat
        )

    def _chips(self, name: str, chosen: str, choices: tuple[FilterChoice, ...]) -> list[FilterChip]:
        return [
            FilterChip(
                label=choice.label,
                href=self._address(**{name: "" if choice.value == chosen else choice.value}),
                chosen=choice.value == chosen,
            )
            for choice in choices
        ]

    def _address(self, **changed: str) -> str:
        """This page's address with some filters changed; always from the top of the list."""
        filters = {
            "q": self.query,
            "skill": self.skill,
            "language": self.language,
            "seat": "free" if self.with_seat else "",
        } | changed
        asked = urlencode({name: value for name, value in filters.items() if value})
        return f"/mentors?{asked}" if asked else "/mentors"

    @rx.event
    @requires("anyone")
    async def search(self, form: dict[str, str]) -> rx.event.EventSpec:
        """Search for words, keeping the filters."""
        return rx.redirect(self._address(q=str(form.get("q", "")).strip()[:80]))

"""All mentors, for admins: seats in use, listed or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import administration, catalogue, photos, topics
from services.administration import MentorFilter, MentorRow
from services.audit import Actor
from services.mentor_home import SeatUse
from services.models import UserStatus
from services.paging import Part
from state import live
from state.base import AppState, write
from state.guard import requires
from state.listing import Listing
from state.phase import loading
from state.shown import NEVER, Moment, date, initials

PATH = "/admin/mentors"
CHOICES = {MentorFilter.LISTED.value: "Listed", MentorFilter.UNLISTED.value: "Not listed"}
SORTS = ("-since", "name", "-seats")


@dataclass(frozen=True)
class AdminMentor:
    """A mentor as an admin's row shows one."""

    slug: str = ""
    href: str = ""
    name: str = ""
    initials: str = ""
    photo: str = ""
    email: str = ""
    seats: str = ""
    seats_note: str = ""
    status: str = ""
    listed: bool = False
    joined: Moment = NEVER


def audience(
    actor: Actor, only: MentorFilter, asked: dict[str, str | None]
) -> live.Audience[Part[MentorRow]]:
    """The admins who look at the same part of the same list."""
    read = partial(administration.list_mentors, actor=actor, only=only, **asked)
    return live.Audience(("admin_mentors", only, *asked.values()), frozenset({topics.SEATS}), read)


class AdminMentorsState(Listing, AppState):
    """One part of the list of all mentors."""

    rows: list[AdminMentor] = []

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin(PATH, CHOICES, SORTS)
        with loading(self):
            asked = self._asked(before)
            only = MentorFilter(self.chosen)
            self._show(await live.watch(self, audience(await self._actor(), only, asked)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[MentorRow]) -> None:
        self.rows = [_row(mentor, self.time_zone) for mentor in part.rows]
        self._end(PATH, part, "mentor")

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for words."""
        return self._searched(PATH, form)

    @rx.event
    @requires("admin")
    async def set_listed(self, slug: str, listed: bool) -> None:
        """Show a mentor in the catalogue, or take one out of it."""
        actor = await self._actor()
        await write(catalogue.set_listed, actor=actor, slug=slug, listed=bool(listed))
        self._tell(
            "Listed: visitors see the page now." if listed else "Not listed any more.", "good"
        )
        await self.load()


def seats_note(seats: SeatUse) -> str:
    """What to know about a mentor's seats beyond how many are taken."""
    notes = [
        *([f"over by {seats.over_by}"] if seats.over_by else []),
        *([f"{seats.held} held"] if seats.held else []),
        *([f"{seats.grace} in grace"] if seats.grace else []),
    ]
    return ", ".join(notes)


def _row(mentor: MentorRow, zone: str) -> AdminMentor:
    seats = mentor.seats
    status = "listed" if mentor.listed else "not listed"
    if mentor.user_status is not UserStatus.ACTIVE:
        status = mentor.user_status.value
    return AdminMentor(
        slug=mentor.slug,
        href=f"/admin/mentors/{mentor.slug}",
        name=mentor.name,
        initials=initials(mentor.name),
        photo=photos.url(mentor.photo_key, "small"),
        email=mentor.email,
        seats=f"{seats.used} of {seats.capacity}" if seats.capacity else f"{seats.used}, closed",
        seats_note=seats_note(seats),
        status=status,
        listed=mentor.listed,
        joined=date(mentor.created_at, zone),
    )

"""The signed-in mentor's mentees: what each has left, where each stands, and the next session."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import mentees, topics
from services.audit import Actor
from services.mentees import Balance, MenteeFilter, MenteeRow
from services.models import SeatStatus
from services.onboarding import Standing
from services.paging import Part
from state import live
from state.base import AppState
from state.guard import requires
from state.listing import Listing
from state.phase import loading
from state.shown import NEVER, Moment, count, date, moment

PATH = "/mentor/mentees"
CHOICES = {MenteeFilter.FORMER.value: "Former mentees"}
SORTS = ("name",)
SEATS: dict[SeatStatus | None, tuple[str, str]] = {
    SeatStatus.ACTIVE: ("seat active", "good"),
    SeatStatus.GRACE: ("seat in grace", "warning"),
    None: ("no seat any more", "quiet"),
}


@dataclass(frozen=True)
class MenteeFace:
    """A mentee as a row shows one."""

    href: str = ""
    name: str = ""
    seat: str = ""
    seat_tone: str = "quiet"
    balance: str = ""
    booked: str = ""
    expires: Moment = NEVER
    onboarding: str = ""
    goals: str = ""
    next: Moment = NEVER
    last: Moment = NEVER


def watched(actor: Actor) -> frozenset[str]:
    """What tells that something about a mentor's mentees has changed."""
    if actor.mentor_id is None:
        return frozenset()
    return frozenset({topics.seats(actor.mentor_id), topics.mentor_sessions(actor.mentor_id)})


def audience(
    actor: Actor, only: MenteeFilter, query: str, before: str | None
) -> live.Audience[Part[MenteeRow]]:
    """The tabs in which one mentor looks at the same part of the list."""
    read = partial(mentees.list_mentees, actor=actor, only=only, query=query, before=before)
    return live.Audience(("mentor_mentees", actor, only, query, before), watched(actor), read)


class MentorMenteesState(Listing, AppState):
    """One part of the list."""

    rows: list[MenteeFace] = []

    @rx.event
    @requires("mentor")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin(PATH, CHOICES, SORTS)
        with loading(self):
            only = MenteeFilter(self.chosen)
            seen = audience(await self._actor(), only, self.query, before)
            self._show(await live.watch(self, seen))

    @rx.event
    @requires("mentor")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("mentor")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for words."""
        return self._searched(PATH, form)

    def _show(self, part: Part[MenteeRow]) -> None:
        self.rows = [_face(row, self.time_zone) for row in part.rows]
        self._end(PATH, part, "mentee")


def standing_words(standing: Standing) -> str:
    """`ready`, or how far somebody has come and what is next."""
    if not standing.next:
        return "ready to book"
    return f"{standing.done} of {standing.of} steps, next: {standing.next}"


def balance_words(balance: Balance) -> tuple[str, str]:
    """What can be booked, and what is booked: `2 of 4 to book`, `1 booked`."""
    if not balance.total:
        return "nothing left", ""
    booked = f"{balance.reserved} booked" if balance.reserved else ""
    return f"{balance.available} of {count(balance.total, 'session')} to book", booked


def _face(row: MenteeRow, zone: str) -> MenteeFace:
    seat, tone = SEATS.get(row.seat_status, SEATS[None])
    balance, booked = balance_words(row.balance)
    return MenteeFace(
        href=f"{PATH}/{row.user}",
        name=row.name,
        seat=seat,
        seat_tone=tone,
        balance=balance,
        booked=booked,
        expires=date(row.balance.expires_at, zone),
        onboarding=standing_words(row.standing),
        goals=row.goals,
        next=moment(row.next_at, zone),
        last=date(row.last_at, zone),
    )

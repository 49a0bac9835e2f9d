"""One mentor's line, for admins: who stands where and why, and what can be done about it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import topics, urls, waitlist
from services.audit import Actor
from services.errors import InvalidInput
from services.models import WaitlistStatus
from services.waitlist import Line, Place, SeatLine
from state import live
from state.admin_waitlists import PATH, seats_words
from state.base import AppState, write
from state.guard import requires
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, moment, plain

Steps = AsyncGenerator[None, None]
_TONES = {
    WaitlistStatus.WAITING: "warning",
    WaitlistStatus.OFFERED: "good",
    WaitlistStatus.TAKEN: "good",
}


@dataclass(frozen=True)
class PlaceFace:
    """Somebody in the line; the flags say what can be done about the place now."""

    entry: str = ""
    name: str = ""
    email: str = ""
    position: str = ""
    status: str = ""
    tone: str = "quiet"
    why: str = ""
    since: Moment = NEVER
    until: Moment = NEVER
    can_put_first: bool = False
    can_put_back: bool = False
    can_remove: bool = False


@dataclass(frozen=True)
class SeatFace:
    """A seat that may be given back by hand."""

    seat: str = ""
    name: str = ""
    until: Moment = NEVER


def audience(actor: Actor, slug: str) -> live.Audience[Line]:
    """The admins who look at one line."""
    seen = partial(waitlist.get_line, actor=actor, mentor=slug)
    return live.Audience(("admin_waitlist", actor, slug), frozenset({topics.SEATS}), seen)


class AdminWaitlistState(Loads, AppState):
    """The line. `asking` is the place whose question is open, `question` which one it is."""

    name: str = ""
    page_href: str = ""
    seats: str = ""
    standing: str = ""
    can_offer: bool = False
    waiting: str = ""
    places: list[PlaceFace] = []
    ended: list[PlaceFace] = []
    grace: list[SeatFace] = []
    asking: str = ""
    question: str = ""
    busy: str = ""
    wrong: str = ""
    _slug: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the line of the mentor whom the address names."""
        self.asking = self.question = self.busy = self.wrong = ""
        self._slug = self._named()
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._slug)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def ask(self, entry: str, question: str) -> None:
        """Open one of the questions of a place; an empty one closes it."""
        self.asking, self.question, self.wrong = plain(entry, 60), plain(question, 20), ""

    @rx.event
    @requires("admin")
    async def answer(self, form: dict[str, Any]) -> Steps:
        """The reason why somebody is put first, or taken off the list."""
        reason = str(form.get("reason", ""))[:1_000]
        first = self.question == "first"
        work = waitlist.put_first if first else waitlist.remove
        told = "They stand first now." if first else "They are off the waitlist, and told why."
        async for step in self._do(work, told, entry=self.asking, reason=reason):
            yield step

    @rx.event
    @requires("admin")
    async def put_back(self, entry: str) -> Steps:
        """Undo that somebody was put first."""
        told = "They stand where they came."
        async for step in self._do(waitlist.put_back, told, entry=plain(entry, 60)):
            yield step

    @rx.event
    @requires("admin")
    async def offer_now(self) -> Steps:
        """Offer the free places to the first in line."""
        async for step in self._do(waitlist.offer_now, "Offered.", mentor=self._named()):
            yield step

    async def _do(self, work: Callable[..., object], told: str, **asked: str) -> Steps:
        self.busy, self.wrong = asked.get("entry", "offer"), ""
        yield
        try:
            await write(work, actor=await self._actor(), **asked)
        except InvalidInput as error:
            self.wrong = error.message
            return
        finally:
            self.busy = ""
        await self.load()
        self._tell(told, "good")

    def _show(self, line: Line) -> None:
        self.name, self.page_href = line.name, urls.mentor(line.slug)
        self.seats = seats_words(line.taken, line.capacity)
        self.waiting = count(line.waiting, "person waits", "people wait")
        self.standing = _standing(line)
        free = line.standing.free > 0
        self.can_offer = free and bool(line.waiting) and line.standing.obstacle is None
        self.places = [_place(one, self.time_zone) for one in line.places]
        self.ended = [_place(one, self.time_zone) for one in line.ended]
        self.grace = [_seat(one, self.time_zone) for one in line.grace]


def _standing(line: Line) -> str:
    """How the places stand, and why nobody is offered one."""
    stands = line.standing
    places = count(max(stands.free, 0), "place is", "places are")
    if stands.obstacle is None and stands.free < 1:
        return "No place is free. The next one that is freed is offered to the first in line."
    if stands.obstacle is None:
        return f"{places} free."
    why = waitlist.why_not(stands)
    return f"{places} free, and nothing is offered: {why}. Everybody keeps their place in the line."


def _place(one: Place, zone: str) -> PlaceFace:
    waits = one.status is WaitlistStatus.WAITING
    return PlaceFace(
        entry=one.entry,
        name=one.name,
        email=one.email,
        position=str(one.position) if waits else "",
        status=one.status.value,
        tone=_TONES.get(one.status, "quiet"),
        why=_why(one),
        since=moment(one.ended_at or one.joined_at, zone),
        until=moment(one.offer_ends_at, zone),
        can_put_first=waits and not one.is_first,
        can_put_back=waits and one.is_first and not one.is_owner,
        can_remove=(waits or one.offer_ends_at is not None) and not one.is_buying,
    )


def _why(one: Place) -> str:
    """Why somebody stands where they stand, or does not any more."""
    if one.is_buying:
        return "Their checkout is open: it is settled first."
    said: list[str] = []
    if one.status is WaitlistStatus.WAITING:
        said.append("By the time of joining." if not one.is_first else f"Put first: {one.reason}")
        if one.is_owner:
            said.append("Has paid sessions left: a place is theirs at once.")
        if one.passed_over:
            said.append(
                "Passed over for now: the account is closed, its address is not confirmed, or a "
                "refund or a dispute about the sessions left is not decided."
            )
    elif one.reason:
        said.append(one.reason)
    return " ".join(said)


def _seat(one: SeatLine, zone: str) -> SeatFace:
    return SeatFace(one.seat, one.name, moment(one.ends_at, zone))


__all__ = ["PATH", "AdminWaitlistState", "PlaceFace", "SeatFace", "audience"]

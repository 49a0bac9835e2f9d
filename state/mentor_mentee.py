"""One mentee of the signed-in mentor: who they are, their packs, and every session with notes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import booking, mentees
from services.audit import Actor
from services.errors import Conflict, InvalidInput
from services.mentees import MenteeCard, NoteLine, PackLine, SessionLine
from services.models import SeatStatus
from state import live, slots
from state.base import AppState, run
from state.guard import requires
from state.mentor_mentees import SEATS, standing_words, watched
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, date, moment


@dataclass(frozen=True)
class PackRow:
    """A pack in words."""

    title: str
    left: str
    status: str
    ends: Moment


@dataclass(frozen=True)
class NoteFace:
    """A note with whose it is and who reads it."""

    by: str
    body: str


@dataclass(frozen=True)
class SessionFace:
    """A session as a line of the history."""

    href: str
    starts: Moment
    status: str
    late: bool
    goals: str
    notes: list[NoteFace]


def audience(actor: Actor, mentee: str) -> live.Audience[MenteeCard]:
    """The tabs in which one mentor looks at the same mentee."""
    read = partial(mentees.get_mentee, actor=actor, mentee=mentee)
    return live.Audience(("mentor_mentee", actor, mentee), watched(actor), read)


class MentorMenteeState(Loads, AppState):
    """The mentee whom the address names."""

    name: str = ""
    seat: str = ""
    seat_id: str = ""
    seat_tone: str = "quiet"
    grace_ends: Moment = NEVER
    zone: str = ""
    onboarding: str = ""
    about: str = ""
    goals: str = ""
    preferences: str = ""
    packs: list[PackRow] = []
    sessions: list[SessionFace] = []

    busy: bool = False
    wrong_time: str = ""
    wrong_reason: str = ""
    problem: str = ""
    booked: str = ""
    blank: str = ""
    """Another word for each form that begins empty."""
    _mentor: str = ""
    _mentee: str = ""

    @rx.event
    @requires("mentor")
    async def load(self) -> None:
        """Read all about the mentee."""
        mentee = self.router.url.path.rstrip("/").rsplit("/", 1)[-1][:60]
        self._unsaid()
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), mentee)))

    @rx.event
    @requires("mentor")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("mentor")
    async def book(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Book a session at a time that the two have agreed on; after a refusal everything typed
        stays as it is."""
        self._unsaid()
        at = slots.instant_in(self.time_zone, str(form.get("own_time", "")))
        if at is None:
            self.wrong_time = "Choose a date and a time."
            return
        self.busy = True
        yield
        try:
            [self.blank] = await run(
                booking.book_for,
                actor=await self._actor(),
                mentor=self._mentor,
                mentee=self._mentee,
                starts=[at],
                reason=str(form.get("reason", ""))[:10_000],
            )
        except InvalidInput as error:
            if error.field == "reason":
                self.wrong_reason = error.message
            else:
                self.wrong_time = error.message
        except Conflict as error:
            self.problem = error.message
        else:
            self.booked = f"Booked: {slots.with_zone(at, self.time_zone)}. Both of you get a mail."
        finally:
            self.busy = False

    def _unsaid(self) -> None:
        self.wrong_time = self.wrong_reason = self.problem = self.booked = ""

    def _show(self, card: MenteeCard) -> None:
        self._mentor, self._mentee = card.mentor, card.user
        self.name, self.zone = card.name, card.time_zone
        self.seat, self.seat_tone = SEATS.get(card.seat_status, SEATS[None])
        self.seat_id = card.seat if card.seat_status is SeatStatus.GRACE else ""
        self.grace_ends = moment(card.grace_ends_at, self.time_zone)
        self.onboarding = standing_words(card.standing)
        self.about, self.goals, self.preferences = card.about, card.goals, card.preferences
        self.packs = [_pack(pack, self.time_zone) for pack in card.packs]
        self.sessions = [_session(one, self.time_zone) for one in card.sessions]


def _pack(pack: PackLine, zone: str) -> PackRow:
    left = f"{pack.left} of {count(pack.total, 'session')} left"
    booked = f", {pack.reserved} of them booked" if pack.reserved else ""
    return PackRow(pack.title, left + booked, pack.status.value, date(pack.expires_at, zone))


def _session(one: SessionLine, zone: str) -> SessionFace:
    return SessionFace(
        href=f"/sessions/{one.public_id}",
        starts=moment(one.starts_at, zone),
        status=one.status.value,
        late=one.late,
        goals=one.goals,
        notes=[_note(note) for note in one.notes],
    )


def _note(note: NoteLine) -> NoteFace:
    whose = "you" if note.mine else note.author_name
    return NoteFace(f"{whose}, {'for both' if note.shared else 'for yourself'}", note.body)

"""One's own sessions as a mentee, and the words that every page has for a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import reflex as rx

from services import clock, photos, sessions, topics
from services.audit import Actor
from services.models import ObjectionStatus, SessionStatus
from services.paging import Part
from services.sessions import SessionRow, Side, When
from state import live
from state.base import AppState
from state.guard import requires
from state.listing import address
from state.mentors import FilterChip
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, initials, plain, until

PATH = "/sessions"
CHOICES: dict[When, str] = {"upcoming": "Upcoming", "past": "Past"}

STATUS: dict[SessionStatus, tuple[str, str]] = {
    SessionStatus.SCHEDULED: ("scheduled", "good"),
    SessionStatus.IN_PROGRESS: ("in progress", "good"),
    SessionStatus.UNRESOLVED: ("unresolved", "warning"),
    SessionStatus.COMPLETED: ("completed", "good"),
    SessionStatus.CANCELED: ("canceled", "quiet"),
    SessionStatus.MENTEE_NO_SHOW: ("mentee no-show", "bad"),
    SessionStatus.MENTOR_NO_SHOW: ("mentor no-show", "bad"),
}
"""The word of a status, and its tone."""


@dataclass(frozen=True)
class SessionFace:
    """A session as a row shows one: the other person, when, and what there is to do."""

    href: str = ""
    public_id: str = ""
    name: str = ""
    initials: str = ""
    photo: str = ""
    when: Moment = NEVER
    status: str = ""
    tone: str = "quiet"
    note: str = ""


def span(starts_at: datetime, ends_at: datetime, zone: str) -> Moment:
    """From when to when, on one's own clock: `Tue 24 Nov, 10:00 to 11:00`. The year is said when it
    is another one, and the zone stands behind the full instant."""
    here = ZoneInfo(zone)
    start, end = starts_at.astimezone(here), ends_at.astimezone(here)
    year = "" if start.year == clock.utc_now().astimezone(here).year else f" {start.year}"
    day = f"{start:%a} {start.day} {start:%b}{year}"
    full = f"{start.day} {start:%b %Y}, {start:%H:%M} to {end:%H:%M} ({zone})"
    return Moment(f"{day}, {start:%H:%M} to {end:%H:%M}", full, starts_at.isoformat())


def note(row: SessionRow, side: Side, zone: str) -> str:
    """What waits for somebody in this session, as the reader is concerned; empty when nothing."""
    if row.status is SessionStatus.UNRESOLVED:
        end = until(row.decide_by, zone).text
        return f"Nobody has said what happened. Open until {end}."
    if row.objection is ObjectionStatus.OPEN:
        whose = "Your objection" if side is Side.MENTEE else "An objection"
        return f"{whose} is being looked at."
    if row.proposed_by_mentor is None:
        return ""
    mine = row.proposed_by_mentor == (side is Side.MENTOR) and side is not Side.ADMIN
    if mine:
        return "You proposed another time."
    who = row.mentor_name if row.proposed_by_mentor else row.mentee_name
    return f"{who} proposes another time."


def session_face(row: SessionRow, side: Side, zone: str) -> SessionFace:
    """The words of a row for one of the two people."""
    status, tone = STATUS[row.status]
    if row.late:
        status = "canceled late"
    is_mentor = side is Side.MENTOR
    name = row.mentee_name if is_mentor else row.mentor_name
    return SessionFace(
        href=f"{PATH}/{row.public_id}",
        public_id=row.public_id,
        name=name,
        initials=initials(name),
        photo="" if is_mentor else photos.url(row.mentor_photo, "small"),
        when=span(row.starts_at, row.ends_at, zone),
        status=status,
        tone=tone,
        note=note(row, side, zone),
    )


def _chips(path: str, choices: Mapping[When, str], chosen: str) -> list[FilterChip]:
    """The parts of a list, of which one is always chosen; the first one needs no address."""
    first = next(iter(choices))
    return [
        FilterChip(word, address(path, only="" if value == first else value), value == chosen)
        for value, word in choices.items()
    ]


def audience(actor: Actor, when: When, before: str) -> live.Audience[Part[SessionRow]]:
    """The tabs in which one mentee looks at the same part of their sessions."""
    own = frozenset({topics.mentee(actor.user_id)} if actor.user_id else ())
    read = partial(sessions.list_mine, actor=actor, when=when, before=before or None)
    return live.Audience(("sessions", actor, when, before), own, read)


class PartOfSessions(Loads, mixin=True):
    """A list of one's own sessions in parts: which one, and from where on, stand in the address."""

    chosen: str = ""
    chips: list[FilterChip] = []
    total: str = ""
    next_href: str = ""
    first_href: str = ""

    def _begin(self, path: str, choices: Mapping[When, str]) -> tuple[When, str]:
        """Read the address: the part that is asked for, or the first, and the place to go on
        from."""
        asked = self.router.url.query_parameters
        parts: dict[str, When] = {one: one for one in choices}
        when = parts.get(asked.get("only", ""), next(iter(choices)))
        self.chosen = when
        self.chips = _chips(path, choices, when)
        before = plain(asked.get("before", ""), 60)
        self.first_href = self._here(path, choices) if before else ""
        return when, before

    def _end(self, path: str, choices: Mapping[When, str], part: Part[SessionRow]) -> None:
        """Show how many there are, and the way to the next ones."""
        self.total = count(part.total or 0, "session")
        self.next_href = self._here(path, choices, part.next) if part.next else ""

    def _here(self, path: str, choices: Mapping[When, str], before: str = "") -> str:
        only = "" if self.chosen == next(iter(choices)) else self.chosen
        return address(path, only=only, before=before)


class SessionsState(PartOfSessions, AppState):
    """One part of the list."""

    rows: list[SessionFace] = []

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read the part that the address names."""
        when, before = self._begin(PATH, CHOICES)
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), when, before)))

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[SessionRow]) -> None:
        self.rows = [session_face(row, Side.MENTEE, self.time_zone) for row in part.rows]
        self._end(PATH, CHOICES, part)

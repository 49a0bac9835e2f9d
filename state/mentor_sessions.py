"""A mentor's sessions: what is to decide first, then today, the next days, and what is later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import reflex as rx

from services import clock, sessions, topics
from services.audit import Actor
from services.models import SessionStatus
from services.paging import Part
from services.sessions import SessionRow, Side, When
from state import live
from state.base import AppState
from state.guard import requires
from state.phase import loading
from state.sessions import PartOfSessions, SessionFace, session_face

PATH = "/mentor/sessions"
CHOICES: dict[When, str] = {"upcoming": "Upcoming", "decide": "To decide", "past": "Past"}
TO_DECIDE, TODAY, SOON, LATER, PAST = "To decide", "Today", "Next 7 days", "Later", "Past"
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Group:
    """Sessions below one heading."""

    title: str = ""
    rows: list[SessionFace] = field(default_factory=list[SessionFace])


def grouped(rows: Sequence[SessionRow], zone: str, now: datetime) -> list[Group]:
    """Sessions below their headings, in the mentor's own days; no heading stands alone."""
    groups: dict[str, list[SessionFace]] = {
        name: [] for name in (TO_DECIDE, TODAY, SOON, LATER, PAST)
    }
    for row in rows:
        groups[_group(row, zone, now)].append(session_face(row, Side.MENTOR, zone))
    return [Group(title, faces) for title, faces in groups.items() if faces]


def _group(row: SessionRow, zone: str, now: datetime) -> str:
    if row.status is SessionStatus.UNRESOLVED:
        return TO_DECIDE
    if row.status not in {SessionStatus.SCHEDULED, SessionStatus.IN_PROGRESS}:
        return PAST
    here = ZoneInfo(zone)
    today, day = now.astimezone(here).date(), row.starts_at.astimezone(here).date()
    if day <= today:
        return TODAY
    return SOON if day < today + _WEEK else LATER


def audience(actor: Actor, when: When, before: str) -> live.Audience[Part[SessionRow]]:
    """The tabs in which one mentor looks at the same part of their sessions."""
    own = frozenset({topics.mentor_sessions(actor.mentor_id)} if actor.mentor_id else ())
    read = partial(sessions.list_mentors, actor=actor, when=when, before=before or None)
    return live.Audience(("mentor_sessions", actor, when, before), own, read)


class MentorSessionsState(PartOfSessions, AppState):
    """One part of the list."""

    groups: list[Group] = []

    @rx.event
    @requires("mentor")
    async def load(self) -> None:
        """Read the part that the address names."""
        when, before = self._begin(PATH, CHOICES)
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), when, before)))

    @rx.event
    @requires("mentor")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[SessionRow]) -> None:
        self.groups = grouped(part.rows, self.time_zone, clock.utc_now())
        self._end(PATH, CHOICES, part)

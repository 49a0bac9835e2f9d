"""All sessions, for admins: those that nobody has decided about come first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import reflex as rx

from services import sessions, topics
from services.audit import Actor
from services.models import SessionStatus
from services.paging import Part
from services.sessions import OBJECTION, SessionRow, Side
from state import live
from state.base import AppState
from state.guard import requires
from state.listing import Listing
from state.phase import loading
from state.sessions import STATUS, note, span
from state.shown import ALIKE, NEVER, Moment

PATH = "/admin/sessions"
CHOICES = {
    SessionStatus.UNRESOLVED.value: "Unresolved",
    OBJECTION: "Objections",
    **{
        status.value: status.value.capitalize()
        for status in SessionStatus
        if status is not SessionStatus.UNRESOLVED
    },
}
SORTS = ("-starts",)


@dataclass(frozen=True)
class AdminSession:
    """A session as an admin's row shows one."""

    href: str = ""
    when: Moment = NEVER
    mentee: str = ""
    email: str = ""
    mentor: str = ""
    mentor_href: str = ""
    status: str = ""
    tone: str = "quiet"
    note: str = ""


def audience(actor: Actor, asked: dict[str, str | None]) -> live.Audience[Part[SessionRow]]:
    """The admins who look at the same part of the same list."""
    read = partial(sessions.list_all, actor=actor, **asked)
    return live.Audience(("admin_sessions", *asked.values()), frozenset({topics.SESSIONS}), read)


class AdminSessionsState(Listing, AppState):
    """One part of the list of all sessions."""

    rows: list[AdminSession] = []

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin(PATH, CHOICES, SORTS)
        with loading(self):
            asked = {"status": self.chosen, **self._asked(before)}
            self._show(await live.watch(self, audience(await self._actor(), asked)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[SessionRow]) -> None:
        self.rows = _rows(part.rows, self.time_zone)
        self._end(PATH, part, "session")

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for words."""
        return self._searched(PATH, form)


@lru_cache(ALIKE)
def _rows(sessions: tuple[SessionRow, ...], zone: str) -> list[AdminSession]:
    return [_row(session, zone) for session in sessions]


def _row(session: SessionRow, zone: str) -> AdminSession:
    status, tone = STATUS[session.status]
    when = span(session.starts_at, session.ends_at, zone)
    return AdminSession(
        href=f"/sessions/{session.public_id}",
        when=replace(when, text=when.text.partition(" to ")[0]),
        mentee=session.mentee_name,
        email=session.mentee_email,
        mentor=session.mentor_name,
        mentor_href=f"/admin/mentors/{session.mentor_slug}",
        status="canceled late" if session.late else status,
        tone=tone,
        note=note(session, Side.ADMIN, zone),
    )

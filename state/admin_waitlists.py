"""The waitlists, for admins: whose places are waited for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import reflex as rx

from services import topics, waitlist
from services.audit import Actor
from services.paging import Part
from services.waitlist import LineRow
from state import live
from state.base import AppState
from state.guard import requires
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, moment, plain

PATH = "/admin/waitlists"


@dataclass(frozen=True)
class LineFace:
    """A mentor for whom somebody waits."""

    name: str = ""
    href: str = ""
    waiting: str = ""
    offered: str = ""
    since: Moment = NEVER
    seats: str = ""
    note: str = ""


def audience(actor: Actor, after: str) -> live.Audience[Part[LineRow]]:
    """The admins who look at the same part of the list."""
    seen = partial(waitlist.list_lines, actor=actor, after=after or None)
    return live.Audience(("admin_waitlists", actor, after), frozenset({topics.SEATS}), seen)


class AdminWaitlistsState(Loads, AppState):
    """One part of the list."""

    lines: list[LineFace] = []
    total: str = ""
    first_href: str = ""
    next_href: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        after = plain(self.router.url.query_parameters.get("after", ""), 60)
        self.first_href = PATH if after else ""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), after)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[LineRow]) -> None:
        self.lines = [_face(row, self.time_zone) for row in part.rows]
        self.total = count(part.total or 0, "mentor")
        self.next_href = f"{PATH}?after={quote(part.next)}" if part.next else ""


def _face(row: LineRow, zone: str) -> LineFace:
    return LineFace(
        name=row.name,
        href=f"{PATH}/{quote(row.slug)}",
        waiting=str(row.waiting),
        offered=str(row.offered),
        since=moment(row.first_since, zone),
        seats=seats_words(row.taken, row.capacity),
        note="suspended" if row.suspended else "" if row.listed else "not listed",
    )


def seats_words(taken: int, capacity: int) -> str:
    """How many places are taken: `9 of 10`."""
    if not capacity:
        return f"{taken}, closed"
    over = f", over by {taken - capacity}" if taken > capacity else ""
    return f"{taken} of {capacity}{over}"

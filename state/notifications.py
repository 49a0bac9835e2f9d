"""What one was told, newest first; what is unread can be marked as read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import reflex as rx

from services import telling, topics
from services.audit import Actor
from services.paging import Part
from services.telling import Said
from state import live
from state.base import AppState, read, write
from state.guard import requires
from state.phase import Loads, loading
from state.shown import Moment, moment, plain

PATH = "/notifications"


@dataclass(frozen=True)
class SaidFace:
    """One line."""

    public_id: str
    title: str
    body: str
    href: str
    at: Moment
    unread: bool


def audience(actor: Actor, before: str) -> live.Audience[Part[Said]]:
    """The tabs in which one person looks at the same part of what they were told."""
    own = frozenset({topics.bell(actor.user_id)} if actor.user_id else ())
    read_it = partial(telling.list_said, actor=actor, before=before or None)
    return live.Audience(("notifications", actor, before), own, read_it)


class NotificationsState(Loads, AppState):
    """One part of the list; where it begins stands in the address."""

    lines: list[SaidFace] = []
    any_unread: bool = False
    older_href: str = ""
    first_href: str = ""
    _before: str = ""

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read the part that the address names."""
        self._before = plain(self.router.url.query_parameters.get("before", ""), 60)
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._before)))

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what came."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("user")
    async def mark_read(self, line: str) -> None:
        """Note that a line was read: by its button, or because its link is followed."""
        await write(telling.mark_read, actor=await self._actor(), line=plain(str(line), 60))
        await self._read_again()

    @rx.event
    @requires("user")
    async def mark_all_read(self) -> None:
        """Note that everything was read that is shown here, or is older."""
        if self.lines:
            newest = self.lines[0].public_id
            await write(telling.mark_all_read, actor=await self._actor(), until=newest)
            await self._read_again()
            self._tell("All of it is marked as read.", "good")

    async def _read_again(self) -> None:
        actor = await self._actor()
        self._show(await read(telling.list_said, actor=actor, before=self._before or None))

    def _show(self, part: Part[Said]) -> None:
        self.lines = [_line(one, self.time_zone) for one in part.rows]
        self.any_unread = any(line.unread for line in self.lines)
        self.older_href = f"{PATH}?before={part.next}" if part.next else ""
        self.first_href = PATH if self._before else ""


def _line(one: Said, zone: str) -> SaidFace:
    return SaidFace(
        public_id=one.public_id,
        title=one.title,
        body=one.body,
        href=one.href,
        at=moment(one.at, zone),
        unread=one.unread,
    )

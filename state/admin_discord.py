"""Discord, for admins: who is linked, which roles they should have and have, and the repair."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import discord, topics
from services.audit import Actor
from services.discord import DiscordOverview, LinkFilter, LinkRow
from services.errors import InvalidInput, NotFound
from services.jobs import schedules
from services.paging import Part
from state import live
from state.base import AppState, run
from state.guard import requires
from state.listing import Listing
from state.phase import loading
from state.settings_discord import RoleFace, role_face
from state.shown import NEVER, Moment, count, moment, plain

PATH = "/admin/discord"
CHOICES = {
    LinkFilter.DIFFERENT.value: "Roles not as they should be",
    LinkFilter.LEFT.value: "Not in the server",
    LinkFilter.CLOSED.value: "No direct messages",
}
Seen = tuple[DiscordOverview, Part[LinkRow]]
Steps = AsyncGenerator[None, None]


@dataclass(frozen=True)
class LinkFace:
    """One linked account as an admin's row shows it."""

    public_id: str = ""
    name: str = ""
    user_href: str = ""
    username: str = ""
    discord_id: str = ""
    linked: Moment = NEVER
    left: bool = False
    closed: bool = False
    differs: bool = False
    roles: list[RoleFace] = field(default_factory=list[RoleFace])


@dataclass(frozen=True)
class EndingFace:
    """A role that is still to be taken from an account which is nobody's any more."""

    name: str = ""
    mentor: str = ""
    discord_id: str = ""
    error: str = ""
    since: Moment = NEVER


def audience(actor: Actor, query: str, only: LinkFilter, before: str | None) -> live.Audience[Seen]:
    """The admins who look at the same part of the same list."""
    reading = partial(_seen, actor=actor, query=query, only=only, before=before)
    key = ("admin_discord", query, only, before)
    return live.Audience(key, frozenset({topics.DISCORD}), reading)


def _seen(db: Session, *, actor: Actor, query: str, only: LinkFilter, before: str | None) -> Seen:
    overview = discord.get_overview(db, actor=actor)
    return overview, discord.list_links(db, actor=actor, query=query, only=only, before=before)


class AdminDiscordState(Listing, AppState):
    """One part of the list, and how Discord stands. `asking` is the link that is to be unlinked,
    once the reason is given."""

    rows: list[LinkFace] = []
    ending: list[EndingFace] = []
    offered: bool = True
    stands: str = ""
    report: str = ""
    repaired: Moment = NEVER
    asking: str = ""
    busy: str = ""
    wrong: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin(PATH, CHOICES)
        self.asking = self.busy = self.wrong = ""
        with loading(self):
            seen = audience(await self._actor(), self.query, LinkFilter(self.chosen), before)
            self._show(await live.watch(self, seen))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for a person or an account."""
        return self._searched(PATH, form)

    @rx.event
    @requires("admin")
    async def repair(self) -> Steps:
        """Have everything compared and put right now."""
        asked = partial(schedules.run_now, name=discord.REPAIR)
        told = "The repair begins in a moment. What it finds is shown here."
        try:
            async for step in self._do("repair", told, asked):
                yield step
        except NotFound:  # no worker has ever said what it does
            self._tell("No worker has started yet: that has to happen first.", "warning")

    @rx.event
    @requires("admin")
    async def try_again(self, link: str) -> Steps:
        """Ask Discord once more for one account's roles."""
        link = plain(link, 60)
        told = "Discord is being asked again."
        async for step in self._do(link, told, partial(discord.follow_again, link=link)):
            yield step

    @rx.event
    @requires("admin")
    async def ask(self, link: str) -> None:
        """Open the question before unlinking an account; an empty one closes it."""
        self.asking, self.wrong = plain(link, 60), ""

    @rx.event
    @requires("admin")
    async def unlink(self, form: dict[str, Any]) -> Steps:
        """Unlink the account that was asked about."""
        link, reason = self.asking, plain(str(form.get("reason", "")), 300)
        asked = partial(discord.unlink_by_admin, link=link, reason=reason)
        told = "The account is unlinked, and its roles are being taken."
        async for step in self._do(link, told, asked):
            yield step

    async def _do(self, busy: str, told: str, work: Callable[..., object]) -> Steps:
        """Do one thing, and say so; after a refusal what was typed stays."""
        if self.busy:
            return
        self.busy, self.wrong = busy, ""
        yield
        try:
            await run(work, actor=await self._actor())
        except InvalidInput as error:
            self.wrong = error.message
            return
        except NotFound:
            self.asking = ""
            raise
        finally:
            self.busy = ""
        self.asking = ""
        self._tell(told, "good")

    def _show(self, seen: Seen) -> None:
        overview, part = seen
        zone = self.time_zone
        self.offered = overview.offered
        self.stands = _stands(overview)
        self.report = str(overview.report) if overview.report else ""
        self.repaired = moment(overview.repaired_at, zone)
        self.ending = [
            EndingFace(one.name, one.mentor, one.discord_id, one.error, moment(one.since, zone))
            for one in overview.ending
        ]
        self.rows = [_face(one, zone) for one in part.rows]
        self._end(PATH, part, "account")


def _stands(overview: DiscordOverview) -> str:
    said = count(overview.linked, "account") + " linked"
    if overview.different:
        said += f", {count(overview.different, 'role')} not as they should be"
    return said


def _face(one: LinkRow, zone: str) -> LinkFace:
    left = one.left_at is not None
    return LinkFace(
        public_id=one.public_id,
        name=one.name,
        user_href=f"/admin/users?q={one.user}",
        username=one.username,
        discord_id=one.discord_id,
        linked=moment(one.linked_at, zone),
        left=left,
        closed=one.dm_closed_at is not None,
        differs=any(role.wanted != role.has for role in one.roles),
        roles=[role_face(role, left=left, to_admin=True) for role in one.roles],
    )

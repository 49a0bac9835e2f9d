"""One's own Discord account: linked or not, the roles it has, and whether it takes messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial

import reflex as rx

from services import discord, topics
from services.audit import Actor
from services.discord import MyDiscord, RoleView
from state import live
from state.base import AppState, run
from state.guard import requires
from state.phase import Loads, loading
from state.shown import NEVER, Moment, moment


@dataclass(frozen=True)
class RoleFace:
    """One mentor's role in words."""

    mentor: str = ""
    status: str = ""
    tone: str = "quiet"


def role_face(role: RoleView, *, left: bool, to_admin: bool = False) -> RoleFace:
    """What a role's badge says; `left` is who is not in the server. Why Discord refused is the
    admins' matter."""
    words = {
        (True, True): ("given", "good"),
        (True, False): ("on its way", "warning"),
        (False, True): ("being taken", "warning"),
        (False, False): ("taken", "quiet"),
    }
    status, tone = words[role.wanted, role.has]
    if role.error and to_admin:
        status, tone = role.error, "bad"
    elif left and role.wanted and not role.has:
        status, tone = "given when the account is in the server", "warning"
    elif role.error:
        status, tone = "not yet: Discord refused it, and the studio looks into it", "warning"
    return RoleFace(role.mentor, status, tone)


@dataclass(frozen=True)
class MyDiscordFace:
    """The link in words. `state` is "off" (the studio has no Discord server), "none" or
    "linked"."""

    state: str = "none"
    username: str = ""
    since: Moment = NEVER
    left: bool = False
    closed: bool = False


def audience(actor: Actor) -> live.Audience[MyDiscord]:
    """The tabs in which one person looks at their Discord account."""
    own = frozenset({topics.mentee(actor.user_id)} if actor.user_id else ())
    return live.Audience(("settings_discord", actor), own, partial(discord.get_mine, actor=actor))


class SettingsDiscordState(Loads, AppState):
    """The page's facts, and what its buttons do. `busy` names the one that is at work."""

    mine: MyDiscordFace = MyDiscordFace()
    roles: list[RoleFace] = []
    busy: str = ""

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read everything."""
        self.busy = ""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor())))

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("user")
    async def unlink(self) -> AsyncGenerator[None, None]:
        """Forget the Discord account."""
        if self.busy:
            return
        self.busy = "unlink"
        yield
        try:
            await run(discord.unlink, actor=await self._actor())
        finally:
            self.busy = ""
        await self._again()
        self._tell("Your Discord account is unlinked, and its roles are being taken.", "good")

    @rx.event
    @requires("user")
    async def listen_again(self) -> AsyncGenerator[None, None]:
        """Messages are taken again."""
        if self.busy:
            return
        self.busy = "listen"
        yield
        try:
            await run(discord.listen_again, actor=await self._actor())
        finally:
            self.busy = ""
        await self._again()
        self._tell("The next message comes to you on Discord.", "good")

    async def _again(self) -> None:
        self._show(await live.watch(self, audience(await self._actor())))

    def _show(self, seen: MyDiscord) -> None:
        state = "linked" if seen.username else "none" if seen.offered else "off"
        self.mine = MyDiscordFace(
            state=state,
            username=seen.username,
            since=moment(seen.linked_at, self.time_zone),
            left=seen.left,
            closed=seen.closed,
        )
        self.roles = [role_face(role, left=seen.left) for role in seen.roles]

"""What one wants to be told, and how: a row for each category, a box for each way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import reflex as rx

from services import telling, topics
from services.audit import Actor
from services.models import Channel
from services.telling import Choice, Choices
from state import live
from state.base import AppState, read, write
from state.guard import requires
from state.phase import Loads, loading
from state.shown import plain

PATH = "/settings/notifications"
_WAYS = {Channel.APP: "in the app", Channel.MAIL: "by mail", Channel.DISCORD: "on Discord"}


@dataclass(frozen=True)
class Box:
    """One way for one category: "on", "off", "always", or "" when it does not come that way."""

    is_on: bool = False
    kind: str = ""
    label: str = ""


@dataclass(frozen=True)
class CategoryFace:
    """One row."""

    category: str
    title: str
    words: str
    app: Box
    mail: Box
    discord: Box


def audience(actor: Actor) -> live.Audience[Choices]:
    """The tabs in which one person looks at their choices; what they link is a mentee's topic."""
    user = actor.user_id
    own = frozenset({topics.bell(user), topics.mentee(user)} if user else ())
    read_it = partial(telling.get_choices, actor=actor)
    return live.Audience(("settings_notifications", actor), own, read_it)


class SettingsNotificationsState(Loads, AppState):
    """The rows. `discord`: an account is linked, so there is a column for it. `told` says what was
    saved last."""

    rows: list[CategoryFace] = []
    discord: bool = False
    told: str = ""

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read the choices."""
        self.told = ""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor())))

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what was chosen in another tab."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("user")
    async def choose(self, category: str, channel: str, enabled: bool) -> None:
        """Store one choice at once."""
        self.told = ""
        asked = {"category": plain(str(category), 40), "channel": plain(str(channel), 20)}
        actor = await self._actor()
        await write(telling.choose, actor=actor, enabled=enabled is True, **asked)
        self._show(await read(telling.get_choices, actor=actor))
        title = next(row.title for row in self.rows if row.category == asked["category"])
        way = _WAYS[Channel(asked["channel"])]
        self.told = f"Saved: {title} {way}, {'on' if enabled is True else 'off'}."

    def _show(self, choices: Choices) -> None:
        self.discord = choices.discord
        self.rows = [_row(one) for one in choices.rows]


def _row(one: Choice) -> CategoryFace:
    return CategoryFace(
        category=one.category.value,
        title=one.title,
        words=one.words,
        app=_box(one, Channel.APP),
        mail=_box(one, Channel.MAIL),
        discord=_box(one, Channel.DISCORD),
    )


def _box(one: Choice, way: Channel) -> Box:
    label = f"{one.title} {_WAYS[way]}"
    if way not in one.chosen:
        return Box(label=label)
    if way is one.always:
        return Box(is_on=True, kind="always", label=label)
    return Box(is_on=one.chosen[way], kind="on" if one.chosen[way] else "off", label=label)

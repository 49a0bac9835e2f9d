"""The bell that stands on every page behind the sign-in: how much is unread, as it changes."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from functools import partial

import reflex as rx

from services import telling, topics
from services.audit import Actor
from services.errors import DatabaseUnavailable
from state import live
from state.base import AppState
from state.guard import requires
from state.shown import count

PART = "bell"


def audience(actor: Actor) -> live.Audience[int]:
    """The tabs of one person, whatever page they show."""
    own = frozenset({topics.bell(actor.user_id)} if actor.user_id else ())
    return live.Audience((PART, actor), own, partial(telling.count_unread, actor=actor))


class BellState(AppState):
    """`unread` is the number on the bell, "" for none; `label` says it in words, and `said` what a
    screen reader hears when something comes."""

    unread: str = ""
    label: str = "Notifications"
    said: str = ""
    _count: int = 0

    @rx.event
    @requires("anyone")
    async def load(self) -> None:
        """Begin to look, when somebody is signed in. A page that cannot reach the database says so
        itself, and loads everything again."""
        actor = await self._actor()
        if self.said:
            self.said = ""
        if actor.user_id is None:
            self._show(0)
            return
        with suppress(DatabaseUnavailable):
            self._show(await live.watch(self, audience(actor), part=PART))

    @rx.event
    @requires("anyone")
    async def refresh(self) -> None:
        """Show the new number, and say it to who hears the page."""
        await live.follow(self, self.load, self._say, nullcontext())

    def _say(self, unread: int) -> None:
        came = unread > self._count
        self._show(unread)
        self.said = self.label if came else ""

    def _show(self, unread: int) -> None:
        """Most pages find the bell as the last one left it: then nothing goes to the browser."""
        face = _face(unread)
        if (self.unread, self.label) != face:
            self.unread, self.label = face
        self._count = unread


def _face(unread: int) -> tuple[str, str]:
    """The number on the bell, and the words for it."""
    most = telling.MOST_COUNTED
    if not unread:
        return "", "Notifications"
    if unread < most:
        return str(unread), f"Notifications: {count(unread, 'new one', 'new ones')}"
    return f"{most - 1}+", f"Notifications: more than {most - 1} new ones"

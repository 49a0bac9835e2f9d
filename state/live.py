"""Which open pages look at what, so that a change is read once and shown to everybody who looks.

A page takes part by three things: its `load` (and nothing else: whatever runs later may belong to a
page that was left) calls `look` or `watch` with its audience, it has a guarded event `refresh`, and
that one is `follow`, or shows what `news` gives it. Beside the page, what stands on every page (the
bell) is a `part` of its own. What a person is typing, and where in a list
they are, is never part of an audience, so no refresh can undo it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from reflex.state import State
from reflex_base.event import Event
from reflex_base.utils.format import format_event_handler
from sqlmodel import Session

from services.audit import Actor
from state.base import AppState, read

T = TypeVar("T")

REPORT_PAUSE = 0.7
"""A report sums up many rows: in a rush it follows less often than a list, yet within a second."""

ANEW: Final = object()
"""The reading of an audience that cannot be read any more: the page is to be loaded as if the
person had come just now. It is also `news` when the person may do other things than before."""

PAGE: Final = "page"
"""What a tab looks at besides what stands on every page."""

_UNREAD = object()
_ARRIVAL = format_event_handler(State.event_handlers["hydrate_and_load"])


@dataclass(frozen=True, slots=True)
class Audience(Generic[T]):
    """What several tabs show alike: `read` reads all of it, and `topics` say when to read again.

    `key` tells one audience from another: the page, and whatever `read` depends on. `pause` is the
    least number of seconds between two readings, for what is dear to read.
    """

    key: tuple[Hashable, ...]
    topics: frozenset[str]
    read: Callable[[Session], T] = dataclasses.field(compare=False)
    pause: float = 0.0


@dataclass(slots=True, eq=False)
class Looker:
    """One open tab, as far as one part of its page goes. `sid` is its connection, `who` the sign-in
    and the rights of the person there, `refresh` the full name of the part's event.

    `shown` is the reading that the tab shows, `waiting` the refresh that is on its way to it.
    """

    token: str
    sid: str
    who: tuple[str, Actor]
    audience: Audience[Any]
    refresh: str
    router_data: dict[str, Any]
    shown: object = _UNREAD
    waiting: object | None = None
    part: str = PAGE


class Lookers:
    """The open tabs of this web worker by token and part, by audience and by topic."""

    def __init__(self) -> None:
        self._by_token: dict[str, dict[str, Looker]] = {}
        self._by_key: dict[tuple[Hashable, ...], dict[str, Looker]] = {}
        self._by_topic: dict[str, set[tuple[Hashable, ...]]] = {}
        self._latest: dict[tuple[Hashable, ...], object] = {}

    def __len__(self) -> int:
        return len(self._by_token)

    def enter(self, looker: Looker) -> None:
        """A tab begins to look; whatever it looked at there before, it does no longer."""
        self._leave(looker.token, looker.part)
        key = looker.audience.key
        self._by_token.setdefault(looker.token, {})[looker.part] = looker
        self._by_key.setdefault(key, {})[looker.token] = looker
        for topic in looker.audience.topics:
            self._by_topic.setdefault(topic, set()).add(key)

    def forget(self, token: str) -> None:
        """A tab turned the page, lost its right to look, or is gone."""
        for part in list(self._by_token.get(token, ())):
            self._leave(token, part)

    def _leave(self, token: str, part: str) -> None:
        looker = self._by_token.get(token, {}).pop(part, None)
        if looker is None:
            return
        if not self._by_token[token]:
            del self._by_token[token]
        key = looker.audience.key
        del self._by_key[key][token]
        if self._by_key[key]:
            return
        del self._by_key[key]
        self._latest.pop(key, None)
        for topic in looker.audience.topics:
            self._by_topic[topic].discard(key)
            if not self._by_topic[topic]:
                del self._by_topic[topic]

    def keep(self, is_open: Callable[[Looker], bool]) -> None:
        """Forget the tabs whose connection has ended."""
        tabs = [next(iter(parts.values())) for parts in self._by_token.values()]
        for looker in [one for one in tabs if not is_open(one)]:
            self.forget(looker.token)

    def find(self, token: str, refresh: str = "") -> Looker | None:
        """The tab's part that this event refreshes; without one any part that looks."""
        parts = self._by_token.get(token, {}).values()
        return next((one for one in parts if refresh in ("", one.refresh)), None)

    def touched(self, topics: Iterable[str] | None) -> set[tuple[Hashable, ...]]:
        """The audiences that watch one of these topics; None: all of them."""
        if topics is None:
            return set(self._by_key)
        return {key for topic in topics for key in self._by_topic.get(topic, ())}

    def of(self, key: tuple[Hashable, ...]) -> list[Looker]:
        """The tabs of an audience."""
        return list(self._by_key.get(key, {}).values())

    def set_latest(self, key: tuple[Hashable, ...], reading: object) -> None:
        """What is true now for an audience that somebody still belongs to."""
        if key in self._by_key:
            self._latest[key] = reading

    def latest(self, key: tuple[Hashable, ...]) -> object | None:
        """What was read last for an audience."""
        return self._latest.get(key)

    def take(self, looker: Looker) -> object | None:
        """The newest reading, which the tab is about to show; None when there is none."""
        looker.waiting = None
        reading = self.latest(looker.audience.key)
        if reading is not None:
            looker.shown = reading
        return reading


LOOKERS = Lookers()
"""The tabs of this process."""


async def look(state: AppState, audience: Audience[T], *, part: str = PAGE) -> Looker:
    """From now on, call this page's `refresh` when the audience changed.

    Call it before reading what the page shows: a change in between is then not lost.
    """
    session = state.router.session
    looker = Looker(
        token=session.client_token,
        sid=session.session_id,
        who=await _who(state),
        audience=audience,
        refresh=f"{state.get_full_name()}.refresh",
        router_data=dict(state.get_value("router_data")),
        part=part,
    )
    LOOKERS.enter(looker)
    return looker


async def watch(state: AppState, audience: Audience[T], *, part: str = PAGE) -> T:
    """`look`, and what the page shows now."""
    looker = await look(state, audience, part=part)
    looker.shown = reading = await read(audience.read)
    return reading


async def news(state: AppState) -> Any:
    """What this page's audience reads now; ANEW when the page has to be loaded anew; None when
    there is nothing to do, because the tab looks at something else meanwhile."""
    refresh = f"{state.get_full_name()}.refresh"
    looker = LOOKERS.find(state.router.session.client_token, refresh)
    if looker is None:
        return None
    if looker.who != await _who(state):
        return ANEW
    return LOOKERS.take(looker)


async def follow(
    state: AppState,
    load: Callable[[], Awaitable[object]],
    show: Callable[[Any], None],
    showing: AbstractContextManager[None],
) -> None:
    """All that a page's `refresh` does; `showing` is what `load` does its work in."""
    seen = await news(state)
    if seen is ANEW:
        await load()
    elif seen is not None:
        with showing:
            show(seen)


def refreshes(token: str, event: str) -> bool:
    """Whether this event of the tab is one that we sent by ourselves: nobody there did anything."""
    return LOOKERS.find(token, event) is not None


async def _who(state: AppState) -> tuple[str, Actor]:
    presence = await state._presence()  # pyright: ignore[reportPrivateUsage]
    return presence.identity, presence.actor


def forget(token: str) -> None:
    """The tab looks at nothing any more."""
    LOOKERS.forget(token)


def arrival(token: str) -> Event | None:
    """How a tab whose state has run out while it looked begins anew, as if it connected."""
    looker = LOOKERS.find(token)
    if looker is None:
        return None
    return Event(name=_ARRIVAL, router_data=dict(looker.router_data))

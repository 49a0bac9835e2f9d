"""How news is handed on inside a web process: one tab's or one reading's failure stays its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from reflex_base.event import Event
from sqlmodel import Session

from mentorships.live import Hub
from services.audit import Actor
from services.errors import NotFound
from state import live
from state.live import ANEW, LOOKERS, Audience, Looker

PATIENCE_SECONDS = 10


class Tabs:
    """Stands for Reflex's app with open tabs: notes what they are sent, and refuses some of it."""

    def __init__(self, *tokens: str, refused: int = 0) -> None:
        self.event_processor = self
        self.event_namespace = SimpleNamespace(sid_to_token={f"sid-{one}": one for one in tokens})
        self.sent: asyncio.Queue[str] = asyncio.Queue()
        self._refused = refused

    async def enqueue(self, token: str, event: Event) -> asyncio.Future[None]:
        if self._refused:
            self._refused -= 1
            raise OSError("the state of this tab cannot be reached")
        self.sent.put_nowait(token)
        return asyncio.get_running_loop().create_future()

    async def reached(self, number: int) -> list[str]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [await self.sent.get() for _ in range(number)]


class Reading:
    """What an audience reads, and how often it did."""

    def __init__(self, error: Exception | None = None) -> None:
        self.times = 0
        self._error = error

    def __call__(self, _db: Session) -> int:
        self.times += 1
        if self._error:
            raise self._error
        return self.times


@pytest.fixture(autouse=True)
def nobody_else_looks() -> Iterator[None]:
    yield
    for token in ("a", "b"):
        LOOKERS.forget(token)


def looks(token: str, reading: Reading) -> Looker:
    audience: Audience[Any] = Audience(("page",), frozenset({"orders"}), reading)
    who = ("visitor", Actor("visitor"))
    looker = Looker(token, f"sid-{token}", who, audience, "page.refresh", {})
    LOOKERS.enter(looker)
    return looker


async def settled(hub: Hub) -> None:
    """Until nothing is being read any more."""
    serving = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*serving)
    await hub.close()


def test_a_tab_that_cannot_be_reached_keeps_no_other_waiting_and_is_tried_again() -> None:
    async def story() -> None:
        tabs = Tabs("a", "b", refused=1)
        hub = Hub(tabs)  # type: ignore[arg-type]
        looks("a", Reading())
        looks("b", Reading())
        hub.heard(frozenset({"orders"}))
        assert await tabs.reached(2) == ["b", "a"]
        await hub.close()

    asyncio.run(story())


def test_a_reading_that_always_fails_is_tried_again_at_the_next_change_only() -> None:
    async def story() -> None:
        hub = Hub(Tabs("a"))  # type: ignore[arg-type]
        broken = Reading(ValueError("a bug"))
        looks("a", broken)
        hub.heard(None)
        await settled(hub)
        assert broken.times == 1

    asyncio.run(story())


def test_what_is_not_there_any_more_is_loaded_anew() -> None:
    async def story() -> None:
        tabs = Tabs("a")
        hub = Hub(tabs)  # type: ignore[arg-type]
        looker = looks("a", Reading(NotFound("mentor")))
        hub.heard(None)
        assert await tabs.reached(1) == ["a"]
        assert LOOKERS.take(looker) is ANEW
        await settled(hub)

    asyncio.run(story())


def test_only_the_refresh_of_the_page_that_a_tab_looks_at_is_ours() -> None:
    looks("a", Reading())
    assert live.refreshes("a", "page.refresh")
    assert not live.refreshes("a", "page.load")
    assert not live.refreshes("b", "page.refresh")

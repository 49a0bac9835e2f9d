"""A tab's lock is free again after whoever took it was cut short, wherever that was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import StateToken

from mentorships.tab_lock import SharedStates, safe
from tests.support.valkey import Valkey

MOST_STEPS = 1_000_000
STUCK_SECONDS = 10.0


@dataclass
class Counted:
    """What two processes change."""

    number: int = 0


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this module's own: what is left behind in it disturbs nobody."""
    valkey = Valkey(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    yield valkey.url
    valkey.stop()


@pytest.fixture(autouse=True)
def as_the_product_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process keeps a tab that it serves for two seconds, as rxconfig.py says."""
    monkeypatch.setenv("REFLEX_OPLOCK_ENABLED", "true")
    monkeypatch.setenv("REFLEX_OPLOCK_HOLD_TIME", "2s")


@asynccontextmanager
async def process(url: str, kind: type[StateManagerRedis]) -> AsyncIterator[StateManagerRedis]:
    """What a web process knows of open pages."""
    states = kind(redis=Redis.from_url(url), token_expiration=600)
    await states._ensure_lock_task_subscribed()  # pyright: ignore[reportPrivateUsage]
    yield states
    await on_their_way()
    await states.close()


async def on_their_way() -> None:
    """Until whatever was cut short has given back what it took."""
    ways = [
        task
        for task in asyncio.all_tasks() - {asyncio.current_task()}
        if not task.get_name().startswith("reflex_")
    ]
    if ways:
        await asyncio.wait(ways, timeout=STUCK_SECONDS)


async def change(states: StateManagerRedis, tab: StateToken[Counted]) -> None:
    async with states.modify_state(tab) as counted:
        counted.number += 1


async def cut_short(states: StateManagerRedis, tab: StateToken[Counted], steps: int) -> bool:
    """Change the tab, but be cancelled after so many turns of the loop. Whether it was."""
    changing = asyncio.ensure_future(change(states, tab))
    for _ in range(steps):
        await asyncio.sleep(0)
    changing.cancel()
    await asyncio.wait([changing])
    return changing.cancelled()


async def stuck_after(
    url: str, kind: type[StateManagerRedis], *, held_elsewhere: bool
) -> list[int]:
    """The numbers of turns after which a tab could not be changed elsewhere any more."""
    stuck: list[int] = []
    steps = 0
    while steps < MOST_STEPS:
        steps += max(1, (steps - 90) // 10)  # where the server is slow, turns pass without news
        tab = StateToken(ident=f"{kind.__name__}-{held_elsewhere}-{steps}", cls=Counted)
        async with process(url, kind) as one, process(url, kind) as other:
            if held_elsewhere:
                await change(other, tab)
            was_cut_short = await cut_short(one, tab, steps)
            try:
                await asyncio.wait_for(change(other, tab), STUCK_SECONDS)
            except TimeoutError:
                stuck.append(steps)
        if stuck or not was_cut_short:
            return stuck
    raise AssertionError(f"a change takes more than {MOST_STEPS} turns")


@pytest.mark.parametrize("held_elsewhere", [False, True], ids=["free", "held_elsewhere"])
def test_a_load_that_is_cut_short_anywhere_leaves_no_lock_behind(
    redis_url: str, held_elsewhere: bool
) -> None:
    assert asyncio.run(stuck_after(redis_url, SharedStates, held_elsewhere=held_elsewhere)) == []


def test_the_test_finds_a_lock_that_is_left_behind(redis_url: str) -> None:
    assert asyncio.run(stuck_after(redis_url, StateManagerRedis, held_elsewhere=False))


def test_what_was_changed_is_there_for_the_other_process(redis_url: str) -> None:
    async def both() -> int:
        tab = StateToken(ident="both", cls=Counted)
        async with process(redis_url, SharedStates) as one, process(redis_url, SharedStates) as two:
            for states in (one, two, one):
                await change(states, tab)
            async with two.modify_state(tab) as counted:
                return counted.number

    assert asyncio.run(both()) == 3


def test_an_error_within_goes_to_whoever_changes_and_frees_the_tab(redis_url: str) -> None:
    async def fail_then_change() -> None:
        tab = StateToken(ident="fails", cls=Counted)
        async with process(redis_url, SharedStates) as one, process(redis_url, SharedStates) as two:
            with pytest.raises(ValueError, match="mine"):
                async with one.modify_state(tab):
                    raise ValueError("mine")
            await asyncio.wait_for(change(two, tab), STUCK_SECONDS)

    asyncio.run(fail_then_change())


def test_one_process_alone_keeps_reflexs_own_manager() -> None:
    states = StateManagerMemory()
    assert safe(states) is states


def test_several_processes_keep_what_was_set(redis_url: str) -> None:
    set_up = StateManagerRedis(redis=Redis.from_url(redis_url), token_expiration=77)
    kept = safe(set_up)
    assert isinstance(kept, SharedStates)
    assert kept.redis is set_up.redis
    assert (kept.token_expiration, kept.lock_expiration) == (77, set_up.lock_expiration)

"""The lock of a tab's state, which several processes share through Redis."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Generic, TypeVar

from reflex.istate.manager import StateManager, StateModificationContext
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import StateToken
from typing_extensions import Unpack, override

T = TypeVar("T")

_giving_back: set[asyncio.Task[None]] = set()
"""Tasks live only as long as somebody refers to them."""


class SharedStates(StateManagerRedis):
    """Reflex's manager, but whoever is cut short while taking a lock gives it back.

    A tab that goes, or turns to another page, ends its unfinished page loads where they stand. The
    manager's own way into a lock, ended between two of its steps, leaves the lock in Redis taken
    until it expires: two minutes in which that tab shows nothing (reflex 0.10.1).
    """

    @override
    def modify_state(  # pyright: ignore[reportIncompatibleMethodOverride] # a context manager, too
        self, token: StateToken[T] | str, **context: Unpack[StateModificationContext]
    ) -> AbstractAsyncContextManager[T]:
        """The state of a tab, which nobody else changes meanwhile."""
        return _Changing(super().modify_state(self._coerce_token(token), **context))


class _Changing(Generic[T]):
    """Enters whole or not at all; leaves as it would."""

    def __init__(self, change: AbstractAsyncContextManager[T]) -> None:
        self._change = change

    async def __aenter__(self) -> T:
        entering = asyncio.ensure_future(self._change.__aenter__())
        try:
            return await asyncio.shield(entering)
        except asyncio.CancelledError:
            giving_back = asyncio.create_task(self._give_back(entering))
            _giving_back.add(giving_back)
            giving_back.add_done_callback(_giving_back.discard)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._change.__aexit__(kind, error, trace)

    async def _give_back(self, entering: asyncio.Future[T]) -> None:
        await asyncio.wait([entering])
        if not entering.cancelled() and entering.exception() is None:
            await self._change.__aexit__(None, None, None)


def safe(states: StateManager) -> StateManager:
    """The same manager; where locks are in Redis, one that never leaves them behind."""
    if not isinstance(states, StateManagerRedis):
        return states
    kept: dict[str, Any] = {
        name: getattr(states, name)
        for name in ("redis", "token_expiration", "lock_expiration", "lock_warning_threshold")
    }
    return SharedStates(**kept)

"""Asking stores of files from the web process: on threads of their own, since a store that hangs
keeps one for minutes, and whatever else anybody does would wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE: Final = 8
_threads: Final = ThreadPoolExecutor(AT_ONCE, "stores")


async def ask(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what waits for a store."""
    call = partial(copy_context().run, partial(fn, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_threads, call)

"""A page that could not load, because the database or Redis was away, loads itself again."""

from __future__ import annotations

import asyncio
import secrets
from contextvars import ContextVar

from reflex.state import State
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.utils.format import format_event_handler

RETRY_SECONDS = 3.0

page_is_loading: ContextVar[bool] = ContextVar("page_is_loading", default=False)
"""Whether the running event belongs to the loading of a page: nothing a person did would be lost
by doing it again. The guard sets it."""

_ARRIVE = format_event_handler(State.event_handlers["hydrate_and_load"])
_waiting: dict[str, asyncio.Task[None]] = {}


def try_again_soon() -> None:
    """Let the browser of the running event load its page again in a few seconds; one wait per tab,
    however many events failed. The browser sends the event itself, so nothing needs to be known of
    a tab whose state is gone."""
    context = EventContext.get()
    if context.token not in _waiting:
        _waiting[context.token] = asyncio.create_task(_load_again(context))


async def _load_again(context: EventContext) -> None:
    try:
        # Not everybody at the same moment.
        await asyncio.sleep(RETRY_SECONDS + secrets.randbelow(1_000) / 1_000)
    finally:
        del _waiting[context.token]
    await context.emit_event(Event(name=_ARRIVE, payload={}))

"""Denies by default: runs before every event of every tab, background and framework events too."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import reflex as rx
import structlog
from reflex.middleware.middleware import Middleware
from reflex.state import (
    BaseState,
    FrontendEventExceptionState,
    OnLoadInternalState,
    State,
    StateUpdate,
)
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.event import Event, EventSpec
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler
from typing_extensions import override

from pages import PAGES
from services import ratelimits
from services.errors import DatabaseUnavailable, TooManyAttempts
from services.signin import Presence
from state import live
from state.base import AppState, Tab
from state.guard import STATE_AWAY, Role, Tone, explain, may, presence_of, required_role
from state.recovery import page_is_loading, try_again_soon

if TYPE_CHECKING:
    from reflex.app import App

log = structlog.get_logger()

ARRIVALS = frozenset(
    format_event_handler(State.event_handlers[name]) for name in ("hydrate", "hydrate_and_load")
)
"""A tab connects: it gets its whole state, and the handlers of its page are queued."""

PAGE_TURN = format_event_handler(OnLoadInternalState.event_handlers["on_load_internal"])
"""A tab turns to another page: the handlers of that page are queued."""

ERROR_REPORT = format_event_handler(
    FrontendEventExceptionState.event_handlers["handle_frontend_exception"]
)
"""A tab's script failed: the text goes to the log, shortened and not too often."""

FRAMEWORK = ARRIVALS | {
    PAGE_TURN,
    ERROR_REPORT,
    format_event_handler(OnLoadInternalState.event_handlers["set_is_hydrated"]),
}
"""The handlers of Reflex itself that a browser may call. `setvar` of any state is not one."""

_REPORT_LENGTH = 2_000
_telling: set[asyncio.Task[None]] = set()
_NEEDED: dict[Role, str] = {
    "anyone": "",
    "user": "Please sign in first.",
    "mentor": "That page is for mentors.",
    "admin": "That page is for admins.",
}


class Guard(Middleware):
    """Knows who sends an event, resets a tab that changed hands, and denies what is not allowed."""

    @override
    async def preprocess(self, app: App, state: BaseState, event: Event) -> StateUpdate | None:
        """Let the event pass (None), or answer it here, and then its handler does not run."""
        registered = RegistrationContext.get().event_handlers.get(event.name)
        root = state._get_root_state()  # pyright: ignore[reportPrivateUsage]
        # Only a live refresh comes without a browser's data: the tab's state ran out meanwhile.
        if not root.router_data and (arrival := live.arrival(EventContext.get().token)):
            return StateUpdate(events=[arrival])
        page_is_loading.set(event.name in _loading())
        try:
            presence = await presence_of(_cookies(root))
        except DatabaseUnavailable as error:
            return await _wait(root, event, error)
        await _recognise(root, presence, arrives=event.name in ARRIVALS)
        if registered is None:
            return await _deny(root, event, "unknown")
        if event.name in FRAMEWORK:
            return await _framework(root, event)
        role = required_role(registered.handler.fn)
        if role is None:
            return await _deny(root, event, "unmarked")
        if may(presence, role):
            return None
        return await _turn_away(root, event, presence, role)


@cache
def _loading() -> frozenset[str]:
    """The events of a page that begins: the browser may send them again without asking anybody."""
    loaders = {format_event_handler(handler) for page in PAGES for handler in page.handlers}
    return ARRIVALS | {PAGE_TURN} | loaders


async def _wait(root: BaseState, event: Event, error: DatabaseUnavailable) -> StateUpdate:
    """Nobody knows who this is: nothing is done, nothing is forgotten, and the person is told, if
    the event was theirs."""
    if live.refreshes(EventContext.get().token, event.name):
        return StateUpdate()
    text, tone = explain(error)
    shared = await root.get_state(AppState)
    shared._tell(text, tone, again=page_is_loading.get())  # pyright: ignore[reportPrivateUsage]
    return await _answer(root)


async def _recognise(root: BaseState, presence: Presence, *, arrives: bool) -> None:
    """Forget what the tab remembers when another person, or another role, sits there now."""
    tab = await root.get_state(Tab)
    changed = tab._identity != presence.identity  # pyright: ignore[reportPrivateUsage]
    if not changed and not arrives:
        return
    shared = await root.get_state(AppState)
    if changed and tab._identity:  # pyright: ignore[reportPrivateUsage]
        for state in RegistrationContext.get().base_states.values():
            if issubclass(state, AppState):
                (await root.get_state(state)).reset()
    tab._identity = presence.identity  # pyright: ignore[reportPrivateUsage]
    shared._become(presence)  # pyright: ignore[reportPrivateUsage]


async def _framework(root: BaseState, event: Event) -> StateUpdate | None:
    if event.name in ARRIVALS or event.name == PAGE_TURN:
        live.forget(root.router.session.client_token)
        shared = await root.get_state(AppState)
        shared._turn_page()  # pyright: ignore[reportPrivateUsage]
    if event.name == ERROR_REPORT:
        try:
            address = str(root.router_data.get("ip", ""))
            await asyncio.to_thread(ratelimits.hit, ratelimits.ERROR_REPORTS, address)
        except TooManyAttempts:
            return StateUpdate()
        for name, value in event.payload.items():
            event.payload[name] = str(value)[:_REPORT_LENGTH]
    return None


async def _turn_away(
    root: BaseState, event: Event, presence: Presence, role: Role
) -> StateUpdate | None:
    """Send a visitor to sign in, and a person without the role home, each with the reason."""
    signed_in = presence.actor.user_id is not None
    log.info("event_denied", handler=event.name, needs=role, signed_in=signed_in)
    live.forget(root.router.session.client_token)
    shared = await root.get_state(AppState)
    shared._tell(_NEEDED[role], "warning", stays=True)  # pyright: ignore[reportPrivateUsage]
    if signed_in:
        return await _answer(root, rx.redirect("/dashboard"))
    parts = urlsplit(str(root.router_data.get("asPath", "/")))
    here = parts.path + (f"?{parts.query}" if parts.query else "")
    return await _answer(root, rx.redirect(f"/sign-in?next={quote(here, safe='')}"))


async def _deny(root: BaseState, event: Event, reason: str) -> StateUpdate:
    log.warning("event_denied", handler=event.name[:200], reason=reason)
    return await _answer(root)


async def _answer(root: BaseState, *specs: EventSpec) -> StateUpdate:
    """What changed in the tab, and what its browser does next."""
    delta = await root._get_resolved_delta()  # pyright: ignore[reportPrivateUsage]
    root._clean()  # pyright: ignore[reportPrivateUsage]
    events = Event.from_event_type(list(specs))  # pyright: ignore[reportUnknownMemberType]
    return StateUpdate(delta=delta, events=events)


def _cookies(root: BaseState) -> str:
    headers: dict[str, Any] = root.router_data.get("headers") or {}
    return str(headers.get("cookie", ""))


def on_backend_exception(exception: Exception) -> EventSpec | None:
    """What no handler caught, such as an event nobody can read: logged, and nothing is shown.

    When Redis is away no state can be read or written, so the notice is sent past it, straight to
    the tab that this process serves.
    """
    text, tone = explain(exception)
    if isinstance(exception, STATE_AWAY):
        told = asyncio.create_task(_tell_without_state(text, tone))
        _telling.add(told)
        told.add_done_callback(_telling.discard)
    return None


async def _tell_without_state(text: str, tone: Tone) -> None:
    values = {f"notice{FIELD_MARKER}": text, f"notice_tone{FIELD_MARKER}": tone}
    await EventContext.get().emit_delta({AppState.get_full_name(): values})
    try_again_soon()

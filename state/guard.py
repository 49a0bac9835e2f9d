"""Who may call which handler. Every public method of every State is reachable by any client, so
each carries `@requires(role)`, and the middleware in mentorships/guard.py denies what has no mark.

The mark also wraps the handler: whatever goes wrong becomes a sentence in the page's notice.
"""

from __future__ import annotations

import functools
import inspect
import secrets
from collections.abc import AsyncGenerator, Callable
from typing import Any, Literal, TypeVar, cast

import structlog
from redis.exceptions import RedisError
from reflex_base.utils.exceptions import LockExpiredError

from services.config import vendor_name
from services.errors import AppError, DatabaseUnavailable, ProviderError, ProviderUnavailable
from services.signin import Presence
from state.observed import observed
from state.presences import PRESENCE_SECONDS, forget_presences, presence_of
from state.recovery import page_is_loading

__all__ = [
    "PRESENCE_SECONDS",
    "Role",
    "Tone",
    "explain",
    "forget_presences",
    "may",
    "presence_of",
    "required_role",
    "requires",
]

Role = Literal["anyone", "user", "mentor", "admin"]
Tone = Literal["info", "good", "warning", "bad"]
Handler = TypeVar("Handler", bound=Callable[..., Any])

STATE_AWAY = (RedisError, LockExpiredError)
"""What the loss of Redis looks like, where the state of open pages is; also when it was emptied."""
_STATE_AWAY_TEXT = "A part of the studio does not answer right now. Please try again in a minute."
_MARK = "__required_role__"

log = structlog.get_logger()


def requires(role: Role) -> Callable[[Handler], Handler]:
    """Mark an async event handler with the role that its caller needs.

    Write it under `@rx.event`. "anyone" includes visitors; "user" is anybody signed in.
    """

    def mark(handler: Handler) -> Handler:
        wrapped = _with_notice(handler)
        setattr(wrapped, _MARK, role)
        return cast(Handler, wrapped)

    return mark


def required_role(handler: Callable[..., Any]) -> Role | None:
    """The mark of a handler's function; None when it has none, and so is denied."""
    return getattr(handler, _MARK, None)


def may(presence: Presence, role: Role) -> bool:
    """Whether this person has the role now."""
    actor = presence.actor
    match role:
        case "anyone":
            return True
        case "user":
            return actor.user_id is not None
        case "mentor":
            return actor.mentor_id is not None
        case "admin":
            return actor.is_admin


def explain(error: Exception) -> tuple[str, Tone]:
    """What the person reads about an error, and its tone. The unexpected is logged with an id."""
    if isinstance(error, DatabaseUnavailable):
        log.warning("database_unavailable", reason=error.reason)
    if isinstance(error, AppError):
        return error.message, "warning"
    if isinstance(error, STATE_AWAY):
        log.warning("redis_unavailable", error=type(error).__name__)
        return _STATE_AWAY_TEXT, "warning"
    error_id = secrets.token_hex(4)
    if isinstance(error, ProviderUnavailable):
        log.warning("provider_unavailable", error_id=error_id, provider=error.provider)
        return (
            f"{vendor_name(error.provider)} does not answer right now. Nothing was lost: "
            "please try again in a minute.",
            "warning",
        )
    if isinstance(error, ProviderError):
        log.error("provider_rejected", error_id=error_id, provider=error.provider, code=error.code)
    else:
        log.error("handler_failed", error_id=error_id, exc_info=error)
    return f"That did not work, and it is not your fault. Please quote error {error_id}.", "bad"


def _with_notice(handler: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(handler):

        @functools.wraps(handler)
        async def generate(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            with observed(handler.__qualname__) as handling:
                try:
                    async for event in handler(self, *args, **kwargs):
                        yield event
                except Exception as error:
                    handling.error = error
                    await _tell(self, error)

        return generate
    if inspect.iscoroutinefunction(handler):

        @functools.wraps(handler)
        async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            with observed(handler.__qualname__) as handling:
                try:
                    return await handler(self, *args, **kwargs)
                except Exception as error:
                    handling.error = error
                    await _tell(self, error)
                    return None

        return call
    raise TypeError(f"{handler.__qualname__} must be async: a sync handler stops everybody else")


async def _tell(state: Any, error: Exception) -> None:
    """Put the error into the notice; a background handler must take its state's lock first."""
    text, tone = explain(error)
    again = isinstance(error, DatabaseUnavailable) and page_is_loading.get()
    is_mutable = getattr(state, "_is_mutable", None)
    if is_mutable is None or is_mutable():
        state._tell(text, tone, again=again)
        return
    async with state:
        state._tell(text, tone, again=again)

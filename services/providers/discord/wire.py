"""One request to Discord: within its limits, as a line of the log, with its errors as ours.

Discord asks every application for a User-Agent of this form, or blocks it at its edge. Its own
sentences are left out of errors: they may repeat what was sent.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx

from services.errors import ProviderError, ProviderRejected, ProviderUnavailable
from services.providers import calls
from services.providers.discord.base import Refusal
from services.providers.discord.limits import Limits, Refused, Route

NAME: Final = "discord"
MOST_WAIT_SECONDS: Final = 3.0
"""The longest that one call waits for a limit; what takes longer is for later."""
MOST_TRIES: Final = 3
TOO_FAST: Final = "rate_limit"
REFUSED_KEY: Final = "authentication"
SERVER_AWAY: Final = "unknown_guild"
_SLOW_DOWN: Final = 60.0
"""How long to wait when Discord says too fast, and not how long."""

REFUSALS: Final[dict[int, Refusal]] = {
    50007: Refusal.DM_CLOSED,
    50033: Refusal.DM_CLOSED,
    50278: Refusal.DM_CLOSED,
    10007: Refusal.UNKNOWN_MEMBER,
    10013: Refusal.UNKNOWN_MEMBER,
    10011: Refusal.UNKNOWN_ROLE,
    50001: Refusal.MISSING_PERMISSION,
    50013: Refusal.MISSING_PERMISSION,
    10008: Refusal.UNKNOWN_INTERACTION,
    10015: Refusal.UNKNOWN_INTERACTION,
    10062: Refusal.UNKNOWN_INTERACTION,
    50027: Refusal.UNKNOWN_INTERACTION,
    40007: Refusal.BANNED,
    30001: Refusal.TOO_MANY_SERVERS,
    50025: Refusal.CONSENT_LOST,
}
"""Discord's codes of what will not get better by asking again."""
_TOO_FAST: Final = {20016, 20022, 20028, 40003, 40062}
_NO_SERVER: Final = 10004

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is sent. `auth` is the Authorization header, "" for none; `key_refused` is what a 401
    means here, None that Discord does not take our own key."""

    operation: str
    method: str
    path: str
    route: Route
    auth: str
    body: object = None
    form: Mapping[str, str] | None = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    reason: str = ""
    key_refused: Refusal | None = None


class Wire:
    """Sends to Discord, or to the simulator behind another base address."""

    def __init__(
        self,
        *,
        api_base: str,
        site: str,
        timeout_seconds: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`transport` is what sends, when somebody else wants to look at the wire."""
        self._client = httpx.Client(
            base_url=api_base,
            timeout=timeout_seconds,
            headers={"User-Agent": f"DiscordBot ({site}, 1.0)"},
            transport=transport,
        )
        self._limits = Limits()

    def send(self, ask: Ask) -> httpx.Response:
        """The answer to a request that Discord took. What it finds too fast is tried again, as long
        as that does not take long.

        Raises:
            ProviderUnavailable, ProviderRejected
        """
        patience, tried = MOST_WAIT_SECONDS, 0
        with calls.operation(ask.operation):
            while True:
                tried += 1
                patience -= self._wait(ask.route, patience)
                answer = self._once(ask)
                self._limits.learn(ask.route, answer.status_code, answer.headers)
                if answer.is_success:
                    return answer
                refused = self._refusal(ask, answer)
                if tried == MOST_TRIES or not _is_brief(refused, patience):
                    raise refused

    def _wait(self, route: Route, patience: float) -> float:
        """Wait until a request may leave; how long that took."""
        waited = 0.0
        while True:
            try:
                seconds = self._limits.take(route)
            except Refused:
                raise ProviderUnavailable(
                    NAME, "our key was refused a moment ago", code=REFUSED_KEY, stop=True
                ) from None
            if not seconds:
                return waited
            if waited + seconds > patience:
                raise ProviderUnavailable(
                    NAME, "its limit is used up", code=TOO_FAST, retry_after=seconds
                )
            time.sleep(seconds)
            waited += seconds

    def _once(self, ask: Ask) -> httpx.Response:
        headers: dict[str, str] = {}
        if ask.auth:
            headers["Authorization"] = ask.auth
        if ask.reason:
            headers["X-Audit-Log-Reason"] = quote(ask.reason[:128])
        try:
            with calls.observed(NAME) as request:
                answer = self._client.request(
                    ask.method,
                    ask.path,
                    params=dict(ask.query) or None,
                    json=ask.body,
                    data=ask.form,
                    headers=headers,
                )
                request.status = answer.status_code
        except httpx.HTTPError as error:
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        return answer

    def _refusal(self, ask: Ask, answer: httpx.Response) -> ProviderError:
        status, code = answer.status_code, _code(answer)
        message = f"{status} {code}".strip()
        if status == 429:
            return self._too_fast(ask.route, answer, message)
        if code in _TOO_FAST:
            self._limits.too_fast(ask.route, _SLOW_DOWN, everywhere=False)
            return ProviderUnavailable(NAME, message, code=TOO_FAST, retry_after=_SLOW_DOWN)
        known = REFUSALS.get(code) if isinstance(code, int) else None
        if known is None and status == 401:
            known = ask.key_refused
        if known is not None:
            return ProviderRejected(NAME, message, code=known)
        if code == _NO_SERVER:
            return ProviderUnavailable(NAME, "our bot is not there", code=SERVER_AWAY, stop=True)
        if status in {401, 403} or code == "invalid_client":
            if ask.route.ours:
                self._limits.refused()
            return ProviderUnavailable(NAME, message, code=REFUSED_KEY, stop=True)
        if 400 <= status < 500 and status != 408:
            lost = code == "invalid_grant"
            return ProviderRejected(
                NAME, message, code=Refusal.CONSENT_LOST if lost else Refusal.INVALID
            )
        later = answer.headers.get("retry-after")
        return ProviderUnavailable(
            NAME,
            message,
            answered=status >= 500,
            retry_after=_seconds(later) if later else None,
        )

    def _too_fast(self, route: Route, answer: httpx.Response, message: str) -> ProviderUnavailable:
        """How long Discord wants us to wait: its body knows fractions, its edge has only a
        header."""
        told = json_of(answer)
        seconds = _seconds(told.get("retry_after"), answer.headers.get("retry-after"))
        everywhere = bool(told.get("global")) or "x-ratelimit-global" in answer.headers
        at_the_edge = not told  # an answer of Cloudflare's, which is about our address
        self._limits.too_fast(route, seconds, everywhere=everywhere or at_the_edge)
        return ProviderUnavailable(NAME, message, code=TOO_FAST, retry_after=seconds)


def json_of(answer: httpx.Response) -> Json:
    """An answer's object; an empty one where there is none."""
    try:
        told: object = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def id_of(answer: httpx.Response) -> str:
    """The id of what an answer describes.

    Raises:
        ProviderUnavailable: it describes nothing.
    """
    told = str(json_of(answer).get("id", ""))
    if not told.isdecimal():
        raise ProviderUnavailable(NAME, "an answer without an id")
    return told


def part(identifier: str) -> str:
    """An id as a part of a path: whatever it holds, it names no other path."""
    return quote(identifier, safe="")


def _is_brief(refused: ProviderError, patience: float) -> bool:
    """Whether Discord only found it too fast, and it is soon over."""
    if not isinstance(refused, ProviderUnavailable) or refused.code != TOO_FAST:
        return False
    return (refused.retry_after or 0) <= patience


def _code(answer: httpx.Response) -> int | str:
    """Discord's number of an error, or the word of an OAuth one; "" for none."""
    told = json_of(answer)
    code = told.get("code")
    if isinstance(code, int) and code:
        return code
    return str(told.get("error") or "")[:60]


def _seconds(*told: object) -> float:
    for each in told:
        try:
            seconds = float(str(each))
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return _SLOW_DOWN

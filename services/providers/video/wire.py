"""One request to Agora: at its pace, to the domain that answers, as a line of the log, with its
errors as ours.

Agora has two domains for the same service: after two failures in a row the other one is asked.
Its own sentences are left out of errors: they may repeat what was sent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from services.errors import ProviderError, ProviderRejected, ProviderUnavailable
from services.providers import calls
from services.providers.mail.pace import Pace
from services.providers.video.base import Refusal

NAME: Final = "agora"
FAILURES_TO_MOVE: Final = 2
TOO_FAST: Final = "rate_limit"
TOO_MANY: Final = "too_many_recorders"
NOT_ENABLED: Final = "not_enabled"
REFUSED_KEY: Final = "authentication"
NOT_COMPLETED: Final = "not_completed"
_LONGEST_WAIT: Final = 60.0

REFUSALS: Final[dict[int, Refusal]] = {
    7: Refusal.ALREADY_STARTED,
    53: Refusal.UID_TAKEN,
    **dict.fromkeys((432, 433, 1001, 1003), Refusal.RESERVATION_OVER),
}
"""Agora's codes of what asking again will not change."""
_NOT_COMPLETED: Final = 65
_NOT_CONNECTED: Final = 62
"""Of a start, that no recorder could be reached; of anything else, that recording is off."""
_TOO_MANY: Final = 406
_NO_ROUTE: Final = "no route"
_JSON: Final = "application/json;charset=utf-8"
"""Letter by letter: Agora refuses other spellings as wrong credentials."""
_NEVER_ARRIVED: Final = (httpx.ConnectError, httpx.ConnectTimeout)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is sent. `means` are the codes, Agora's own or else HTTP's, that are an answer here and
    no error."""

    operation: str
    method: str
    path: str
    body: Json | None = None
    means: frozenset[int] = frozenset()

    @property
    def starts(self) -> bool:
        """Whether a recorder is to be started."""
        return self.path.endswith("/start")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `code` is Agora's own, 0 for none."""

    status: int
    code: int
    body: Json


class Domains:
    """Which of the domains is asked."""

    def __init__(self, bases: Sequence[str]) -> None:
        self._bases = tuple(bases)
        self._lock = threading.Lock()
        self._at = 0
        self._failures = 0

    def now(self) -> str:
        """The base address to ask."""
        with self._lock:
            return self._bases[self._at]

    def answered(self, base: str) -> None:
        """It is well."""
        with self._lock:
            if base == self._bases[self._at]:
                self._failures = 0

    def failed(self, base: str) -> None:
        """It did not answer, or not as it should."""
        with self._lock:
            if base != self._bases[self._at]:
                return  # others have noticed before us
            self._failures += 1
            if self._failures >= FAILURES_TO_MOVE:
                self._at = (self._at + 1) % len(self._bases)
                self._failures = 0


class Wire:
    """Sends to Agora, or to the simulator behind another base address."""

    def __init__(
        self,
        bases: Sequence[str],
        *,
        customer_id: str,
        customer_secret: str,
        timeout_seconds: float,
        per_second: int,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """So many requests `per_second`, 0 for any number. `transport` is what sends, when somebody
        else wants to look at the wire."""
        self._domains = Domains(bases)
        self._pace = Pace(per_second)
        self._client = httpx.Client(
            auth=(customer_id, customer_secret), timeout=timeout_seconds, transport=transport
        )

    def send(self, ask: Ask) -> Reply:
        """Agora's answer. What could not even be delivered is tried again, at last at the other
        domain: that repeats nothing.

        Raises:
            ProviderUnavailable, ProviderRejected
        """
        with calls.operation(ask.operation):
            for _ in range(FAILURES_TO_MOVE):
                try:
                    return self._once(ask)
                except _NEVER_ARRIVED:
                    continue
            try:
                return self._once(ask)
            except _NEVER_ARRIVED as error:
                raise ProviderUnavailable(NAME, type(error).__name__) from error

    def _once(self, ask: Ask) -> Reply:
        base = self._domains.now()
        self._pace.wait()
        try:
            with calls.observed(NAME) as request:
                answer = self._client.request(
                    ask.method,
                    base + ask.path,
                    content=None if ask.body is None else json.dumps(ask.body),
                    headers=None if ask.body is None else {"content-type": _JSON},
                )
                request.status = answer.status_code
        except _NEVER_ARRIVED:
            self._domains.failed(base)
            raise
        except httpx.HTTPError as error:
            self._domains.failed(base)
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        (self._domains.failed if answer.status_code >= 500 else self._domains.answered)(base)
        reply = Reply(answer.status_code, _code(answer), json_of(answer))
        meant = (reply.code or reply.status) in ask.means and not _has(reply, _NO_ROUTE)
        if meant or (reply.status == 200 and not reply.code):
            return reply
        raise _refusal(ask, reply, answer.headers.get("retry-after", ""))


def json_of(answer: httpx.Response) -> Json:
    """An answer's object; an empty one where there is none."""
    try:
        told: object = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _code(answer: httpx.Response) -> int:
    code = json_of(answer).get("code")
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code)
    found = code if isinstance(code, int) and not isinstance(code, bool) else 0
    return 0 if found == answer.status_code == 200 else found


def _has(reply: Reply, words: str) -> bool:
    return words in str(reply.body.get("message", "")).lower()


def _refusal(ask: Ask, reply: Reply, retry_after: str) -> ProviderError:
    message = f"{reply.status} {reply.code or ''}".strip()
    if reply.status in {401, 403}:
        return ProviderUnavailable(NAME, message, code=REFUSED_KEY, stop=True)
    if reply.status == 429:
        return ProviderUnavailable(
            NAME, message, code=TOO_FAST, retry_after=_seconds(retry_after, 1.0)
        )
    if reply.status >= 500:
        named = _seconds(retry_after, None)
        return ProviderUnavailable(NAME, message, answered=True, retry_after=named)
    match reply.code:
        case code if code in REFUSALS:
            return ProviderRejected(NAME, message, code=REFUSALS[code])
        case code if code == _NOT_COMPLETED or (code == _NOT_CONNECTED and ask.starts):
            return ProviderUnavailable(NAME, message, code=NOT_COMPLETED, retry_after=3.0)
        case code if code == _TOO_MANY:
            return ProviderUnavailable(NAME, message, code=TOO_MANY, retry_after=30.0)
        case code if code == _NOT_CONNECTED or _has(reply, "appid"):
            return ProviderUnavailable(NAME, message, code=NOT_ENABLED, stop=True)
        case _ if 400 <= reply.status < 500 and reply.status != 408:
            return ProviderRejected(NAME, message, code=Refusal.INVALID)
        case _:
            return ProviderUnavailable(NAME, message)


def _seconds(named: str, otherwise: float | None) -> float | None:
    if named.isascii() and named.isdigit():
        return min(float(named), _LONGEST_WAIT)
    return otherwise

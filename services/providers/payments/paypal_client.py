"""PayPal's REST API over httpx: one token for all threads, tries that repeat their request id, and
errors in our words.

PayPal's own SDK has no webhooks, no asynchronous calls and fixed addresses, so it is not used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import httpx

from services.errors import ProviderError, ProviderRejected, ProviderUnavailable
from services.providers import calls
from services.providers.payments.base import Refusal

NAME: Final = "paypal"
TRIES: Final = 3
PAUSE_SECONDS: Final = 0.2
EARLY_SECONDS: Final = 60
"""A token is renewed this long before its end, so that no request carries one that ends on the way.
"""
IN_PROGRESS: Final = 409
"""Another request with the same id is under way: a double click, which gets the same answer."""
REFUSED_CLIENT: Final = "authentication"
REFUSALS: Final = {
    "RESOURCE_NOT_FOUND": Refusal.MISSING,
    "INVALID_RESOURCE_ID": Refusal.MISSING,
    "CAPTURE_FULLY_REFUNDED": Refusal.ALREADY_REFUNDED,
    "REFUND_AMOUNT_EXCEEDED": Refusal.TOO_MUCH,
    "TRANSACTION_DISPUTED": Refusal.DISPUTED,
    "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK": Refusal.DISPUTED,
}

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    ends: float


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request, which may take several tries."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Json | None
    key: str
    tries: int


class PayPalClient:
    """Sends to PayPal, or to the simulator behind another base address."""

    def __init__(
        self, *, client_id: str, secret: str, api_base: str, timeout_seconds: float
    ) -> None:
        self._client = httpx.Client(base_url=api_base, timeout=timeout_seconds)
        self._auth = httpx.BasicAuth(client_id, secret)
        self._token: _Token | None = None
        self._one_refreshes = threading.Lock()

    def get(self, operation: str, path: str, query: Mapping[str, str] | None = None) -> Json:
        """Read something.

        Raises:
            ProviderUnavailable, ProviderRejected
        """
        with calls.operation(operation):
            return _content(self._send(_Ask("GET", path, query or {}, None, "", TRIES)))

    def post(self, operation: str, path: str, body: Json, *, key: str) -> Json:
        """Do something once per `key` (PayPal-Request-Id, at most 108 characters).

        Raises:
            ProviderUnavailable, ProviderRejected
        """
        with calls.operation(operation):
            return _content(self._send(_Ask("POST", path, {}, body, key, TRIES)))

    def look(self, operation: str, path: str) -> tuple[Json, Mapping[str, str]]:
        """Read something in one try, with the headers of the answer."""
        with calls.operation(operation):
            answer = self._send(_Ask("GET", path, {}, None, "", 1))
            return _content(answer), answer.headers

    def _send(self, ask: _Ask) -> httpx.Response:
        """The answer of the first try that got one, with one new token if the old was refused."""
        token = self._valid_token()
        refreshed = False
        tried = 0
        while True:
            tried += 1
            try:
                answer = self._once(ask, token)
            except ProviderUnavailable:
                if tried >= ask.tries:
                    raise
                time.sleep(PAUSE_SECONDS * tried)
                continue
            if answer.status_code == 401 and not refreshed:
                token, refreshed = self._valid_token(refused=token), True
                continue
            again = answer.status_code >= 500 or answer.status_code == IN_PROGRESS
            if again and tried < ask.tries:
                time.sleep(PAUSE_SECONDS * tried)
                continue
            if answer.is_success:
                return answer
            raise _refusal(answer)

    def _once(self, ask: _Ask, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        if ask.key:
            headers |= {"PayPal-Request-Id": ask.key, "Prefer": "return=representation"}
        try:
            with calls.observed(NAME) as request:
                answer = self._client.request(
                    ask.method, ask.path, params=dict(ask.query), json=ask.body, headers=headers
                )
                request.status = answer.status_code
                request.vendor_request = answer.headers.get("paypal-debug-id", "")
        except httpx.HTTPError as error:
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        return answer

    def _valid_token(self, *, refused: str = "") -> str:
        """The token of all threads; asked for anew when it ends, or when it is the refused one."""
        with self._one_refreshes:
            known = self._token
            if known and known.value != refused and time.monotonic() < known.ends:
                return known.value
            self._token = self._new_token()
            return self._token.value

    def _new_token(self) -> _Token:
        asked_at = time.monotonic()
        form = {"grant_type": "client_credentials"}
        try:
            with calls.observed(NAME) as request:
                answer = self._client.post("/v1/oauth2/token", data=form, auth=self._auth)
                request.status = answer.status_code
        except httpx.HTTPError as error:
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        if not answer.is_success:
            raise _refusal(answer, client=True)
        told = _content(answer)
        life = float(told.get("expires_in", 0)) - EARLY_SECONDS
        return _Token(str(told.get("access_token", "")), asked_at + max(life, 0))


def part(identifier: str) -> str:
    """An id as a part of a path: whatever it holds, it names no other path."""
    return quote(identifier, safe="")


def _content(answer: httpx.Response) -> Json:
    try:
        told: object = answer.json() if answer.content else {}
    except ValueError as error:
        raise ProviderUnavailable(NAME, "an answer that is not JSON") from error
    if not isinstance(told, dict):
        raise ProviderUnavailable(NAME, "an answer that is not an object")
    return told  # pyright: ignore[reportUnknownVariableType]  # JSON's keys are texts


def _refusal(answer: httpx.Response, *, client: bool = False) -> ProviderError:
    """By status and issue; PayPal's sentences are left out: they may repeat what was sent."""
    status, issue = answer.status_code, _issue(answer)
    message = f"{status} {issue}".strip()
    if status in {401, 403} or (client and status == 400):
        return ProviderUnavailable(NAME, "the client was refused", code=REFUSED_CLIENT)
    if status >= 500 or status in {408, 409, 429}:
        return ProviderUnavailable(NAME, message, code=issue, answered=status >= 500)
    return ProviderRejected(NAME, message, code=REFUSALS.get(issue, issue))


def _issue(answer: httpx.Response) -> str:
    """The first issue of the error, such as INSTRUMENT_DECLINED, or else its name."""
    try:
        told = answer.json()
        for detail in told.get("details") or []:
            if issue := str(detail.get("issue", "")):
                return issue[:100]
        return str(told.get("name", ""))[:100]
    except (ValueError, AttributeError, TypeError):
        return ""

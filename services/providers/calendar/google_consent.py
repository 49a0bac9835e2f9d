"""Google's OAuth 2 for web servers: consent page, PKCE, tokens; four small requests over httpx.

Facts behind this file: people can untick scopes one by one, so the granted ones are read from the
answer; a refresh token comes only with `access_type=offline`, again only with `prompt=consent`.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from services import clock
from services.errors import ProviderError, ProviderRejected, ProviderUnavailable
from services.providers import calls
from services.providers.answers import Answer, clock_of
from services.providers.calendar.base import Access, AccessLost, Tokens

NAME: Final = "google"
_AUTH: Final = "https://www.googleapis.com/auth/"
SCOPES: Final[dict[Access, str]] = {
    Access.CALENDARS: f"{_AUTH}calendar.calendarlist.readonly",
    Access.BUSY: f"{_AUTH}calendar.freebusy",
    Access.EVENTS: f"{_AUTH}calendar.events.owned",
}
"""The narrowest scopes that do it: no event of another calendar can be read or written."""
REFUSED_CLIENT: Final = "invalid_client"


class GoogleConsent:
    """The `CalendarConsent` of Google, or of the simulator behind other addresses."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        consent_url: str,
        redirect_url: str,
        oauth_base: str,
        timeout_seconds: float,
    ) -> None:
        self._client_id, self._client_secret = client_id, client_secret
        self._consent_url, self._redirect_url = consent_url, redirect_url
        self._client = httpx.Client(base_url=oauth_base, timeout=timeout_seconds)

    def consent_url(
        self, *, wanted: frozenset[Access], state: str, verifier: str, hint: str
    ) -> str:
        """Google's page; the verifier itself stays here."""
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "client_id": self._client_id,
            "redirect_uri": self._redirect_url,
            "response_type": "code",
            "scope": " ".join(SCOPES[each] for each in Access if each in wanted),
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",
            "include_granted_scopes": "true",
            "login_hint": hint,
        }
        return f"{self._consent_url}?{urlencode(asked)}"

    def exchange(self, *, code: str, verifier: str) -> Tokens:
        return _tokens(
            self._post(
                "exchange_code",
                "/token",
                {
                    "grant_type": "authorization_code",
                    "code": code,
                    "code_verifier": verifier,
                    "redirect_uri": self._redirect_url,
                    **self._as_client(),
                },
            )
        )

    def refresh(self, refresh: str, *, timeout_seconds: float | None = None) -> Tokens:
        asked = {"grant_type": "refresh_token", "refresh_token": refresh, **self._as_client()}
        return _tokens(self._post("refresh_token", "/token", asked, timeout_seconds))

    def revoke(self, token: str) -> None:
        try:
            self._post("revoke_token", "/revoke", {"token": token})
        except ProviderRejected as refused:
            if refused.code != "invalid_token":
                raise

    def check(self) -> Answer:
        """Refresh a token that cannot be one: a right client is told so, a wrong one is refused."""
        asked = {"grant_type": "refresh_token", "refresh_token": "none", **self._as_client()}
        answer = self._send("check", "/token", asked)
        refused = _refusal(answer)
        if not isinstance(refused, AccessLost):
            raise refused
        return Answer("the OAuth client is right", at=clock_of(answer.headers))

    def _as_client(self) -> dict[str, str]:
        return {"client_id": self._client_id, "client_secret": self._client_secret}

    def _post(
        self,
        operation: str,
        path: str,
        form: dict[str, str],
        timeout_seconds: float | None = None,
    ) -> dict[str, Any]:
        answer = self._send(operation, path, form, timeout_seconds)
        if not answer.is_success:
            raise _refusal(answer)
        try:
            return dict(answer.json())
        except ValueError as error:
            raise ProviderUnavailable(NAME, "an answer that is not JSON") from error

    def _send(
        self,
        operation: str,
        path: str,
        form: dict[str, str],
        timeout_seconds: float | None = None,
    ) -> httpx.Response:
        patience = timeout_seconds or self._client.timeout
        try:
            with calls.operation(operation), calls.observed(NAME) as request:
                answer = self._client.post(path, data=form, timeout=patience)
                request.status = answer.status_code
        except httpx.HTTPError as error:
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        return answer


def _tokens(answer: dict[str, Any]) -> Tokens:
    granted = set(str(answer.get("scope", "")).split())
    lives = timedelta(seconds=int(answer.get("expires_in", 0)))
    return Tokens(
        access=str(answer["access_token"]),
        expires_at=clock.utc_now() + lives,
        refresh=str(answer.get("refresh_token", "")),
        granted=frozenset(access for access, scope in SCOPES.items() if scope in granted),
    )


def _refusal(answer: httpx.Response) -> ProviderError:
    """RFC 6749: the code says it; descriptions may repeat what was sent, so they are left out."""
    try:
        code = str(answer.json().get("error", ""))
    except (ValueError, AttributeError):
        code = ""
    message = f"{answer.status_code} {code}".strip()
    if code == "invalid_grant":
        return AccessLost(NAME, message, code=code)
    if answer.status_code >= 500 or answer.status_code == 429:
        return ProviderUnavailable(NAME, message, code=code, answered=answer.status_code >= 500)
    if code in {REFUSED_CLIENT, "unauthorized_client"}:
        # The operator's mistake, not the person's: their connection is not lost by it.
        return ProviderUnavailable(NAME, "the client was refused", code="authentication")
    return ProviderRejected(NAME, message, code=code)

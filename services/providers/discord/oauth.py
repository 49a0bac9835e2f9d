"""Discord's OAuth 2: a person says which account is theirs, and lets us bring it into our server.

The token is used once, to look and to join, and given back: nothing of it is kept. It is bound to
the browser by its state alone, since Discord's confidential clients prove themselves by their
secret.
"""

from __future__ import annotations

import base64
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.discord.base import Account, Grant, Refusal
from services.providers.discord.limits import Route
from services.providers.discord.wire import NAME, Ask, Wire, id_of, json_of

SCOPES: Final = ("identify", "guilds.join")
_EXCHANGE: Final = "/oauth2/token"
_REVOKE: Final = "/oauth2/token/revoke"


class DiscordOauth:
    """The part of `DiscordProvider` that is about a person's consent."""

    def __init__(
        self, wire: Wire, *, client_id: str, client_secret: str, consent_page: str
    ) -> None:
        self._wire = wire
        self._client_id, self._consent_page = client_id, consent_page
        pair = f"{client_id}:{client_secret}".encode()
        self._basic = f"Basic {base64.b64encode(pair).decode()}"

    def consent_url(self, state: str, redirect_url: str) -> str:
        """Discord's page. Whoever consented before is asked again: they see what it is for."""
        query = {
            "client_id": self._client_id,
            "response_type": "code",
            "redirect_uri": redirect_url,
            "scope": " ".join(SCOPES),
            "state": state,
            "prompt": "consent",
        }
        return f"{self._consent_page}?{urlencode(query, quote_via=quote)}"

    def exchange(self, code: str, redirect_url: str) -> Grant:
        """The token, once it is clear that it covers what we asked for."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_url,
        }
        told = json_of(self._post("exchange_code", _EXCHANGE, form))
        token = told.get("access_token")
        if not isinstance(token, str) or not token:
            raise ProviderUnavailable(NAME, "an answer without a token")
        if not set(SCOPES) <= set(str(told.get("scope", "")).split()):
            self.revoke(token)
            raise ProviderRejected(NAME, "not everything was allowed", code=Refusal.CONSENT_LOST)
        return Grant(token)

    def me(self, access_token: str) -> Account:
        """By the person's own token, not by our bot's."""
        answer = self._wire.send(
            Ask(
                "get_account",
                "GET",
                "/users/@me",
                Route("GET /users/@me bearer", "", ours=False),
                auth=f"Bearer {access_token}",
                key_refused=Refusal.CONSENT_LOST,
            )
        )
        account = id_of(answer)
        return Account(account, str(json_of(answer).get("username") or account))

    def revoke(self, access_token: str) -> None:
        """Discord answers the same for a token that it does not know (any more)."""
        form = {"token": access_token, "token_type_hint": "access_token"}
        try:
            self._post("revoke_token", _REVOKE, form)
        except ProviderRejected:
            return

    def _post(self, operation: str, path: str, form: dict[str, str]) -> httpx.Response:
        route = Route(f"POST {path}", "", ours=False)
        return self._wire.send(Ask(operation, "POST", path, route, auth=self._basic, form=form))

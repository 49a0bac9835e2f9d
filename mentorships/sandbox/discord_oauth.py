"""Discord's OAuth: a person says which account is theirs; codes, tokens, and taking them back."""

from __future__ import annotations

import base64
import hmac
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from mentorships.sandbox import clock, discord_guild, store
from mentorships.sandbox.discord_errors import DiscordError, OauthError, unauthorized
from mentorships.sandbox.store import Json, Record
from services.config import Settings

ACCESS_SECONDS = 604_800
CODE_SECONDS = 600
_CODE, _TOKEN = "discord_code", "discord_token"  # kinds
_CALLBACK = "/oauth/discord/callback"
OPEN, USED, REVOKED = "open", "used", "revoked"

WORDS = {
    "identify": "Access your username and avatar",
    "guilds.join": "Join servers for you",
    "email": "Access your email address",
}
"""The scopes that a person is asked for, as the consent page words them."""


class BadRequest(Exception):
    """Discord shows an error page instead of the consent: it sends nobody to a wrong address."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What an application asks a person for."""

    scopes: tuple[str, ...]
    redirect_uri: str
    state: str


def asked(query: Mapping[str, str], current: Settings) -> Consent:
    """Read the authorization request.

    Raises:
        BadRequest: the client or the address to return to is unknown, or something is missing.
    """
    if query.get("client_id", "") != current.effective_discord_client_id:
        raise BadRequest("Unknown Application")
    redirect = query.get("redirect_uri", "")
    origin = f"{urlsplit(redirect).scheme}://{urlsplit(redirect).netloc}"
    if urlsplit(redirect).path != _CALLBACK or origin not in current.allowed_origins:
        raise BadRequest("Invalid OAuth2 redirect_uri")
    if query.get("response_type") != "code":
        raise BadRequest("Invalid response type: it must be code")
    scopes = tuple(query.get("scope", "").split())
    if not scopes or not set(scopes) <= set(WORDS):
        raise BadRequest("The requested scope is invalid, unknown, or malformed.")
    return Consent(scopes, redirect, query.get("state", ""))


def denied(consent: Consent) -> str:
    """Where the browser goes when the person says no."""
    told = "The resource owner or authorization server denied the request"
    return _back(consent, error="access_denied", error_description=told)


def allowed(db: sqlite3.Connection, consent: Consent, username: str) -> str:
    """Where the browser goes with a code."""
    account = discord_guild.account_of(db, username)
    now = clock.now(db)
    body: Json = {
        "id": secrets.token_urlsafe(22),
        "created": now,
        "status": OPEN,
        "account": account.id,
        "scope": " ".join(consent.scopes),
        "redirect_uri": consent.redirect_uri,
        "ends": now + CODE_SECONDS,
    }
    store.add(db, Record(_CODE, body, parent=account.id))
    return _back(consent, code=body["id"])


def _back(consent: Consent, **answer: str) -> str:
    return f"{consent.redirect_uri}?{urlencode(answer | {'state': consent.state})}"


def check_client(authorization: str, form: Mapping[str, str], current: Settings) -> None:
    """The application proves itself by HTTP Basic, or by fields of the form.

    Raises:
        OauthError: invalid_client (401).
    """
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(value).decode().partition(":")
        except ValueError:
            client = ""
    known = client == current.effective_discord_client_id
    right = current.effective_discord_client_secret.encode()
    if not known or not hmac.compare_digest(secret.encode(), right):
        raise OauthError("invalid_client", "The client is unknown.", 401)


def token(db: sqlite3.Connection, form: Mapping[str, str]) -> Json:
    """The token endpoint: a code against a token.

    Raises:
        OauthError: invalid_grant, unsupported_grant_type.
    """
    if form.get("grant_type") != "authorization_code":
        raise OauthError("unsupported_grant_type", "Only codes are exchanged here.")
    code = store.find(db, _CODE, form.get("code", ""))
    if code is None or code.body["status"] != OPEN or code.body["ends"] <= clock.now(db):
        raise OauthError("invalid_grant", 'Invalid "code" in request.')
    if form.get("redirect_uri") != code.body["redirect_uri"]:
        raise OauthError("invalid_grant", 'Invalid "redirect_uri" in request.')
    code.body["status"] = USED
    store.save(db, code)
    return _issued(db, code.body["account"], code.body["scope"])


def _issued(db: sqlite3.Connection, account: str, scope: str) -> Json:
    now = clock.now(db)
    body: Json = {
        "id": secrets.token_urlsafe(22),
        "created": now,
        "status": OPEN,
        "account": account,
        "scope": scope,
        "refresh": secrets.token_urlsafe(22),
        "ends": now + ACCESS_SECONDS,
    }
    store.add(db, Record(_TOKEN, body, parent=account))
    return {
        "access_token": body["id"],
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "refresh_token": body["refresh"],
        "scope": scope,
    }


def revoke(db: sqlite3.Connection, value: str) -> None:
    """Give one token back; an unknown one is no error."""
    found = store.find(db, _TOKEN, value)
    if found is not None:
        found.body["status"] = REVOKED
        store.save(db, found)


def take_back(db: sqlite3.Connection, account_id: str) -> None:
    """The person removes the application from their account."""
    for one in store.children(db, _TOKEN, account_id):
        one.body["status"] = REVOKED
        store.save(db, one)


def standing(db: sqlite3.Connection, account_id: str) -> int:
    """How many tokens of theirs are good."""
    kept = store.children(db, _TOKEN, account_id)
    return len([one for one in kept if _is_good(db, one)])


def _is_good(db: sqlite3.Connection, one: Record) -> bool:
    return one.body["status"] == OPEN and one.body["ends"] > clock.now(db)


def bearer(db: sqlite3.Connection, authorization: str, scope: str) -> Record:
    """The account of an access token that may do this.

    Raises:
        DiscordError: 401, or 50025 without the scope.
    """
    scheme, _, value = authorization.partition(" ")
    found = store.find(db, _TOKEN, value) if scheme == "Bearer" else None
    if found is None or not _is_good(db, found):
        raise unauthorized()
    if scope not in found.body["scope"].split():
        raise _bad_token()
    return discord_guild.account(db, found.body["account"])


def check_joins(db: sqlite3.Connection, value: object, account_id: str) -> None:
    """Whether this token lets us bring that very account into a server.

    Raises:
        DiscordError: 50025
    """
    found = store.find(db, _TOKEN, value) if isinstance(value, str) else None
    if found is None or not _is_good(db, found) or found.body["account"] != account_id:
        raise _bad_token()
    if "guilds.join" not in found.body["scope"].split():
        raise _bad_token()


def _bad_token() -> DiscordError:
    return DiscordError(403, 50025, "Invalid OAuth2 access token")

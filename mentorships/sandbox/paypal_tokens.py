"""PayPal's access tokens: asked for with the client's secret, good for nine hours."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import sqlite3

from mentorships.sandbox import store
from mentorships.sandbox.paypal_errors import PayPalError
from mentorships.sandbox.store import Filter, Json, Record

TOKEN = "paypal_token"  # noqa: S105  # a kind of record
LIFE = "paypal token life"
LIFE_SECONDS = 32_400
_ALL = 1_000_000
_SCOPES = (
    "https://uri.paypal.com/services/applications/webhooks",
    "https://uri.paypal.com/services/disputes/read-seller",
    "https://uri.paypal.com/services/payments/payment/authcapture",
    "https://uri.paypal.com/services/payments/realtimepayment",
    "https://uri.paypal.com/services/payments/refund",
    "https://uri.paypal.com/services/reporting/search/read",
    "openid",
)


class OauthError(Exception):
    """A refusal of the token endpoint, or of a token: its own, shorter shape."""

    def __init__(self, status: int, error: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.body: Json = {"error": error, "error_description": words}


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client, _, secret = text.partition(":")
    return (client, secret) if scheme.lower() == "basic" else ("", "")


def issue(
    db: sqlite3.Connection, now: int, header: str, form: dict[str, str], client: tuple[str, str]
) -> Json:
    """A new token for the client with that id and secret.

    Raises:
        OauthError: 401 for a wrong secret, 400 for another kind of grant.
    """
    sent = _basic(header)
    same = [hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(sent, client, strict=True)]
    if not all(same):
        raise OauthError(401, "invalid_client", "Client Authentication failed")
    if form.get("grant_type") != "client_credentials":
        raise OauthError(400, "unsupported_grant_type", "unsupported grant_type")
    life = int(store.read_meta(db, LIFE) or LIFE_SECONDS)
    token = "A21AA" + secrets.token_urlsafe(60)
    kept: Json = {"id": token, "created": now, "status": "live", "ends": now + life}
    store.add(db, Record(TOKEN, kept))
    return {
        "scope": " ".join(_SCOPES),
        "access_token": token,
        "token_type": "Bearer",
        "app_id": "APP-80W284485P519543T",
        "expires_in": life,
        "nonce": f"{secrets.token_hex(8)}",
    }


def check(db: sqlite3.Connection, now: int, header: str) -> None:
    """Refuse a request without a live token.

    Raises:
        PayPalError: there is none (401).
        OauthError: it has expired, or PayPal never issued it (401).
    """
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise PayPalError(401, "AUTHENTICATION_FAILURE")
    kept = store.find(db, TOKEN, token)
    if kept is None:
        raise OauthError(401, "invalid_token", "Token signature verification failed")
    if kept.body["status"] != "live" or kept.body["ends"] <= now:
        raise OauthError(401, "invalid_token", "Access Token has expired")


def _all(db: sqlite3.Connection) -> list[Record]:
    return store.listed(db, TOKEN, Filter(), _ALL)[0]


def revoke_all(db: sqlite3.Connection) -> None:
    """No token issued until now is good any more."""
    for token in _all(db):
        token.body["status"] = "revoked"
        store.save(db, token)


def counted(db: sqlite3.Connection, now: int) -> Json:
    """How many tokens were asked for, and how many are still good."""
    tokens = _all(db)
    live = [t for t in tokens if t.body["status"] == "live" and t.body["ends"] > now]
    return {"asked": len(tokens), "live": len(live)}

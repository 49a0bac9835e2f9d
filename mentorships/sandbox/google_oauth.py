"""Google's OAuth: what a person consents to, codes, tokens, and taking the consent back.

VENDORS.md, Google Calendar: scopes can be unticked one by one; a refresh token comes only with
`access_type=offline`, and again only with `prompt=consent`; a dead one is `invalid_grant`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from mentorships.sandbox import clock, google_channels, google_people, store
from mentorships.sandbox.google_errors import OauthError, insufficient_scope, unauthorized
from mentorships.sandbox.store import Json, Record
from services.config import Settings

SCOPES = "https://www.googleapis.com/auth/"
ACCESS_SECONDS = 3599
CODE_SECONDS = 600
_TOKEN, _GRANT, _CODE = "google_token", "google_grant", "google_code"  # kinds
_CALLBACK = "/oauth/google/callback"

WORDS = {
    "calendar.events.owned": "See, create, change and delete events on calendars you own",
    "calendar.freebusy": "See when you are free or busy",
    "calendar.calendarlist.readonly": "See the list of your calendars",
    "calendar.events": "View and edit events on all your calendars",
    "calendar.readonly": "See and download any calendar",
    "calendar": "See, edit, share and permanently delete all your calendars",
}
"""The scopes that a person is asked for, as the consent page words them."""


class BadRequest(Exception):
    """Google shows an error page instead of the consent: it sends nobody to a wrong address."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What an application asks a person for."""

    scopes: tuple[str, ...]
    redirect_uri: str
    state: str
    challenge: str
    offline: bool
    asked_again: bool
    hint: str

    @property
    def query(self) -> dict[str, str]:
        """The request again, as the form of the page sends it along."""
        return {
            "scope": " ".join(self.scopes),
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "code_challenge": self.challenge,
            "access_type": "offline" if self.offline else "online",
            "prompt": "consent" if self.asked_again else "",
        }


def asked(query: Mapping[str, str], current: Settings) -> Consent:
    """Read the authorization request.

    Raises:
        BadRequest: the client or the address to return to is unknown, or something is missing.
    """
    if query.get("client_id", "") != current.effective_google_client_id:
        raise BadRequest("Error 401: invalid_client")
    redirect = query.get("redirect_uri", "")
    origin = f"{urlsplit(redirect).scheme}://{urlsplit(redirect).netloc}"
    if urlsplit(redirect).path != _CALLBACK or origin not in current.allowed_origins:
        raise BadRequest("Error 400: redirect_uri_mismatch")
    if query.get("response_type") != "code":
        raise BadRequest("Error 400: invalid_request: response_type must be code")
    if query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != 43:
        raise BadRequest("Error 400: invalid_request: code_challenge must be of the method S256")
    scopes = tuple(query.get("scope", "").split())
    unknown = [scope for scope in scopes if scope.removeprefix(SCOPES) not in WORDS]
    if unknown or not scopes:
        raise BadRequest(f"Error 400: invalid_scope: {' '.join(unknown)}")
    return Consent(
        scopes=scopes,
        redirect_uri=redirect,
        state=query.get("state", ""),
        challenge=query["code_challenge"],
        offline=query.get("access_type") == "offline",
        asked_again="consent" in query.get("prompt", "").split(),
        hint=query.get("login_hint", ""),
    )


def denied(consent: Consent) -> str:
    """Where the browser goes when the person says no."""
    return _back(consent, error="access_denied")


def allowed(
    db: sqlite3.Connection, consent: Consent, email: str, ticked: set[str], time_zone: str
) -> str:
    """Where the browser goes with a code for the ticked scopes; none ticked is a no."""
    granted = [scope for scope in consent.scopes if scope in ticked]
    if not granted:
        return denied(consent)
    account = google_people.account_of(db, email, time_zone)
    now = clock.now(db)
    body: Json = {
        "id": "4/" + secrets.token_urlsafe(32),
        "created": now,
        "status": "open",
        "account": account.body["email"],
        "scope": " ".join(granted),
        "redirect_uri": consent.redirect_uri,
        "challenge": consent.challenge,
        "offline": consent.offline,
        "asked_again": consent.asked_again,
        "ends": now + CODE_SECONDS,
    }
    store.add(db, Record(_CODE, body))
    return _back(consent, code=body["id"], scope=body["scope"])


def _back(consent: Consent, **answer: str) -> str:
    return f"{consent.redirect_uri}?{urlencode({'state': consent.state} | answer)}"


def token(db: sqlite3.Connection, form: Mapping[str, str], current: Settings) -> Json:
    """The token endpoint: a code against tokens, or a refresh token against an access token.

    Raises:
        OauthError: invalid_client (401), invalid_grant, invalid_request.
    """
    _check_client(form, current)
    match form.get("grant_type"):
        case "authorization_code":
            return _exchanged(db, form)
        case "refresh_token":
            return _refreshed(db, form.get("refresh_token", ""))
        case _:
            raise OauthError("unsupported_grant_type", "Invalid grant_type")


def _check_client(form: Mapping[str, str], current: Settings) -> None:
    known = form.get("client_id", "") == current.effective_google_client_id
    secret = current.effective_google_client_secret.encode()
    if not known or not hmac.compare_digest(form.get("client_secret", "").encode(), secret):
        raise OauthError("invalid_client", "The OAuth client was not found.", 401)


def _exchanged(db: sqlite3.Connection, form: Mapping[str, str]) -> Json:
    code = store.find(db, _CODE, form.get("code", ""))
    if code is None or code.body["status"] != "open" or code.body["ends"] <= clock.now(db):
        raise OauthError("invalid_grant", "Bad Request")
    if form.get("redirect_uri") != code.body["redirect_uri"]:
        raise OauthError("redirect_uri_mismatch", "Bad Request")
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if base64.urlsafe_b64encode(digest).decode().rstrip("=") != code.body["challenge"]:
        raise OauthError("invalid_grant", "Invalid code verifier.")
    code.body["status"] = "used"
    store.save(db, code)
    grant, first = _granted(db, code.body["account"], code.body["scope"])
    answer = _access(db, grant)
    if code.body["offline"] and (first or code.body["asked_again"]):
        answer["refresh_token"] = _new_token(db, grant, "refresh", None)
    return answer


def _granted(db: sqlite3.Connection, email: str, scope: str) -> tuple[Record, bool]:
    """The account's consent to us, and whether it is the first since it was last taken back."""
    found = store.find(db, _GRANT, f"grant:{email}")
    if found is None:
        body: Json = {"id": f"grant:{email}", "created": clock.now(db), "status": "active"}
        return store.add(db, Record(_GRANT, body | {"account": email, "scope": scope})), True
    first = found.body["status"] != "active"
    found.body |= {"status": "active", "scope": scope}
    store.save(db, found)
    return found, first


def _new_token(db: sqlite3.Connection, grant: Record, kind: str, ends: int | None) -> str:
    start = "ya29." if kind == "access" else "1//"
    body: Json = {
        "id": start + secrets.token_urlsafe(48),
        "created": clock.now(db),
        "status": "active",
        "kind": kind,
        "account": grant.body["account"],
        "scope": grant.body["scope"],
        "ends": ends,
    }
    return store.add(db, Record(_TOKEN, body, parent=grant.id)).id


def _access(db: sqlite3.Connection, grant: Record) -> Json:
    access = _new_token(db, grant, "access", clock.now(db) + ACCESS_SECONDS)
    return {
        "access_token": access,
        "expires_in": ACCESS_SECONDS,
        "scope": grant.body["scope"],
        "token_type": "Bearer",
    }


def _refreshed(db: sqlite3.Connection, refresh: str) -> Json:
    known = store.find(db, _TOKEN, refresh)
    if known is None or known.body["kind"] != "refresh" or known.body["status"] != "active":
        raise OauthError("invalid_grant", "Token has been expired or revoked.")
    return _access(db, store.get(db, _GRANT, known.parent))


def revoke(db: sqlite3.Connection, given: str) -> None:
    """The revocation endpoint: one token, and with it the whole consent.

    Raises:
        OauthError: no such token (400 invalid_token).
    """
    known = store.find(db, _TOKEN, given)
    if known is None or known.body["status"] != "active":
        raise OauthError("invalid_token", "Token expired or revoked")
    take_back(db, known.body["account"])


def take_back(db: sqlite3.Connection, email: str) -> None:
    """The person removes our access in their Google account.

    Raises:
        LookupError: they never gave it.
    """
    grant = store.get(db, _GRANT, f"grant:{email}")
    grant.body["status"] = "revoked"
    store.save(db, grant)
    for each in store.children(db, _TOKEN, grant.id):
        each.body["status"] = "revoked"
        store.save(db, each)
    google_channels.close_all(db, email)


def end_access(db: sqlite3.Connection, email: str) -> None:
    """The access tokens are over before their time; the refresh token still works."""
    for each in store.children(db, _TOKEN, f"grant:{email}"):
        if each.body["kind"] == "access":
            each.body["status"] = "revoked"
            store.save(db, each)


def scope_of(db: sqlite3.Connection, email: str) -> str:
    """What the account consents to now, "" for nothing."""
    grant = store.find(db, _GRANT, f"grant:{email}")
    return grant.body["scope"] if grant and grant.body["status"] == "active" else ""


def account_of(
    db: sqlite3.Connection, authorization: str, needed: frozenset[str]
) -> tuple[str, frozenset[str]]:
    """The account behind a request's access token, and which of the needed scopes it has.

    Raises:
        GoogleError: 401 no such token now, 403 none of the needed scopes was granted.
    """
    scheme, _, given = authorization.partition(" ")
    known = store.find(db, _TOKEN, given) if scheme.lower() == "bearer" else None
    if (
        known is None
        or known.body["kind"] != "access"
        or known.body["status"] != "active"
        or known.body["ends"] <= clock.now(db)
    ):
        raise unauthorized()
    granted = {scope.removeprefix(SCOPES) for scope in known.body["scope"].split()}
    if not (useful := needed & granted):
        raise insufficient_scope()
    return str(known.body["account"]), useful

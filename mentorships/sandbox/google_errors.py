"""Refusals as Google words them: one form for the Calendar API, another for OAuth."""

from __future__ import annotations

from mentorships.sandbox.store import Json


class GoogleError(Exception):
    """A refused request to the Calendar API.

    Args:
        status: the HTTP status.
        reason: Google's short code, on which its clients decide.
        message: Google's sentence.
        domain: whose rule it is: `global`, `calendar` or `usageLimits`.
        location: the header or parameter at fault.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        one: Json = {"domain": domain, "reason": reason, "message": message}
        if location is not None:
            one |= {"locationType": location[0], "location": location[1]}
        self.body: Json = {"error": {"errors": [one], "code": status, "message": message}}


class OauthError(Exception):
    """A refused request to the token or revocation endpoint (RFC 6749, 5.2)."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body: Json = {"error": code, "error_description": description}


def not_found() -> GoogleError:
    """No such thing, or none that this account may see."""
    return GoogleError(404, "notFound", "Not Found")


def invalid(message: str, parameter: str = "") -> GoogleError:
    """A value that Google does not take."""
    location = ("parameter", parameter) if parameter else None
    return GoogleError(400, "invalid", message, location=location)


def required(message: str) -> GoogleError:
    """A field that must be there."""
    return GoogleError(400, "required", message)


def unauthorized() -> GoogleError:
    """No access token, or one that is over or revoked."""
    return GoogleError(
        401, "authError", "Invalid Credentials", location=("header", "Authorization")
    )


def insufficient_scope() -> GoogleError:
    """The person did not tick what this needs."""
    return GoogleError(
        403, "insufficientPermissions", "Request had insufficient authentication scopes."
    )


def gone_token() -> GoogleError:
    """VENDORS.md, Google Calendar: drop what is known, and list everything again."""
    return GoogleError(
        410,
        "fullSyncRequired",
        "Sync token is no longer valid, a full sync is required.",
        domain="calendar",
        location=("parameter", "syncToken"),
    )


def planned(status: int) -> GoogleError:
    """The error that a person or a test asked for."""
    match status:
        case 401:
            return unauthorized()
        case 403 | 429:
            return GoogleError(
                status, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits"
            )
        case 404:
            return not_found()
        case 410:
            return gone_token()
        case _:
            reason = "backendError" if status >= 500 else "invalid"
            return GoogleError(status, reason, "A fault was asked of this simulator.")

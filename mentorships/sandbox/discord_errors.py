"""Refusals as Discord words them: a number of its own beside the HTTP status."""

from __future__ import annotations

from mentorships.sandbox.store import Json


class DiscordError(Exception):
    """A refused request.

    Args:
        status: the HTTP status.
        code: Discord's number, on which its clients decide; 0 where it has none.
        message: Discord's sentence.
        fields: what is wrong with which field of the body, for an invalid form.
    """

    def __init__(
        self, status: int, code: int, message: str, fields: dict[str, tuple[str, str]] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, "code": code}
        if fields:
            self.body["errors"] = {
                name: {"_errors": [{"code": word, "message": sentence}]}
                for name, (word, sentence) in fields.items()
            }


class OauthError(Exception):
    """A refused request to the token or revocation endpoint (RFC 6749, 5.2)."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body: Json = {"error": code, "error_description": description}


def unauthorized() -> DiscordError:
    """No token, or a wrong one."""
    return DiscordError(401, 0, "401: Unauthorized")


def not_found() -> DiscordError:
    """No such address."""
    return DiscordError(404, 0, "404: Not Found")


def unknown_guild() -> DiscordError:
    """Not there, or our bot is not in it."""
    return DiscordError(404, 10004, "Unknown Guild")


def unknown_channel() -> DiscordError:
    """Not there, or out of our bot's sight."""
    return DiscordError(404, 10003, "Unknown Channel")


def unknown_member() -> DiscordError:
    """The account exists, and is not in the server."""
    return DiscordError(404, 10007, "Unknown Member")


def unknown_user() -> DiscordError:
    """There is no such account."""
    return DiscordError(404, 10013, "Unknown User")


def unknown_role() -> DiscordError:
    """There is no such role in the server."""
    return DiscordError(404, 10011, "Unknown Role")


def missing_permissions() -> DiscordError:
    """Our bot may not do that, or not to a role above its own."""
    return DiscordError(403, 50013, "Missing Permissions")


def missing_access() -> DiscordError:
    """Our bot may not see that."""
    return DiscordError(403, 50001, "Missing Access")


def invalid(name: str, word: str, sentence: str) -> DiscordError:
    """A field of the body that Discord does not take."""
    return DiscordError(400, 50035, "Invalid Form Body", {name: (word, sentence)})


def required(name: str) -> DiscordError:
    """A field that must be there."""
    return invalid(name, "BASE_TYPE_REQUIRED", "This field is required")


def planned(status: int) -> DiscordError:
    """The error that a person or a test asked for."""
    match status:
        case 401:
            return unauthorized()
        case 403:
            return DiscordError(403, 0, "403: Forbidden")
        case 404:
            return not_found()
        case _:
            return DiscordError(status, 0, f"{status}: A fault was asked of this simulator")

"""Refusals as Agora words them: a sentence of its gateway, or a number of the recording service."""

from __future__ import annotations

from mentorships.sandbox.store import Json


class AgoraError(Exception):
    """A refused request, with its HTTP status and its body."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(str(body.get("reason") or body.get("message") or status))
        self.status = status
        self.body = body


def unauthorized() -> AgoraError:
    """No customer, or a wrong one."""
    return AgoraError(401, {"message": "Invalid authentication credentials"})


def wrong_app() -> AgoraError:
    """No such app, or one for which recording is not enabled."""
    return AgoraError(400, {"message": "appid is invalid"})


def no_route() -> AgoraError:
    """No such address, or not by this method."""
    return AgoraError(404, {"message": "no Route matched with those values"})


def too_fast() -> AgoraError:
    """More than ten requests in a second."""
    return AgoraError(429, {"message": "API rate limit exceeded"})


def invalid(reason: str) -> AgoraError:
    """A parameter that is missing, misspelt or out of its range."""
    return AgoraError(400, {"code": 2, "reason": reason})


def wrong_headers() -> AgoraError:
    """Not application/json in UTF-8, or no JSON."""
    return AgoraError(400, {"code": 8, "reason": "Request header fields are wrong."})


def uid_taken() -> AgoraError:
    """The same recorder is in the same channel already."""
    return AgoraError(400, {"code": 53, "reason": "The recording is already running."})


def too_many() -> AgoraError:
    """As many recorders as the app may have at a time."""
    return AgoraError(400, {"code": 406, "reason": "Concurrent recordings exceed the limit."})


def mismatch() -> AgoraError:
    """The channel or the uid is not that of the resource id."""
    return AgoraError(400, {"code": 432, "reason": "The request does not match the resource ID."})


def expired() -> AgoraError:
    """The five minutes of the resource id are over."""
    return AgoraError(400, {"code": 433, "reason": "The resource ID has expired."})


def unreadable() -> AgoraError:
    """A resource id that never was."""
    return AgoraError(400, {"code": 1001, "reason": "Failed to parse the resource ID."})


def running(names: Json) -> AgoraError:
    """The resource id was used for a start."""
    return AgoraError(201, {**names, "code": 7, "reason": "The recording is already running."})


def no_worker(names: Json, command: str) -> AgoraError:
    """No such recorder now."""
    response: Json = {
        "command": command,
        "payload": {"message": "failed to find worker"},
        "subscribeModeBitmask": 1,
        "vid": "1209",
    }
    return AgoraError(404, {**names, "code": 404, "serverResponse": response})


def nothing_recorded(names: Json) -> AgoraError:
    """Nobody sent anything."""
    return AgoraError(206, {**names, "code": 435, "reason": "No recorded data."})


def stopped_before(names: Json) -> AgoraError:
    """Stopped twice."""
    return AgoraError(400, {**names, "code": 49, "reason": "The recording is being stopped."})


def not_completed(names: Json) -> AgoraError:
    """Something on the way was slow: ask again."""
    return AgoraError(206, {**names, "code": 65, "reason": "The request is not completed."})


def planned(status: int) -> AgoraError:
    """The error that a person or a test asked for."""
    match status:
        case 401:
            return unauthorized()
        case 404:
            return no_route()
        case 429:
            return too_fast()
        case _:
            return AgoraError(status, {"message": "A fault was asked of this simulator"})

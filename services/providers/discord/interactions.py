"""Slash commands as Discord posts them to us: who sends, which command, and how it is answered.

Each is signed with the application's Ed25519 key over the timestamp and the raw body. Discord sends
forged ones on purpose to see whether they are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PING: Final = 1
COMMAND: Final = 2
PONG: Final = {"type": 1}
DEFERRED: Final = {"type": 5, "data": {"flags": 64}}
"""The answer comes later, and only the person who asked sees it."""
SIGNATURE: Final = "x-signature-ed25519"
TIMESTAMP: Final = "x-signature-timestamp"
TOLERANCE: Final = timedelta(minutes=5)
ANSWERED_WITHIN: Final = timedelta(minutes=15)
_EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)
_LONGEST: Final = {"token": 2_000, "name": 32}

Json = dict[str, Any]


class BadSignature(Exception):
    """It is not from Discord, or too old to be believed."""


class BadInteraction(Exception):
    """It is from Discord, and nothing that we have a use for."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """A command that somebody typed. `token` answers it, for fifteen minutes from `at`."""

    id: str
    token: str
    command: str
    discord_id: str

    @property
    def at(self) -> datetime:
        """When it was typed, which Discord's ids tell."""
        return _EPOCH + timedelta(milliseconds=int(self.id) >> 22)

    @property
    def payload(self) -> str:
        """What of it is stored: no name, no picture. `parse` reads it again."""
        return json.dumps(
            {
                "id": self.id,
                "type": COMMAND,
                "token": self.token,
                "data": {"name": self.command},
                "user": {"id": self.discord_id},
            }
        )


def immediate(text: str) -> Json:
    """The whole answer, at once, which only the person who asked sees."""
    return {"type": 4, "data": {"content": text, "flags": 64, "allowed_mentions": {"parse": []}}}


def verify(body: bytes, headers: Mapping[str, str], now: datetime, *, public_key: str) -> None:
    """Believe the body, or not. Headers by their names in lower case.

    Raises:
        BadSignature
    """
    stamp = headers.get(TIMESTAMP, "")
    try:
        signature = bytes.fromhex(headers.get(SIGNATURE, ""))
        told = datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise BadSignature("the signature is missing or unreadable") from None
    try:
        _key(public_key).verify(signature, stamp.encode() + body)
    except InvalidSignature:
        raise BadSignature("the signature is wrong") from None
    if abs(now - told) > TOLERANCE:
        raise BadSignature("the signature is too old")


@lru_cache(maxsize=4)
def _key(public_key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))


def read(body: bytes) -> Interaction | None:
    """The command in a verified body; None for Discord's question whether we are there.

    Raises:
        BadInteraction
    """
    try:
        told: object = json.loads(body)
    except (ValueError, RecursionError):
        raise BadInteraction("the body is not JSON") from None
    if not isinstance(told, dict):
        raise BadInteraction("the body is no object")
    told = cast(Json, told)
    kind = told.get("type")
    if kind == PING:
        return None
    if kind != COMMAND:
        raise BadInteraction("there are only commands here")
    return _command(told)


def parse(payload: str) -> Interaction:
    """The command in a stored payload.

    Raises:
        BadInteraction: it was pruned, or is something else.
    """
    found = read(payload.encode())
    if found is None:
        raise BadInteraction("this is no command")
    return found


def _command(told: Json) -> Interaction:
    """In a server the person is a member, in a direct message a user."""
    try:
        person = told["member"]["user"] if told.get("member") else told["user"]
        found = Interaction(
            id=_digits(told["id"]),
            token=_text(told["token"], _LONGEST["token"]),
            command=_text(told["data"]["name"], _LONGEST["name"]),
            discord_id=_digits(person["id"]),
        )
    except (KeyError, TypeError, ValueError):
        raise BadInteraction("this is no whole command") from None
    return found


def _digits(value: object) -> str:
    text = _text(value, 20)
    if not (text.isascii() and text.isdecimal()):
        raise ValueError
    return text


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise ValueError
    return value

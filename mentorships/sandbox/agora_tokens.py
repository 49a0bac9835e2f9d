"""Reads Agora's tokens (007), as the service behind a channel would: who, where, until when."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import zlib
from dataclasses import dataclass

JOIN = 1
_LARGEST = 4_000


class BadToken(Exception):
    """Not a token of this app's, or not any more; the text says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. `ends_at` is a Unix time; `privileges` are theirs, 0 where none is set."""

    app_id: str
    channel: str
    uid: str
    ends_at: int
    privileges: dict[int, int]


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.rest = content

    def number(self, form: str) -> int:
        size = struct.calcsize(form)
        found = struct.unpack(f"<{form}", self.rest[:size])[0]
        self.rest = self.rest[size:]
        return int(found)

    def text(self) -> str:
        return self.raw().decode()

    def raw(self) -> bytes:
        size = self.number("H")
        found, self.rest = self.rest[:size], self.rest[size:]
        if len(found) < size:
            raise ValueError("too short")
        return found


def read(token: str, certificate: str) -> Token:
    """A token that was signed with this certificate.

    Raises:
        BadToken
    """
    if not token.startswith("007"):
        raise BadToken("the token is not of version 007")
    try:
        unpacker = zlib.decompressobj()
        packed = unpacker.decompress(base64.b64decode(token[3:], validate=True), _LARGEST)
        if not unpacker.eof:
            raise ValueError("too short, or too long")
        reader = _Reader(packed)
        signature, content = reader.raw(), reader.rest
        found, issued_at, salt = _content(_Reader(content))
    except (ValueError, zlib.error, struct.error):
        raise BadToken("the token cannot be read") from None
    if not hmac.compare_digest(signature, _signature(content, certificate, issued_at, salt)):
        raise BadToken("the token's signature is wrong")
    return found


def _content(reader: _Reader) -> tuple[Token, int, int]:
    app_id = reader.text()
    issued_at, seconds, salt = reader.number("I"), reader.number("I"), reader.number("I")
    if reader.number("H") != 1 or reader.number("H") != 1:
        raise ValueError("not one service, or not that of channels")
    lasts = {reader.number("H"): reader.number("I") for _ in range(reader.number("H"))}
    channel, uid = reader.text(), reader.text()
    ends = {key: issued_at + value if value else 0 for key, value in lasts.items()}
    return Token(app_id, channel, uid, issued_at + seconds, ends), issued_at, salt


def _signature(content: bytes, certificate: str, issued_at: int, salt: int) -> bytes:
    key = hmac.new(struct.pack("<I", issued_at), certificate.encode(), hashlib.sha256).digest()
    key = hmac.new(struct.pack("<I", salt), key, hashlib.sha256).digest()
    return hmac.new(key, content, hashlib.sha256).digest()


def admits(found: Token, *, app_id: str, channel: str, uid: str, now: int) -> str:
    """Why somebody may not enter; "" when they may."""
    join = found.privileges.get(JOIN)
    ends_at = min(found.ends_at, join or found.ends_at)
    if found.app_id != app_id:
        return "the token is another app's"
    if found.channel != channel or found.uid not in {uid, ""}:
        return "the token is for another channel or uid"
    if join is None:
        return "the token does not let anybody join"
    return "the token has expired" if ends_at <= now else ""

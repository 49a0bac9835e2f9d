"""Agora's tokens, version 007: who may enter one channel as one uid, and do what, until when.

Built here in a few lines, because the kept libraries are either of the older version (006) or print
to the terminal. Layout: `007` and base64 of the deflated signature and content; numbers are
little-endian, texts carry their length in two bytes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import zlib
from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from services.providers.video.base import LARGEST_UID, LONGEST_CHANNEL

VERSION: Final = "007"
LONGEST_SECONDS: Final = 86_400
_RTC: Final = 1
_KEY: Final = re.compile(r"[0-9a-fA-F]{32}")
_CHANNEL: Final = re.compile(rf"[A-Za-z0-9 !#$%&()+\-:;<=.>?@\[\]^_{{|}}~,]{{1,{LONGEST_CHANNEL}}}")


class Privilege(IntEnum):
    """What a token allows."""

    JOIN = 1
    SEND_AUDIO = 2
    SEND_VIDEO = 3
    SEND_DATA = 4


def checked_channel(channel: str) -> str:
    """The channel's name, if there can be such a channel.

    Raises:
        ValueError
    """
    if not _CHANNEL.fullmatch(channel):
        raise ValueError(f"not the name of a channel: {channel[:80]!r}")
    return channel


def checked_uid(uid: int) -> int:
    """The uid, if somebody can have it: 0 would be one that the service chooses.

    Raises:
        ValueError
    """
    if not 1 <= uid <= LARGEST_UID:
        raise ValueError(f"not a uid: {uid}")
    return uid


def build(
    *,
    app_id: str,
    certificate: str,
    channel: str,
    uid: int,
    issued_at: int,
    seconds: int,
    salt: int,
    privileges: Mapping[Privilege, int],
) -> str:
    """A token.

    Args:
        issued_at: Unix time.
        seconds: how long it is good; at most a day.
        salt: any number from 1 to 99,999,999.
        privileges: how long each lasts, in seconds; 0: as long as the token.

    Raises:
        ValueError: Agora would take no such token.
    """
    if not _KEY.fullmatch(app_id) or not _KEY.fullmatch(certificate):
        raise ValueError("an app id and a certificate are 32 hexadecimal digits")
    if not 0 < seconds <= LONGEST_SECONDS:
        raise ValueError("a token is good for a second at least and a day at most")
    rights = b"".join(struct.pack("<HI", key, privileges[key]) for key in sorted(privileges))
    content = b"".join(
        (
            _text(app_id),
            struct.pack("<IIIH", issued_at, seconds, salt, 1),
            struct.pack("<HH", _RTC, len(privileges)),
            rights,
            _text(checked_channel(channel)),
            _text(str(checked_uid(uid))),
        )
    )
    by_time = _hmac(struct.pack("<I", issued_at), certificate.encode())
    signature = _hmac(_hmac(struct.pack("<I", salt), by_time), content)
    packed = struct.pack("<H", len(signature)) + signature + content
    return VERSION + base64.b64encode(zlib.compress(packed)).decode()


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("<H", len(encoded)) + encoded


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()

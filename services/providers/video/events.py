"""Agora's notifications: verified, read, and put into our words.

They may be lost, doubled and reordered. No time is signed: what protects from a replay is their id,
and that they are hints.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, cast

from services.providers.hooks import BadEvent, BadSignature, Event
from services.providers.payments.bodies import is_name, parsed
from services.providers.video import bodies
from services.providers.video.base import File

SIGNATURE: Final = "agora-signature-v2"
RECORDING: Final = 3
"""Agora's number of cloud recording among its products."""
LONGEST_ID: Final = 255
_DIGITS: Final = 64
_LONGEST_TEXT: Final = 200


class Happened(StrEnum):
    """What a notification tells of a recorder."""

    FAILED = "failed"
    """Something went wrong; whether it goes on, a query tells."""
    STARTED = "started"
    """It is in the channel."""
    MOVED = "moved"
    """It went on at another server, as another uid."""
    LEFT = "left"
    """It is out of the channel."""
    UPLOADED = "uploaded"
    """All files are in the bucket."""
    BACKED_UP = "backed_up"
    """Some files are at the service, and come into the bucket later."""
    ENDED = "ended"
    """It is over; `broken` when by a fault."""


TYPES: Final[Mapping[int, Happened]] = {
    1: Happened.FAILED,
    11: Happened.ENDED,
    12: Happened.MOVED,
    31: Happened.UPLOADED,
    32: Happened.BACKED_UP,
    40: Happened.STARTED,
    41: Happened.LEFT,
}
"""Those that tell something new; the others are ignored."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification about a recorder: a reason to ask, and nothing more. `uid` is the recorder's,
    the new one after it moved."""

    sid: str
    happened: Happened
    channel: str
    uid: int
    at: datetime | None
    files: tuple[File, ...] = ()
    broken: bool = False


class AgoraHooks:
    """Reads what was signed with this secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def reads_at_once(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002  # the protocol's
        """Always: the secret is here."""
        return True

    def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Event:  # noqa: ARG002  # the protocol's
        """Whatever it is about, also the test events of the console's health check: those must be
        answered as any other. Types read `recording.31`, or `agora.1.101` of another product.

        Raises:
            BadSignature, BadEvent
        """
        offered = headers.get(SIGNATURE, "").strip().lower()
        if len(offered) != _DIGITS or not offered.isascii():
            raise BadSignature("the Agora-Signature-V2 header is missing or malformed")
        expected = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, offered):
            raise BadSignature("the signature does not match")
        match parsed(body):
            case {"noticeId": str(id_), "productId": product, "eventType": kind, **rest} if (
                is_name(id_, LONGEST_ID) and _is_number(product) and _is_number(kind)
            ):
                sid = str(_object(rest.get("payload")).get("sid") or "")
                named = "recording" if product == RECORDING else f"agora.{product}"
                return Event(id_, f"{named}.{kind}", sid if is_name(sid, LONGEST_ID) else "")
            case _:
                raise BadEvent("the body is not a notification with noticeId, productId, eventType")


def notice(payload: str) -> Notice | None:
    """What a stored notification tells of a recorder; None when it tells nothing new of any.

    Raises:
        BadEvent
    """
    match parsed(payload.encode()):
        case {"productId": 3, "eventType": int(kind), "payload": dict(found)} if kind in TYPES:
            told = cast("dict[str, Any]", found)
        case _:
            return None
    sid = str(told.get("sid") or "")
    if not is_name(sid, LONGEST_ID):
        return None
    details, happened = _object(told.get("details")), TYPES[kind]
    uid = details.get("newUid") if happened is Happened.MOVED else told.get("uid")
    return Notice(
        sid=sid,
        happened=happened,
        channel=str(told.get("cname") or "")[:_LONGEST_TEXT],
        uid=_whole(uid),
        at=bodies.moment(told.get("sendts")),
        files=bodies.files(details.get("fileList")),
        broken=happened is Happened.ENDED and _whole(details.get("exitStatus")) != 0,
    )


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000


def _whole(value: object) -> int:
    """A number, also as text; 0 when it is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0

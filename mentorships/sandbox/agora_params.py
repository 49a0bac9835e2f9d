"""What Agora checks in a request's body (VENDORS.md, Cloud Recording REST)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

from mentorships.sandbox.agora_errors import invalid
from mentorships.sandbox.store import Json

_CHANNEL = re.compile(r"[A-Za-z0-9 !#$%&()+\-:;<=.>?@\[\]^_{|},~]{1,63}")
_PREFIX = re.compile(r"[a-zA-Z0-9]+")
_LONGEST_PREFIX = 128
_LARGEST_UID = 2**32 - 1
_VENDORS = {1, 2, 3, 5, 6, 7, 8, 11}
_FORMATS = (["hls"], ["hls", "mp4"])
SUPPORTED = {1, 11}
"""The vendors of storage that this simulator can write to."""


@dataclass(frozen=True, slots=True)
class Start:
    """A start that Agora takes. `formats` are hls, or hls and mp4."""

    token: str
    max_idle: int
    formats: tuple[str, ...]
    storage: Json
    prefix: str


def names(body: Json) -> tuple[str, str]:
    """The channel and the recorder's uid.

    Raises:
        AgoraError: 400/2
    """
    channel, uid = body.get("cname"), body.get("uid")
    if not isinstance(channel, str) or not _CHANNEL.fullmatch(channel):
        raise invalid("cname is invalid!")
    digits = isinstance(uid, str) and uid.isascii() and uid.isdigit() and len(uid) <= 10
    if not isinstance(uid, str) or not digits or not 1 <= int(uid) <= _LARGEST_UID:
        raise invalid("uid must be a quoted integer from 1 to 2^32-1!")
    return channel, uid


def _part(body: Json, name: str) -> Json:
    found = body.get(name)
    if not isinstance(found, dict):
        raise invalid(f"{name} is missing or no object!")
    return cast(Json, found)


def _whole(body: Json, name: str, usual: int | None, least: int, most: int) -> int:
    value: Any = body.get(name, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise invalid(f"{name} must be a number from {least} to {most}!")
    return value


def acquire(body: Json) -> int:
    """For how many hours the recorder may be asked about.

    Raises:
        AgoraError: 400/2
    """
    asked = _part(body, "clientRequest")
    if _whole(asked, "scene", 0, 0, 2) != 0:
        raise invalid("scene must be 0 to record a channel!")
    return _whole(asked, "resourceExpiredHour", 72, 1, 720)


def start(body: Json) -> Start:
    """What is to be recorded, how, and where to.

    Raises:
        AgoraError: 400/2
    """
    asked = _part(body, "clientRequest")
    recording = _part(asked, "recordingConfig")
    if _whole(recording, "channelType", None, 0, 1) != 0:
        raise invalid("channelType must be that of the channel!")
    _whole(recording, "streamTypes", 2, 0, 2)
    _picture(recording)
    files = asked.get("recordingFileConfig", {})
    formats = _part(asked, "recordingFileConfig").get("avFileType", ["hls"]) if files else ["hls"]
    if formats not in _FORMATS:
        raise invalid("avFileType must be [hls] or [hls, mp4]!")
    storage = _part(asked, "storageConfig")
    token = asked.get("token", "")
    return Start(
        token=token if isinstance(token, str) else "",
        max_idle=_whole(recording, "maxIdleTime", 30, 5, 2_592_000),
        formats=tuple(formats),
        storage=_storage(storage),
        prefix=_prefix(storage.get("fileNamePrefix", [])),
    )


def _picture(recording: Json) -> None:
    if "transcodingConfig" not in recording:
        return
    picture = _part(recording, "transcodingConfig")
    _whole(picture, "width", 360, 1, 1920)
    _whole(picture, "height", 640, 1, 1920)
    _whole(picture, "fps", 15, 1, 60)
    _whole(picture, "bitrate", 500, 1, 6500)
    _whole(picture, "mixedVideoLayout", 0, 0, 3)


def _storage(storage: Json) -> Json:
    vendor = storage.get("vendor")
    if vendor not in _VENDORS:
        raise invalid("vendor is none that Agora knows!")
    kept: Json = {"vendor": vendor, "region": _whole(storage, "region", None, 0, 99)}
    for name in ("bucket", "accessKey", "secretKey"):
        if not isinstance(storage.get(name), str):
            raise invalid(f"{name} is missing!")
        kept[name] = storage[name]
    if not kept["bucket"]:
        raise invalid("bucket is missing!")
    if vendor == 11:
        endpoint = _part(storage, "extensionParams").get("endpoint")
        if not isinstance(endpoint, str) or not endpoint or "/" in endpoint:
            raise invalid("endpoint must be a host name without a scheme!")
        kept["endpoint"] = endpoint
    return kept


def _prefix(parts: object) -> str:
    if not isinstance(parts, list):
        raise invalid("fileNamePrefix must be a list!")
    texts = [each for each in cast("list[object]", parts) if isinstance(each, str)]
    joined = "/".join(texts)
    plain = all(map(_PREFIX.fullmatch, texts)) and len(texts) == len(cast("list[object]", parts))
    if not plain or len(joined) > _LONGEST_PREFIX:
        raise invalid("fileNamePrefix holds letters and digits only, 128 characters at most!")
    return joined


def stop(body: Json) -> bool:
    """Whether the answer comes at once.

    Raises:
        AgoraError: 400/2
    """
    wanted = _part(body, "clientRequest").get("async_stop", False)
    if not isinstance(wanted, bool):
        raise invalid("async_stop must be true or false!")
    return wanted

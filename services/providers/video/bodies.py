"""Agora's JSON: what a recorder is started with, and what its answers say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from services.providers.video.base import (
    IDLE_SECONDS,
    LONGEST_PREFIX,
    Bucket,
    File,
    Phase,
    Upload,
)

Json = dict[str, Any]

WIDTH: Final = 1280
HEIGHT: Final = 720
FRAMES: Final = 15
KILOBITS: Final = 1130
"""What Agora recommends for this size and 15 pictures a second."""
_AMAZON: Final = 1
_S3_COMPATIBLE: Final = 11
FOLDER_HOST: Final = "folder.invalid"
"""The endpoint that stands for a folder on this machine; there can be no such host."""
REGIONS: Final[Mapping[str, int]] = {
    "us-east-1": 0,
    "us-east-2": 1,
    "us-west-1": 2,
    "us-west-2": 3,
    "eu-west-1": 4,
    "eu-west-2": 5,
    "eu-west-3": 6,
    "eu-central-1": 7,
    "ap-southeast-1": 8,
    "ap-southeast-2": 9,
    "ap-northeast-1": 10,
    "ap-northeast-2": 11,
    "sa-east-1": 12,
    "ca-central-1": 13,
    "ap-south-1": 14,
    "af-south-1": 18,
    "ap-east-1": 19,
    "ap-northeast-3": 20,
    "eu-north-1": 21,
    "me-south-1": 22,
    "ap-southeast-3": 24,
    "eu-south-1": 25,
}
"""Agora's numbers of Amazon's regions."""
_PREFIX: Final = re.compile(r"[a-zA-Z0-9]+")
_PHASES: Final[Mapping[int, Phase]] = {
    **dict.fromkeys((0, 1, 2, 3), Phase.COMING),
    **dict.fromkeys((4, 5), Phase.RECORDING),
    **dict.fromkeys((6, 8), Phase.ENDING),
    7: Phase.OVER,
    20: Phase.BROKEN,
}
_DIGITS: Final = 13
"""Of a time in milliseconds, until the year 2286."""
_UPLOADS: Final[Mapping[str, Upload]] = {"uploaded": Upload.DONE, "backuped": Upload.LATER}


def start(*, token: str, bucket: Bucket, prefix: tuple[str, ...]) -> Json:
    """The `clientRequest` of a start.

    Raises:
        ValueError: Agora can write there under no such prefix, or not into such a bucket.
    """
    if not all(map(_PREFIX.fullmatch, prefix)) or len("/".join(prefix)) > LONGEST_PREFIX:
        raise ValueError("a prefix holds letters and digits only, 128 characters at most")
    return {
        "token": token,
        "recordingConfig": {
            "channelType": 0,
            "streamTypes": 2,
            "maxIdleTime": IDLE_SECONDS,
            "transcodingConfig": {
                "width": WIDTH,
                "height": HEIGHT,
                "fps": FRAMES,
                "bitrate": KILOBITS,
                "mixedVideoLayout": 1,
            },
        },
        "recordingFileConfig": {"avFileType": ["hls", "mp4"]},
        "storageConfig": {**_storage(bucket), "fileNamePrefix": list(prefix)},
    }


def _storage(bucket: Bucket) -> Json:
    keys = {"bucket": bucket.name, "accessKey": bucket.key_id, "secretKey": bucket.secret}
    match bucket.kind:
        case "aws":
            if bucket.region not in REGIONS:
                raise ValueError(f"Agora writes into no bucket in the region {bucket.region!r}")
            return {"vendor": _AMAZON, "region": REGIONS[bucket.region], **keys}
        case "s3":
            host = bucket.endpoint.partition("://")[2] or bucket.endpoint
            endpoint = {"endpoint": host.rstrip("/")}
        case "folder":
            endpoint = {"endpoint": FOLDER_HOST}
    return {"vendor": _S3_COMPATIBLE, "region": 0, **keys, "extensionParams": endpoint}


def told(body: Json) -> Json:
    """The part of an answer that the recorder itself wrote."""
    found = body.get("serverResponse")
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def phase(response: Json) -> Phase:
    """What the number of a status means; one that we do not know is no reason to give up."""
    status = response.get("status")
    return _PHASES.get(status, Phase.COMING) if isinstance(status, int) else Phase.COMING


def upload(response: Json) -> Upload:
    """Where the files are."""
    return _UPLOADS.get(str(response.get("uploadingStatus", "")), Upload.UNKNOWN)


def files(listed: object) -> tuple[File, ...]:
    """The files of an answer or a webhook: a list, or the name of a playlist."""
    match listed:
        case str(name) if name:
            return (File(name),)
        case list(entries):
            return tuple(found for entry in entries if (found := _file(entry)) is not None)  # pyright: ignore[reportUnknownVariableType]
        case _:
            return ()


def _file(entry: object) -> File | None:
    match entry:
        case {"fileName": str(name), **rest} if name:
            return File(name, moment(rest.get("sliceStartTime")))
        case _:
            return None


def moment(milliseconds: object) -> datetime | None:
    """A Unix time in milliseconds, also as text; None when there is none."""
    text = str(milliseconds)
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS or not int(text):
        return None
    return datetime.fromtimestamp(int(text) / 1000, UTC)

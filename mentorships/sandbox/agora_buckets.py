"""Writes a recording's files where it was told to: into a bucket, by requests signed as AWS wants
it (Signature Version 4), or into a folder below DATA_DIR, which stands for a bucket."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx

from mentorships.sandbox.store import Json
from services.config import Settings
from services.settings_checks import LOOPBACK_HOSTS

FOLDER_HOST = "folder.invalid"
"""The endpoint that stands for a folder; there can be no such host."""
TIMEOUT_SECONDS = 30
_AMAZON = 1
_REGIONS = {
    0: "us-east-1", 1: "us-east-2", 2: "us-west-1", 3: "us-west-2", 4: "eu-west-1", 5: "eu-west-2",
    6: "eu-west-3", 7: "eu-central-1", 8: "ap-southeast-1", 9: "ap-southeast-2",
    10: "ap-northeast-1", 11: "ap-northeast-2", 12: "sa-east-1", 13: "ca-central-1",
    14: "ap-south-1", 18: "af-south-1", 19: "ap-east-1", 20: "ap-northeast-3", 21: "eu-north-1",
    22: "me-south-1", 24: "ap-southeast-3", 25: "eu-south-1",
}  # fmt: skip
_UNKNOWN_REGION = "us-east-1"


class NotWritten(Exception):
    """The bucket did not take a file; the text says why."""


async def write(
    client: httpx.AsyncClient, settings: Settings, storage: Json, key: str, content: bytes
) -> None:
    """Put one file.

    Raises:
        NotWritten
    """
    if storage.get("endpoint") == FOLDER_HOST:
        await asyncio.to_thread(_into_folder, settings.data_dir, storage["bucket"], key, content)
        return
    request = signed(storage, key, content, datetime.now(UTC))
    try:
        answer = await client.send(request)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotWritten(type(error).__name__) from error
    if not answer.is_success:
        raise NotWritten(f"HTTP {answer.status_code}")


def _into_folder(data_dir: Path, bucket: str, key: str, content: bytes) -> None:
    folder, home = Path(bucket).resolve(), data_dir.resolve()
    if home not in folder.parents:
        raise NotWritten("the folder is not below DATA_DIR")
    target = folder / key
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, written = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(written).replace(target)
    except OSError as error:
        raise NotWritten(error.strerror or type(error).__name__) from error


def _address(storage: Json) -> tuple[str, str]:
    """The origin of the service, and its region."""
    if storage["vendor"] == _AMAZON:
        region = _REGIONS.get(storage["region"], _UNKNOWN_REGION)
        return f"https://s3.{region}.amazonaws.com", region
    host = str(storage["endpoint"])
    bare = host.rsplit(":", 1)[0] if host.rsplit(":", 1)[-1].isdigit() else host
    scheme = "http" if bare.strip("[]") in LOOPBACK_HOSTS else "https"
    return f"{scheme}://{host}", _UNKNOWN_REGION


def signed(storage: Json, key: str, content: bytes, now: datetime) -> httpx.Request:
    """The request that puts the file."""
    origin, region = _address(storage)
    path = f"/{quote(storage['bucket'])}/{quote(key)}"
    digest, moment = hashlib.sha256(content).hexdigest(), now.strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "host": httpx.URL(origin).netloc.decode(),
        "x-amz-content-sha256": digest,
        "x-amz-date": moment,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"PUT\n{path}\n\n{lines}\n{names}\n{digest}"
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    signing = b"AWS4" + storage["secretKey"].encode()
    for part in scope.split("/"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}"
    signature = hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={storage['accessKey']}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return httpx.Request("PUT", f"{origin}{path}", headers=headers, content=content)

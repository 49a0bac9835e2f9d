"""Servers that speak S3, from wheels, on loopback: SeaweedFS, which keeps versions, and rclone,
which keeps none. Both check signatures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from services.errors import ProviderError
from services.providers.storage.base import PartRules
from services.providers.storage.profiles import PROFILES
from services.providers.storage.s3 import S3Storage
from services.providers.storage.s3_wire import READ_SECONDS, Wire
from tests.support.ports import free_ports

START_SECONDS = 60
COPY_SECONDS = 600.0
KEY_ID = "studio"
SECRET = "only-for-tests-0123456789"
REGION = "us-east-1"


@dataclass(frozen=True)
class Bucket:
    """A bucket, and how to reach it."""

    endpoint: str
    name: str

    def store(
        self,
        kind: str = "s3",
        *,
        endpoint: str = "",
        secret: str = SECRET,
        part_rules: PartRules | None = None,
        read_seconds: float = 20,
        cdn_base: str = "",
    ) -> S3Storage:
        """The adapter for it, as the store `bucket`, perhaps through a proxy at `endpoint`."""
        profile = replace(PROFILES[kind], by_host=False)
        if part_rules:
            profile = replace(profile, part_rules=part_rules)
        wire = Wire(
            name="bucket",
            endpoint=endpoint or self.endpoint,
            region=REGION,
            key_id=KEY_ID,
            secret=secret,
            read_seconds=read_seconds,
        )
        return S3Storage(wire, bucket=self.name, profile=profile, cdn_base=cdn_base)

    def copy(self, source_key: str, key: str) -> None:
        """Copy a file of at most 5 GB within it, without its bytes coming here."""
        client = _wire(self.endpoint, read_seconds=COPY_SECONDS).client
        source = {"Bucket": self.name, "Key": source_key}
        client.copy_object(Bucket=self.name, Key=key, CopySource=source)

    def hide(self, key: str) -> None:
        """Delete a file by its name alone, as a dashboard or another program does."""
        _client(self.endpoint).delete_object(Bucket=self.name, Key=key)

    def settings(self, name: str, kind: str = "s3") -> dict[str, str]:
        """The environment that makes it a store of that name."""
        parts = {
            "KIND": kind,
            "ENDPOINT": self.endpoint,
            "REGION": REGION,
            "BUCKET": self.name,
            "KEY_ID": KEY_ID,
            "SECRET": SECRET,
        }
        return {f"STORAGE_{name.upper()}_{part}": value for part, value in parts.items()}


class Server:
    """A server's process; stop and start keep what it holds, and its address."""

    program: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Its address."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """What starts it, after the program's name."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program(self.program), *self.command()],
                cwd=self.folder,
                env={
                    **os.environ,
                    "RCLONE_CONFIG": str(self.folder / "none.conf"),
                    # Each bucket takes volumes of its own: one at a time, not seven.
                    "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, f"{self.program} did not start: {self._log()}"
            assert time.monotonic() < until, f"{self.program} does not answer: {self._log()}"
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it as a crash would: what it holds is on its disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def bucket(self, name: str, *, versioned: bool = False) -> Bucket:
        """An empty bucket of that name, which nobody has used before."""
        client = _client(self.endpoint)
        client.create_bucket(Bucket=name)
        if versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return Bucket(self.endpoint, name)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _answers(self) -> bool:
        wire = _wire(self.endpoint)
        try:
            with wire.failures():
                wire.client.list_buckets()
        except ProviderError:
            return False
        return True

    def _log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")[-2000:]


class SeaweedFS(Server):
    """Master, volume, filer and S3 gateway in one process."""

    program = "weed"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._ports = free_ports(8)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports[6]}"

    def tidy(self) -> None:
        """Give the space of what was deleted back to the disk, now and not in a while."""
        address = f"http://127.0.0.1:{self._ports[0]}/vol/vacuum?garbageThreshold=0.01"
        with urllib.request.urlopen(address, timeout=START_SECONDS) as answer:
            answer.read()

    def command(self) -> list[str]:
        (self.folder / "data").mkdir(exist_ok=True)
        may = {"actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        who = {"name": "studio", "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}]}
        (self.folder / "s3.json").write_text(json.dumps({"identities": [who | may]}))
        names = ("master", "volume", "filer", "s3")
        ports = [
            f"-{name}.port{kind}={self._ports[2 * at + more]}"
            for at, name in enumerate(names)
            for more, kind in enumerate(("", ".grpc"))
        ]
        return [
            "server",
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-filer",
            "-s3",
            f"-s3.config={self.folder / 's3.json'}",
            "-s3.iam=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.localSocket={self.folder / 's3.sock'}",
            f"-filer.localSocket={self.folder / 'filer.sock'}",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=512",
            "-volume.max=1000",
            "-volume.minFreeSpace=1",
            "-volume.preStopSeconds=0",
            *ports,
        ]


class Rclone(Server):
    """`rclone serve s3` over a folder; its buckets are folders below it."""

    program = "rclone"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        [self._port] = free_ports(1)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def command(self) -> list[str]:
        (self.folder / "data").mkdir(exist_ok=True)
        return [
            "serve",
            "s3",
            "--addr",
            f"127.0.0.1:{self._port}",
            "--auth-key",
            f"{KEY_ID},{SECRET}",
            str(self.folder / "data"),
        ]


def _wire(endpoint: str, *, read_seconds: float = READ_SECONDS) -> Wire:
    return Wire(
        name="s3",
        endpoint=endpoint,
        region=REGION,
        key_id=KEY_ID,
        secret=SECRET,
        read_seconds=read_seconds,
    )


def _client(endpoint: str) -> Any:
    """The vendor's client, for what the product never does."""
    return _wire(endpoint).client


def program(name: str) -> str:
    """A wheel's program: beside this Python, or wherever else the wheels were installed."""
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    found = shutil.which(name, path=places)
    assert found, f"{name} is missing: it is installed with requirements-dev.txt"
    return found

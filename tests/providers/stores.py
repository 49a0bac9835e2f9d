"""The stores that the contract is tested with. A new one is one more function and one more name in
`STORES`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.providers.storage.base import PartRules, Storage
from services.providers.storage.local import LocalStorage
from services.providers.storage.s3 import S3Storage
from tests.support.s3 import Bucket, Rclone, SeaweedFS
from tests.support.s3_proxy import Proxy, proxied

MB = 2**20
PART = 5 * MB
SMALL_PARTS = PartRules(usual=PART)
"""The smallest that S3 takes."""


@dataclass(frozen=True)
class At:
    """A store, and what it cannot do."""

    store: Storage
    keeps_versions: bool = False
    replaces_parts: bool = True
    bucket: Bucket | None = None
    """None of a folder."""

    @property
    def has_links(self) -> bool:
        return self.bucket is not None


@dataclass(frozen=True)
class Ground:
    """What the stores are made from."""

    folder: Path
    seaweedfs: Callable[[], SeaweedFS]
    rclone: Callable[[], Rclone]
    stack: ExitStack

    def versioned(self) -> Bucket:
        return self.seaweedfs().bucket(a_name(), versioned=True)


def a_name() -> str:
    """The name of a bucket that nobody has."""
    return f"b-{secrets.token_hex(6)}"


def _local(ground: Ground) -> At:
    store = LocalStorage(ground.folder / "files")
    store.part_rules = SMALL_PARTS
    return At(store)


def _seaweedfs(ground: Ground) -> At:
    bucket = ground.versioned()
    return At(bucket.store(part_rules=SMALL_PARTS), keeps_versions=True, bucket=bucket)


def _without_versions(ground: Ground) -> At:
    bucket = ground.seaweedfs().bucket(a_name())
    return At(bucket.store(part_rules=SMALL_PARTS), bucket=bucket)


def _with_checksums(ground: Ground) -> At:
    bucket = ground.versioned()
    return At(bucket.store("aws", part_rules=SMALL_PARTS), keeps_versions=True, bucket=bucket)


def _rclone(ground: Ground) -> At:
    bucket = ground.rclone().bucket(a_name())
    return At(bucket.store(part_rules=SMALL_PARTS), replaces_parts=False, bucket=bucket)


def _r2(ground: Ground) -> At:
    bucket = ground.rclone().bucket(a_name())
    return At(bucket.store("r2", part_rules=SMALL_PARTS), replaces_parts=False, bucket=bucket)


def _b2(ground: Ground) -> At:
    bucket = ground.versioned()
    proxy = ground.stack.enter_context(proxied(bucket.endpoint, as_b2=True))
    through = Bucket(proxy.endpoint, bucket.name)
    return At(through.store("b2", part_rules=SMALL_PARTS), keeps_versions=True, bucket=through)


STORES: dict[str, Callable[[Ground], At]] = {
    "local disk": _local,
    "SeaweedFS": _seaweedfs,
    "SeaweedFS without versions": _without_versions,
    "SeaweedFS with checksums": _with_checksums,
    "rclone": _rclone,
    "rclone as R2": _r2,
    "SeaweedFS as B2": _b2,
}


@pytest.fixture
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """A folder, and servers that start when they are asked for."""
    with ExitStack() as stack:
        yield Ground(
            tmp_path,
            lambda: request.getfixturevalue("seaweedfs"),
            lambda: request.getfixturevalue("rclone"),
            stack,
        )


@pytest.fixture(params=STORES)
def at(request: pytest.FixtureRequest, ground: Ground) -> At:
    """Each store in turn, empty."""
    return STORES[request.param](ground)


@dataclass(frozen=True)
class Behind:
    """A store behind a proxy, and the same one without it."""

    proxy: Proxy
    store: S3Storage
    direct: S3Storage


@pytest.fixture
def behind(ground: Ground) -> Behind:
    """A bucket with versions, through a proxy."""
    bucket = ground.versioned()
    proxy = ground.stack.enter_context(proxied(bucket.endpoint))
    store = bucket.store(endpoint=proxy.endpoint, part_rules=SMALL_PARTS, read_seconds=20)
    return Behind(proxy, store, bucket.store(part_rules=SMALL_PARTS))

"""Gives the stores by their names in the settings. Each is made once per process and settings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from services.config import settings
from services.errors import ProviderUnavailable
from services.providers.storage.base import Storage
from services.providers.storage.local import LocalStorage
from services.store_settings import StoreSettings

UNKNOWN = "unknown_store"


def own_files() -> Storage:
    """The store for the product's own files, such as photos: the folder `files` in DATA_DIR, which
    backups hold."""
    return LocalStorage(settings().data_dir / "files")


def default_store() -> Storage:
    """Where new recordings are kept: STORAGE_DEFAULT."""
    return store(settings().storage_default)


def recording_source() -> Storage:
    """Where the recorder leaves its files: RECORDING_SOURCE."""
    return store(settings().recording_source)


def store(name: str) -> Storage:
    """The store of that name, which a file's row may remember from earlier settings.

    Raises:
        ProviderUnavailable: no store of that name is set up any more; for an operator to put right.
    """
    chosen = settings()
    found = chosen.stores.get(name)
    if found is None:
        raise ProviderUnavailable(
            name, f"STORAGE_{name.upper()}_KIND is not set any more", code=UNKNOWN, stop=True
        )
    cdn = chosen.files_cdn_base if name == chosen.storage_default else ""
    return _made(found, cdn)


def forget() -> None:
    """Make the stores anew."""
    _made.cache_clear()


@lru_cache(maxsize=16)
def _made(chosen: StoreSettings, cdn_base: str) -> Storage:
    if chosen.is_folder:
        return LocalStorage(Path(chosen.bucket), chosen.name)
    from services.providers.storage.profiles import PROFILES
    from services.providers.storage.s3 import S3Storage
    from services.providers.storage.s3_wire import Wire

    profile = PROFILES[chosen.kind]
    wire = Wire(
        name=chosen.name,
        endpoint=chosen.endpoint,
        region=chosen.region,
        key_id=chosen.key_id,
        secret=chosen.secret,
        by_host=profile.by_host,
    )
    return S3Storage(wire, bucket=chosen.bucket, profile=profile, cdn_base=cdn_base)

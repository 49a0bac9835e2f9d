"""Picks the video adapter by the settings."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Final

from services.config import settings
from services.providers.hooks import Hooks
from services.providers.rehearsing import seen_by
from services.providers.video.base import Bucket, VideoProvider
from services.settings_checks import AGORA_API, AGORA_OTHER_API
from services.store_settings import StoreSettings

_READS: Final = frozenset({"query", "check"})
_HARMLESS: Final = frozenset({"ticket"})
_making = threading.Lock()
"""Threads that come together must get the same adapter: a pace of its own would be no pace."""


@lru_cache(maxsize=4)
def _agora(
    app_id: str,
    certificate: str,
    customer_id: str,
    customer_secret: str,
    api_base: str,
    timeout_seconds: float,
    per_second: int,
) -> VideoProvider:
    from services.providers.video.agora import Agora
    from services.providers.video.wire import Wire

    wire = Wire(
        domains_of(api_base),
        customer_id=customer_id,
        customer_secret=customer_secret,
        timeout_seconds=timeout_seconds,
        per_second=per_second,
    )
    return Agora(wire, app_id=app_id, certificate=certificate)


@lru_cache(maxsize=4)
def _hooks(secret: str) -> Hooks:
    from services.providers.video.events import AgoraHooks

    return AgoraHooks(secret)


def domains_of(api_base: str) -> list[str]:
    """The addresses of the same service, the chosen one first: Agora itself has two."""
    twins = [AGORA_API, AGORA_OTHER_API]
    return sorted(twins, key=api_base.__ne__) if api_base in twins else [api_base]


def video() -> VideoProvider:
    """The adapter, made once per process and settings: its threads share Agora's pace."""
    chosen = settings()
    with _making:
        adapter = _agora(
            chosen.effective_agora_app_id,
            chosen.effective_agora_app_certificate,
            chosen.effective_agora_customer_id,
            chosen.effective_agora_customer_secret,
            chosen.agora_api_base,
            chosen.agora_timeout_seconds,
            chosen.agora_per_second,
        )
    return seen_by(adapter, "agora", reads=_READS, harmless=_HARMLESS)


def hooks() -> Hooks | None:
    """Who reads the video service's notifications; None where no secret is set."""
    secret = settings().effective_agora_webhook_secret
    return _hooks(secret) if secret else None


def recording_bucket() -> Bucket:
    """Where recorders write: the store that RECORDING_SOURCE names."""
    chosen = settings()
    return bucket_of(chosen.stores[chosen.recording_source])


def bucket_of(store: StoreSettings) -> Bucket:
    """A store as a recorder is told of it."""
    if store.is_folder:
        return Bucket("folder", store.bucket)
    return Bucket(
        "aws" if store.kind == "aws" else "s3",
        store.bucket,
        region=store.region,
        endpoint=store.endpoint,
        key_id=store.key_id,
        secret=store.secret,
    )

"""Picks the store by the settings."""

from __future__ import annotations

from services.config import settings
from services.providers.storage.base import Storage
from services.providers.storage.local import LocalStorage


def default_store() -> Storage:
    """The store for the product's own files: the folder `files` below DATA_DIR."""
    return LocalStorage(settings().data_dir / "files")

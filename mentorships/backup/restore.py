"""Restoring a backup."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mentorships import migrations
from mentorships.backup import archive, folders
from mentorships.backup.archive import Manifest
from mentorships.backup.databases import Database, database_of, holds_rows
from mentorships.backup.errors import BackupError
from mentorships.backup.make import Working
from services.config import settings

_ALIVE_SECONDS: Final = 45
_CONNECT_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: when the backup was made (ISO, UTC), from which revision of the tables."""

    created_at: str
    migration: str
    files: int
    with_secret_key: bool


def restore(path: Path, *, replace: bool, working: Working) -> Restored:
    """Put a backup in the place of the database and the files.

    The files that the backup adds come first, then the database in one step, then the files that
    only the old database named are removed: whenever it is killed, the database that is there has
    its files.

    Raises:
        BackupError: nothing was changed, unless the sentence says otherwise.
    """
    if not path.is_file():
        raise BackupError(f"There is no backup at {path}.")
    url = settings().database_url
    database = database_of(url)
    refuse_while_running(database)
    if not replace and (holds_rows(url) or folders.stored(_store())):
        raise BackupError(
            "The database or the folder for files is not empty. To replace everything in them by "
            "the backup, say --replace."
        )
    with folders.staging(settings().data_dir) as staging:
        with working("Reading the backup and comparing its checksums"):
            manifest = archive.unpack(path, staging)
            _refuse_what_does_not_fit(path, manifest, database.kind)
        staged = staging / archive.DATABASE
        new = folders.stored(staging / archive.FILES)
        with working("Preparing the database"):
            database.prepare(staged)
        with working("Replacing the database and the files"):
            added = _add_missing(new)
            try:
                refuse_while_running(database)
                database.replace(staged)
            except BaseException:
                for file in added:
                    file.unlink(missing_ok=True)
                raise
            _make_equal(new)
            secret = _restore_key(staging / archive.SECRET_KEY, replace=replace)
            database.finish()
    return Restored(manifest.created_at, manifest.migration, len(new), secret)


def refuse_while_running(database: Database) -> None:
    """Web and worker must not see the database change under them.

    Raises:
        BackupError: one of them answers, or is connected.
    """
    from jobs import queue  # opens the queue's storage

    age: float | None = None
    with suppress(Exception):  # a queue that is away has no worker to speak of
        age = queue.heartbeat_age()
    if age is not None and age < _ALIVE_SECONDS:
        raise BackupError(
            f"A worker was alive {age:.0f} seconds ago: stop web and worker, wait a minute, then "
            "restore. Nothing was changed."
        )
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings().host, settings().host)  # noqa: S104
    with suppress(OSError), socket.create_connection((host, settings().port), _CONNECT_SECONDS):
        raise BackupError(
            f"Something answers on port {settings().port}: stop the product, then restore. "
            "Nothing was changed."
        )
    database.refuse_while_used()


def _refuse_what_does_not_fit(path: Path, manifest: Manifest, kind: str) -> None:
    if manifest.database != kind:
        raise BackupError(
            f"{path.name} holds a {manifest.database} database, and DATABASE_URL names a {kind} "
            "one. Nothing was changed."
        )
    if manifest.migration not in migrations.known():
        raise BackupError(
            f"{path.name} was made by a newer version of the product (revision "
            f"{manifest.migration}): update the product first. Nothing was changed."
        )


def _store() -> Path:
    return settings().data_dir / "files"


def _add_missing(new: dict[str, Path]) -> list[Path]:
    """Copy the files that are not there yet; returns them, so that a failure takes them back."""
    added: list[Path] = []
    for key, source in new.items():
        target = _store() / key
        if not target.exists():
            added.append(target)
            folders.put(source, target)
    return added


def _make_equal(new: dict[str, Path]) -> None:
    """Now that the database is the backup's: exactly the backup's files."""
    for key, source in new.items():
        target = _store() / key
        if target.stat().st_size != source.stat().st_size or (
            target.read_bytes() != source.read_bytes()
        ):
            folders.put(source, target)
    for key, path in folders.stored(_store()).items():
        if key not in new:
            path.unlink()


def _restore_key(source: Path, *, replace: bool) -> bool:
    """Put the secret key back, if the backup has it and the settings do not give another."""
    target = settings().data_dir / "secret_key"
    if not source.exists() or settings().secret_key or (target.exists() and not replace):
        return False
    folders.move(source, target)
    return True

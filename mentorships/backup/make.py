"""Making a backup."""

from __future__ import annotations

import os
import re
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mentorships.backup import archive, folders
from mentorships.backup.archive import Manifest, Writer
from mentorships.backup.databases import database_of
from mentorships.backup.errors import BackupError
from services import clock
from services.config import settings

Working = Callable[[str], AbstractContextManager[None]]
"""Tells the operator what is being done inside the `with` block."""

_NAME: Final = re.compile(r"mentorships-\d{8}T\d{6}Z\.tar\.gz")
_UNFINISHED: Final = ".mentorships-unfinished-"
_ABANDONED_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup; sizes in bytes, `pruned` the older ones that were removed."""

    path: Path
    size: int
    files: int
    pruned: int


def back_up(*, to: Path | None, with_secret_key: bool, keep: int | None, working: Working) -> Made:
    """Write one archive of the database and the files, while the product runs.

    Args:
        to: the file, or an existing folder for one; by default a file in BACKUP_DIR.
        with_secret_key: put DATA_DIR/secret_key in as well.
        keep: afterwards remove all but the newest so many backups in that folder.

    Raises:
        BackupError: nothing was written.
    """
    target = _target(to)
    key = _secret_key() if with_secret_key else None
    database = database_of(settings().database_url)
    with folders.staging(settings().data_dir) as staging:
        store, links = settings().data_dir / "files", staging / "files"
        staged = staging / archive.DATABASE
        with working("Copying the database"):
            # What the copied database names was there right before its instant, or right after.
            migration = database.snapshot(staged, lambda: folders.keep_links(store, links))
        parts = {archive.DATABASE: staged}
        parts |= {f"{archive.FILES}/{k}": path for k, path in folders.stored(links).items()}
        if key is not None:
            parts[archive.SECRET_KEY] = key
        with working(f"Packing it with {len(parts) - 1} files"):
            size = _write(target, parts, database.kind, database.server, migration)
        pruned = _prune(target.parent, keep) if keep is not None else 0
    return Made(target, size, len(parts) - 1, pruned)


def _target(to: Path | None) -> Path:
    name = f"mentorships-{clock.utc_now():%Y%m%dT%H%M%SZ}.tar.gz"
    path = (to or settings().backup_dir).absolute()
    try:
        if to is None:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = path / name if path.is_dir() else path
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackupError(f"Backups cannot be written to {path}: {error.strerror}.") from None
    if path.exists():
        raise BackupError(f"{path} is there already, and no backup replaces another.")
    return path


def _secret_key() -> Path:
    path = settings().data_dir / "secret_key"
    if settings().secret_key:
        raise BackupError(
            "The secret key comes from SECRET_KEY in your settings, not from DATA_DIR: "
            "keep it with them."
        )
    if not path.exists():
        raise BackupError("There is no secret key in DATA_DIR yet.")
    return path


def _write(target: Path, parts: dict[str, Path], kind: str, server: str, migration: str) -> int:
    """Write under another name, flush to the disk, rename: whole under its name, or not there."""
    handle, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=target.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            writer = Writer(file)
            for name, path in parts.items():
                writer.add(name, path)
            created = clock.utc_now().isoformat(timespec="seconds")
            writer.finish(Manifest(kind, server, migration, created, tuple(writer.parts)))
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).rename(target)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    folders.flush_folder(target.parent)
    return target.stat().st_size


def _prune(folder: Path, keep: int) -> int:
    """Remove older backups under names that we gave, and what killed ones left; how many."""
    ours = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    old = ours[: max(0, len(ours) - keep)]
    for path in old:
        path.unlink()
    for path in folder.glob(f"{_UNFINISHED}*"):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > _ABANDONED_SECONDS:
            path.unlink()
    return len(old)

"""A SQLite database as the backup sees it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from mentorships import migrations
from mentorships.backup.errors import BackupError
from mentorships.backup.folders import flush_folder, move

_WAIT_SECONDS: Final = 10
_LOGS: Final = ("-wal", "-shm", "-journal")
_WHOLE: Final = (*_LOGS, "")


class SqliteDatabase:
    """The file behind DATABASE_URL."""

    kind = "sqlite"

    def __init__(self, url: str) -> None:
        self._path = Path(url.removeprefix("sqlite:///"))

    @property
    def server(self) -> str:
        """The library's version."""
        return sqlite3.sqlite_version

    def snapshot(self, target: Path, keep_files: Callable[[], None]) -> str:
        """Copy the database as it is at one instant, while others write; its revision.

        `keep_files` is called right before and right after that instant.

        All pages in one step: in WAL mode the copy reads one snapshot and hinders no writer, and
        a copy in several steps would begin anew after each write of another process.

        Raises:
            BackupError
        """
        if not self._path.exists():
            raise BackupError("There is no database yet: nothing to back up.")
        try:
            with (
                closing(sqlite3.connect(self._path, timeout=_WAIT_SECONDS)) as source,
                closing(sqlite3.connect(target)) as copy,
            ):
                source.isolation_level = None
                keep_files()
                source.execute("BEGIN")
                source.execute("SELECT 1 FROM sqlite_master").fetchone()  # fixes the instant
                keep_files()
                source.backup(copy)
                return _one_file(copy)
        except sqlite3.Error as error:
            raise BackupError(f"The database cannot be copied: {error}.") from None

    def prepare(self, staged: Path) -> None:
        """Bring the unpacked database up to this version's tables, before anything is replaced.

        Raises:
            BackupError
        """
        try:
            migrations.upgrade(f"sqlite:///{staged}")
            with closing(sqlite3.connect(staged)) as copy:
                _one_file(copy)
        except Exception as error:  # whatever a migration meets in old data
            raise BackupError(
                f"The backup's database cannot be brought to this version: {error}. "
                "Nothing was changed."
            ) from error

    def replace(self, staged: Path) -> None:
        """Put the prepared file in the place of the database: one rename, at the end of a copy
        when the database lies on another file system than DATA_DIR.

        Raises:
            BackupError: somebody has the database open.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            self._retire()
        # A log without its database, or one that could not be folded, would be played into the new.
        self._set_aside(_LOGS)
        flush_folder(self._path.parent)
        move(staged, self._path)

    def refuse_while_used(self) -> None:
        """Nothing to ask here: `replace` finds out by itself."""

    def finish(self) -> None:
        """Nothing is left to do: the file was prepared before."""

    def _retire(self) -> None:
        """Fold the write-ahead log into the old file, so that none is left to be mistaken for the
        new file's; that works only when nobody else has the database open."""
        try:
            with closing(sqlite3.connect(self._path, timeout=_WAIT_SECONDS)) as old:
                old.execute("PRAGMA journal_mode = DELETE").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise BackupError(
                    "The database is open in another program: stop the product first. "
                    "Nothing was changed."
                ) from None
            self._set_aside(_WHOLE)
        except sqlite3.DatabaseError:
            self._set_aside(_WHOLE)

    def _set_aside(self, suffixes: tuple[str, ...]) -> None:
        """What cannot be read any more is kept beside the new database, for an expert's eyes."""
        for suffix in suffixes:
            part = Path(f"{self._path}{suffix}")
            if part.exists():
                part.rename(f"{self._path}.unreadable-{int(time.time())}{suffix}")


def _one_file(copy: sqlite3.Connection) -> str:
    """Check a copy and make it a single file without a log beside it; its revision."""
    copy.execute("PRAGMA journal_mode = DELETE").fetchone()
    (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise BackupError(f"The database is damaged: {found}. Restore the last good backup.")
    try:
        return str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.OperationalError, TypeError):
        raise BackupError("The database holds no tables of this product.") from None

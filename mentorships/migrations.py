"""The schema's version: is the database at head, and bring it there.

Asked at every start and by every `/ready`, so it needs neither Alembic nor SQLAlchemy to answer.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from mentorships.launch import ROOT
from services.config import settings

CONNECT_SECONDS = 5
_ASSIGNED = r"^{}\s*(?::[^=]+)?=\s*[\"']([^\"']+)[\"']"
_REVISION = re.compile(_ASSIGNED.format("revision"), re.MULTILINE)
_DOWN_REVISION = re.compile(_ASSIGNED.format("down_revision"), re.MULTILINE)


class DatabaseAway(Exception):
    """The database cannot be asked; the text is the driver's reason."""


@lru_cache
def head() -> frozenset[str]:
    """The newest revisions in `alembic/versions` (one, unless two branches were never merged)."""
    return known() - {f for source in _sources() for f in _DOWN_REVISION.findall(source)}


def known() -> frozenset[str]:
    """Every revision in `alembic/versions`."""
    return frozenset(found for source in _sources() for found in _REVISION.findall(source))


def _sources() -> list[str]:
    return [path.read_text() for path in (ROOT / "alembic" / "versions").glob("*.py")]


def current() -> frozenset[str]:
    """The revisions that the database of the settings is at; none when it is empty.

    Raises:
        DatabaseAway: it cannot be opened or reached.
    """
    url = settings().database_url
    return _of_sqlite(url) if settings().is_sqlite else _of_postgres(url)


def _of_sqlite(url: str) -> frozenset[str]:
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        return frozenset()
    try:
        with closing(sqlite3.connect(path, timeout=CONNECT_SECONDS)) as connection:
            known = connection.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            ).fetchone()
            return _versions(connection) if known else frozenset()
    except sqlite3.Error as error:
        raise DatabaseAway(str(error)) from None


def _versions(connection: sqlite3.Connection) -> frozenset[str]:
    return frozenset(
        row[0] for row in connection.execute("SELECT version_num FROM alembic_version")
    )


def _of_postgres(url: str) -> frozenset[str]:
    import psycopg

    dsn = url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        with psycopg.connect(dsn, connect_timeout=CONNECT_SECONDS) as connection:
            known = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
            if known is None or known[0] is None:
                return frozenset()
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            return frozenset(row[0] for row in rows)
    except psycopg.Error as error:
        raise DatabaseAway(str(error).strip().splitlines()[0]) from None


def at_head() -> bool:
    """Whether the database has every migration, and none of a newer version.

    Raises:
        DatabaseAway: it cannot be opened or reached.
    """
    return current() == head()


def upgrade(url: str | None = None) -> None:
    """Run the missing migrations on the database of the settings, or on the one at `url`."""
    from alembic.config import Config

    from alembic import command

    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "alembic"))
    if url:
        config.attributes["url"] = url
    command.upgrade(config, "head")

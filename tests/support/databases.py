"""A fresh, migrated database for each test, on SQLite or PostgreSQL, and which tests use which."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Dialect, Engine

from mentorships import migrations
from services import db
from services.config import settings
from tests.support.postgres import Postgres

DATABASES = ("sqlite", "postgres")
SEVERAL = "several"
"""What the `world` of a journey is called that happens on several hosts, and so on PostgreSQL."""
# A test that forgets the fixture must fail, not write into some database that happens to be there.
NO_DATABASE = "sqlite:////nonexistent/this-test-needs-the-database-fixture.db"


def worker_name() -> str:
    """The name of this pytest process: gw0, gw1 ... or main."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


class Databases:
    """Makes databases for one pytest process; PostgreSQL starts when the first test asks for it."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._postgres: Postgres | None = None
        self._template: Path | None = None

    @contextmanager
    def fresh(self, kind: str, folder: Path, *, migrated: bool = True) -> Iterator[str]:
        """The address of a database that exists only inside the `with` block."""
        if kind == "sqlite":
            target = folder / "app.db"
            if migrated:
                shutil.copyfile(self._sqlite_template(), target)
            yield f"sqlite:///{target}"
            return
        server = self._server()
        name = server.create(migrated=migrated)
        try:
            yield server.url(name)
        finally:
            server.drop(name)

    def close(self) -> None:
        """End what this process holds open."""
        if self._postgres:
            self._postgres.close()

    def _server(self) -> Postgres:
        if self._postgres is None:
            self._postgres = Postgres(self._run_dir, worker_name())
        return self._postgres

    def _sqlite_template(self) -> Path:
        if self._template is None:
            self._template = self._run_dir / f"template-{worker_name()}.db"
            migrations.upgrade(f"sqlite:///{self._template}")
        return self._template


@contextmanager
def in_use(url: str) -> Iterator[None]:
    """Point the product, in this process and in those that it starts, at a database."""
    before = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = url
    settings.cache_clear()
    db.configure(url)
    engine = db.engine()
    _share_statements(engine)
    try:
        yield
    finally:
        _keep_dialect(engine)
        db.dispose()
        os.environ["DATABASE_URL"] = before
        settings.cache_clear()


_DIALECTS: dict[str, Dialect] = {}
_COMPILED: dict[str, dict[Any, Any]] = {}
"""By the kind of the database."""


def _share_statements(engine: Engine) -> None:
    """Statements are compiled once per process, as in the product, and not in each test: that took
    a quarter of the time of all. What is compiled belongs to a dialect, so that is shared too."""
    if dialect := _DIALECTS.get(engine.name):
        engine.dialect = dialect
        engine.update_execution_options(compiled_cache=_COMPILED.setdefault(engine.name, {}))


def _keep_dialect(engine: Engine) -> None:
    """The first one that knows its server is everybody's."""
    if engine.dialect.server_version_info:
        _DIALECTS.setdefault(engine.name, engine.dialect)


def on_several(item: pytest.Item) -> bool:
    """Whether this is the turn of a journey that happens on several hosts."""
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    return item.callspec.params.get("world") == SEVERAL


def is_far(item: pytest.Item) -> bool:
    """Whether a test happens on several hosts."""
    return on_several(item) or "several" in getattr(item, "fixturenames", ())


def databases_of(item: pytest.Item) -> set[str]:
    """Which databases a collected test touches: none, one or both."""
    if not isinstance(item, pytest.Function):
        return set()
    names = item.fixturenames
    found: set[str] = set()
    if hasattr(item, "callspec") and "database" in item.callspec.params:
        found.add(str(item.callspec.params["database"]))
    several = on_several(item)
    if "live_app" in names or ("world" in names and not several):
        found.add("sqlite")
    if several or {"live_app_on_postgres", "several"} & set(names):
        found.add("postgres")
    return found


@dataclass(frozen=True)
class Report:
    """Which collected test uses which databases, for the comparison with one_database_only.txt."""

    files: frozenset[Path]
    tests: dict[str, list[str]]


REPORT = pytest.StashKey[Report]()


def report_of(items: list[pytest.Item]) -> Report:
    """The report of what was collected."""
    report: dict[str, set[str]] = {}
    for item in items:
        if found := databases_of(item):
            test = item.nodeid.partition("[")[0].partition("@")[0]
            report.setdefault(test, set()).update(found)
    tests = {test: sorted(found) for test, found in report.items()}
    return Report(frozenset(item.path for item in items), tests)

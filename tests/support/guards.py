"""What the tests of the schema's guards share: a filled database, and writes that are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from alembic import command
from services import db
from tests.support.filled import Filled, alembic_config, all_revisions, fill


def down_and_up(url: str) -> Filled:
    """A filled database whose revisions all went down, with data in it, and up again."""
    fill()
    db.dispose()
    config = alembic_config(url)
    command.downgrade(config, "base")
    for revision in all_revisions(config):
        command.upgrade(config, revision)
    return fill()


def refused(table: str, guard: str, write: Callable[[], object]) -> None:
    """The database refuses the write, and names this guard."""
    with pytest.raises(IntegrityError) as raised:
        write()
    diagnosis = getattr(raised.value.orig, "diag", None)
    if diagnosis is not None:
        assert diagnosis.constraint_name == guard
    else:  # SQLite names a CHECK by its name and a unique index by its columns
        assert guard in str(raised.value.orig) or f"{table}." in str(raised.value.orig)


def running(statement: str) -> Callable[[], object]:
    """A write in SQL."""

    def run() -> None:
        with db.transaction() as session:
            session.connection().execute(text(statement))

    return run

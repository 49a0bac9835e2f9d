"""The schema: up and down with data in it, and as the models say. Its guards: test_schema.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlmodel import SQLModel

from alembic import command
from services import db, inbox
from services.models import InboxStatus
from tests.support.databases import Databases, in_use
from tests.support.filled import alembic_config, all_revisions, an_inbox_event, fill

KINDS = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


def _tables() -> set[str]:
    db.dispose()  # a migration ran beside: nothing of the schema may be remembered
    return set(inspect(db.engine()).get_table_names()) - {"alembic_version"}


def _empty_tables() -> set[str]:
    with db.reading() as session:
        return {
            table.name
            for table in SQLModel.metadata.sorted_tables
            if session.connection().execute(table.select().limit(1)).first() is None
        }


@KINDS
def test_every_revision_goes_up_and_down_with_data_in_the_tables(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path, migrated=False) as url, in_use(url):
        config = alembic_config(url)
        for revision in all_revisions(config):
            command.upgrade(config, revision)
        expected = {table.name for table in SQLModel.metadata.sorted_tables}
        assert _tables() == expected
        fill()
        assert _empty_tables() == set()
        for _ in all_revisions(config):
            db.dispose()
            command.downgrade(config, "-1")
        assert _tables() == set()
        command.upgrade(config, "head")
        assert _tables() == expected
        fill()


@KINDS
def test_an_upgrade_of_what_is_up_to_date_keeps_every_row(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path) as url, in_use(url):
        fill()
        db.dispose()
        command.upgrade(alembic_config(url), "head")
        assert _empty_tables() == set()


@KINDS
def test_events_that_waited_for_a_handler_are_due_after_the_upgrade(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path) as url, in_use(url):
        with db.transaction() as session:
            event = an_inbox_event()
            event.status = InboxStatus.WAITING
            session.add(event)
        db.dispose()
        for go, revision in ((command.downgrade, "0004"), (command.upgrade, "head")):
            go(alembic_config(url), revision)
        [taken] = inbox.take()
        assert taken.event_id == "evt_1"


@KINDS
def test_the_migrations_make_what_the_models_say(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path) as url:
        command.check(alembic_config(url))  # raises when a new migration would not be empty

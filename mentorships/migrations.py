"""The schema's version: is the database at head, and bring it there."""

from __future__ import annotations

from functools import lru_cache

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from alembic import command
from mentorships.launch import ROOT
from services import db


def _config(url: str | None = None) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "alembic"))
    if url:
        config.attributes["url"] = url
    return config


@lru_cache
def _head() -> frozenset[str]:
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def at_head() -> bool:
    """Whether the database of this process has every migration, and none of a newer version."""
    with db.engine().connect() as connection:
        return frozenset(MigrationContext.configure(connection).get_current_heads()) == _head()


def upgrade(url: str | None = None) -> None:
    """Run the missing migrations on the database of the settings, or on the one at `url`."""
    command.upgrade(_config(url), "head")

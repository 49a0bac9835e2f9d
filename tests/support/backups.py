"""Studios to back up, and places to restore them into."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, pool, select
from sqlmodel import SQLModel

from services import audit, db
from services.audit import SYSTEM
from services.config import settings
from tests.services import rows
from tests.support.databases import Databases, in_use
from tests.support.ports import free_ports
from tests.support.servers import environment_of

Rows = dict[str, list[tuple[Any, ...]]]
Elsewhere = tuple[str, dict[str, str]]
"""A database's address, and settings for the rest."""


def quiet(_text: str) -> Any:
    return nullcontext()


def a_random_studio(seed: int) -> None:
    """People, mentors with photos, seats, packs, orders, payments: what a studio holds."""
    dice = random.Random(seed)
    mentors = [
        rows.a_mentor(f"Mina Mentor {n}", photo_key=f"{dice.randrange(1 << 62):032x}")
        for n in range(dice.randint(2, 4))
    ]
    for mentor in mentors:
        for size in ("large", "small"):
            file = settings().data_dir / "files" / "photos" / f"{mentor.photo_key}-{size}.webp"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(dice.randbytes(dice.randint(1, 40_000)))
    for n in range(dice.randint(5, 12)):
        mentee, mentor = rows.a_user(f"Nora Növak {n}"), dice.choice(mentors)
        seat = rows.a_seat(mentee, mentor)
        rows.a_pack(seat, left=dice.randint(0, 4))
        rows.a_payment(rows.an_order(mentee, rows.an_offer(mentor)))
        with db.transaction() as session:
            audit.record(session, actor=SYSTEM, action="test.made", thing=mentee.public_id)


def everything(url: str) -> Rows:
    """Every row of every table."""
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in SQLModel.metadata.tables.items()
        }


def files() -> dict[str, bytes]:
    """Every stored file of the studio in use."""
    store = settings().data_dir / "files"
    return {
        path.relative_to(store).as_posix(): path.read_bytes()
        for path in store.rglob("*")
        if path.is_file()
    }


@contextmanager
def a_free_port() -> Iterator[None]:
    """PORT is one where nothing answers."""
    with environment_of({"PORT": str(free_ports(1)[0])}):
        yield


@contextmanager
def an_empty_place(database: str, databases: Databases, folder: Path) -> Iterator[Elsewhere]:
    """An empty database of the same kind, without tables, and an empty folder for its data."""
    folder.mkdir()
    kind = "sqlite" if database.startswith("sqlite") else "postgres"
    with databases.fresh(kind, folder, migrated=False) as url:
        yield url, {"DATA_DIR": str(folder)}


@contextmanager
def moved_to(elsewhere: Elsewhere) -> Iterator[None]:
    """The product uses the other database and folder inside the `with` block."""
    db.dispose()
    with environment_of(elsewhere[1]), in_use(elsewhere[0]):
        yield
    db.configure(settings().database_url)


@contextmanager
def another_file_system() -> Iterator[Path]:
    """A folder that lies on another file system than the tests' temporary folders."""
    here = Path(tempfile.gettempdir()).stat().st_dev
    for place in (Path("/dev/shm"), Path("/var/tmp")):
        if os.access(place, os.W_OK) and place.stat().st_dev != here:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                yield Path(folder)
            return
    pytest.skip("this machine has one file system only")

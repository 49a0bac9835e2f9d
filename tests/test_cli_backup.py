"""Backup and restore: consistent while others write, whole or not there, back on both databases."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import signal
import stat
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from sqlalchemy import create_engine, pool, select, text
from sqlmodel import SQLModel, func

from alembic import command
from jobs import queue
from mentorships import migrations
from mentorships.backup import BackupError
from mentorships.backup.make import back_up
from mentorships.backup.postgres import tools_for
from mentorships.backup.restore import restore
from mentorships.launch import ROOT
from services import audit, db
from services.audit import SYSTEM
from services.config import settings
from services.models import AuditEntry, Mentor, User
from tests.services import rows
from tests.support.databases import Databases, in_use
from tests.support.ports import free_ports
from tests.support.servers import environment_of

Rows = dict[str, list[tuple[Any, ...]]]


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


@pytest.fixture(autouse=True)
def own_port() -> Iterator[None]:
    """Whatever else runs on this machine: the product of this test does not."""
    with environment_of({"PORT": str(free_ports(1)[0])}):
        yield


@pytest.fixture
def elsewhere(
    database: str, databases: Databases, tmp_path: Path
) -> Iterator[tuple[str, dict[str, str]]]:
    """An empty database of the same kind, without tables, and an empty folder for its data."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    kind = "sqlite" if database.startswith("sqlite") else "postgres"
    with databases.fresh(kind, folder, migrated=False) as url:
        yield url, {"DATA_DIR": str(folder)}


@contextmanager
def moved_to(elsewhere: tuple[str, dict[str, str]]) -> Iterator[None]:
    """The product uses the other database and folder inside the `with` block."""
    db.dispose()
    with environment_of(elsewhere[1]), in_use(elsewhere[0]):
        yield
    db.configure(settings().database_url)


def test_what_is_backed_up_comes_back_elsewhere_row_by_row_and_file_by_file(
    database: str, elsewhere: tuple[str, dict[str, str]]
) -> None:
    a_random_studio(seed=7)
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    before, photos = everything(database), files()
    assert len(photos) >= 4

    with moved_to(elsewhere):
        restore(made.path, replace=False, working=quiet)
        assert everything(settings().database_url) == before
        assert files() == photos
        with db.transaction() as session:  # sequences go on where they were
            session.add(User(email="new@example.com", name="New", password_hash="x"))
        with pytest.raises(Exception, match=r"append|audit"), db.transaction() as session:
            session.execute(AuditEntry.__table__.delete())  # type: ignore[attr-defined]


def test_a_backup_under_way_hinders_no_writer_and_shows_one_instant(
    database: str, elsewhere: tuple[str, dict[str, str]]
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
    database: str, elsewhere: tuple[str, dict[str, str]]
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


def test_a_database_that_is_not_empty_is_left_alone_without_replace(database: str) -> None:
    a_random_studio(seed=10)
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    rows.a_user("Later Lena")
    later = everything(database)
    with pytest.raises(BackupError, match="--replace"):
        restore(made.path, replace=False, working=quiet)
    assert everything(database) == later


def test_replace_takes_everything_back_to_the_backup(database: str) -> None:
    a_random_studio(seed=11)
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    before, photos = everything(database), files()
    rows.a_user("Later Lena")
    store = settings().data_dir / "files" / "photos"
    (store / "later-large.webp").write_bytes(b"later")
    next(store.glob("*-small.webp")).unlink()
    next(store.glob("*-large.webp")).write_bytes(b"overwritten")
    db.dispose()

    restore(made.path, replace=True, working=quiet)
    assert everything(database) == before
    assert files() == photos


def test_an_older_backup_is_brought_up_to_this_version(
    database: str, elsewhere: tuple[str, dict[str, str]]
) -> None:
    rows.a_user("Old Olga")
    db.dispose()
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["url"] = database
    command.downgrade(config, "0001")
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    with moved_to(elsewhere):
        restored = restore(made.path, replace=False, working=quiet)
        assert restored.migration == "0001"
        assert migrations.at_head()
        assert [user[2] for user in everything(settings().database_url)["user"]]


def rewritten(made: Path, change: Any) -> Path:
    """The archive with its parts changed by `change(name, content)`; None leaves a part out."""
    target = made.with_name("changed.tar.gz")
    with tarfile.open(made) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            content = old.extractfile(member)
            assert content
            result = change(member.name, content.read())
            if result is not None:
                name, data = result
                info = tarfile.TarInfo(name)
                info.size = len(data)
                new.addfile(info, io.BytesIO(data))
    return target


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def _with_revision(name: str, data: bytes) -> tuple[str, bytes]:
    if name == "manifest.json":
        data = json.dumps(json.loads(data) | {"migration": "9999"}).encode()
    return name, data


def _of_other_kind(name: str, data: bytes) -> tuple[str, bytes]:
    if name == "manifest.json":
        manifest = json.loads(data)
        other = "sqlite" if manifest["database"] == "postgresql" else "postgresql"
        data = json.dumps(manifest | {"database": other}).encode()
    return name, data


ESCAPED = "/tmp/mentorships-escaped-from-an-archive"
CHANGES: dict[str, tuple[Any, str]] = {
    "a flipped bit": (lambda n, d: (n, _flip(d) if n == "database" else d), "database is not as"),
    "a missing file": (lambda n, d: None if n.endswith("small.webp") else (n, d), "is not as it"),
    "no manifest": (lambda n, d: None if n == "manifest.json" else (n, d), "its end is missing"),
    "a way out": (lambda n, d: (n.replace("files/", "files/../../"), d), "does not belong"),
    "another place": (lambda n, d: (n.replace("files/", f"{ESCAPED}/"), d), "does not belong"),
    "a newer one": (_with_revision, "newer version of the product"),
    "another database": (_of_other_kind, "DATABASE_URL names a"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_an_archive_that_is_not_right_is_refused_and_nothing_changes(
    database: str, case: str
) -> None:
    a_random_studio(seed=12)
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    before, photos = everything(database), files()
    change, words = CHANGES[case]
    with pytest.raises(BackupError, match=words):
        restore(rewritten(made.path, change), replace=True, working=quiet)
    assert (everything(database), files()) == (before, photos)
    assert not list(Path(ESCAPED).glob("*"))


@pytest.mark.parametrize("end", [0, 10, 0.5, -12])
def test_a_truncated_or_foreign_archive_is_refused(database: str, end: float) -> None:
    rows.a_user()
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    whole = made.path.read_bytes()
    cut = int(len(whole) * end) if isinstance(end, float) else end
    made.path.write_bytes(whole[:cut])
    with pytest.raises(BackupError, match="damaged or is no backup"):
        restore(made.path, replace=True, working=quiet)


def test_a_restore_that_fails_half_way_leaves_the_old_data(database: str) -> None:
    """The dump inside is not a database: found out after its checksum was right."""
    a_random_studio(seed=13)
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)

    def broken(name: str, data: bytes) -> tuple[str, bytes]:
        cut = database_part[: len(database_part) * 2 // 3]
        if name == "database":
            return name, cut
        if name == "manifest.json":
            manifest = json.loads(data)
            for part in manifest["parts"]:
                if part["name"] == "database":
                    part |= {"size": len(cut), "sha256": hashlib.sha256(cut).hexdigest()}
            data = json.dumps(manifest).encode()
        return name, data

    with tarfile.open(made.path) as archive:
        part = archive.extractfile("database")
        assert part
        database_part = part.read()
    rows.a_user("Later Lena")
    later, photos = everything(database), files()
    with pytest.raises(BackupError):
        restore(rewritten(made.path, broken), replace=True, working=quiet)
    assert (everything(database), files()) == (later, photos)


def test_a_backup_is_for_its_owner_alone_and_without_the_secret_key_unless_asked(
    database: str,
) -> None:
    rows.a_user()
    with environment_of({"SECRET_KEY": ""}):
        key = settings().signing_key
        without = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
        target = without.path.with_name("with-key.tar.gz")
        back_up(to=target, with_secret_key=True, keep=None, working=quiet)
        assert stat.S_IMODE(without.path.stat().st_mode) == 0o600
        assert key.encode() not in gzip.decompress(without.path.read_bytes())
        (settings().data_dir / "secret_key").unlink()
        db.dispose()
        assert restore(target, replace=True, working=quiet).with_secret_key
        assert (settings().data_dir / "secret_key").read_text() == key


def test_a_killed_backup_leaves_no_archive_and_the_next_one_works(
    database: str, tmp_path: Path
) -> None:
    a_random_studio(seed=14)
    big = settings().data_dir / "files" / "photos" / "big-large.webp"
    big.write_bytes(random.Random(1).randbytes(12_000_000))
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


def test_a_running_product_is_not_restored_under_its_feet(database: str) -> None:
    rows.a_user()
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    queue.huey.beat()
    try:
        with pytest.raises(BackupError, match="A worker was alive"):
            restore(made.path, replace=True, working=quiet)
    finally:
        queue.huey.rest()


@pytest.mark.one_database("sqlite")
def test_a_sqlite_file_that_another_program_has_open_is_not_replaced(database: str) -> None:
    rows.a_user()
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    rows.a_user("Later Lena")
    later = everything(database)
    with db.reading() as session:
        session.execute(select(User)).first()
        with pytest.raises(BackupError, match="open in another program"):
            restore(made.path, replace=True, working=quiet)
    assert everything(database) == later


@pytest.mark.one_database("sqlite")
def test_a_database_that_cannot_be_read_any_more_can_be_replaced(database: str) -> None:
    rows.a_user()
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    before = everything(database)
    db.dispose()
    path = Path(database.removeprefix("sqlite:///"))
    path.write_bytes(b"no database at all" * 1000)
    restore(made.path, replace=True, working=quiet)
    assert everything(database) == before
    assert list(path.parent.glob("*.unreadable-*"))


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

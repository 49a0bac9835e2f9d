"""Restoring: everything comes back or nothing changes, on both databases."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from sqlalchemy import select

from alembic import command
from jobs import queue
from mentorships import migrations
from mentorships.backup import BackupError
from mentorships.backup.make import back_up
from mentorships.backup.restore import restore
from mentorships.launch import ROOT
from services import db
from services.config import settings
from services.models import AuditEntry, User
from tests.services import rows
from tests.support.backups import (
    Elsewhere,
    a_random_studio,
    another_file_system,
    everything,
    files,
    moved_to,
    quiet,
)
from tests.support.servers import environment_of


def test_what_is_backed_up_comes_back_elsewhere_row_by_row_and_file_by_file(
    database: str, elsewhere: Elsewhere
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


def test_an_older_backup_is_brought_up_to_this_version(database: str, elsewhere: Elsewhere) -> None:
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


@pytest.mark.one_database("sqlite")
def test_a_log_that_lost_its_database_is_not_played_into_the_restored_one(database: str) -> None:
    rows.a_user()
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    before = everything(database)
    rows.a_user("Later Lena")
    path = Path(database.removeprefix("sqlite:///"))
    log = Path(f"{path}-wal")
    left = log.read_bytes()
    db.dispose()
    path.unlink()
    log.write_bytes(left)
    restore(made.path, replace=False, working=quiet)
    assert everything(database) == before
    [aside] = path.parent.glob("*.unreadable-*-wal")
    assert aside.read_bytes() == left


@pytest.mark.one_database("sqlite")
def test_a_database_on_another_file_system_than_the_data_is_replaced(
    database: str, tmp_path: Path
) -> None:
    rows.a_user()
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    before = everything(database)
    with another_file_system() as folder:
        url = f"sqlite:///{folder / 'app.db'}"
        with moved_to((url, {"DATA_DIR": str(tmp_path / "elsewhere")})):
            restore(made.path, replace=False, working=quiet)
            assert everything(url) == before
            db.dispose()
        assert [path.name for path in folder.iterdir()] == ["app.db"]


READS_UNTIL_ITS_INPUT_ENDS = """
import sys
from services import db
with db.reading() as session:
    session.connection()
    print("connected", flush=True)
    sys.stdin.read()
"""


@pytest.mark.one_database("postgres")
def test_a_product_that_is_connected_from_anywhere_is_not_restored_under_its_feet(
    database: str,
) -> None:
    rows.a_user()
    made = back_up(to=None, with_secret_key=False, keep=None, working=quiet)
    with subprocess.Popen(
        [sys.executable, "-c", READS_UNTIL_ITS_INPUT_ENDS],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"connected\n"
        with pytest.raises(BackupError, match=f"connected to the database .{other.pid}@"):
            restore(made.path, replace=True, working=quiet)
        other.communicate()

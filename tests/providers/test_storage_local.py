"""A folder as a store: what a process that is killed in the middle leaves there, and how long."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.errors import ProviderUnavailable
from services.providers.storage.local import LocalStorage
from services.providers.storage.local_uploads import FORGOTTEN_SECONDS
from tests.providers.test_storage_contract import KEY, keys, read, sent

OTHER = "recordings/rec-2/1.mp4"


@pytest.fixture
def store(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path)


class Deadly(io.BytesIO):
    """Kills the process that reads it, after a first block."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(size)


def killed_while_writing(store: LocalStorage) -> None:
    """In a process of its own."""
    child = os.fork()
    if child == 0:
        store.put(KEY, Deadly(b"half of it"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def left_over(folder: Path) -> list[Path]:
    """Every file there, hidden or not."""
    return [path for path in folder.rglob("*") if path.is_file()]


def much_later(folder: Path) -> None:
    """As if it had been written more than an hour ago."""
    then = time.time() - FORGOTTEN_SECONDS - 1
    for path in (folder / ".writing").iterdir():
        os.utime(path, (then, then))


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.put(OTHER, io.BytesIO(b"another")),
        lambda store: store.begin(OTHER),
        lambda store: store.delete(OTHER),
        lambda store: list(store.list_uploads()),
    ],
    ids=["put", "begin", "delete", "list_uploads"],
)
def test_what_a_killed_put_left_is_removed_by_whoever_comes_an_hour_later(
    store: LocalStorage, tmp_path: Path, act: Callable[[LocalStorage], object]
) -> None:
    killed_while_writing(store)
    [left] = left_over(tmp_path)
    assert keys(store) == []
    act(store)
    assert left.exists()  # who says that it was killed, and is not slow?
    much_later(tmp_path)
    act(store)
    assert not left.exists()


def test_deleting_takes_what_a_killed_put_of_that_file_left_just_now(
    store: LocalStorage, tmp_path: Path
) -> None:
    killed_while_writing(store)
    store.delete(KEY)
    assert left_over(tmp_path) == []


def test_a_put_that_was_thought_dead_fails_and_leaves_what_was_there(
    store: LocalStorage, tmp_path: Path
) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            much_later(tmp_path)
            store.delete(OTHER)
            return super().read(size)

    store.put(KEY, io.BytesIO(b"whole"))
    with pytest.raises(ProviderUnavailable):
        store.put(KEY, Slow(b"too late"))
    assert read(store, KEY) == b"whole"
    assert left_over(tmp_path) == [tmp_path / KEY]


def test_an_upload_killed_while_it_began_is_none_and_one_that_began_stays(
    store: LocalStorage, tmp_path: Path
) -> None:
    upload, parts = sent(store, KEY, b"one part")
    (tmp_path / ".writing" / "begun").mkdir()
    much_later(tmp_path)
    assert [each.id for each in store.list_uploads()] == [upload]
    assert list((tmp_path / ".writing").iterdir()) == []
    store.complete(KEY, upload, parts)
    assert read(store, KEY) == b"one part"
    assert left_over(tmp_path) == [tmp_path / KEY]

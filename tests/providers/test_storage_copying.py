"""A file's way from one store to another: whole, bounded, and resumed where it was."""

from __future__ import annotations

import io
import threading
from typing import BinaryIO, cast

import pytest
from typing_extensions import override

from services.errors import ProviderUnavailable
from services.providers.storage.base import Damaged, FileMissing, Part
from services.providers.storage.copying import Copying, arrived_parts
from services.providers.storage.local import LocalStorage
from services.providers.storage.proving import prove
from tests.providers.stores import PART, At, Behind, Ground, a_name, at, behind, ground
from tests.providers.test_storage_contract import KEY, of, read, some_bytes

__all__ = ["at", "behind", "ground"]

SOURCE_KEY = "0123456789abcdef/one.mp4"


class Watched(LocalStorage):
    """A folder that counts how often it is read, how many read at once, and breaks when told."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground.folder / "source", "source")
        self.breaks_at = -1
        self.reads: list[int] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    @override
    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        with self.lock:
            self.reads.append(start)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if start == self.breaks_at:
                raise ProviderUnavailable("source", "the line went dead")
            with super().open(key, start=start, length=length) as file:
                return cast(BinaryIO, io.BytesIO(file.read()))
        finally:
            with self.lock:
                self.at_once -= 1


def copying(source: Watched, to: At, total: int, **more: object) -> Copying:
    """From the folder to the store, in new parts of the smallest size."""
    asked = {"upload": to.store.begin(KEY), "total": total, "size": PART, **more}
    return Copying(source, SOURCE_KEY, to.store, KEY, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, PART, 3 * PART + 17])
def test_a_file_arrives_whole_with_its_checksum(at: At, ground: Ground, size: int) -> None:
    source, content = Watched(ground), some_bytes(size)
    source.put(SOURCE_KEY, io.BytesIO(content))
    way = copying(source, at, size)
    parts = sorted(way.parts(), key=lambda part: part.number)
    at.store.complete(KEY, way.upload, parts)
    assert way.sha256 == of(content).sha256
    assert prove(at.store, KEY, parts=parts, sha256=way.sha256) == of(content)
    assert sorted(source.reads) == [number * PART for number in range(way.count)]


def test_what_has_arrived_is_neither_read_nor_sent_again(at: At, ground: Ground) -> None:
    source, content = Watched(ground), some_bytes(3 * PART + 17)
    source.put(SOURCE_KEY, io.BytesIO(content))
    source.breaks_at = 2 * PART
    way = copying(source, at, len(content), workers=1)
    arrived: list[Part] = []
    with pytest.raises(ProviderUnavailable):
        arrived.extend(way.parts())
    listed = at.store.list_parts(KEY, way.upload)
    assert [part.number for part in listed] == [1, 2]

    source.breaks_at, source.reads = -1, []
    known = arrived_parts(listed, arrived)
    again = copying(source, at, len(content), upload=way.upload, arrived=known)
    parts = [*known, *again.parts()]
    assert sorted(source.reads) == [2 * PART, 3 * PART]
    assert again.sha256 == ""
    at.store.complete(KEY, way.upload, parts)
    ordered = sorted(parts, key=lambda part: part.number)
    assert prove(at.store, KEY, parts=ordered) == of(content)


def test_a_part_that_arrived_before_anybody_noted_it_is_read_and_not_sent_again(
    ground: Ground, behind: Behind
) -> None:
    source, content = Watched(ground), some_bytes(2 * PART + 9)
    source.put(SOURCE_KEY, io.BytesIO(content))
    upload = behind.direct.begin(KEY)
    behind.direct.put_part(KEY, upload, 2, content[PART : 2 * PART])
    listed = behind.store.list_parts(KEY, upload)
    assert [part.sha256 for part in listed] == [""]

    known = arrived_parts(listed, [])
    way = Copying(source, SOURCE_KEY, behind.store, KEY, upload, len(content), PART, arrived=known)
    parts = sorted(way.parts(), key=lambda part: part.number)
    assert behind.proxy.count("PUT") == 2
    behind.store.complete(KEY, upload, parts)
    assert way.sha256 == of(content).sha256
    assert prove(behind.direct, KEY, parts=parts, sha256=way.sha256) == of(content)


def test_a_part_of_another_size_is_sent_again(at: At, ground: Ground) -> None:
    if not at.replaces_parts:
        pytest.skip("this server passes parts on as they come")
    source, content = Watched(ground), some_bytes(PART + 9)
    source.put(SOURCE_KEY, io.BytesIO(content))
    upload = at.store.begin(KEY)
    wrong = at.store.put_part(KEY, upload, 1, content[: PART - 1])
    way = copying(source, at, len(content), upload=upload, arrived=[wrong])
    parts = sorted(way.parts(), key=lambda part: part.number)
    at.store.complete(KEY, upload, parts)
    assert prove(at.store, KEY, parts=parts, sha256=way.sha256) == of(content)


def test_what_was_noted_counts_only_for_the_part_that_the_store_lists() -> None:
    listed = [Part(1, 5, "a"), Part(2, 5, "b"), Part(3, 5, "c", "own")]
    noted = [Part(1, 5, "a", "one"), Part(2, 5, "x", "two"), Part(4, 5, "d", "four")]
    known = arrived_parts(listed, noted)
    assert [(part.number, part.sha256) for part in known] == [(1, "one"), (2, ""), (3, "own")]


def test_a_source_that_is_shorter_than_it_should_be_is_damaged(ground: Ground, at: At) -> None:
    source = Watched(ground)
    source.put(SOURCE_KEY, io.BytesIO(some_bytes(PART + 5)))
    way = copying(source, at, PART + 6)
    with pytest.raises(Damaged):
        list(way.parts())
    assert way.sha256 == ""


def test_a_source_that_is_gone_is_missing(ground: Ground) -> None:
    there = At(LocalStorage(ground.folder / "files"))
    with pytest.raises(FileMissing):
        list(copying(Watched(ground), there, 10).parts())


def test_only_so_many_are_under_way_at_once(ground: Ground) -> None:
    source, there = Watched(ground), At(LocalStorage(ground.folder / "files"))
    content = some_bytes(4000)
    source.put(SOURCE_KEY, io.BytesIO(content))
    way = copying(source, there, 4000, size=10, workers=3)
    parts = sorted(way.parts(), key=lambda part: part.number)
    assert source.most_at_once <= 3
    there.store.complete(KEY, way.upload, parts)
    assert read(there.store, KEY) == content
    assert way.sha256 == of(content).sha256


def test_whoever_stops_listening_stops_the_sending(ground: Ground) -> None:
    source, there = Watched(ground), At(LocalStorage(ground.folder / "files"))
    source.put(SOURCE_KEY, io.BytesIO(some_bytes(4000)))
    way = copying(source, there, 4000, size=10, workers=2)
    parts = way.parts()
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert len(source.reads) < 10
    assert way.sha256 == ""


def test_a_bad_line_between_two_servers_costs_time_and_nothing_else(
    ground: Ground, behind: Behind
) -> None:
    source, content = ground.rclone().bucket(a_name()).store(), some_bytes(3 * PART + 1)
    source.put(SOURCE_KEY, io.BytesIO(content))
    for kind in ("slow_down", "reset", "answer_lost"):
        behind.proxy.fault(kind, "PUT")
    upload = behind.store.begin(KEY)
    way = Copying(source, SOURCE_KEY, behind.store, KEY, upload, len(content), PART)
    parts = sorted(way.parts(), key=lambda part: part.number)
    behind.store.complete(KEY, upload, parts)
    assert prove(behind.direct, KEY, parts=parts, sha256=way.sha256) == of(content)

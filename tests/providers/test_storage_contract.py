"""What every store promises, on a folder and on real servers that speak S3."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast

import httpx
import pytest

from services.clock import utc_now
from services.errors import ProviderUnavailable
from services.providers.storage.base import (
    BadKey,
    Damaged,
    FileMissing,
    Part,
    PartRules,
    Removed,
    Stat,
    Storage,
    UploadGone,
    Written,
    probe,
)
from services.providers.storage.copying import arrived_parts
from services.providers.storage.local import LocalStorage
from services.providers.storage.proving import fingerprint, prove, read_in_parts, share_files
from tests.providers.stores import MB, PART, SMALL_PARTS, At, Ground, a_name, at, ground
from tests.support.s3 import Bucket
from tests.support.s3_proxy import proxied

__all__ = ["at", "ground"]

KEY = "recordings/rec-1/1.mp4"
OTHER = "recordings/rec-1/1.mp4.part"
NO_UPLOAD = "0" * 32


def some_bytes(size: int, seed: int = 1) -> bytes:
    """Bytes that no two blocks of share."""
    return hashlib.shake_128(seed.to_bytes(4)).digest(size)


def of(content: bytes) -> Written:
    return Written(len(content), hashlib.sha256(content).hexdigest())


def read(store: Storage, key: str, start: int = 0, length: int | None = None) -> bytes:
    with store.open(key, start=start, length=length) as file:
        return file.read()


def keys(store: Storage, prefix: str = "") -> list[str]:
    return [version.key for version in store.list_versions(prefix)]


def sent(store: Storage, key: str, *blocks: bytes) -> tuple[str, list[Part]]:
    """An upload with these parts, and not put together yet."""
    upload = store.begin(key)
    return upload, [store.put_part(key, upload, n, block) for n, block in enumerate(blocks, 1)]


class _Dribbles(io.RawIOBase):
    """A stream that never gives as much as it was asked for."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def read(self, size: int = -1, /) -> bytes:
        return self._content.read(min(size, 70_001) if size > 0 else size)


@pytest.mark.parametrize("size", [0, 1, 100_000, PART, 2 * PART + 12_345])
def test_what_is_put_comes_back_with_its_size_and_checksum(at: At, size: int) -> None:
    content = some_bytes(size)
    assert at.store.put(KEY, io.BytesIO(content)) == of(content)
    assert at.store.stat(KEY).size == size
    assert read(at.store, KEY) == content
    assert fingerprint(at.store, KEY) == of(content)
    assert list(at.store.list_uploads()) == []


def test_a_stream_that_gives_little_at_a_time_is_stored_whole(at: At) -> None:
    content = some_bytes(PART + 5)
    assert at.store.put(KEY, cast(BinaryIO, _Dribbles(content))) == of(content)
    assert read(at.store, KEY) == content


def test_what_is_put_again_replaces_what_was_there(at: At) -> None:
    at.store.put(KEY, io.BytesIO(b"first"))
    before = at.store.stat(KEY)
    at.store.put(KEY, io.BytesIO(b"again!"))
    after = at.store.stat(KEY)
    assert read(at.store, KEY) == b"again!"
    assert (before.size, after.size) == (5, 6)
    assert before.etag != after.etag
    assert abs(after.modified_at - utc_now()) < timedelta(minutes=1)


def test_a_stream_that_breaks_leaves_what_was_there_and_no_upload(at: At) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= PART:
                raise ProviderUnavailable("source", "the line went dead")
            return super().read(size)

    at.store.put(KEY, io.BytesIO(b"whole"))
    with pytest.raises(ProviderUnavailable):
        at.store.put(KEY, Breaks(some_bytes(2 * PART)))
    assert read(at.store, KEY) == b"whole"
    assert list(at.store.list_uploads()) == []


def test_what_is_not_there_is_missing(at: At) -> None:
    acts: list[Callable[[], object]] = [
        lambda: at.store.open(KEY),
        lambda: at.store.open(KEY, start=3, length=0),
        lambda: at.store.stat(KEY),
    ]
    for act in acts:
        with pytest.raises(FileMissing):
            act()
    assert not at.store.exists(KEY)
    assert at.store.delete(KEY) == Removed()
    assert keys(at.store) == []


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 1), (0, 10), (3, 4), (9, 1), (9, 100), (4, None), (10, None), (11, 5), (50, None), (2, 0)],
)
def test_a_range_is_read_alone(at: At, start: int, length: int | None) -> None:
    at.store.put(KEY, io.BytesIO(b"0123456789"))
    end = None if length is None else start + length
    assert read(at.store, KEY, start, length) == b"0123456789"[start:end]


def test_an_empty_file_has_no_bytes_in_any_range(at: At) -> None:
    at.store.put(KEY, io.BytesIO(b""))
    assert read(at.store, KEY) == read(at.store, KEY, 0, 5) == read(at.store, KEY, 7) == b""


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../app.db", "recordings/../../app.db", "recordings//a", "a\\b", "a\x00b",
     "recordings/", "a/./b", "x" * 1100],
)  # fmt: skip
def test_keys_that_could_leave_the_store_are_refused(at: At, key: str) -> None:
    part = Part(1, 1, "e")
    acts: list[Callable[[], object]] = [
        lambda: at.store.put(key, io.BytesIO(b"x")),
        lambda: at.store.open(key),
        lambda: at.store.stat(key),
        lambda: at.store.exists(key),
        lambda: at.store.delete(key),
        lambda: at.store.begin(key),
        lambda: at.store.put_part(key, NO_UPLOAD, 1, b"x"),
        lambda: at.store.list_parts(key, NO_UPLOAD),
        lambda: at.store.complete(key, NO_UPLOAD, [part]),
        lambda: at.store.abort(key, NO_UPLOAD),
        lambda: at.store.link(key),
    ]
    for act in acts:
        with pytest.raises(BadKey):
            act()


def test_a_listing_has_every_file_that_begins_so_by_key(at: At) -> None:
    for key in ("b/2", "a/1", "a/10", "a/2/x", "a-1", "b/1"):
        at.store.put(key, io.BytesIO(key.encode()))
    assert keys(at.store) == ["a-1", "a/1", "a/10", "a/2/x", "b/1", "b/2"]
    assert keys(at.store, "a/1") == ["a/1", "a/10"]
    assert keys(at.store, "b/") == ["b/1", "b/2"]
    assert keys(at.store, "c") == []
    assert [version.size for version in at.store.list_versions("b/")] == [3, 3]


def test_more_files_than_one_page_are_all_listed(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.providers.storage.s3_listing.PAGE", 2)
    wanted = [f"pages/{number}" for number in range(5)]
    for key in wanted:
        at.store.put(key, io.BytesIO(b"x"))
    assert keys(at.store, "pages/") == wanted


def test_parts_become_a_file_when_they_are_put_together_and_not_before(at: At) -> None:
    content = some_bytes(2 * PART + 777)
    blocks = [content[:PART], content[PART : 2 * PART], content[2 * PART :]]
    upload, parts = sent(at.store, KEY, *blocks)
    assert [(part.number, part.size) for part in parts] == [(1, PART), (2, PART), (3, 777)]
    assert [part.sha256 for part in parts] == [of(block).sha256 for block in blocks]
    assert not at.store.exists(KEY)
    assert keys(at.store) == []
    at.store.complete(KEY, upload, parts)
    assert read(at.store, KEY) == content
    assert list(at.store.list_uploads()) == []


def test_a_file_may_have_a_single_part_and_that_may_be_small(at: At) -> None:
    upload, parts = sent(at.store, KEY, b"tiny")
    at.store.complete(KEY, upload, parts)
    assert read(at.store, KEY) == b"tiny"


def test_whoever_comes_after_a_crash_sees_which_parts_have_arrived_and_sends_the_rest(
    at: At,
) -> None:
    content = some_bytes(2 * PART + 9)
    upload, noted = sent(at.store, KEY, content[:PART])
    [found] = at.store.list_uploads()
    assert (found.key, found.id) == (KEY, upload)
    assert found.began_at is None or abs(found.began_at - utc_now()) < timedelta(minutes=1)

    arrived = at.store.list_parts(KEY, upload)
    assert [(part.number, part.size) for part in arrived] == [(1, PART)]
    rest = [
        at.store.put_part(KEY, upload, 2, content[PART : 2 * PART]),
        at.store.put_part(KEY, upload, 3, content[2 * PART :]),
    ]
    at.store.complete(KEY, upload, [*arrived_parts(arrived, noted), *rest])
    assert read(at.store, KEY) == content


def test_a_part_that_is_sent_again_counts_once(at: At) -> None:
    upload, [first, last] = sent(at.store, KEY, some_bytes(PART), b"end")
    again = at.store.put_part(KEY, upload, 2, b"end")
    assert (again.size, again.sha256) == (last.size, last.sha256)
    assert [part.number for part in at.store.list_parts(KEY, upload)] == [1, 2]
    at.store.complete(KEY, upload, [first, again])
    assert read(at.store, KEY) == some_bytes(PART) + b"end"


def test_a_part_with_other_bytes_replaces_the_one_with_its_number(at: At) -> None:
    if not at.replaces_parts:
        pytest.skip("this server passes parts on as they come")
    upload, [first, _] = sent(at.store, KEY, some_bytes(PART), b"wrong end")
    again = at.store.put_part(KEY, upload, 2, b"right end")
    at.store.complete(KEY, upload, [first, again])
    assert read(at.store, KEY) == some_bytes(PART) + b"right end"


def test_putting_together_again_is_right_when_the_first_answer_was_lost(at: At) -> None:
    upload, parts = sent(at.store, KEY, b"whole")
    at.store.complete(KEY, upload, parts)
    at.store.complete(KEY, upload, parts)
    assert read(at.store, KEY) == b"whole"


def test_an_upload_that_was_given_up_is_gone(at: At) -> None:
    upload, parts = sent(at.store, KEY, b"half")
    at.store.abort(KEY, upload)
    at.store.abort(KEY, upload)
    acts: list[Callable[[], object]] = [
        lambda: at.store.list_parts(KEY, upload),
        lambda: at.store.put_part(KEY, upload, 2, b"x"),
        lambda: at.store.complete(KEY, upload, parts),
    ]
    for act in acts:
        with pytest.raises(UploadGone):
            act()
    assert list(at.store.list_uploads()) == []
    assert not at.store.exists(KEY)


def test_several_uploads_of_one_key_do_not_disturb_each_other(at: At) -> None:
    first, parts_of_first = sent(at.store, KEY, b"first")
    second, _ = sent(at.store, KEY, b"second")
    assert {upload.id for upload in at.store.list_uploads("recordings/")} == {first, second}
    at.store.complete(KEY, first, parts_of_first)
    assert [upload.id for upload in at.store.list_uploads()] == [second]
    assert read(at.store, KEY) == b"first"


def test_deleting_takes_every_version_and_unfinished_upload_and_nothing_else(at: At) -> None:
    for content in (b"one", b"second", b"the third"):
        at.store.put(KEY, io.BytesIO(content))
    at.store.put(OTHER, io.BytesIO(b"stays"))
    sent(at.store, KEY, b"never finished")
    removed = at.store.delete(KEY)
    expected = Removed(3, 1, 18) if at.keeps_versions else Removed(1, 1, 9)
    assert removed == expected
    assert keys(at.store) == [OTHER]
    assert list(at.store.list_uploads()) == []
    assert not at.store.exists(KEY)


def test_a_file_that_was_only_hidden_is_listed_and_really_deleted(at: At) -> None:
    if not (at.keeps_versions and at.bucket):
        pytest.skip("this store keeps no versions")
    at.store.put(KEY, io.BytesIO(b"still paid for"))
    at.bucket.hide(KEY)
    assert not at.store.exists(KEY)
    assert sorted((v.hides, v.size) for v in at.store.list_versions()) == [(False, 14), (True, 0)]
    assert at.store.delete(KEY) == Removed(versions=2, bytes=14)
    assert keys(at.store) == []


def test_a_link_opens_the_file_to_anybody_under_the_name_it_is_saved_as(at: At) -> None:
    at.store.put(KEY, io.BytesIO(b"0123456789"), content_type="video/mp4")
    shown = at.store.link(KEY)
    if not at.has_links:
        assert shown is None
        return
    assert shown
    answer = httpx.get(shown, headers={"Range": "bytes=2-4"})
    assert answer.status_code in (206, 200)  # rclone gives the range under 200
    assert answer.content == b"234"
    saved = at.store.link(KEY, download_name='Café "1".mp4', content_type="video/mp4")
    assert saved
    answer = httpx.get(saved)
    assert answer.content == b"0123456789"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"Caf_ _1_.mp4\"; filename*=UTF-8''Caf%C3%A9%20%221%22.mp4"
    )


def test_a_link_that_was_tampered_with_or_is_too_old_opens_nothing(at: At) -> None:
    if not at.has_links:
        pytest.skip("this store makes no links")
    at.store.put(KEY, io.BytesIO(b"secret"))
    at.store.put(OTHER, io.BytesIO(b"another's secret"))
    link = at.store.link(KEY)
    soon_over = at.store.link(KEY, seconds=1)
    assert link and soon_over
    assert httpx.get(link).status_code == 200
    for tampered in (
        link.replace(KEY, OTHER),
        link.replace("Expires=3600", "Expires=36000"),
        link.partition("?")[0],
    ):
        assert tampered != link
        assert httpx.get(tampered).status_code in (400, 403)
    assert httpx.put(link, content=b"mine").status_code in (400, 403)
    time.sleep(2.1)
    assert httpx.get(soon_over).status_code in (400, 403)


def test_a_link_leads_to_the_cdn_that_stands_before_the_store(ground: Ground) -> None:
    bucket = ground.versioned()
    store = bucket.store(cdn_base="https://cdn.example.com")
    direct, at_cdn = bucket.store().link(KEY), store.link(KEY)
    assert direct and at_cdn
    path = f"/{bucket.name}/{KEY}?"
    assert at_cdn.startswith(f"https://cdn.example.com{path}")
    assert direct.startswith(f"{bucket.endpoint}{path}")


def test_what_arrived_whole_is_proved(at: At) -> None:
    content = some_bytes(PART + 100)
    upload, parts = sent(at.store, KEY, content[:PART], content[PART:])
    at.store.complete(KEY, upload, parts)
    assert prove(at.store, KEY, parts=parts) == of(content)
    assert prove(at.store, KEY, parts=parts, sha256=of(content).sha256) == of(content)


def test_what_is_not_what_was_sent_is_no_proof(at: At) -> None:
    content = some_bytes(PART + 100)
    upload, parts = sent(at.store, KEY, content[:PART], content[PART:])
    with pytest.raises(FileMissing):
        prove(at.store, KEY, parts=parts)
    at.store.complete(KEY, upload, parts)
    changed = content[:-1] + bytes([content[-1] ^ 1])
    for wrong in (b"", content[:-1], changed):
        at.store.put(KEY, io.BytesIO(wrong))
        for known in ("", of(content).sha256):
            with pytest.raises(Damaged):
                prove(at.store, KEY, parts=parts, sha256=known)


def test_a_store_with_checksums_proves_without_reading_back(ground: Ground) -> None:
    bucket = ground.versioned()
    store = bucket.store("aws", part_rules=SMALL_PARTS)
    content = some_bytes(PART + 100)
    upload, parts = sent(store, KEY, content[:PART], content[PART:])
    store.complete(KEY, upload, parts)
    if not store.stat(KEY).parts_sha256:
        pytest.skip("this server keeps no checksum over the parts")
    with proxied(bucket.endpoint) as proxy:
        through = bucket.store("aws", endpoint=proxy.endpoint, part_rules=SMALL_PARTS)
        assert prove(through, KEY, parts=parts, sha256=of(content).sha256) == of(content)
        assert proxy.count("GET") == 0


@pytest.mark.parametrize("vouched", [True, False])
def test_a_checksum_over_the_parts_is_proof_and_another_one_is_none(
    tmp_path: Path, vouched: bool
) -> None:
    """As Amazon S3 computes it: the SHA-256 over the digests of the parts."""
    first, second = some_bytes(PART), b"end"
    digests = hashlib.sha256(first).digest() + hashlib.sha256(second).digest()
    kept = hashlib.sha256(digests if vouched else digests[::-1]).hexdigest()

    class Vouching(LocalStorage):
        reads = 0

        def stat(self, key: str) -> Stat:
            return replace(super().stat(key), parts_sha256=kept)

        def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
            self.reads += 1
            return super().open(key, start=start, length=length)

    store = Vouching(tmp_path)
    upload, parts = sent(store, KEY, first, second)
    store.complete(KEY, upload, parts)
    whole = of(first + second)
    assert prove(store, KEY, parts=parts, sha256=whole.sha256) == whole
    assert (store.reads == 0) is vouched


def test_two_names_of_one_store_are_found_out(ground: Ground) -> None:
    server = ground.seaweedfs()
    bucket, other = ground.versioned(), server.bucket(a_name())
    by_name = bucket.store(endpoint=bucket.endpoint.replace("127.0.0.1", "localhost"))
    assert by_name.place != bucket.store().place
    assert share_files(bucket.store(), bucket.store())
    assert share_files(bucket.store(), by_name)
    assert not share_files(bucket.store(), other.store())
    assert keys(bucket.store()) == keys(other.store()) == []


def test_a_probe_leaves_nothing_behind(at: At) -> None:
    probe(at.store)
    assert keys(at.store) == []


@pytest.mark.parametrize("server", ["seaweedfs", "rclone"])
def test_a_wrong_key_or_bucket_is_the_operators_matter(ground: Ground, server: str) -> None:
    bucket = (ground.seaweedfs() if server == "seaweedfs" else ground.rclone()).bucket(a_name())
    with pytest.raises(ProviderUnavailable) as refused:
        bucket.store(secret="wrong").put(KEY, io.BytesIO(b"x"))
    assert (refused.value.code, refused.value.stop) == ("authentication", True)
    nowhere = Bucket(bucket.endpoint, a_name()).store()
    for act in (
        lambda: list(nowhere.list_versions()),
        lambda: nowhere.delete(KEY),
        lambda: nowhere.stat(KEY),
        lambda: nowhere.exists(KEY),
    ):
        with pytest.raises(ProviderUnavailable) as refused:
            act()
        assert (refused.value.code, refused.value.stop) == ("no_bucket", True)


@pytest.mark.parametrize(
    ("total", "size"),
    [(0, 8 * MB), (10**9, 8 * MB), (80_000 * MB, 8 * MB), (80_001 * MB, 9 * MB)],
)
def test_parts_grow_when_a_file_would_have_too_many(total: int, size: int) -> None:
    assert PartRules().size_for(total) == size
    with pytest.raises(ValueError, match="too large"):
        PartRules().size_for(PartRules().largest * 10_000 + 1)


def test_parts_are_told_apart_while_a_stream_is_read_once() -> None:
    whole, digests = read_in_parts(io.BytesIO(b"aabbbc"), [2, 3])
    assert whole == of(b"aabbbc")
    assert digests == [of(b"aa").sha256, of(b"bbb").sha256]

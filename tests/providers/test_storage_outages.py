"""Stores that are slow, busy, away, or lie about bytes: what is tried again, and what is said."""

from __future__ import annotations

import io
import time

import pytest

from services.config import settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.storage import s3_reading, s3_wire
from services.providers.storage.base import Damaged, FileMissing
from services.providers.storage.proving import fingerprint, prove
from services.providers.storage.registry import default_store, own_files, recording_source, store
from tests.providers.stores import MB, PART, SMALL_PARTS, Behind, Ground, behind, ground
from tests.providers.test_storage_contract import KEY, of, read, sent, some_bytes
from tests.support.ports import free_ports
from tests.support.s3 import Bucket
from tests.support.s3_proxy import Kind, proxied
from tests.support.servers import environment_of

__all__ = ["behind", "ground"]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between tries are short."""
    monkeypatch.setattr(s3_wire, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(s3_reading, "PAUSE_SECONDS", 0.01)


@pytest.mark.parametrize("kind", ["slow_down", "no_tomes", "reset", "answer_lost"])
def test_what_passes_in_a_moment_is_waited_out(behind: Behind, kind: Kind) -> None:
    content = some_bytes(PART + 10)
    for method in ("PUT", "POST", "GET", "HEAD", "DELETE"):
        behind.proxy.fault(kind, method, times=2)
    assert behind.store.put(KEY, io.BytesIO(content)) == of(content)
    assert behind.store.stat(KEY).size == len(content)
    assert read(behind.store, KEY) == content
    assert behind.store.delete(KEY).versions >= 1
    assert list(behind.direct.list_versions()) == []


@pytest.mark.parametrize("kind", ["slow_down", "reset", "answer_lost"])
def test_a_file_is_put_together_once_even_if_the_answer_is_lost(behind: Behind, kind: Kind) -> None:
    upload, parts = sent(behind.store, KEY, some_bytes(PART), b"end")
    behind.proxy.fault(kind, "POST", times=2)
    behind.store.complete(KEY, upload, parts)
    assert read(behind.direct, KEY) == some_bytes(PART) + b"end"
    assert len(list(behind.direct.list_versions())) == 1


def test_a_small_file_whose_answer_was_lost_is_there_once(behind: Behind) -> None:
    """A store that keeps versions has been sent it twice."""
    behind.proxy.fault("answer_lost", "PUT", times=2)
    assert behind.store.put(KEY, io.BytesIO(b"slice")) == of(b"slice")
    assert [version.latest for version in behind.direct.list_versions()] == [True]
    assert read(behind.direct, KEY) == b"slice"


def test_a_single_refusal_to_list_versions_never_makes_deleting_into_hiding(ground: Ground) -> None:
    bucket = ground.versioned()
    with proxied(bucket.endpoint) as proxy:
        store = bucket.store(endpoint=proxy.endpoint)
        store.put(KEY, io.BytesIO(b"film"))
        proxy.fault("not_offered", "GET", query="versions")
        with pytest.raises(ProviderRejected):
            store.delete(KEY)
        store.delete(KEY)
    assert list(bucket.store().list_versions()) == []


def test_a_store_that_stays_busy_is_for_later(behind: Behind) -> None:
    behind.proxy.fault("slow_down", times=100)
    with pytest.raises(ProviderUnavailable) as busy:
        behind.store.put(KEY, io.BytesIO(b"x"))
    assert (busy.value.code, busy.value.answered) == ("SlowDown", True)
    assert behind.proxy.count("PUT") == s3_wire.MOST_TRIES


def test_a_store_that_says_when_to_come_back_is_not_asked_before(behind: Behind) -> None:
    behind.proxy.fault("slow_down", "PUT", retry_after=1)
    begun = time.monotonic()
    behind.store.put(KEY, io.BytesIO(b"x"))
    assert time.monotonic() - begun >= 1
    assert behind.proxy.count("PUT") == 2

    behind.proxy.fault("slow_down", "GET", retry_after=120)
    with pytest.raises(ProviderUnavailable) as busy:
        behind.store.open(KEY)
    assert (busy.value.retry_after, busy.value.puts_off) == (120, True)
    assert behind.proxy.count("GET") == 1


def test_a_reading_goes_on_where_its_connection_broke(behind: Behind) -> None:
    content = some_bytes(3 * MB)
    behind.direct.put(KEY, io.BytesIO(content))
    behind.proxy.fault("truncated", "GET", times=2)
    assert read(behind.store, KEY) == content
    ranges = [seen.headers.get("range", "") for seen in behind.proxy.seen]
    assert ranges[0] == ""
    starts = [int(each.removeprefix("bytes=").partition("-")[0]) for each in ranges[1:]]
    assert len(starts) == 2
    assert MB < starts[0] < starts[1] < len(content)


def test_a_reading_never_ends_too_early(behind: Behind) -> None:
    behind.direct.put(KEY, io.BytesIO(some_bytes(3 * MB)))
    behind.proxy.fault("truncated", "GET")
    behind.proxy.fault("reset", "GET", times=100)
    with pytest.raises(ProviderUnavailable):
        read(behind.store, KEY)


def test_a_connection_that_gives_nothing_more_is_given_up(behind: Behind) -> None:
    behind.direct.put(KEY, io.BytesIO(b"0123456789"))
    behind.proxy.fault("truncated", "GET", times=100)
    with pytest.raises(ProviderUnavailable):
        read(behind.store, KEY)
    assert behind.proxy.count("GET") < 20


def test_a_file_that_changes_while_it_is_read_is_never_mixed(behind: Behind) -> None:
    behind.direct.put(KEY, io.BytesIO(some_bytes(3 * MB, seed=1)))
    behind.proxy.fault("truncated", "GET")
    with behind.store.open(KEY) as file:
        assert file.read(10) == some_bytes(10, seed=1)
        behind.direct.put(KEY, io.BytesIO(some_bytes(3 * MB, seed=2)))
        with pytest.raises(ProviderUnavailable, match="changed while it was read"):
            file.read()
    behind.proxy.fault("truncated", "GET")
    with behind.store.open(KEY) as file:
        file.read(10)
        behind.direct.delete(KEY)
        with pytest.raises(ProviderUnavailable, match="removed while it was read"):
            file.read()


@pytest.mark.parametrize("kind", ["s3", "aws"])
def test_a_small_file_that_changes_on_its_way_is_refused_and_sent_again(
    ground: Ground, kind: str
) -> None:
    bucket = ground.versioned()
    with proxied(bucket.endpoint) as proxy:
        proxy.fault("changed_on_the_way", "PUT")
        bucket.store(kind, endpoint=proxy.endpoint).put(KEY, io.BytesIO(b"small"))
        assert proxy.count("PUT") == 2
    assert read(bucket.store(), KEY) == b"small"


def test_a_part_that_changes_on_its_way_is_refused_where_the_store_keeps_checksums(
    ground: Ground,
) -> None:
    bucket, content = ground.versioned(), some_bytes(PART + 10)
    with proxied(bucket.endpoint) as proxy:
        store = bucket.store("aws", endpoint=proxy.endpoint, part_rules=SMALL_PARTS)
        proxy.fault("changed_on_the_way", "PUT", query="partNumber=1")
        upload, parts = sent(store, KEY, content[:PART], content[PART:])
        assert proxy.count("PUT", "partNumber=1") == 2
        store.complete(KEY, upload, parts)
    assert fingerprint(bucket.store(), KEY) == of(content)


def test_a_part_is_signed_with_its_checksum_and_one_that_changed_all_the_same_is_no_proof(
    behind: Behind,
) -> None:
    """This server does not compare what came with what was signed; others do."""
    content = some_bytes(PART + 10)
    behind.proxy.fault("changed_on_the_way", "PUT", query="partNumber=1")
    upload, parts = sent(behind.store, KEY, content[:PART], content[PART:])
    signed = [
        seen.headers["x-amz-content-sha256"]
        for seen in behind.proxy.seen
        if "partNumber" in seen.query
    ]
    assert [part.sha256 for part in parts] == signed
    assert signed == [of(content[:PART]).sha256, of(content[PART:]).sha256]
    behind.store.complete(KEY, upload, parts)
    for known in ("", of(content).sha256):
        with pytest.raises(Damaged):
            prove(behind.store, KEY, parts=parts, sha256=known)


def test_bytes_that_change_on_their_way_back_are_no_proof(behind: Behind) -> None:
    content = some_bytes(1000)
    upload, parts = sent(behind.store, KEY, content)
    behind.store.complete(KEY, upload, parts)
    for known in ("", of(content).sha256):
        behind.proxy.fault("changed_on_the_way_back", "GET")
        with pytest.raises(Damaged):
            prove(behind.store, KEY, parts=parts, sha256=known)
        assert prove(behind.store, KEY, parts=parts, sha256=known) == of(content)


def test_a_slow_answer_is_given_up(ground: Ground) -> None:
    bucket = ground.versioned()
    with proxied(bucket.endpoint) as proxy:
        impatient = bucket.store(endpoint=proxy.endpoint, read_seconds=0.2)
        proxy.fault("slow", seconds=0.6, times=100)
        with pytest.raises(ProviderUnavailable):
            impatient.stat(KEY)


def test_nobody_at_the_address_is_an_outage() -> None:
    [port] = free_ports(1)
    away = Bucket(f"http://127.0.0.1:{port}", "bucket").store()
    for act in (
        lambda: away.put(KEY, io.BytesIO(b"x")),
        lambda: away.open(KEY),
        lambda: list(away.list_versions()),
        lambda: away.delete(KEY),
    ):
        with pytest.raises(ProviderUnavailable):
            act()


def test_a_server_that_comes_back_goes_on_with_the_upload(ground: Ground) -> None:
    server = ground.seaweedfs()
    bucket = ground.versioned()
    at = bucket.store(part_rules=SMALL_PARTS)
    content = some_bytes(PART + 10)
    upload, _ = sent(at, KEY, content[:PART])
    server.stop()
    with pytest.raises(ProviderUnavailable):
        at.put_part(KEY, upload, 2, content[PART:])
    server.start()
    arrived = at.list_parts(KEY, upload)
    assert [part.number for part in arrived] == [1]
    at.complete(KEY, upload, [*arrived, at.put_part(KEY, upload, 2, content[PART:])])
    assert fingerprint(at, KEY) == of(content)


def test_b2_refuses_the_checksums_that_are_left_out_for_it(ground: Ground) -> None:
    bucket = ground.versioned()
    with proxied(bucket.endpoint, as_b2=True) as proxy:
        bucket.store("b2", endpoint=proxy.endpoint).put(KEY, io.BytesIO(b"x"))
        with pytest.raises(ProviderRejected) as refused:
            bucket.store("aws", endpoint=proxy.endpoint).put(KEY, io.BytesIO(b"x"))
        assert refused.value.code == "InvalidArgument"
    with proxied(bucket.endpoint) as proxy:
        bucket.store("aws", endpoint=proxy.endpoint).put(KEY, io.BytesIO(b"x"))
        [sent_as_aws] = proxy.seen
        assert "x-amz-checksum-sha256" in sent_as_aws.headers


def test_a_file_that_cannot_be_deleted_is_not_said_to_be(behind: Behind) -> None:
    behind.direct.put(KEY, io.BytesIO(b"locked"))
    behind.proxy.fault("refused", "DELETE", times=100)
    with pytest.raises(ProviderUnavailable) as refused:
        behind.store.delete(KEY)
    assert refused.value.stop
    assert behind.direct.exists(KEY)


def test_the_settings_name_the_stores_and_a_row_keeps_its_own(ground: Ground) -> None:
    first, second = ground.versioned(), ground.versioned()
    both = {**first.settings("first"), **second.settings("second")}
    with environment_of({**both, "STORAGE_DEFAULT": "first", "RECORDING_SOURCE": "second"}):
        default_store().put(KEY, io.BytesIO(b"old"))
        assert (default_store().name, recording_source().name) == ("first", "second")
        assert store("first") is default_store()
    with environment_of({**both, "STORAGE_DEFAULT": "second"}):
        assert read(store("first"), KEY) == b"old"
        with pytest.raises(FileMissing):
            default_store().open(KEY)
        assert recording_source().place == f"file://{settings().data_dir / 'recorder'}"
        assert own_files().place == f"file://{settings().data_dir / 'files'}"
    with pytest.raises(ProviderUnavailable, match="STORAGE_FIRST_KIND is not set") as gone:
        store("first")
    assert gone.value.stop

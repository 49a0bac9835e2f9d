"""Bringing recordings to their store: whole, checked, once, and the source only cleared after."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from services import clock, db
from services.audit import SYSTEM
from services.config import settings
from services.models import FileStatus, JobRun, Recording, RecordingFile, RecordingStatus
from services.providers.storage.local import LocalStorage
from services.providers.storage.registry import store
from services.recordings import bringing, clearing, purging, transferring
from services.recordings.leases import Lease
from services.storage import moving
from tests.services.meetings import audited
from tests.services.odd_stores import Odd, odd
from tests.services.recordings import (
    LOCAL,
    RECORDER,
    arrived,
    asked,
    bytes_of,
    files,
    later,
    lying,
    mailed,
    now,
    on_its_way,
    small_parts,
    stores,
    told,
    used,
    whole_way,
)
from tests.support.studio import stored

__all__ = ["odd"]

pytestmark = pytest.mark.usefixtures("database")

FILM, LIST, SLICE = bytes_of(3_400_000), b"#EXTM3U", bytes_of(900, seed=2)
TWO = {"a.mp4": FILM, "a.m3u8": LIST}


def test_a_recording_is_ready_when_every_file_is_checked_and_then_its_source_is_cleared() -> None:
    small_parts()
    recording = on_its_way(TWO)
    ready = whole_way(recording)
    assert arrived(recording) == TWO
    assert [(file.status, file.sha256, file.source) for file in files(recording)] == [
        (FileStatus.CHECKED, hashlib.sha256(content).hexdigest(), "") for content in TWO.values()
    ]
    assert lying(RECORDER) == {}
    assert set(lying(LOCAL)) == {file.key for file in files(recording)}
    assert list(store(LOCAL).list_uploads()) == []
    assert (ready.ready_at, ready.look_at, ready.lease) == (ready.ready_at, None, "")
    assert audited(recording.public_id)[-1] == "recording.ready"
    assert (told("recording_ready"), mailed("recording_ready")) == (2, 2)
    size = sum(len(content) for content in TWO.values())
    assert used() == [
        ("downloaded", LOCAL, size),
        ("downloaded", RECORDER, size),
        ("stored", LOCAL, size),
    ], "fetched from the recorder's store, and read back where no checksum is kept"


def test_a_second_turn_finds_nothing_to_do() -> None:
    recording = on_its_way(TWO)
    assert transferring.transfer_due() == 1
    before = [row.model_dump() for row in stored(Recording)]
    assert transferring.transfer_due() == 0
    assert [row.model_dump() for row in stored(Recording)] == before
    assert mailed("recording_ready") == 2
    assert [run.kind for run in stored(JobRun)] == ["transfer"]
    assert arrived(recording) == TWO


def test_keys_in_the_destination_are_ours_whatever_the_recorder_named_its_files() -> None:
    recording = on_its_way({"a b?.MP4": FILM, "no ending": SLICE, "x.not-plain!": LIST})
    whole_way(recording)
    own = f"recordings/{recording.public_id}"
    assert [file.key for file in files(recording)] == [
        f"{own}/{n}" for n in ("1.mp4", "2.bin", "3.bin")
    ]
    assert set(arrived(recording).values()) == {FILM, SLICE, LIST}


def test_straight_into_the_destination_files_are_verified_in_place_and_never_deleted() -> None:
    with stores(STORAGE_DEFAULT="recorder"):
        recording = on_its_way(TWO)
        before = lying(RECORDER)
        whole_way(recording)
        with later(days=3):
            transferring.transfer_due()
        assert lying(RECORDER) == before
        assert arrived(recording) == TWO
    assert [(file.store, file.key, file.source) for file in files(recording)] == [
        (RECORDER, f"{recording.prefix}/{name}", "") for name in TWO
    ]


def test_two_names_of_one_folder_are_one_store(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "linked").symlink_to(tmp_path / "data" / "recorder")
    with stores(other="linked", STORAGE_DEFAULT="other"):
        recording = on_its_way(TWO)
        whole_way(recording)
        assert arrived(recording) == TWO
        assert set(lying(RECORDER)) == {f"{recording.prefix}/{name}" for name in TWO}


def test_foreign_files_in_the_recorders_store_are_left_alone() -> None:
    store(RECORDER).put("somebody/else.mp4", io.BytesIO(b"theirs"))
    whole_way(on_its_way(TWO))
    assert lying(RECORDER) == {"somebody/else.mp4": 1}


def test_an_upload_that_its_store_has_given_up_begins_anew() -> None:
    small_parts()
    recording = on_its_way({"a.mp4": FILM})
    [file] = files(recording)
    upload = store(LOCAL).begin(file.key)
    sent = store(LOCAL).put_part(file.key, upload, 1, FILM[: 2**20])
    with db.transaction() as tx:
        row = tx.get_one(RecordingFile, file.id)
        row.upload, row.parts = upload, [[1, sent.size, sent.etag, sent.sha256]]
    store(LOCAL).abort(file.key, upload)
    whole_way(recording)
    assert arrived(recording) == {"a.mp4": FILM}
    assert list(store(LOCAL).list_uploads()) == []


def test_an_upload_that_nobody_wrote_down_is_given_up() -> None:
    """Its worker was killed right after it began."""
    small_parts()
    recording = on_its_way({"a.mp4": FILM})
    store(LOCAL).begin(files(recording)[0].key)
    whole_way(recording)
    assert list(store(LOCAL).list_uploads()) == []


def test_a_small_file_that_arrived_before_its_worker_died_is_not_sent_twice(odd: Odd) -> None:
    recording = on_its_way({"b.ts": SLICE})
    [file] = files(recording)
    with db.transaction() as tx:
        tx.get_one(RecordingFile, file.id).began_at = clock.utc_now()
    LocalStorage(Path(settings().stores[LOCAL].bucket)).put(file.key, io.BytesIO(SLICE))
    odd.spoils = 99  # whatever is put is spoilt
    whole_way(recording)
    assert arrived(recording) == {"b.ts": SLICE}


def test_a_recording_without_files_is_not_ready() -> None:
    recording = on_its_way({})
    assert transferring.transfer_due() == 0
    assert now(recording).status is RecordingStatus.TRANSFERRING


def test_a_withdrawal_while_it_is_brought_stops_it_between_two_parts(
    odd: Odd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bringing, "NOTED_EVERY_SECONDS", 0.0)
    recording = on_its_way({"a.mp4": bytes_of(20 * 2**20)})

    def withdraw(number: int) -> None:
        if number == 5:
            assert asked(recording)

    odd.before_part = withdraw
    transferring.transfer_due()
    assert len(odd.sent) < 20
    stopped = now(recording)
    assert (stopped.status, stopped.lease) == (RecordingStatus.TRANSFERRING, "")
    assert told("recording_ready") == 0
    assert transferring.transfer_due() == 0


@pytest.mark.parametrize("what", ["a purge", "a move"])
def test_what_is_asked_for_while_its_source_is_cleared_is_not_forgotten(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks leaves it to the worker who is at it just then."""
    with stores(vault="vault"):
        recording = on_its_way({"b.ts": SLICE})
        clear = clearing.clear

        def ask_then(lease: Lease, pairs: bringing.Pairs) -> Any:
            found = clear(lease, pairs)
            if what == "a purge":
                assert asked(recording)
            elif now(recording).look_at is not None and files(recording)[0].store == LOCAL:
                moving.move(actor=SYSTEM, to="vault", recordings=[recording.public_id])
            return found

        monkeypatch.setattr(clearing, "clear", ask_then)
        transferring.transfer_due()
        if what == "a purge":
            assert purging.purge_due() == 1
        else:
            assert arrived(recording) == {"b.ts": SLICE}
            assert files(recording)[0].store == "vault"

"""Deleting recordings: every version, wherever it lies, proved by listing."""

from __future__ import annotations

import hashlib
import io

import pytest

from services import db
from services.models import (
    FileStatus,
    MentoringSession,
    OutboxMessage,
    PurgeCertificate,
    RecordingStatus,
    SessionNote,
)
from services.providers.storage.registry import store
from services.recordings import purging, trouble
from services.recordings.reasons import RETENTION
from services.storage import orphans
from tests.providers.stores import Ground, ground
from tests.services.meetings import audited
from tests.services.recording_rows import a_held_session, a_pair
from tests.services.recordings import (
    LOCAL,
    RECORDER,
    asked,
    bytes_of,
    certificate,
    files,
    later,
    left,
    lying,
    mailed,
    now,
    on_its_way,
    stores,
    told,
    used,
    whole_way,
)
from tests.services.rows import acting, an_admin
from tests.support.servers import environment_of
from tests.support.studio import stored

__all__ = ["ground"]

pytestmark = pytest.mark.usefixtures("database")

FILM, SLICE = bytes_of(3_000), bytes_of(700, seed=2)
TWO = {"a.mp4": FILM, "b.ts": SLICE}


def test_what_was_asked_for_is_deleted_everywhere_and_a_certificate_says_so() -> None:
    recording = on_its_way(TWO)
    whole_way(recording)
    before = files(recording)
    with later(hours=1):
        assert asked(recording)
        assert purging.purge_due() == 1
    gone, proof = now(recording), certificate()
    assert lying(LOCAL) == lying(RECORDER) == {}
    assert (gone.status, gone.purge_reason, gone.look_at) == (
        RecordingStatus.PURGED,
        RETENTION,
        None,
    )
    assert [(file.status, file.removed) for file in files(recording)] == [(FileStatus.GONE, 1)] * 2
    assert proof.files == [
        {
            "store": LOCAL,
            "key": file.key,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "versions": 1,
        }
        for file, content in zip(before, TWO.values(), strict=True)
    ]
    assert (proof.reason, proof.by_id, proof.versions, proof.bytes) == (RETENTION, None, 2, 3_700)
    folder = f"recordings/{recording.public_id}/"
    assert proof.places == [
        f"{LOCAL}: {folder} in {store(LOCAL).place}",
        f"{RECORDER}: {recording.prefix}/ in {store(RECORDER).place}",
    ]
    assert audited(recording.public_id)[-2:] == ["recording.purge_asked", "recording.purged"]
    assert (told("recording_purged"), mailed("recording_purged")) == (2, 2)
    assert [use[:2] for use in used() if use[0] != "downloaded"] == [
        ("early", LOCAL),
        ("gone", LOCAL),
        ("stored", LOCAL),
    ]


def test_the_session_its_notes_and_its_money_stay() -> None:
    meeting = a_held_session(a_pair())
    with db.transaction() as tx:
        tx.add(
            SessionNote(
                session_id=meeting.id, author_id=meeting.mentee_id, shared=True, body="Good"
            )
        )
    recording = on_its_way(TWO, meeting)
    whole_way(recording)
    costs_before = [use for use in used() if use[0] == "stored"]
    asked(recording)
    purging.purge_due()
    assert [row.id for row in stored(MentoringSession)] == [meeting.id]
    assert [row.body for row in stored(SessionNote)] == ["Good"]
    assert [use for use in used() if use[0] == "stored"] == costs_before


def test_what_else_lies_in_its_folders_goes_and_what_lies_beside_them_stays() -> None:
    recording = on_its_way(TWO)
    whole_way(recording)
    left(recording, "bak0_a.mp4", SLICE)
    own = f"recordings/{recording.public_id}"
    store(LOCAL).put(f"{own}/9.mp4", io.BytesIO(SLICE))
    store(LOCAL).begin(f"{own}/8.mp4")
    foreign = (f"{own}x/1.mp4", f"recordings/{recording.public_id[:-1]}/1.mp4")
    for key in foreign:
        store(LOCAL).put(key, io.BytesIO(b"theirs"))
    store(RECORDER).put(f"{recording.prefix}x/a.mp4", io.BytesIO(b"theirs"))
    asked(recording)
    purging.purge_due()
    assert set(lying(LOCAL)) == set(foreign)
    assert set(lying(RECORDER)) == {f"{recording.prefix}x/a.mp4"}
    assert list(store(LOCAL).list_uploads()) == []
    assert certificate().versions == 4


def test_a_recording_without_a_folder_of_its_own_touches_nothing_by_its_name() -> None:
    recording = on_its_way({}, prefix="")
    store(RECORDER).put("somebody/else.mp4", io.BytesIO(b"theirs"))
    asked(recording)
    purging.purge_due()
    assert now(recording).status is RecordingStatus.PURGED
    assert lying(RECORDER) == {"somebody/else.mp4": 1}


def test_a_listing_of_another_place_proves_nothing() -> None:
    """The setting of a store leads elsewhere by now; the films lie where they were."""
    admin = acting(an_admin())
    with stores(vault="vault", STORAGE_DEFAULT="vault"):
        recording = whole_way(on_its_way(TWO))
    with stores(vault="elsewhere"):
        asked(recording)
        assert purging.purge_due() == 0
    assert stored(PurgeCertificate) == []
    assert told("recording_purged") == 0
    assert now(recording).trouble == trouble.NOT_FOUND
    assert [row.data["alert"] for row in stored(OutboxMessage) if "alert" in row.data] == [
        trouble.ALERT
    ]
    with stores(vault="vault"), later(hours=2):
        assert purging.purge_due() == 1
        assert lying("vault") == {}
    assert [file["versions"] for file in certificate().files] == [1, 1]
    with db.reading() as session:
        assert orphans.list_orphans(session, actor=admin).total == 2  # until the next night


def test_an_admin_notes_that_a_file_is_lost_and_the_certificate_says_so() -> None:
    admin = acting(an_admin())
    recording = whole_way(on_its_way(TWO))
    film, _ = files(recording)
    store(LOCAL).delete(film.key)
    asked(recording)
    assert purging.purge_due() == 0
    with db.reading() as session:
        [orphan] = orphans.list_orphans(session, actor=admin).rows
    assert (orphan.key, orphan.recording) == (film.key, recording.public_id)
    orphans.settle(actor=admin, orphan=orphan.public_id, how="note", reason="A disk broke")
    assert purging.purge_due() == 1
    assert [(file["versions"], "missing" in file) for file in certificate().files] == [
        (0, True),
        (1, False),
    ]


def test_every_version_goes_and_what_was_only_hidden_too(ground: Ground) -> None:
    """A delete by name hides a file, which is paid for ever after."""
    bucket, source = ground.versioned(), ground.versioned()
    values = bucket.settings("vault") | source.settings("inbox")
    names = {"STORAGE_DEFAULT": "vault", "RECORDING_SOURCE": "inbox"}
    with environment_of(values | names):
        recording = on_its_way(TWO)
        whole_way(recording)
        film, piece = files(recording)
        store("vault").put(film.key, io.BytesIO(b"once more"))
        bucket.hide(piece.key)
        store("vault").begin(film.key)
        assert lying("vault") == {film.key: 2, piece.key: 2}
        asked(recording)
        assert purging.purge_due() == 1
        assert lying("vault") == lying("inbox") == {}
        assert list(store("vault").list_uploads()) == []
    assert [file["versions"] for file in certificate().files] == [2, 2]


def test_a_store_that_is_not_set_up_any_more_keeps_it_and_admins_hear_of_it() -> None:
    an_admin()
    with stores(old="old", STORAGE_DEFAULT="old"):
        recording = on_its_way(TWO)
        whole_way(recording)
    asked(recording)
    assert purging.purge_due() == 0
    assert now(recording).trouble == trouble.NOT_SET_UP
    assert [row.data["alert"] for row in stored(OutboxMessage) if "alert" in row.data] == [
        trouble.ALERT
    ]
    with stores(old="old"), later(hours=2):
        assert purging.purge_due() == 1
        assert lying("old") == {}


def test_what_a_dashboard_has_hidden_as_a_folder_is_no_file(ground: Ground) -> None:
    bucket = ground.versioned()
    with environment_of(bucket.settings("vault") | {"STORAGE_DEFAULT": "vault"}):
        recording = whole_way(on_its_way(TWO))
        bucket.hide(f"recordings/{recording.public_id}/")
        asked(recording)
        assert purging.purge_due() == 1


def test_a_recording_whose_files_lie_straight_in_the_destination_goes_as_well() -> None:
    with stores(STORAGE_DEFAULT="recorder"):
        recording = on_its_way(TWO)
        whole_way(recording)
        asked(recording)
        assert purging.purge_due() == 1
        assert lying(RECORDER) == {}
    assert [file["versions"] for file in certificate().files] == [1, 1]

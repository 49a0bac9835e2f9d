"""Recordings that are brought from one store to another: watchable all the while, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import clock, db
from services.audit import SYSTEM
from services.config import settings
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.models import (
    FileStatus,
    PurgeCertificate,
    Recording,
    RecordingStatus,
    User,
)
from services.providers.storage.registry import store
from services.recordings import purging, retention, transferring, trouble
from services.storage import moving, overview
from tests.providers.stores import Ground, ground
from tests.services.meetings import audited
from tests.services.recording_rows import a_held_session, a_pair, a_recording
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
    stores,
    used,
    whole_way,
)
from tests.services.rows import acting, an_admin
from tests.support.servers import environment_of
from tests.support.studio import stored

__all__ = ["ground"]

pytestmark = pytest.mark.usefixtures("database")

TWO = {"a.mp4": bytes_of(3_000), "b.ts": bytes_of(700, seed=2)}


def move(*recordings: Recording, to: str = "vault", store: str = "") -> int:
    return moving.move(
        actor=SYSTEM, to=to, store=store, recordings=[each.public_id for each in recordings]
    )


def some(count: int) -> list[Recording]:
    """Recordings that are ready."""
    meeting = a_held_session(a_pair())
    return [
        whole_way(on_its_way(TWO, meeting, number=number, prefix=f"{number:08}"))
        for number in range(1, count + 1)
    ]


def test_a_recording_is_moved_whole_and_its_old_place_cleared_when_no_link_leads_there() -> None:
    with stores(vault="vault"):
        [recording] = some(1)
        old = lying(LOCAL)
        with later(minutes=5):
            assert move(recording) == 1
            assert [file.status for file in files(recording)] == [FileStatus.WAITING] * 2
            assert arrived(recording) == TWO  # read at its old place meanwhile
            whole_way(recording)
            assert {file.store for file in files(recording)} == {"vault"}
            assert arrived(recording) == TWO
            assert lying(LOCAL) == old
        with later(minutes=64):
            assert transferring.transfer_due() == 0
        with later(minutes=66):
            assert transferring.transfer_due() == 1
            assert lying(LOCAL) == {}
            assert arrived(recording) == TWO
            assert transferring.transfer_due() == 0
    assert now(recording).look_at is None
    assert mailed("recording_ready") == 2
    assert audited(recording.public_id).count("recording.moved") == 1
    size = sum(len(content) for content in TWO.values())
    for kind, place in (("gone", LOCAL), ("stored", LOCAL), ("moved", "vault")):
        assert [use[2] for use in used() if use[:2] == (kind, place)] == [size]
    sent = [use for use in used() if use[0] == "downloaded"]
    assert sent == [("downloaded", place, size) for place in (LOCAL, LOCAL, "recorder", "vault")]


def test_what_vanishes_before_its_old_place_is_cleared_is_brought_from_there_once_more() -> None:
    with stores(vault="vault"):
        [recording] = some(1)
        move(recording)
        transferring.transfer_due()
        film, _ = files(recording)
        store("vault").delete(film.key)
        with later(minutes=66):
            assert transferring.transfer_due() == 1
            assert lying(LOCAL) == {film.source_key: 1}
            assert now(recording).trouble == trouble.GONE_AGAIN
            assert arrived(recording) == TWO  # read at its old place again
        with later(minutes=67):
            assert whole_way(recording).trouble == ""
            assert arrived(recording) == TWO
            assert {file.store for file in files(recording)} == {"vault"}
        with later(minutes=130):
            transferring.transfer_due()
            assert lying(LOCAL) == {}
            assert arrived(recording) == TWO


def test_files_of_different_stores_live_side_by_side_and_another_default_moves_nothing() -> None:
    with stores(vault="vault"):
        [first] = some(1)
        with stores(STORAGE_DEFAULT="vault"):
            meeting = a_held_session(a_pair("Olga Other", "Vera Vogel"))
            second = whole_way(on_its_way(TWO, meeting))
            transferring.transfer_due()
            assert arrived(first) == arrived(second) == TWO
    assert {file.store for file in files(first)} == {LOCAL}
    assert {file.store for file in files(second)} == {"vault"}


def test_all_of_a_store_goes_and_what_cannot_go_is_left() -> None:
    with stores(vault="vault"):
        ready = some(3)
        asked(ready[2])
        meeting = a_held_session(a_pair("Olga Other", "Vera Vogel"))
        coming = on_its_way(TWO, meeting, look_at=None)
        assert move(store=LOCAL) == 2
        assert move(store=LOCAL) == 0
        assert moving.underway(to="vault").recordings == 2
        transferring.transfer_due()
        assert moving.underway(to="vault") == moving.Underway(0, 0, 0, ())
    assert {file.store for file in files(coming)} == {LOCAL}
    assert [{file.store for file in files(each)} for each in ready] == [
        {"vault"},
        {"vault"},
        {LOCAL},
    ]


def test_a_move_to_where_it_is_moves_nothing() -> None:
    [recording] = some(1)
    assert move(recording, to=LOCAL) == 0
    assert move(to=LOCAL, store=LOCAL) == 0
    assert now(recording).look_at is None


def test_a_move_to_another_name_of_the_same_folder_touches_no_file() -> None:
    with stores(vault="recordings"):
        [recording] = some(1)
        before = lying(LOCAL)
        assert move(recording) == 1
        whole_way(recording)
        with later(days=1):
            transferring.transfer_due()
        assert lying(LOCAL) == before
        assert {(file.store, file.source) for file in files(recording)} == {("vault", "")}
        assert arrived(recording) == TWO


def test_damage_found_while_a_name_changes_removes_nothing() -> None:
    """The old place is the new one: nothing of it may be taken for what has arrived by now."""
    with stores(vault="recordings"):
        [recording] = some(1)
        film = files(recording)[0]
        path = Path(settings().stores[LOCAL].bucket) / film.key
        path.write_bytes(bytes(len(TWO["a.mp4"])))
        move(recording)
        transferring.transfer_due()
        assert "not any more what it was" in now(recording).trouble
        assert len(lying(LOCAL)) == 2
        assert files(recording)[0].store == LOCAL


def test_there_and_back_again() -> None:
    with stores(vault="vault"):
        [recording] = some(1)
        keys = sorted(lying(LOCAL))
        with later(hours=2):
            move(recording)
            whole_way(recording)
        with later(hours=3):
            with pytest.raises(Conflict, match="still being cleared"):
                move(recording, to=LOCAL)
            transferring.transfer_due()
            assert move(recording, to=LOCAL) == 1
            whole_way(recording)
        with later(hours=5):
            transferring.transfer_due()
            assert sorted(lying(LOCAL)) == keys
            assert lying("vault") == {}
            assert arrived(recording) == TWO


def test_what_is_damaged_at_its_old_place_stays_there_and_admins_hear_of_it() -> None:
    admin = acting(an_admin())
    with stores(vault="vault"):
        [recording] = some(1)
        film = files(recording)[0]
        path = Path(settings().stores[LOCAL].bucket) / film.key
        path.write_bytes(bytes(len(TWO["a.mp4"])))
        moving.move(actor=admin, to="vault", recordings=[recording.public_id])
        transferring.transfer_due()
        stays = now(recording)
        assert stays.status is RecordingStatus.READY
        assert "not any more what it was" in stays.trouble
        statuses = {file.name: (file.status, file.store, file.source) for file in files(recording)}
        assert statuses == {
            "a.mp4": (FileStatus.CHECKED, LOCAL, ""),
            "b.ts": (FileStatus.CHECKED, "vault", LOCAL),
        }
        assert [key for key in lying("vault") if key.endswith("/1.mp4")] == []
        assert audited(recording.public_id)[-1] == "recording.not_moved"
        with later(hours=2):
            transferring.transfer_due()
            assert list(lying(LOCAL)) == [film.key]


def test_a_purge_while_it_is_moved_deletes_both_places() -> None:
    with stores(vault="vault"):
        [recording] = some(1)
        move(recording)
        whole_way(recording)
        assert len(lying(LOCAL)) == len(lying("vault")) == 2
        asked(recording)
        assert transferring.transfer_due() == 0
        assert purging.purge_due() == 1
        assert lying(LOCAL) == lying("vault") == lying(RECORDER) == {}
    [proof] = stored(PurgeCertificate)
    assert [file["versions"] for file in proof.files] == [2, 2]
    size = sum(len(content) for content in TWO.values())
    gone = [use for use in used() if use[0] == "gone"]
    assert gone == [("gone", LOCAL, size), ("gone", "vault", size)]


def test_a_purge_before_it_was_moved_deletes_it_where_it_is() -> None:
    with stores(vault="vault"):
        [recording] = some(1)
        move(recording)
        asked(recording)
        assert transferring.transfer_due() == 0
        assert purging.purge_due() == 1
        assert lying(LOCAL) == lying("vault") == {}


def test_what_is_held_may_move() -> None:
    with stores(vault="vault"):
        [recording] = some(1)
        retention.hold(
            actor=acting(an_admin()), recording=recording.public_id, reason="A court asks"
        )
        asked(recording)
        assert move(recording) == 1
        whole_way(recording)
        assert {file.store for file in files(recording)} == {"vault"}


def test_a_move_is_refused_in_words() -> None:
    admin = acting(an_admin())
    meeting = a_held_session(a_pair())
    coming = on_its_way(TWO, meeting)
    running = a_recording(meeting, RecordingStatus.RECORDING, number=2)
    with stores(vault="vault"):
        for recording in (coming, running):
            with pytest.raises(Conflict, match="that is ready"):
                move(recording)
        with pytest.raises(InvalidInput) as wrong:
            move(coming, to="nowhere")
        assert wrong.value.field == "to"
        with pytest.raises(InvalidInput):
            moving.move(actor=admin, to="vault")
        with pytest.raises(InvalidInput):
            moving.move(actor=admin, to="vault", store=LOCAL, recordings=[coming.public_id])
        with pytest.raises(NotFound):
            moving.move(actor=SYSTEM, to="vault", recordings=["rec_none"])
        with db.reading() as session:
            mentee = acting(session.get_one(User, meeting.mentee_id))
        with pytest.raises(NotAllowed):
            moving.move(actor=mentee, to="vault", store=LOCAL)


def test_a_store_that_cannot_be_written_to_is_refused_before_anything_waits() -> None:
    [recording] = some(1)
    with stores(vault="vault"):
        folder = Path(settings().stores["vault"].bucket)
        folder.write_text("a file")
        with pytest.raises(InvalidInput, match="cannot be written to"):
            move(recording)
    assert {file.status for file in files(recording)} == {FileStatus.CHECKED}


def test_from_a_folder_into_a_bucket_and_into_another_one(ground: Ground) -> None:
    first, second = ground.versioned(), ground.versioned()
    with environment_of(first.settings("first") | second.settings("second")):
        [recording] = some(1)
        move(recording, to="first")
        whole_way(recording)
        with later(hours=2):
            transferring.transfer_due()
            move(recording, to="second")
            whole_way(recording)
            assert arrived(recording) == TWO
        with later(hours=4):
            transferring.transfer_due()
            assert lying("first") == lying(LOCAL) == {}
            assert arrived(recording) == TWO


def test_an_admin_sees_what_each_store_holds_and_what_comes() -> None:
    admin = acting(an_admin())
    whole = sum(len(content) for content in TWO.values())
    with stores(vault="vault", old="old"):
        moved, _stays = some(2)
        move(moved)
        meeting = a_held_session(a_pair("Olga Other", "Vera Vogel"))
        on_its_way(TWO, meeting)
        with db.reading() as session:
            seen = {each.name: each for each in overview.list_stores(session, actor=admin)}
        assert list(seen) == sorted(seen) == [LOCAL, "old", RECORDER, "vault"]
        assert (seen[LOCAL].files, seen[LOCAL].bytes) == (4, 2 * whole)
        assert (seen[LOCAL].arriving, seen[LOCAL].arriving_bytes) == (2, whole)
        assert (seen["vault"].files, seen["vault"].arriving) == (0, 2)
        assert seen["old"].oldest_at is None
        assert seen[LOCAL].oldest_at is not None
        assert [seen[name].is_default for name in seen] == [True, False, False, False]
        assert [seen[name].is_source for name in seen] == [False, False, True, False]
        transferring.transfer_due()
    with db.reading() as session:
        after = {each.name: each for each in overview.list_stores(session, actor=admin)}
    assert (after["vault"].known, after["vault"].kind, after["vault"].files) == (False, "", 2)
    assert clock.utc_now() >= after["vault"].oldest_at  # type: ignore[operator]


def test_a_store_is_asked_whether_it_answers(ground: Ground) -> None:
    admin = acting(an_admin())
    bucket = ground.versioned()
    values = bucket.settings("good") | bucket.settings("locked") | bucket.settings("away")
    values |= {
        "STORAGE_LOCKED_SECRET": "not the right one",
        "STORAGE_AWAY_ENDPOINT": "http://127.0.0.1:9",
    }
    with environment_of(values):
        assert overview.look(actor=admin, store=LOCAL) == ""
        assert overview.look(actor=admin, store="good") == ""
        assert overview.look(actor=admin, store="locked") == overview.REFUSES
        assert overview.look(actor=admin, store="away") == overview.SILENT
        with pytest.raises(NotFound):
            overview.look(actor=admin, store="nowhere")
